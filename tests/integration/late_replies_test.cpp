// A proxy between kmc and real nodes that is late, ends idle connections, or takes nothing more in:
// who pays for it, and how much memory it costs.

#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "chaos_proxy.hpp"
#include "nodes.hpp"
#include "resident_memory.hpp"
#include "session.hpp"
#include "support/self_describing.hpp"
#include "waiting.hpp"

using namespace kmc::testing;
using namespace std::chrono_literals;
using kmc::errc;
using kmc::server_health;

namespace {

struct timed {
    std::vector<double> milliseconds;
    std::uint64_t wrong = 0;
    std::uint64_t errors = 0;

    [[nodiscard]] double at(double share) {
        std::ranges::sort(milliseconds);
        return milliseconds[static_cast<std::size_t>(share *
                                                     static_cast<double>(milliseconds.size() - 1))];
    }
};

kmc::task<void> read_timed(kmc::client& mc, std::span<const std::string> keys, int rounds,
                           kmc::duration deadline, timed& out) {
    for (int round = 0; round < rounds; ++round) {
        for (const std::string& key : keys) {
            const stopwatch since;
            const auto got = co_await mc.get(key, {.deadline = deadline});
            out.milliseconds.push_back(since.milliseconds());
            if (!got) {
                ++out.errors;
            } else if (!got.value() || version_of(key, got.value()->bytes()) != 1) {
                ++out.wrong;
            }
        }
    }
}

kmc::task<void> set_large(kmc::client& mc, std::size_t i, const std::string& value,
                          std::vector<kmc::result<kmc::cas_token>>& out) {
    out[i] = co_await mc.set("large", value, {.deadline = 500ms});
}

}  // namespace

TEST_CASE("one late reply in a hundred moves nobody else, and its server stays in service") {
    if (control_is_missing()) return;
    // A call that meets a late reply times out, the next one has its answer: never three in a row.
    constexpr auto late = 400ms;
    constexpr auto deadline = 250ms;
    const cluster good({1, 1, 1});
    const memcached_node grey;
    chaos_proxy proxy(grey.text(), {}, 7);
    kmc::client_options options = patient();
    options.health.remove_failed = 3;
    session s(good.servers() + "," + proxy.text(), options);
    const auto keys = make_keys("grey", 400);
    s.write_all(keys, 1, 100);
    std::vector<std::string> of_good;
    std::vector<std::string> of_grey;
    for (const std::string& key : keys) {
        (s.mc().locate(key) == 3 ? of_grey : of_good).push_back(key);
    }

    const auto run = [&](timed& others, timed& its_own) {
        run_all(s.rt(), 2, [&](std::size_t i) {
            return i == 0 ? read_timed(s.mc(), of_good, 5, 5s, others)
                          : read_timed(s.mc(), of_grey, 4, deadline, its_own);
        });
    };
    timed before;
    timed before_grey;
    run(before, before_grey);
    proxy.add("reply opcode get probability 0.01: delay 400ms");
    timed others;
    timed its_own;
    run(others, its_own);

    std::printf(
        "others' reads: half within %.3f ms, 99%% within %.3f ms; before: %.3f and %.3f; "
        "the late server's: %llu of %zu past their deadline\n",
        others.at(0.5), others.at(0.99), before.at(0.5), before.at(0.99),
        static_cast<unsigned long long>(its_own.errors), its_own.milliseconds.size());
    REQUIRE(proxy.hits() > 0);
    CHECK(before_grey.errors == 0);
    CHECK(others.errors == 0);
    CHECK(others.wrong == 0);
    CHECK(its_own.wrong == 0);
    CHECK(its_own.errors > 0);
    // Nobody else waits for it.
    CHECK(others.at(0.99) < std::chrono::duration<double, std::milli>(late).count() / 2);
    CHECK(s.mc().counters(3).ejections == 0);
    CHECK(s.mc().counters(3).health == server_health::alive);
    CHECK(s.mc().counters(3).connections_lost == 0);
}

TEST_CASE("an idle connection that the server ends is no error of anybody") {
    if (control_is_missing()) return;
    const memcached_node node;
    chaos_proxy proxy(node.text());
    session s(proxy.text());
    s.write("k", "v");

    for (std::uint64_t round = 1; round <= 2; ++round) {
        // One that ends within its first second is not replaced at once.
        pass_time(1100ms);
        round % 2 == 0 ? proxy.reset() : proxy.cut();
        REQUIRE(comes_true([&] { return s.mc().counters(0).closed_idle == round; }));
        CHECK(s.read("k") == "v");
    }

    CHECK(s.mc().counters(0).soft_failures == 0);
    CHECK(s.mc().counters(0).hard_failures == 0);
}

TEST_CASE("a server that takes nothing in costs a bounded amount of memory") {
    if (control_is_missing()) return;
    constexpr std::size_t limit = 8U << 20;
    const memcached_node node;
    chaos_proxy proxy(node.text());
    kmc::client_options options = patient();
    options.max_bytes_per_connection = limit;
    options.when_full = kmc::when_full::fail;
    options.health.remove_failed = 0;
    session s(proxy.text(), options);
    s.write("large", "small");
    proxy.add("request opcode set: stop reading");
    const std::string value(200'000, 'v');

    // Twenty times as much as may be under way at a time, and again and again.
    std::size_t first = 0;
    std::size_t last = 0;
    std::size_t refused = 0;
    std::size_t ended = 0;
    for (int round = 0; round < 8; ++round) {
        std::vector<kmc::result<kmc::cas_token>> stored(800, kmc::error{});
        const stopwatch since;
        run_all(s.rt(), stored.size(),
                [&](std::size_t i) { return set_large(s.mc(), i, value, stored); });
        CHECK(since.elapsed() < 5s);
        for (const auto& r : stored) {
            REQUIRE_FALSE(r.has_value());
            refused += r.error() == errc::overloaded;
            ended += r.error() == errc::timed_out || r.error() == errc::connection_lost;
        }
        last = resident_bytes();
        if (round == 0) first = last;
    }

    const auto grown = last > first ? last - first : 0;
    std::printf(
        "a server that takes nothing in: %zu stores refused, %zu timed out, memory grew by "
        "%zu KiB over seven more rounds\n",
        refused, ended, grown / 1024);
    CHECK(refused > 0);
    CHECK(ended > 0);
    CHECK(refused + ended == 8 * 800);
    CHECK(grown < 4 * limit);
    proxy.clear();
    REQUIRE(s.serves_again("large"));
}
