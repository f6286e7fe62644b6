#include "io/resolver.hpp"

#include <cerrno>
#include <csignal>
#include <deque>
#include <exception>
#include <iterator>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>

#include "io/socket.hpp"

namespace kmc::detail {
namespace {

std::int32_t errno_of(int code) noexcept {
    switch (code) {
        case EAI_NONAME:
        case EAI_NODATA:
        case EAI_ADDRFAMILY:
            return -ENOENT;
        case EAI_MEMORY:
            return -ENOMEM;
        case EAI_SYSTEM:
            return errno != 0 ? -errno : -EIO;
        case EAI_AGAIN:
            return -EAGAIN;
        default:
            return -EIO;
    }
}

// Signals are for the threads of the application; a new thread inherits the mask.
class all_signals_blocked {
public:
    all_signals_blocked() noexcept {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    all_signals_blocked(const all_signals_blocked&) = delete;
    all_signals_blocked& operator=(const all_signals_blocked&) = delete;
    ~all_signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

}  // namespace

std::int32_t look_up_name(const std::string& host, std::uint16_t port,
                          std::vector<address>& found) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* list = nullptr;
    // Brackets belong to the text of a server list; a zone in them only getaddrinfo understands.
    const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    const std::string name = is_bracketed ? host.substr(1, host.size() - 2) : host;
    const int code = ::getaddrinfo(name.c_str(), std::to_string(port).c_str(), &hints, &list);
    if (code != 0) return errno_of(code);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
    for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
        if (one->ai_addrlen > sizeof(address::bytes)) continue;
        found.push_back(from_sockaddr(one->ai_addr, one->ai_addrlen));
    }
    return found.empty() ? -ENOENT : 0;
}

// What the threads and the resolver have in common; lives as long as any of them.
struct resolver::shared {
    struct question {
        op_token token;
        std::string host;
        std::uint16_t port;
    };

    std::mutex mutex;
    waker* engine = nullptr;  // null once the resolver is gone
    look_up_function look_up = nullptr;
    std::deque<question> questions;
    std::vector<resolved> answers;
    std::size_t threads = 0;

    static void work(std::shared_ptr<shared> self);
    void answer(const question& asked) noexcept;
};

void resolver::shared::work(std::shared_ptr<shared> self) {
    std::unique_lock lock(self->mutex);
    while (!self->questions.empty()) {
        const question asked = std::move(self->questions.front());
        self->questions.pop_front();
        lock.unlock();
        self->answer(asked);
        lock.lock();
    }
    --self->threads;
}

void resolver::shared::answer(const question& asked) noexcept {
    resolved found{.token = asked.token, .error = 0, .addresses = {}};
    try {
        found.error = look_up(asked.host, asked.port, found.addresses);
    } catch (const std::exception&) {
        found.error = -ENOMEM;
    }
    if (found.error != 0) found.addresses.clear();
    const std::lock_guard lock(mutex);
    if (engine == nullptr) return;
    answers.push_back(std::move(found));  // has room: start() reserved it
    engine->wake();
}

resolver::resolver(waker& engine, look_up_function look_up) : shared_(std::make_shared<shared>()) {
    shared_->engine = &engine;
    shared_->look_up = look_up;
}

resolver::~resolver() {
    const std::lock_guard lock(shared_->mutex);
    shared_->engine = nullptr;
    shared_->questions.clear();
}

void resolver::start(op_token token, std::string_view host, std::uint16_t port) {
    address literal;
    if (const auto parsed = parse_literal(host, port, literal)) {
        resolved known{.token = token, .error = *parsed, .addresses = {}};
        if (*parsed == 0) known.addresses.push_back(literal);
        literals_.push_back(std::move(known));
        return;
    }
    const std::lock_guard lock(shared_->mutex);
    shared_->answers.reserve(asked_ + 1);
    shared_->questions.push_back({token, std::string(host), port});
    ++asked_;
    if (shared_->threads == threads_max) return;
    try {
        const all_signals_blocked quiet;
        std::thread(&shared::work, shared_).detach();
        ++shared_->threads;
    } catch (const std::system_error&) {
        // No thread to be had now. One that runs already will come to it; without any, it failed.
        if (shared_->threads != 0) return;
        shared_->questions.pop_back();
        --asked_;
        literals_.push_back({.token = token, .error = -EAGAIN, .addresses = {}});
    }
}

std::vector<resolved> resolver::take() {
    std::vector<resolved> all = std::exchange(literals_, {});
    if (asked_ == 0) return all;
    const std::lock_guard lock(shared_->mutex);
    asked_ -= shared_->answers.size();
    std::move(shared_->answers.begin(), shared_->answers.end(), std::back_inserter(all));
    shared_->answers.clear();
    return all;
}

}  // namespace kmc::detail
