// What callers see when servers fail, to the millisecond of virtual time: the failing server's keys
// end with a typed error by the deadline, everybody else's are served.

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/sim_cluster.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;
using kmc::errc;
using kmc::stage;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;
using kmc::testing::make_value;

namespace {

const std::vector<std::string>& names() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> made;
        for (int i = 0; i < 60; ++i) made.push_back("key:" + std::to_string(i));
        return made;
    }();
    return all;
}

void plant_all(sim_cluster& world) {
    for (const std::string& key : names()) world.plant(key, make_value(key, 1, 100));
}

struct outcome {
    kmc::many_reply reply;
    kmc::duration took{};
};

kmc::task<void> read_all(sim_cluster& world, kmc::duration deadline, outcome& out) {
    const std::vector<std::string_view> keys(names().begin(), names().end());
    const kmc::time_point begin = world.loop().now();
    out.reply = co_await world.mc().get_many(keys, {.deadline = deadline});
    out.took = world.loop().now() - begin;
}

outcome run_read_all(sim_cluster& world, kmc::duration deadline = 200ms) {
    outcome out;
    sim_job job = world.start(read_all(world, deadline, out));
    world.step();
    REQUIRE(world.finish(job));
    return out;
}

// Every key of server `bad` ended with one of `codes`, all others are hits.
void check_only(sim_cluster& world, const outcome& out, std::size_t bad, std::vector<errc> codes) {
    std::size_t of_bad = 0;
    for (std::size_t i = 0; i < names().size(); ++i) {
        const kmc::get_result& r = out.reply[i];
        if (world.mc().locate(names()[i]) != bad) {
            REQUIRE(r);
            REQUIRE(r.value());
            REQUIRE(r.value()->bytes() == make_value(names()[i], 1, 100));
            continue;
        }
        ++of_bad;
        REQUIRE_FALSE(r);
        CHECK(r.error().server == bad);
        CHECK(std::find(codes.begin(), codes.end(), r.error().code) != codes.end());
    }
    REQUIRE(of_bad > 0);
    REQUIRE(of_bad < names().size());
}

kmc::task<void> get_one(kmc::client& mc, std::string key, kmc::duration deadline,
                        kmc::result<std::optional<kmc::value>>& out) {
    out = co_await mc.get(key, {.deadline = deadline});
}

}  // namespace

TEST_CASE("a refused server ends its keys at once, and nobody else's") {
    sim_cluster world(1, 3);
    plant_all(world);
    world.server(1).conditions().connects = kmc::sim::reachability::refused;

    const outcome out = run_read_all(world);
    check_only(world, out, 1, {errc::connect_failed});
    CHECK(out.took < 20ms);
    for (const kmc::get_result& r : out.reply) {
        if (!r) CHECK_FALSE(r.error().maybe_executed());
    }
}

TEST_CASE("a server that swallows connects ends its keys at the deadline, not later than a tick") {
    sim_cluster world(2, 3);
    plant_all(world);
    world.server(2).conditions().connects = kmc::sim::reachability::silent;

    const outcome out = run_read_all(world);
    check_only(world, out, 2, {errc::timed_out});
    CHECK(out.took >= 200ms);
    CHECK(out.took <= 202ms);
}

TEST_CASE("a server that accepts and says nothing has taken nobody's request with it") {
    sim_cluster world(3, 3);
    plant_all(world);
    world.server(0).pause();

    const outcome out = run_read_all(world);
    check_only(world, out, 0, {errc::timed_out});
    for (const kmc::get_result& r : out.reply) {
        if (!r) CHECK(r.error().at == stage::not_sent);
    }
}

TEST_CASE("a server that stops in the middle ends its keys at the deadline as sent") {
    sim_cluster world(4, 3);
    plant_all(world);
    REQUIRE(run_read_all(world).reply.summary().hits == names().size());  // all connected
    world.server(1).pause();

    const outcome out = run_read_all(world);
    check_only(world, out, 1, {errc::timed_out});
    CHECK(out.took <= 202ms);
    for (const kmc::get_result& r : out.reply) {
        if (!r) CHECK(r.error().maybe_executed());
    }
}

TEST_CASE("late replies go to nobody, and the connection stays in use") {
    sim_cluster world(5, 1);
    plant_all(world);
    static_cast<void>(run_read_all(world));
    const std::size_t connects = world.server(0).listener().accepted();
    world.server(0).mute();
    outcome late = run_read_all(world, 50ms);
    CHECK(late.reply.summary().errors == names().size());
    world.server(0).unmute();

    outcome next = run_read_all(world);
    CHECK(next.reply.summary().hits == names().size());
    CHECK(world.server(0).listener().accepted() == connects);
    world.run_for(1s);
    CHECK(world.at_rest());
}

