#include "support/kernel_fixture.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/socket.hpp"
#include "support/scratch_folder.hpp"

namespace kmc::testing {
namespace {

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

class descriptor {
public:
    explicit descriptor(int fd) noexcept : fd_(fd) {}
    descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    descriptor& operator=(descriptor&&) = delete;
    ~descriptor() { close(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    void close() noexcept {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

private:
    int fd_;
};

descriptor stream_socket(int family) {
    return descriptor(
        checked(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
}

class kernel_peer final : public peer_stream {
public:
    explicit kernel_peer(descriptor socket) : socket_(std::move(socket)) {}

    [[nodiscard]] std::string read(std::size_t max) override {
        std::string text(max, '\0');
        if (socket_.get() < 0) return {};
        const auto got = ::recv(socket_.get(), text.data(), text.size(), MSG_DONTWAIT);
        if (got == 0 && max != 0) ended_ = true;
        if (got < 0 && errno != EAGAIN) ended_ = true;
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }
    [[nodiscard]] bool at_end() override {
        char byte = 0;
        if (ended_ || socket_.get() < 0) return true;
        const auto got = ::recv(socket_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
        return got == 0 || (got < 0 && errno != EAGAIN);
    }
    std::size_t write(std::string_view bytes) override {
        const auto sent =
            ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) return static_cast<std::size_t>(sent);
        if (errno == EAGAIN) return 0;
        throw std::system_error(errno, std::generic_category(), "the peer cannot write");
    }
    void close() override { socket_.close(); }
    void reset() override {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        socket_.close();
    }

private:
    descriptor socket_;
    bool ended_ = false;
};

class kernel_listener final : public peer_listener {
public:
    kernel_listener(descriptor socket, place where)
        : socket_(std::move(socket)), where_(std::move(where)) {}

    [[nodiscard]] place where() const override { return where_; }
    [[nodiscard]] std::unique_ptr<peer_stream> accept() override {
        const int fd = ::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return nullptr;
        return std::make_unique<kernel_peer>(descriptor(fd));
    }

private:
    descriptor socket_;
    place where_;
};

const std::string loopback = "127.0.0.1";

// Bound to a port of the kernel's choice, not listening: whoever connects is refused.
std::pair<descriptor, place> bound_tcp() {
    descriptor socket = stream_socket(AF_INET);
    detail::address any;
    static_cast<void>(detail::parse_literal(loopback, 0, any));
    checked(::bind(socket.get(), detail::as_sockaddr(any), any.size), "bind");
    sockaddr_in chosen{};
    socklen_t size = sizeof chosen;
    checked(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&chosen), &size),
            "getsockname");
    return {std::move(socket), place{loopback, ntohs(chosen.sin_port)}};
}

std::pair<descriptor, place> bound_path(const std::string& path) {
    place where{path, 0};
    detail::address at;
    if (detail::parse_literal(path, 0, at) != 0) {
        errno = ENAMETOOLONG;
        checked(-1, "the temporary folder");
    }
    descriptor socket = stream_socket(AF_UNIX);
    checked(::bind(socket.get(), detail::as_sockaddr(at), at.size), "bind");
    return {std::move(socket), std::move(where)};
}

class kernel_fixture final : public engine_fixture {
public:
    explicit kernel_fixture(std::unique_ptr<detail::io_engine> engine)
        : engine_(std::move(engine)), refusing_(bound_tcp()) {}

    [[nodiscard]] detail::io_engine& engine() override { return *engine_; }
    void end_engine() override { engine_.reset(); }
    void close_leftover(int fd) override { ::close(fd); }

    [[nodiscard]] std::unique_ptr<peer_listener> listen(stream_kind kind) override {
        auto [socket, where] =
            kind == stream_kind::tcp ? bound_tcp() : bound_path(folder_ / std::to_string(++paths_));
        checked(::listen(socket.get(), 512), "listen");
        return std::make_unique<kernel_listener>(std::move(socket), std::move(where));
    }
    [[nodiscard]] place refusing() override { return refusing_.second; }
    [[nodiscard]] place silent() override {
        if (silent_.empty()) fill_silent();
        return silent_place_;
    }
    [[nodiscard]] place missing() override { return {folder_ / "missing", 0}; }
    // A name to us, since it is no literal of four parts; and the system knows it without
    // /etc/hosts and without asking anybody.
    [[nodiscard]] place known_name() override { return {"127.1", 11211}; }
    [[nodiscard]] place unknown_name() override { return {"no-such-host.invalid", 11211}; }

private:
    // A listener whose queue is full drops whatever asks to connect.
    void fill_silent() {
        auto [socket, where] = bound_tcp();
        checked(::listen(socket.get(), 0), "listen");
        detail::address at;
        static_cast<void>(detail::parse_literal(where.host, where.port, at));
        silent_.push_back(std::move(socket));
        for (int i = 0; i < 4; ++i) {
            silent_.push_back(stream_socket(AF_INET));
            static_cast<void>(detail::start_connect(silent_.back().get(), at));
        }
        silent_place_ = std::move(where);
    }

    std::unique_ptr<detail::io_engine> engine_;
    scratch_folder folder_;
    std::pair<descriptor, place> refusing_;
    std::vector<descriptor> silent_;
    place silent_place_;
    int paths_ = 0;
};

}  // namespace

std::unique_ptr<engine_fixture> make_kernel_fixture(std::unique_ptr<detail::io_engine> engine) {
    if (engine == nullptr) return nullptr;
    return std::make_unique<kernel_fixture>(std::move(engine));
}

struct full_unix_listener::sockets {
    scratch_folder folder;
    std::pair<descriptor, place> listening = bound_path(folder / "full");
    std::vector<descriptor> waiting;
};

full_unix_listener::full_unix_listener() : sockets_(std::make_unique<sockets>()) {
    checked(::listen(sockets_->listening.first.get(), 0), "listen");
    detail::address at;
    static_cast<void>(detail::parse_literal(where().host, 0, at));
    do {
        sockets_->waiting.push_back(stream_socket(AF_UNIX));
    } while (detail::start_connect(sockets_->waiting.back().get(), at) == 0);
}

full_unix_listener::~full_unix_listener() = default;

place full_unix_listener::where() const {
    return sockets_->listening.second;
}

}  // namespace kmc::testing
