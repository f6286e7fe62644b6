// How long a call may take, and how to take it back: deadlines, cancel scopes and stop tokens, with
// a server that accepts connections and never says a word.
//
//     10_deadlines 10.0.0.1:11211,10.0.0.2:11211     (or set KMC_SERVERS)

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <kmc/kmc.hpp>

using namespace std::chrono_literals;

// The kernel accepts for it; nobody ever reads.
class silent_server {
public:
    silent_server() {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(at);
        auto* const address = static_cast<sockaddr*>(static_cast<void*>(&at));
        is_up_ = ::bind(fd_, address, size) == 0 && ::listen(fd_, 16) == 0 &&
                 ::getsockname(fd_, address, &size) == 0;
        text_ = "127.0.0.1:" + std::to_string(ntohs(at.sin_port));
    }
    silent_server(const silent_server&) = delete;
    silent_server& operator=(const silent_server&) = delete;
    ~silent_server() { ::close(fd_); }

    [[nodiscard]] bool is_up() const { return is_up_; }
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    int fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_up_ = false;
    std::string text_;
};

// A batch over servers of which one does not answer.
kmc::task<bool> partial_answers(const kmc::client& mc) {
    std::vector<std::string> names;
    for (int i = 0; i < 200; ++i) names.push_back("key " + std::to_string(i));
    const std::vector<std::string_view> keys(names.begin(), names.end());

    // [deadline]
    const auto reply = co_await mc.get_many(keys, {.deadline = 300ms});
    const auto total = reply.summary();  // what has arrived in time is kept
    if (total.hits + total.misses > 0) std::cout << "some keys have their answer\n";
    if (total.errors > 0) std::cout << "of the others it says why they have none\n";
    // [deadline]
    for (const auto& one : reply) {
        if (!one && one.error() != kmc::errc::timed_out) co_return false;
    }
    co_return total.hits + total.misses > 0 && total.errors > 0;
}

kmc::task<void> end_all(kmc::cancel_scope& scope) {
    scope.cancel();
    co_return;
}

// Calls that belong together, ended together, on their reactor's thread.
kmc::task<bool> one_scope(kmc::runtime& rt, const kmc::client& silent) {
    // [scope]
    kmc::cancel_scope request;
    rt.spawn(end_all(request));  // runs when this coroutine waits, and calls request.cancel()
    const auto [a, b] =
        co_await kmc::when_all(silent.get("a", {.deadline = 10s, .scope = &request}),
                               silent.get("b", {.deadline = 10s, .scope = &request}));
    // [scope]
    if (a || b || a.error() != kmc::errc::cancelled) co_return false;
    std::cout << "by a scope: " << silent.describe(a.error()) << '\n';
    // From now on, the scope refuses every call.
    const auto later = co_await silent.get("c", {.scope = &request});
    co_return b.error() == kmc::errc::cancelled && !later && later.error() == kmc::errc::cancelled;
}

// A call that any thread may end.
bool a_stop_token(const kmc::client& silent) {
    // [stop]
    std::stop_source source;
    std::jthread user([&source] { source.request_stop(); });
    const std::stop_token token = source.get_token();
    const auto found = kmc::sync_wait(silent.get("a", {.deadline = 10s, .stop = &token}));
    // [stop]
    if (found) return false;
    std::cout << "by a stop token: " << silent.describe(found.error()) << '\n';
    return found.error() == kmc::errc::cancelled;
}

int main(int argc, char** argv) {
    const char* const servers = argc > 1 ? argv[1] : std::getenv("KMC_SERVERS");
    if (servers == nullptr) {
        std::cerr << "usage: " << argv[0] << " host:port,host:port,...\n";
        return 2;
    }

    const silent_server mute;
    if (!mute.is_up()) {
        std::cerr << "no port to be silent on\n";
        return 1;
    }
    kmc::runtime rt;
    const auto some = kmc::client::open(rt, std::string(servers) + "," + mute.text());
    const auto none = kmc::client::open(rt, mute.text());
    if (!some || !none) {
        std::cerr << (some ? none : some).error().message() << '\n';
        return 2;
    }

    const bool batch_is_right = rt.block_on(partial_answers(some.value()));
    const bool scope_is_right = rt.block_on(one_scope(rt, none.value()));
    const bool token_is_right = a_stop_token(none.value());
    return batch_is_right && scope_is_right && token_is_right ? 0 : 1;
}
