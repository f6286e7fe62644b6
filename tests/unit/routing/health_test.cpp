// The health machine, driven by hand-made times: no clock, no sleep, no socket.

#include "routing/health.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using kmc::duration;
using kmc::server_health;
using kmc::detail::failure;
using kmc::detail::health;
using kmc::detail::rng;
using kmc::detail::verdict;

namespace {

const kmc::time_point t0{1h};

struct patient {
    kmc::health_options rules{
        .remove_failed = 3, .retry_timeout = 1s, .dead_timeout = 10s, .dead_timeout_max = 30s};
    rng chance{7};
    health self;

    // One that began when it is reported.
    verdict fails(failure kind, duration at) {
        return self.on_failure(kind, t0 + at, t0 + at, rules, chance);
    }
    duration wait_from(duration at) const { return self.retry_at() - (t0 + at); }
};

patient dead_at(duration at) {
    patient p;
    p.rules.remove_failed = 1;
    REQUIRE(p.fails(failure::hard, at) == verdict::eject);
    return p;
}

}  // namespace

TEST_CASE("soft failures only count, hard ones let the server rest as well") {
    patient p;
    CHECK(p.fails(failure::soft, 0s) == verdict::none);
    CHECK(p.self.state() == server_health::alive);
    CHECK(p.self.is_suspect());
    CHECK(p.fails(failure::hard, 1ms) == verdict::rest);
    CHECK(p.self.state() == server_health::resting);
    CHECK(p.wait_from(1ms) <= 1s);
    CHECK(p.wait_from(1ms) >= 900ms);
}

TEST_CASE("as many failures in a row as the limit says make a server dead") {
    const failure kind = GENERATE(failure::soft, failure::hard);
    const std::uint32_t limit = GENERATE(1U, 2U, 3U, 10U);
    patient p;
    p.rules.remove_failed = limit;
    for (std::uint32_t i = 1; i < limit; ++i) {
        CHECK(p.fails(kind, i * 2s) != verdict::eject);
        CHECK_FALSE(p.self.is_dead());
    }
    CHECK(p.fails(kind, limit * 2s) == verdict::eject);
    CHECK(p.self.state() == server_health::dead);
}

TEST_CASE("an answer starts the count anew and ends a rest") {
    patient p;
    CHECK(p.fails(failure::soft, 1s) == verdict::none);
    CHECK(p.fails(failure::soft, 2s) == verdict::none);
    CHECK(p.self.on_answer() == verdict::none);
    CHECK_FALSE(p.self.is_suspect());
    CHECK(p.fails(failure::soft, 3s) == verdict::none);
    CHECK(p.fails(failure::hard, 4s) == verdict::rest);
    CHECK(p.self.on_answer() == verdict::recover);
    CHECK(p.self.on_answer() == verdict::none);
    CHECK(p.self.state() == server_health::alive);
}

TEST_CASE("a limit of 0 never makes a server dead") {
    patient p;
    p.rules.remove_failed = 0;
    for (int i = 0; i < 1000; ++i) CHECK(p.fails(failure::hard, i * 1s) == verdict::rest);
}

TEST_CASE("what began before the last counted failure is the same accident") {
    patient p;
    CHECK(p.self.on_failure(failure::soft, t0, t0 + 250ms, p.rules, p.chance) == verdict::none);
    // A thousand more that were sent before the first of them ran out.
    for (int i = 0; i < 1000; ++i) {
        p.self.on_failure(failure::soft, t0 + 1ms * (i % 250), t0 + 251ms + 1ms * (i % 250),
                          p.rules, p.chance);
    }
    CHECK(p.self.failures() == 1);
    CHECK(p.self.on_failure(failure::soft, t0 + 251ms, t0 + 501ms, p.rules, p.chance) ==
          verdict::none);
    CHECK(p.self.failures() == 2);
}

TEST_CASE("a dead server says so once, whatever its old connections report") {
    patient p = dead_at(0s);
    const kmc::time_point retry = p.self.retry_at();
    CHECK(p.fails(failure::soft, 10ms) == verdict::none);
    CHECK(p.fails(failure::hard, 20ms) == verdict::none);
    CHECK(p.self.on_answer() == verdict::none);  // a late reply on a dying connection
    CHECK(p.self.state() == server_health::dead);
    CHECK(p.self.retry_at() == retry);
}

TEST_CASE("exactly one caller gets the probe, not before its time") {
    patient p = dead_at(0s);
    const kmc::time_point due = p.self.retry_at();
    CHECK_FALSE(p.self.try_begin_probe(due - 1ns));
    CHECK(p.self.try_begin_probe(due));
    CHECK(p.self.state() == server_health::probing);
    CHECK_FALSE(p.self.try_begin_probe(due + 1h));
    CHECK(p.self.on_probe_answered() == verdict::readmit);
    CHECK(p.self.state() == server_health::alive);
    CHECK_FALSE(p.self.is_suspect());
}

TEST_CASE("waits for a probe grow by half up to the maximum, and a tenth at most is chance") {
    // The last row: after weeks the count must not wrap back to short waits.
    const auto [failed, wait] = GENERATE(table<int, duration>(
        {{0, 10s}, {1, 15s}, {2, 22500ms}, {3, 30s}, {9, 30s}, {70'000, 30s}}));
    patient p = dead_at(0s);
    for (int i = 0; i < failed; ++i) {
        REQUIRE(p.self.try_begin_probe(p.self.retry_at()));
        p.self.on_probe_failed(t0, p.rules, p.chance);
    }
    CHECK(p.wait_from(0s) >= wait);
    CHECK(p.wait_from(0s) <= wait + wait / 10);
}

TEST_CASE("a dead_timeout above the maximum is the wait") {
    patient p;
    p.rules.remove_failed = 1;
    p.rules.dead_timeout = 300s;
    REQUIRE(p.fails(failure::hard, 0s) == verdict::eject);
    for (int i = 0; i < 5; ++i) {
        CHECK(p.wait_from(0s) >= 300s);
        CHECK(p.wait_from(0s) <= 330s);
        REQUIRE(p.self.try_begin_probe(p.self.retry_at()));
        p.self.on_probe_failed(t0, p.rules, p.chance);
    }
}

TEST_CASE("a server that comes back starts with short waits again") {
    patient p = dead_at(0s);
    for (int i = 0; i < 6; ++i) {
        REQUIRE(p.self.try_begin_probe(p.self.retry_at()));
        p.self.on_probe_failed(t0, p.rules, p.chance);
    }
    REQUIRE(p.self.try_begin_probe(p.self.retry_at()));
    REQUIRE(p.self.on_probe_answered() == verdict::readmit);
    REQUIRE(p.fails(failure::hard, 1s) == verdict::eject);
    CHECK(p.wait_from(1s) <= 11s);
}

TEST_CASE("an ejection that is overruled leaves the server in service, and asks again") {
    const std::uint32_t limit = GENERATE(1U, 3U);
    patient p;
    p.rules.remove_failed = limit;
    for (std::uint32_t i = 0; i + 1 < limit; ++i) p.fails(failure::soft, i * 1s);
    REQUIRE(p.fails(failure::soft, 10s) == verdict::eject);
    CHECK(p.self.hold(failure::soft, t0 + 10s, p.rules, p.chance) == verdict::none);
    CHECK(p.self.state() == server_health::alive);
    REQUIRE(p.fails(failure::hard, 11s) == verdict::eject);
    CHECK(p.self.hold(failure::hard, t0 + 11s, p.rules, p.chance) == verdict::rest);
    CHECK(p.self.state() == server_health::resting);
    CHECK(p.wait_from(11s) <= 1s);
}
