// The property that kmc exists for: whatever happens to connections, servers, deadlines and
// callers, a value goes to the one who asked for it, a loss is never called a miss, what is claimed
// has happened, what is denied has not, nobody waits beyond the deadline, and nothing is left over.
//
// Seeded worlds for each kind of trouble. KMC_SIM_SEEDS says how many of each, KMC_SEED which one
// is the first (alone, if that is all that is said). scripts/sim runs many.

#include <cstdio>
#include <cstdlib>
#include <string>

#include <catch2/catch.hpp>

#include "mix_world.hpp"

using kmc::testing::fault_mix;
using kmc::testing::fault_mixes;
using kmc::testing::run_world;
using kmc::testing::world_report;

namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KMC_TEST_ADDRESS
#elif __has_feature(thread_sanitizer)
#define KMC_TEST_THREAD
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define KMC_TEST_ADDRESS
#elif defined(__SANITIZE_THREAD__)
#define KMC_TEST_THREAD
#endif

// The full number where it is both quick and checked from inside.
constexpr std::uint64_t usual_seeds() {
#if defined(KMC_TEST_THREAD)
    return 10;  // one thread: there is nothing to find
#elif defined(KMC_TEST_ADDRESS)
    return 50;
#elif defined(NDEBUG) && defined(KMC_ASSERTIONS)
    return 2000;
#elif defined(NDEBUG)
    return 200;
#else
    return 100;
#endif
}

struct seed_range {
    std::uint64_t first = 1;
    std::uint64_t count = usual_seeds();
    bool is_enough = true;  // to expect that it shows something
};

seed_range seeds() {
    seed_range range;
    const char* first = std::getenv("KMC_SEED");
    const char* count = std::getenv("KMC_SIM_SEEDS");
    if (first != nullptr) {
        range.first = std::strtoull(first, nullptr, 0);
        range.count = 1;
    }
    if (count != nullptr) range.count = std::strtoull(count, nullptr, 0);
    range.is_enough = range.count >= 10;
    return range;
}

struct mix_totals {
    kmc::sim::evidence seen;
    std::uint64_t calls = 0;
    std::uint64_t ejections = 0;
    std::uint64_t stand_ins = 0;
    std::uint64_t traces = 0;
    double virtual_seconds = 0;
};

world_report checked_world(const fault_mix& mix, std::uint64_t seed) {
    INFO("again: scripts/sim --mix " << mix.name << " --seed " << seed);
    world_report report = run_world(mix, seed);
    INFO("findings: " << report.verdict.findings.size());
    if (!report.verdict.findings.empty()) FAIL(report.verdict.findings.front());
    if (!report.unrest.empty()) FAIL(report.unrest);
    return report;
}

void report_line(const fault_mix& mix, const seed_range& range, const mix_totals& t) {
    std::printf(
        "mix %-12s %llu worlds, %llu calls: %llu values, %llu misses, %llu stores, %llu errors "
        "(%llu of unknown outcome), %llu ejections, %llu stand-ins, %llu keys that moved, "
        "%.0f virtual s, traces %016llx\n",
        std::string(mix.name).c_str(), static_cast<unsigned long long>(range.count),
        static_cast<unsigned long long>(t.calls), static_cast<unsigned long long>(t.seen.values),
        static_cast<unsigned long long>(t.seen.misses),
        static_cast<unsigned long long>(t.seen.stores),
        static_cast<unsigned long long>(t.seen.errors),
        static_cast<unsigned long long>(t.seen.unknowns),
        static_cast<unsigned long long>(t.ejections), static_cast<unsigned long long>(t.stand_ins),
        static_cast<unsigned long long>(t.seen.movers), t.virtual_seconds,
        static_cast<unsigned long long>(t.traces));
}

// Every so many worlds one is run twice: it has to repeat itself to the last event.
constexpr std::uint64_t repeated_every = 10;

void prove(std::string_view name) {
    const fault_mix* mix = nullptr;
    for (const fault_mix& each : fault_mixes()) {
        if (each.name == name) mix = &each;
    }
    REQUIRE(mix != nullptr);
    const seed_range range = seeds();
    mix_totals total;
    for (std::uint64_t seed = range.first; seed < range.first + range.count; ++seed) {
        const world_report report = checked_world(*mix, seed);
        total.seen += report.verdict.seen;
        total.calls += report.calls;
        total.ejections += report.ejections;
        total.stand_ins += report.stand_ins;
        total.traces = total.traces * 31 + (report.trace_hash ^ report.history_hash);
        total.virtual_seconds += std::chrono::duration<double>(report.virtual_time).count();
        if (seed % repeated_every != 0) continue;
        const world_report again = checked_world(*mix, seed);
        INFO("seed " << seed << " of " << name);
        REQUIRE(again.trace_hash == report.trace_hash);
        REQUIRE(again.history_hash == report.history_hash);
    }
    report_line(*mix, range, total);
    if (!range.is_enough) return;
    // The test must have seen enough to say anything.
    CHECK(total.seen.values > range.count * 50);
    CHECK(total.seen.misses > range.count * 20);
    CHECK(total.seen.stores > range.count * 30);
    if (name == "calm") {
        CHECK(total.seen.errors == 0);
    } else {
        CHECK(total.seen.errors > range.count);
        CHECK(total.seen.unknowns >= range.count / 10);
    }
}

}  // namespace

// A case each, so that they may run side by side; tests/unit/CMakeLists.txt has the names, too.
TEST_CASE("nobody is lied to when all is calm", "[mix:calm]") {
    prove("calm");
}
TEST_CASE("nobody is lied to when connections die", "[mix:resets]") {
    prove("resets");
}
TEST_CASE("nobody is lied to when servers die and come back empty", "[mix:kills]") {
    prove("kills");
}
TEST_CASE("nobody is lied to when servers stand still", "[mix:stalls]") {
    prove("stalls");
}
TEST_CASE("nobody is lied to when replies come late", "[mix:mutes]") {
    prove("mutes");
}
TEST_CASE("nobody is lied to when links are slow", "[mix:slow_links]") {
    prove("slow_links");
}
TEST_CASE("nobody is lied to when everything comes in drops", "[mix:dribbles]") {
    prove("dribbles");
}
TEST_CASE("nobody is lied to when frames are cut", "[mix:half_frames]") {
    prove("half_frames");
}
TEST_CASE("nobody else is lied to when a server lies", "[mix:hostile]") {
    prove("hostile");
}
TEST_CASE("nobody is lied to when a server is full", "[mix:full_house]") {
    prove("full_house");
}
TEST_CASE("nobody is lied to when the client stands still", "[mix:frozen]") {
    prove("frozen");
}
TEST_CASE("nobody is lied to when the list of servers changes", "[mix:new_lists]") {
    prove("new_lists");
}
TEST_CASE("nobody is lied to when the list changes in the middle of all trouble",
          "[mix:moving_house]") {
    prove("moving_house");
}
TEST_CASE("nobody is lied to when everything happens at once", "[mix:everything]") {
    prove("everything");
}

// Worlds beyond the usual ones that once showed something.
TEST_CASE("what was meant for a stand-in does not go to the key's own server", "[mix:stalls]") {
    for (const fault_mix& mix : fault_mixes()) {
        if (mix.name == "stalls") CHECK(checked_world(mix, 2779).calls > 0);
    }
}
