// The timer wheel against the plainest model there is: a sorted list of due times.

#include "base/timer_wheel.hpp"

#include <algorithm>
#include <deque>
#include <vector>

#include "base/rng.hpp"
#include "support/seed.hpp"

using namespace std::chrono_literals;
using kmc::time_point;
using kmc::detail::timer;
using kmc::detail::timer_wheel;

namespace {

const time_point t0{};

struct probe : timer {
    explicit probe(std::vector<int>& log, int id = 0) : fired(&log), name(id) {
        on_fire = [](timer& t) noexcept {
            auto& self = static_cast<probe&>(t);
            self.fired->push_back(self.name);
        };
    }
    std::vector<int>* fired;
    int name;
};

// Of timers and their due times, when everything up to `now` has been fired.
void check_next_due(timer_wheel& wheel, const std::deque<probe>& timers,
                    const std::vector<time_point>& due, time_point now) {
    time_point earliest = time_point::max();
    for (std::size_t t = 0; t < timers.size(); ++t) {
        if (timers[t].is_linked()) earliest = std::min(earliest, due[t]);
    }
    const time_point next = wheel.next_due();
    REQUIRE(next <= earliest);
    REQUIRE(next > now);
    if (earliest == time_point::max()) REQUIRE(next == time_point::max());
}

}  // namespace

TEST_CASE("a timer fires once, not before its time, at the next tick after it") {
    timer_wheel wheel(t0);
    std::vector<int> log;
    probe p(log, 7);

    wheel.add(p, t0 + 1500us);
    wheel.advance(t0 + 1999us);
    CHECK(log.empty());
    wheel.advance(t0 + 2ms);
    CHECK(log == std::vector<int>{7});
    wheel.advance(t0 + 10s);
    CHECK(log.size() == 1);
    CHECK(wheel.next_due() == time_point::max());
}

TEST_CASE("a timer in the past fires at the next tick, not at once") {
    timer_wheel wheel(t0);
    std::vector<int> log;
    probe p(log);

    wheel.advance(t0 + 50ms);
    wheel.add(p, t0 + 10ms);
    wheel.advance(t0 + 50ms);
    CHECK(log.empty());
    wheel.advance(t0 + 51ms);
    CHECK(log.size() == 1);
}

TEST_CASE("a cancelled timer does not fire, and a destroyed one neither") {
    timer_wheel wheel(t0);
    std::vector<int> log;
    probe cancelled(log, 1);
    wheel.add(cancelled, t0 + 5ms);
    {
        probe destroyed(log, 2);
        wheel.add(destroyed, t0 + 5ms);
    }
    cancelled.unlink();

    CHECK(wheel.next_due() == time_point::max());
    wheel.advance(t0 + 1s);
    CHECK(log.empty());
}

TEST_CASE("a timer may be added again, also while it fires") {
    timer_wheel wheel(t0);
    struct again : timer {
        timer_wheel* wheel;
        int left = 3;
        time_point next;
    } a;
    a.wheel = &wheel;
    a.next = t0 + 10ms;
    a.on_fire = [](timer& t) noexcept {
        auto& self = static_cast<again&>(t);
        if (--self.left == 0) return;
        self.next += 10ms;
        self.wheel->add(self, self.next);
    };

    wheel.add(a, t0 + 99ms);
    wheel.add(a, a.next);
    wheel.advance(t0 + 1s);
    CHECK(a.left == 0);
}

TEST_CASE("a firing timer may take another one of the same tick with it") {
    timer_wheel wheel(t0);
    struct killer : timer {
        timer* victim = nullptr;
    } k;
    std::vector<int> log;
    probe victim(log);
    k.victim = &victim;
    k.on_fire = [](timer& t) noexcept { static_cast<killer&>(t).victim->unlink(); };

    wheel.add(k, t0 + 5ms);
    wheel.add(victim, t0 + 5ms);
    wheel.advance(t0 + 10ms);
    CHECK(log.empty());
}

TEST_CASE("the wheel fires what a sorted list fires, over all its levels") {
    const std::uint64_t seed = kmc::testing::seed();
    INFO("KMC_SEED=" << seed);
    kmc::detail::rng random(seed);
    timer_wheel wheel(t0);
    std::vector<int> fired;
    std::deque<probe> timers;
    std::vector<time_point> due;
    time_point now = t0;
    // Up to 16 hours: beyond the coarsest level, which reaches 4.6.
    const std::uint64_t spans_ms[] = {3, 70, 5'000, 300'000, 20'000'000, 60'000'000};

    for (int i = 0; i < 400; ++i) {
        due.push_back(now + std::chrono::milliseconds(1 + random.below(spans_ms[random.below(6)])));
        wheel.add(timers.emplace_back(fired, i), due.back());
        if (random.below(4) == 0) timers[random.below(timers.size())].unlink();
        if (random.below(2) == 0) check_next_due(wheel, timers, due, now);
        if (random.below(3) != 0) continue;

        check_next_due(wheel, timers, due, now);
        now += std::chrono::milliseconds(random.below(spans_ms[random.below(6)]));
        std::vector<int> expected;
        for (std::size_t t = 0; t < timers.size(); ++t) {
            if (timers[t].is_linked() && due[t] <= now) expected.push_back(static_cast<int>(t));
        }
        std::stable_sort(expected.begin(), expected.end(), [&](int a, int b) {
            return due[static_cast<std::size_t>(a)] < due[static_cast<std::size_t>(b)];
        });
        fired.clear();
        wheel.advance(now);
        std::vector<int> sorted_fired = fired;
        std::stable_sort(sorted_fired.begin(), sorted_fired.end(), [&](int a, int b) {
            return due[static_cast<std::size_t>(a)] < due[static_cast<std::size_t>(b)];
        });
        REQUIRE(std::is_sorted(fired.begin(), fired.end(), [&](int a, int b) {
            return due[static_cast<std::size_t>(a)] < due[static_cast<std::size_t>(b)];
        }));
        std::sort(expected.begin(), expected.end());
        std::sort(sorted_fired.begin(), sorted_fired.end());
        REQUIRE(sorted_fired == expected);
    }
}

TEST_CASE("waiting from one next_due to the next reaches every timer") {
    timer_wheel wheel(t0);
    std::vector<int> log;
    probe far(log);
    wheel.add(far, t0 + 10h);

    int steps = 0;
    while (log.empty()) {
        REQUIRE(wheel.next_due() != time_point::max());
        wheel.advance(wheel.next_due());
        REQUIRE(++steps < 20);
    }
}
