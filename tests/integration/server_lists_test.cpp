// Very many servers, and lists that change while batches are under way.

#include <catch2/catch.hpp>

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "nodes.hpp"
#include "resident_memory.hpp"
#include "session.hpp"
#include "support/self_describing.hpp"
#include "waiting.hpp"

using namespace kmc::testing;
using namespace std::chrono_literals;
using kmc::errc;

namespace {

// The nth of many addresses of the loopback.
std::string address(std::size_t n) {
    return "127.1." + std::to_string(n / 250) + "." + std::to_string(n % 250 + 1);
}

std::string list_of(std::size_t first, std::size_t last, const std::string& port) {
    std::string list;
    for (std::size_t i = first; i < last; ++i) {
        if (i != first) list += ',';
        list += address(i) + ":" + port;
    }
    return list;
}

// Reads batches over and over until it is over; counts what is not as it should be.
struct watched {
    std::atomic<bool> is_over{false};
    std::atomic<std::uint64_t> batches{0};
    std::atomic<std::uint64_t> hits{0};
    std::atomic<std::uint64_t> misses{0};
    std::atomic<std::uint64_t> wrong{0};
    std::atomic<std::uint64_t> errors{0};
};

kmc::task<void> read_batches(kmc::client& mc, std::span<const std::string> keys, watched& w) {
    const auto views = views_of(keys);
    while (!w.is_over) {
        const auto reply = co_await mc.get_many(views);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (!reply[i]) {
                ++w.errors;
            } else if (!reply[i].value()) {
                ++w.misses;
            } else {
                ++(version_of(keys[i], reply[i].value()->bytes()) == 1 ? w.hits : w.wrong);
            }
        }
        ++w.batches;
    }
}

}  // namespace

TEST_CASE("a batch over a thousand servers is right, with a hundred of them refusing") {
    if (control_is_missing()) return;
    constexpr std::size_t all = 1000;
    constexpr std::size_t living = 900;
    // One process that listens on 900 addresses; its port is free on them as it was on the first.
    const memcached_node first;
    const std::string port = first.text().substr(first.text().rfind(':') + 1);
    const memcached_node many({"-c", "8192", "-l", list_of(0, living, port)});
    const std::string list = list_of(0, all, port);

    const std::size_t before = resident_bytes();
    const stopwatch opening;
    {
        kmc::runtime own = open_runtime();
        const auto mc = kmc::client::open(own, list, patient()).value();
        const double took = opening.milliseconds();
        const std::size_t per_server = (resident_bytes() - before) / all;
        std::printf("a client of 1000 servers: %.1f ms, %zu bytes of memory for each\n", took,
                    per_server);
        CHECK(mc.servers().size() == all);
        CHECK(opening.elapsed() < 5s);
        // Sanitizers keep memory of their own beside ours.
        if (sizeof(void*) == 8) CHECK(per_server < 64 * 1024 * 4);
    }

    const std::size_t unconnected = resident_bytes();
    session s(list);
    const auto keys = make_keys("thousand", 20'000);
    std::vector<std::string> reachable;
    for (const std::string& key : keys) {
        if (s.mc().locate(key) < living) reachable.push_back(key);
    }
    s.write_all(reachable, 1, 60);

    const stopwatch since;
    const auto reply = s.get_many(keys, {.deadline = 20s});
    std::printf("20,000 keys over 1000 servers, 100 of them refusing: %.1f ms\n",
                since.milliseconds());
    std::printf("connected, with all its tests' keys and values: %zu KiB of memory for each\n",
                (resident_bytes() - unconnected) / all / 1024);

    std::vector<int> answered(all);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const std::size_t server = s.mc().locate(keys[i]);
        CAPTURE(keys[i], server);
        ++answered[server];
        if (server >= living) {
            REQUIRE_FALSE(reply[i].has_value());
            REQUIRE(reply[i].error() == errc::connect_failed);
            REQUIRE(reply[i].error().server == server);
        } else {
            if (!reply[i]) FAIL(s.mc().describe(reply[i].error()));
            REQUIRE(version_of(keys[i], reply[i].value().value().bytes()) == 1);
        }
    }
    for (std::size_t server = 0; server < all; ++server) {
        CAPTURE(server);
        REQUIRE(answered[server] > 0);
        REQUIRE(s.mc().counters(server).connections == (server < living ? 1 : 0));
    }
}

TEST_CASE("lists that change under running batches cost no key its answer") {
    if (control_is_missing()) return;
    cluster six({1, 1, 1, 1, 1, 1});
    session s(six.servers(), patient(), 2);
    const auto keys = make_keys("lists", 600);
    s.write_all(keys, 1, 120);
    const auto connections = stat(six.text(0), "total_connections");

    watched w;
    std::thread readers(
        [&] { run_all(s.rt(), 6, [&](std::size_t) { return read_batches(s.mc(), keys, w); }); });
    std::size_t changes = 0;
    for (const stopwatch since; since.elapsed() < 2s; ++changes) {
        // Server 0 always stays; one of the others goes, another comes back.
        std::string list = six.text(0) + ":1";
        for (std::size_t i = 1; i < six.size(); ++i) {
            if (i != 1 + changes % 5) list += "," + six.text(i) + ":1";
        }
        REQUIRE(s.mc().set_servers(list).has_value());
        pass_time(3ms);
    }
    REQUIRE(s.mc().set_servers(six.servers()).has_value());
    w.is_over = true;
    readers.join();

    std::printf("%zu changes of the list under %llu batches: %llu hits, %llu misses, %llu errors\n",
                changes, static_cast<unsigned long long>(w.batches),
                static_cast<unsigned long long>(w.hits), static_cast<unsigned long long>(w.misses),
                static_cast<unsigned long long>(w.errors));
    CHECK(w.batches > 20);
    CHECK(w.wrong == 0);
    CHECK(w.errors == 0);
    CHECK(w.misses > 0);  // keys of a server that was off the list
    CHECK(w.hits > w.misses);
    // Both reactors had their connection before, and have it still; the third is our own look.
    CHECK(s.mc().counters(0).dials <= 2);
    CHECK(stat(six.text(0), "total_connections") <= connections + 2);
    CHECK(s.get_many(keys).summary().hits == keys.size());
    CHECK(s.mc().servers().size() == six.size());
}
