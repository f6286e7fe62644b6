#include <cerrno>
#include <chrono>

#include <poll.h>

#include <catch2/catch.hpp>

#include "io/bell.hpp"
#include "io/poll_set.hpp"

using namespace std::chrono_literals;
using kmc::duration;
using kmc::time_point;
using kmc::detail::bell;
using kmc::detail::poll_set;

namespace {

time_point clock_now() {
    return std::chrono::steady_clock::now();
}

bool is_readable(int fd, int milliseconds) {
    pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
    int ready = 0;
    do {
        ready = ::poll(&one, 1, milliseconds);
    } while (ready < 0 && errno == EINTR);
    return ready == 1;
}

}  // namespace

TEST_CASE("a poll set is readable while the engine has news") {
    bell engine;
    const poll_set set(engine.fd());
    CHECK_FALSE(is_readable(set.fd(), 0));

    engine.ring();
    CHECK(is_readable(set.fd(), 0));
    CHECK(is_readable(set.fd(), 0));
    engine.silence();

    CHECK_FALSE(is_readable(set.fd(), 0));
}

TEST_CASE("a poll set is readable when its alarm is due, not before, and until it is set again") {
    const bell engine;
    poll_set set(engine.fd());
    const time_point start = clock_now();

    set.set_alarm(start + 30ms, start);
    REQUIRE(is_readable(set.fd(), 20'000));
    CHECK(clock_now() >= start + 30ms);
    CHECK(is_readable(set.fd(), 0));
    set.set_alarm(time_point::max(), clock_now());

    CHECK_FALSE(is_readable(set.fd(), 0));
}

TEST_CASE("an alarm moves to an earlier time at once, and to a later one when it has rung") {
    const bell engine;
    poll_set set(engine.fd());
    const time_point start = clock_now();

    set.set_alarm(start + 1h, start);
    set.set_alarm(start + 20ms, start);
    set.set_alarm(start + 2h, start);
    REQUIRE(is_readable(set.fd(), 20'000));
    set.set_alarm(start + 2h, clock_now());

    CHECK_FALSE(is_readable(set.fd(), 0));
}

TEST_CASE("an alarm for a time that has passed rings at once") {
    const bell engine;
    poll_set set(engine.fd());

    SECTION("yesterday") {
        set.set_alarm(clock_now() - 24h, clock_now());
    }
    SECTION("at the beginning of the clock") {
        set.set_alarm(time_point{}, clock_now());
    }

    CHECK(is_readable(set.fd(), 20'000));
}
