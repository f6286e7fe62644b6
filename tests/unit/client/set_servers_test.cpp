// Another list of servers while calls are under way, and names that mean another address.

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/sim_cluster.hpp"

using namespace std::chrono_literals;
using kmc::errc;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;

namespace {

kmc::task<void> get_one(kmc::client& mc, std::string key,
                        kmc::result<std::optional<kmc::value>>& out) {
    out = co_await mc.get(key, {.deadline = 5s});
}

kmc::result<std::optional<kmc::value>> get(sim_cluster& world, const std::string& key) {
    kmc::result<std::optional<kmc::value>> out{kmc::error{}};
    sim_job job = world.start(get_one(world.mc(), key, out));
    world.step();
    REQUIRE(world.finish(job));
    return out;
}

kmc::task<void> read_many(kmc::client& mc, const std::vector<std::string>& names,
                          kmc::many_reply& out) {
    const std::vector<std::string_view> keys(names.begin(), names.end());
    out = co_await mc.get_many(keys, {.deadline = 5s});
}

std::vector<std::string> some_names() {
    std::vector<std::string> names;
    for (int i = 0; i < 200; ++i) names.push_back("key:" + std::to_string(i));
    return names;
}

void warm_up(sim_cluster& world) {
    kmc::many_reply out;
    const auto names = some_names();
    sim_job job = world.start(read_many(world.mc(), names, out));
    world.step();
    REQUIRE(world.finish(job));
    REQUIRE(out.summary().errors == 0);
}

}  // namespace

TEST_CASE("servers that stay keep their numbers and connections, others come and go") {
    sim_cluster world(1, 4);  // s0:11211:1 .. s3:11211:4
    warm_up(world);
    REQUIRE(world.server(1).connections() == 1);

    // Without s1, in another order, with another weight.
    REQUIRE(world.mc().set_servers("s3:11211:4,s0:11211:5,s2:11211:3"));
    warm_up(world);
    world.run_for(2s);

    CHECK(world.server(1).connections() == 0);
    for (const std::size_t s : {0U, 2U, 3U}) {
        CHECK(world.server(s).connections() == 1);
        CHECK(world.mc().counters(s).dials == 1);
    }
    const kmc::server_snapshot now = world.mc().servers();
    REQUIRE(now.size() == 3);
    CHECK(now.number(0) == 3);
    CHECK(now.number(1) == 0);
    CHECK(now[0].host == "s3");
    CHECK(world.mc().server_at(1).host == "s1");
    for (const std::string& key : some_names()) CHECK(world.mc().locate(key) != 1);

    // Back again, under its old number.
    REQUIRE(world.mc().set_servers("s3:11211:4,s0:11211:5,s2:11211:3,s1:11211:2"));
    warm_up(world);
    CHECK(world.mc().servers().number(3) == 1);
    CHECK(world.server(1).connections() == 1);
    CHECK(world.mc().counters(1).dials == 2);
}

TEST_CASE("the same list again changes nothing") {
    sim_cluster world(2, 3);
    warm_up(world);
    const std::uint64_t before = world.mc().counters(0).dials;
    REQUIRE(world.mc().set_servers("s0:11211:1,s1:11211:2,s2:11211:3"));
    warm_up(world);
    CHECK(world.mc().counters(0).dials == before);
    CHECK(world.mc().servers().number(2) == 2);
}

TEST_CASE("a list that cannot be used leaves the good one in place") {
    sim_cluster world(3, 3);
    warm_up(world);
    for (const char* list : {"", "s0:nonsense", "s0,,s1"}) {
        INFO(list);
        const auto refused = world.mc().set_servers(list);
        REQUIRE_FALSE(refused);
        CHECK_FALSE(refused.error().message().empty());
    }
    CHECK(world.mc().servers().size() == 3);
    warm_up(world);
}

TEST_CASE("what is under way ends where it began") {
    sim_cluster world(4, 3);
    const auto names = some_names();
    for (const std::string& name : names) world.plant(name, "before");
    warm_up(world);
    for (std::size_t s = 0; s < 3; ++s) world.server(s).mute();
    kmc::many_reply out;
    sim_job job = world.start(read_many(world.mc(), names, out));
    world.run_for(5ms);

    REQUIRE(world.mc().set_servers("s0:11211:1"));
    world.run_for(100ms);
    CHECK(world.server(2).connections() == 1);  // still owes answers
    for (std::size_t s = 0; s < 3; ++s) world.server(s).unmute();
    REQUIRE(world.finish(job));

    CHECK(out.summary().hits == names.size());
    world.run_for(10ms);
    CHECK(world.server(1).connections() == 0);
    CHECK(world.server(2).connections() == 0);
    CHECK(world.server(0).connections() == 1);
}

TEST_CASE("a removed server that owes an answer for ever is left in the end") {
    sim_cluster world(5, 3);
    warm_up(world);
    world.server(2).mute();
    kmc::many_reply out;
    const auto names = some_names();
    sim_job job = world.start(read_many(world.mc(), names, out));
    world.run_for(5ms);
    REQUIRE(world.mc().set_servers("s0:11211:1,s1:11211:2"));
    world.run_for(500ms);
    CHECK(world.net().open_sockets() == 3);
    world.run_for(2s);
    CHECK(world.net().open_sockets() == 2);
    REQUIRE(world.finish(job));
}