TEST_CASE("a connection that owes replies and stays silent is dropped") {
    sim_cluster world(6, 1);
    plant_all(world);
    static_cast<void>(run_read_all(world));
    world.run_for(2s);
    world.server(0).pause();
    kmc::result<std::optional<kmc::value>> out{std::nullopt};
    const kmc::time_point begin = world.net().now();
    sim_job job = world.start(get_one(world.mc(), names()[0], 10s, out));
    REQUIRE(world.finish(job));

    REQUIRE_FALSE(out);
    CHECK(out.error().code == errc::connection_lost);
    CHECK(out.error().maybe_executed());
    const kmc::duration took = world.net().now() - begin;
    CHECK(took >= 900ms);
    CHECK(took <= 1100ms);
}

TEST_CASE("a killed server fails fast while it rests, and serves again after it is back") {
    sim_cluster world(7, 2);
    plant_all(world);
    static_cast<void>(run_read_all(world));
    world.run_for(2s);
    world.server(1).kill();
    world.run_for(10ms);

    check_only(world, run_read_all(world), 1, {errc::connect_failed});
    check_only(world, run_read_all(world), 1, {errc::connect_failed});
    world.server(1).restart();
    plant_all(world);
    // The waits between attempts are at most retry_timeout.
    world.run_for(1s);
    CHECK(run_read_all(world, 1s).reply.summary().hits == names().size());
}

TEST_CASE("a connection lost while idle costs the next caller nothing") {
    sim_cluster world(8, 1);
    plant_all(world);
    static_cast<void>(run_read_all(world));
    world.run_for(2s);
    world.server(0).drop_connections();
    world.run_for(10ms);

    CHECK(run_read_all(world).reply.summary().hits == names().size());
}

TEST_CASE("a server that accepts and closes is left alone for a while") {
    sim_cluster world(9, 1);
    plant_all(world);
    world.server(0).conditions().finish = 1000;
    world.server(0).conditions().fate_within = 0;
    const kmc::time_point begin = world.net().now();
    for (int i = 0; i < 200; ++i) {
        static_cast<void>(run_read_all(world, 5ms));
        world.run_for(5ms);
    }
    // Once per retry_timeout, less the tenth that is chance.
    const auto attempts = static_cast<std::int64_t>(world.server(0).listener().accepted());
    CHECK(attempts <= 1 + (world.net().now() - begin) / 900ms);
    CHECK(attempts >= 2);
}

TEST_CASE("a text-only server and a full one are told apart from a broken one") {
    kmc::sim::model_options text;
    text.text_only = true;
    sim_cluster world(10, 1, {}, text);
    kmc::result<std::optional<kmc::value>> out{std::nullopt};
    {
        sim_job job = world.start(get_one(world.mc(), "k", 1s, out));
        world.step();
        REQUIRE(world.finish(job));
    }
    REQUIRE_FALSE(out);
    CHECK(out.error().code == errc::not_binary);
    CHECK(out.error().at == stage::not_sent);

    sim_cluster full(11, 1);
    full.server(0).max_connections = 0;
    {
        sim_job job = full.start(get_one(full.mc(), "k", 1s, out));
        full.step();
        REQUIRE(full.finish(job));
    }
    REQUIRE_FALSE(out);
    CHECK(out.error().code == errc::server_busy);
}

TEST_CASE("an unknown name ends its keys, and nobody else's") {
    sim_cluster world(12, 3);
    plant_all(world);
    world.net().fail_name("s1", ENOENT, {1ms, 5ms});

    check_only(world, run_read_all(world), 1, {errc::connect_failed});
}

TEST_CASE("a name server that does not answer ends its keys at the deadline") {
    sim_cluster world(13, 3);
    plant_all(world);
    world.net().fail_name("s1", EAGAIN, {30s, 30s});

    const outcome out = run_read_all(world);
    check_only(world, out, 1, {errc::timed_out});
    CHECK(out.took <= 202ms);
    world.net().clear_name("s1");
    world.run_for(10s);
    CHECK(run_read_all(world, 1s).reply.summary().errors == 0);
}

TEST_CASE("a pause of our own process times nobody out whose answer is there") {
    sim_cluster world(14, 3);
    plant_all(world);
    static_cast<void>(run_read_all(world));
    outcome out;
    sim_job job = world.start(read_all(world, 100ms, out));
    world.step(0ms);  // sent
    world.net().pass(2s);
    REQUIRE(world.finish(job));
    CHECK(out.reply.summary().hits == names().size());
}

