#include "io/resolver.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include <poll.h>

#include <catch2/catch.hpp>

#include "io/socket.hpp"

using namespace kmc::detail;

namespace {

// A name server that answers when it is told to. Static, because threads that nobody waits for
// still use it.
struct gate {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_open = true;
    int inside = 0;
    int most_inside = 0;

    void set(bool open) {
        const std::lock_guard lock(mutex);
        is_open = open;
        most_inside = inside;
        changed.notify_all();
    }
    void pass() {
        std::unique_lock lock(mutex);
        most_inside = std::max(most_inside, ++inside);
        changed.notify_all();
        changed.wait(lock, [this] { return is_open; });
        --inside;
        changed.notify_all();
    }
    void wait_for_inside(int count) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return inside == count; });
    }
};

gate& the_gate() {
    static gate g;
    return g;
}

std::int32_t slow_look_up(const std::string& host, std::uint16_t port,
                          std::vector<address>& found) {
    the_gate().pass();
    if (host == "unknown") return -ENOENT;
    if (host == "throws") throw std::bad_alloc();
    found.resize(2);
    found[0].size = port;
    return 0;
}

op_token token(std::uint64_t n) {
    return {op_kind::resolve, 1, n};
}

std::vector<resolved> take(resolver& r, waker& w, std::size_t count) {
    std::vector<resolved> all;
    while (all.size() < count) {
        if (w.lie_down()) {
            pollfd rung{.fd = w.fd(), .events = POLLIN, .revents = 0};
            REQUIRE(::poll(&rung, 1, 30'000) == 1);
        }
        static_cast<void>(w.get_up());
        for (resolved& one : r.take()) all.push_back(std::move(one));
    }
    return all;
}

}  // namespace

TEST_CASE("literals are answered on the spot, without a thread") {
    waker w;
    resolver r(w, [](const std::string&, std::uint16_t, std::vector<address>&) -> std::int32_t {
        FAIL("looked up");
        return 0;
    });

    r.start(token(1), "127.0.0.1", 11211);
    r.start(token(2), "/run/memcached.sock", 0);
    r.start(token(3), "/" + std::string(200, 'x'), 0);

    CHECK(r.has_literals());
    const auto answers = r.take();
    REQUIRE(answers.size() == 3);
    CHECK(answers[0].token == token(1));
    CHECK(answers[0].addresses.size() == 1);
    CHECK(answers[1].error == 0);
    CHECK(answers[2].error == -ENAMETOOLONG);
    CHECK(answers[2].addresses.empty());
    CHECK_FALSE(r.has_literals());
}

TEST_CASE("names are looked up elsewhere and the engine is woken") {
    waker w;
    resolver r(w, &slow_look_up);

    r.start(token(1), "known", 7);
    r.start(token(2), "unknown", 8);
    r.start(token(3), "throws", 9);

    CHECK_FALSE(r.has_literals());
    for (const resolved& one : take(r, w, 3)) {
        if (one.token == token(1)) {
            CHECK(one.error == 0);
            REQUIRE(one.addresses.size() == 2);
            CHECK(one.addresses[0].size == 7);
        } else {
            CHECK(one.error == (one.token == token(2) ? -ENOENT : -ENOMEM));
            CHECK(one.addresses.empty());
        }
    }
    CHECK(r.take().empty());
}

TEST_CASE("a hundred names share four threads") {
    waker w;
    resolver r(w, &slow_look_up);
    the_gate().set(false);

    for (std::uint64_t i = 0; i < 100; ++i) r.start(token(i), "known", 1);
    the_gate().wait_for_inside(4);
    r.start(token(100), "127.0.0.1", 1);
    const auto literal = r.take();
    REQUIRE(literal.size() == 1);
    CHECK(literal.front().token == token(100));
    the_gate().set(true);

    CHECK(take(r, w, 100).size() == 100);
    CHECK(the_gate().most_inside == 4);
}

TEST_CASE("a resolver ends at once while name servers are silent") {
    the_gate().set(false);
    {
        waker w;
        resolver r(w, &slow_look_up);
        for (std::uint64_t i = 0; i < 10; ++i) r.start(token(i), "known", 1);
        the_gate().wait_for_inside(4);
    }
    // Here the four are still inside, and both the waker and the resolver are gone.
    the_gate().set(true);
    the_gate().wait_for_inside(0);
}

TEST_CASE("the system knows localhost") {
    if (!std::filesystem::exists("/etc/hosts")) {
        WARN("LEFT OUT: this system has no /etc/hosts, so it need not know localhost");
        return;
    }
    std::vector<address> found;

    CHECK(look_up_name("localhost", 11211, found) == 0);
    CHECK_FALSE(found.empty());
}

TEST_CASE("an empty name is nobody's") {
    std::vector<address> found;

    CHECK(look_up_name("", 11211, found) < 0);
    CHECK(look_up_name(std::string(5000, 'x'), 11211, found) < 0);
}