TEST_CASE("a client may have other servers altogether, again and again") {
    sim_cluster world(6, 4);
    for (int i = 0; i < 200; ++i) {
        const std::size_t only = static_cast<std::size_t>(i) % 4;
        REQUIRE(world.mc().set_servers("s" + std::to_string(only)));
        REQUIRE(get(world, "k" + std::to_string(i)));
        CHECK(world.mc().locate("anything") == world.mc().servers().number(0));
    }
    world.run_for(3s);
    std::size_t connections = 0;
    for (std::size_t s = 0; s < 4; ++s) connections += world.server(s).connections();
    CHECK(connections == 1);
    CHECK(world.at_rest());
}

TEST_CASE("lists that change more often than batches end leave no connections behind") {
    kmc::client_options o;
    o.batch_timeout = 10s;
    sim_cluster world(8, 4, o);
    std::size_t most = 0;
    const kmc::time_point begin = world.loop().now();
    while (world.loop().now() - begin < 5min) {
        for (const char* only : {"s0", "s1", "s2", "s3"}) {
            REQUIRE(world.mc().set_servers(only));
            REQUIRE(get(world, "k"));
            most = std::max(most, world.view().connections().size());
        }
        world.run_for(500ms);
    }
    // One for each server, and those of about the last ten seconds.
    CHECK(most < 100);
}

TEST_CASE("a dead server that is taken off the list is not probed any more") {
    kmc::client_options o;
    o.health = {.remove_failed = 1, .retry_timeout = 100ms, .dead_timeout = 1s};
    sim_cluster world(7, 4, o);
    warm_up(world);
    world.server(1).kill();
    kmc::many_reply out;
    const auto names = some_names();
    sim_job job = world.start(read_many(world.mc(), names, out));
    world.step();
    REQUIRE(world.finish(job));
    REQUIRE(world.mc().counters(1).ejections == 1);
    REQUIRE(world.mc().set_servers("s0,s2,s3"));
    world.run_for(30s);
    CHECK(world.mc().counters(1).probes == 0);
    // On the list again it has a clean slate.
    world.server(1).restart();
    REQUIRE(world.mc().set_servers("s0,s1,s2,s3"));
    warm_up(world);
}

TEST_CASE("a name that means another address moves the connection, and no key") {
    kmc::client_options o;
    o.resolve_period = 10s;
    sim_cluster world(8, 2, o);
    REQUIRE(world.mc().set_servers("cache.example:11211"));
    world.net().set_name("cache.example", {"s0"});
    REQUIRE(get(world, "k"));
    CHECK(world.server(0).connections() == 1);
    const std::size_t number = world.mc().locate("k");

    // While requests are on the way, one after the other.
    world.net().set_name("cache.example", {"s1"});
    std::size_t errors = 0;
    for (int i = 0; i < 30; ++i) {
        if (!get(world, "k" + std::to_string(i))) ++errors;
        world.run_for(500ms);
    }
    CHECK(errors == 0);
    CHECK(world.server(0).connections() == 0);
    CHECK(world.server(1).connections() == 1);
    CHECK(world.mc().locate("k") == number);
    CHECK(world.mc().counters(number).soft_failures == 0);

    // More addresses, the one in use among them: nothing changes.
    world.net().set_name("cache.example", {"s0", "s1"});
    world.run_for(30s);
    CHECK(world.server(1).connections() == 1);
    // A name server that fails: nothing changes.
    world.net().fail_name("cache.example", EAGAIN);
    world.run_for(30s);
    CHECK(world.server(1).connections() == 1);
    REQUIRE(get(world, "k"));
}

TEST_CASE("replacing a connection waits for what is on the way, and what comes meanwhile waits") {
    kmc::client_options o;
    o.resolve_period = 1s;
    sim_cluster world(9, 2, o);
    REQUIRE(world.mc().set_servers("cache.example:11211"));
    world.net().set_name("cache.example", {"s0"});
    world.server(1).store().put("b", {.value = "on s1", .flags = 0, .expires = 0, .cas = 1});
    REQUIRE(get(world, "a"));
    world.server(0).mute();
    kmc::result<std::optional<kmc::value>> first{kmc::error{}};
    sim_job under_way = world.start(get_one(world.mc(), "a", first));
    world.run_for(5ms);
    world.net().set_name("cache.example", {"s1"});
    world.run_for(900ms);
    kmc::result<std::optional<kmc::value>> second{kmc::error{}};
    sim_job behind = world.start(get_one(world.mc(), "b", second));
    world.run_for(50ms);
    CHECK_FALSE(under_way.done());
    CHECK_FALSE(behind.done());
    world.server(0).unmute();
    REQUIRE(world.finish(under_way));
    REQUIRE(world.finish(behind));
    CHECK(first);
    REQUIRE(second);
    REQUIRE(second.value());
    CHECK(second.value()->bytes() == "on s1");
}

TEST_CASE("only so many attempts to connect are made at a time") {
    kmc::client_options o;
    o.lanes = 16;
    o.max_dials_per_server = 2;
    o.connect_timeout = 5s;
    sim_cluster world(10, 1, o);
    world.server(0).conditions().connect_time = {100ms, 100ms};
    kmc::many_reply out;
    const auto names = some_names();
    sim_job job = world.start(read_many(world.mc(), names, out));
    std::size_t before = 0;
    std::size_t most = 0;
    while (!job.done()) {
        world.step(1ms);
        before = world.mc().counters(0).connections;
        most = std::max<std::size_t>(most, world.mc().counters(0).dials - before);
    }
    CHECK(out.summary().errors == 0);
    CHECK(world.server(0).connections() == 16);
    CHECK(most == 2);
}
