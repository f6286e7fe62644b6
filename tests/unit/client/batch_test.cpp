// Batches larger than the window: bounded on the wire, complete in the end, in few sends.

#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/sim_cluster.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;
using kmc::testing::make_value;

namespace {

constexpr std::size_t key_count = 20'000;

kmc::task<void> read_many(kmc::client& mc, const std::vector<std::string>& names,
                          kmc::many_reply& out) {
    const std::vector<std::string_view> keys(names.begin(), names.end());
    out = co_await mc.get_many(keys, {.deadline = 60s});
}

std::vector<std::string> many_names() {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < key_count; ++i) names.push_back("k" + std::to_string(i));
    return names;
}

}  // namespace

TEST_CASE("a batch of twenty windows ends whole, and its window is never overrun") {
    const std::vector<std::string> names = many_names();
    kmc::client_options options;
    options.max_inflight = 1024;
    sim_cluster world(1, 1, options);
    for (std::size_t i = 0; i < key_count; i += 3) {
        world.plant(names[i], make_value(names[i], 1, 60));
    }
    kmc::many_reply reply;
    sim_job job = world.start(read_many(world.mc(), names, reply));
    world.step();
    // Each step checks the window.
    REQUIRE(world.finish(job));

    REQUIRE(reply.size() == key_count);
    for (std::size_t i = 0; i < key_count; ++i) {
        REQUIRE(reply[i]);
        REQUIRE(reply[i].value().has_value() == (i % 3 == 0));
        if (i % 3 == 0) REQUIRE(reply[i].value()->bytes() == make_value(names[i], 1, 60));
    }
    // Free slots are used a quarter of the window at a time; ends of sends that the simulated
    // kernel cut short count as sends too.
    CHECK(world.engine().counters().sends < 2 * key_count / (options.max_inflight / 4));
}

TEST_CASE("requests behind a window of one are sent one by one") {
    const std::vector<std::string> names = {"a", "b", "c", "d", "e"};
    kmc::client_options options;
    options.max_inflight = 1;
    sim_cluster world(2, 1, options);
    for (const std::string& n : names) world.plant(n, make_value(n, 1, 10));
    kmc::many_reply reply;
    sim_job job = world.start(read_many(world.mc(), names, reply));
    world.step();
    REQUIRE(world.finish(job));
    CHECK(reply.summary().hits == names.size());
}

TEST_CASE("a batch spread over servers is sent in one turn, one send for each server") {
    const std::vector<std::string> names = [] {
        std::vector<std::string> made;
        for (int i = 0; i < 100; ++i) made.push_back("spread:" + std::to_string(i));
        return made;
    }();
    sim_cluster world(3, 4);
    for (std::size_t i = 0; i < world.size(); ++i) world.server(i).conditions().short_send = 0;
    kmc::many_reply reply;
    {
        sim_job warm = world.start(read_many(world.mc(), names, reply));
        world.step();
        REQUIRE(world.finish(warm));
    }
    world.run_for(10ms);  // a reply may come before the end of the send that asked for it
    std::set<std::size_t> touched;
    for (const std::string& n : names) touched.insert(world.mc().locate(n));
    REQUIRE(touched.size() == world.size());
    const auto before = world.engine().counters();
    sim_job job = world.start(read_many(world.mc(), names, reply));
    world.step(0ms);
    CHECK(world.engine().counters().sends - before.sends == world.size());
    REQUIRE(world.finish(job));
    CHECK(world.engine().counters().sends - before.sends == world.size());
    CHECK(reply.summary().misses == names.size());
}
