#include <kmc/server_file.hpp>

#include <exception>
#include <system_error>
#include <thread>
#include <utility>

#include <kmc/server_list.hpp>

#include "client/client_state.hpp"
#include "io/file_watch.hpp"

namespace kmc {

class server_file::follower {
public:
    follower(client mc, std::string path, const server_file_options& options)
        : client_(std::move(mc)), path_(std::move(path)), options_(options), watch_(path_) {}
    follower(const follower&) = delete;
    follower& operator=(const follower&) = delete;
    ~follower() {
        watch_.stop();
        if (thread_.joinable()) thread_.join();
    }

    [[nodiscard]] config_result<void> read() const {
        auto list = server_list::load_ketama_file(path_);
        if (!list) return list.error();
        if (options_.strict && !list.value().warnings().empty()) {
            return config_error(list.value().warnings().front());
        }
        return client_.set_servers(std::move(list.value()));
    }

    void start() {
        thread_ = std::thread([this] { follow(); });
    }

private:
    void follow() noexcept {
        try {
            while (watch_.wait(options_.period)) {
                const auto done = read();
                if (!done) detail::client_state::of(client_).tell_refused(done.error().message());
            }
        } catch (const std::exception& e) {
            // No memory, or no more waiting: the list stays, and somebody should know.
            detail::client_state::of(client_).tell_refused(e.what());
        }
    }

    client client_;
    std::string path_;
    server_file_options options_;
    detail::file_watch watch_;
    std::thread thread_;
};

config_result<server_file> server_file::follow(client mc, std::string path,
                                               const server_file_options& options) {
    if (options.period <= duration::zero()) {
        return config_error("server_file_options: period must be above zero");
    }
    try {
        // Watched before it is read: no change falls between the two.
        auto self = std::make_unique<follower>(std::move(mc), std::move(path), options);
        if (auto read = self->read(); !read) return read.error();
        self->start();
        return server_file(std::move(self));
    } catch (const std::system_error& e) {
        return config_error("the server file cannot be watched: " + std::string(e.what()));
    }
}

server_file::server_file(std::unique_ptr<follower> self) noexcept : follower_(std::move(self)) {}
server_file::server_file(server_file&&) noexcept = default;
server_file& server_file::operator=(server_file&&) noexcept = default;
server_file::~server_file() = default;

}  // namespace kmc
