// The arithmetic of the open loop, on a time that the tests make.

#include "load/start_queue.hpp"

#include <chrono>
#include <vector>

using namespace std::chrono_literals;
using kmc::load::arrival;
using kmc::load::arrivals;
using steady = kmc::load::clock;
using kmc::load::histogram;
using kmc::load::period;
using kmc::load::plan;
using kmc::load::start_queue;

namespace {

const steady::time_point t0{100s};

plan lasting(std::chrono::duration<double> time) {
    plan p;
    p.warm_up = 0s;
    p.time = time;
    return p;
}

std::uint64_t ns(steady::duration d) {
    return static_cast<std::uint64_t>(d.count());
}

}  // namespace

TEST_CASE("a start is taken when it is due, the oldest first, and each once") {
    const period when(t0, lasting(10s));
    start_queue starts(arrivals(arrival::constant, 100, t0, 1), when);

    CHECK(starts.take(t0) == t0);
    CHECK_FALSE(starts.take(t0 + 9ms));
    CHECK(starts.take(t0 + 35ms) == t0 + 10ms);
    CHECK(starts.take(t0 + 35ms) == t0 + 20ms);
    CHECK(starts.take(t0 + 35ms) == t0 + 30ms);
    CHECK_FALSE(starts.take(t0 + 35ms));
}

TEST_CASE("nothing begins after the end, and what is left then is counted") {
    period when(t0, lasting(1s));
    start_queue starts(arrivals(arrival::constant, 100, t0, 1), when);
    for (int i = 0; i < 60; ++i) CHECK(starts.take(t0 + 900ms));

    CHECK_FALSE(starts.is_over(t0 + 999ms));
    CHECK(starts.is_over(t0 + 1s));
    CHECK_FALSE(starts.take(t0 + 1s));
    std::vector<steady::time_point> left;
    starts.leave([&](steady::time_point due) { left.push_back(due); });

    REQUIRE(left.size() == 40);
    CHECK(left.front() == t0 + 600ms);
    CHECK(left.back() == t0 + 990ms);
    starts.leave([](steady::time_point) { FAIL("they are counted once"); });
}

TEST_CASE("an end that comes forward leaves out what was not due by then") {
    period when(t0, lasting(1s));
    start_queue starts(arrivals(arrival::constant, 100, t0, 1), when);
    when.end_at(t0 + 55ms);

    CHECK(starts.is_over(t0 + 56ms));
    int left = 0;
    starts.leave([&](steady::time_point) { ++left; });
    CHECK(left == 6);
}

// A server answers in 1 ms, but from 2 s to 3 s it stalls. Its one caller asks 500 times a second.
TEST_CASE("a server that stalls for a second shows in the p99 of an open loop") {
    const period when(t0, lasting(10s));
    start_queue starts(arrivals(arrival::constant, 500, t0, 1), when);
    histogram from_due;
    histogram from_begin;
    steady::time_point now = t0;
    while (!starts.is_over(now)) {
        const auto due = starts.take(now);
        if (!due) {
            now += 10us;
            continue;
        }
        const steady::time_point begin = now;
        const bool stalls = begin >= t0 + 2s && begin < t0 + 3s;
        now = (stalls ? t0 + 3s : begin) + 1ms;
        from_due.add(ns(now - *due));
        from_begin.add(ns(now - begin));
    }

    // 500 calls were due in the stall; as many came due while they were caught up with.
    CHECK(from_due.count() == 5000);
    CHECK(from_due.quantile(0.99) > 0.85e9);
    CHECK(from_due.quantile(0.9) > 0.4e9);
    CHECK(from_due.quantile(0.5) < 2e6);
    // What a loop that asks when it has its answer would have called its p99.
    CHECK(from_begin.quantile(0.99) < 2e6);
}