TEST_CASE("a wrong reply breaks the connection and answers nobody") {
    sim_cluster world(15, 2);
    plant_all(world);
    static_cast<void>(run_read_all(world));
    world.run_for(2s);
    world.server(1).tamper = [](kmc::sim::sim_link&, std::string& replies) {
        if (replies.size() > 12) replies[12] = static_cast<char>(replies[12] ^ 0x40);  // the opaque
    };

    const outcome out = run_read_all(world);
    check_only(world, out, 1, {errc::protocol_error});
    world.server(1).tamper = nullptr;
    world.run_for(1s);
    CHECK(run_read_all(world).reply.summary().hits == names().size());
}

TEST_CASE("bad keys end alone, before anything is sent") {
    sim_cluster world(16, 2);
    plant_all(world);
    const std::string long_key(251, 'k');
    outcome out;
    sim_job job =
        world.start([](kmc::client& mc, std::string_view bad, outcome& into) -> kmc::task<void> {
            const std::vector<std::string_view> keys = {names()[0], "", bad, names()[1], ""};
            into.reply = co_await mc.get_many(keys);
        }(world.mc(), long_key, out));
    world.step();
    REQUIRE(world.finish(job));

    CHECK(out.reply[0].value());
    CHECK(out.reply[3].value());
    for (std::size_t i : {1U, 2U, 4U}) {
        REQUIRE_FALSE(out.reply[i]);
        CHECK(out.reply[i].error().code == errc::bad_key);
        CHECK(out.reply[i].error().at == stage::not_sent);
    }
}

TEST_CASE("duplicate keys are sent once and answered each time") {
    sim_cluster world(17, 1);
    plant_all(world);
    static_cast<void>(run_read_all(world));
    const std::uint64_t before = world.server(0).store().requests;
    outcome out;
    sim_job job = world.start([](kmc::client& mc, outcome& into) -> kmc::task<void> {
        const std::vector<std::string_view> keys = {names()[0], names()[1], names()[0],
                                                    "absent",   names()[0], "absent"};
        into.reply = co_await mc.get_many(keys);
    }(world.mc(), out));
    world.step();
    REQUIRE(world.finish(job));

    CHECK(world.server(0).store().requests - before == 3);
    for (std::size_t i : {0U, 2U, 4U}) {
        REQUIRE(out.reply[i].value());
        CHECK(out.reply[i].value()->bytes() == make_value(names()[0], 1, 100));
    }
    CHECK(out.reply.summary().hits == 4);
    CHECK(out.reply.summary().misses == 2);
}

TEST_CASE("an empty batch ends at once") {
    sim_cluster world(18, 1);
    outcome out;
    bool ended = false;
    sim_job job = world.start([](kmc::client& mc, outcome& into, bool& done) -> kmc::task<void> {
        into.reply = co_await mc.get_many({});
        done = true;
    }(world.mc(), out, ended));
    world.step();
    REQUIRE(world.finish(job));
    CHECK(ended);
    CHECK(out.reply.size() == 0);
    CHECK(world.server(0).listener().accepted() == 0);
}

TEST_CASE("a deadline may be as long as a duration gets, or have passed already") {
    sim_cluster world(19, 2);
    plant_all(world);
    CHECK(run_read_all(world, kmc::duration::max()).reply.summary().hits == names().size());

    world.server(0).pause();
    world.server(1).pause();
    const outcome late = run_read_all(world, -1s);
    CHECK(late.reply.summary().errors == names().size());
    CHECK(late.took <= 2ms);
    for (const kmc::get_result& r : late.reply) {
        CHECK(r.error().code == errc::timed_out);
        CHECK_FALSE(r.error().maybe_executed());
    }
}

TEST_CASE("an address that swallows connects does not hide the ones behind it") {
    sim_cluster world(20, 1);
    plant_all(world);
    kmc::sim::sim_server hole(world.net(), "10.9.9.9", 11211);
    hole.conditions().connects = kmc::sim::reachability::silent;
    world.net().set_name("s0", {"10.9.9.9", "s0"});

    CHECK(run_read_all(world, 2s).reply.summary().hits == names().size());
}

TEST_CASE("a deadline begins with the await, however long the caller was busy before") {
    sim_cluster world(21, 1);
    plant_all(world);
    static_cast<void>(run_read_all(world));
    kmc::result<std::optional<kmc::value>> out{std::nullopt};
    sim_job job = world.start([](sim_cluster& w, auto& into) -> kmc::task<void> {
        w.net().pass(500ms);  // as if it had computed for so long
        into = co_await w.mc().get(names()[0], {.deadline = 50ms});
    }(world, out));
    world.step();
    REQUIRE(world.finish(job));
    REQUIRE(out);
    CHECK(out.value());
}
