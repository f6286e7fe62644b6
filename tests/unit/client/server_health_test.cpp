// Servers die and come back: what callers see, what the wire does, who is told. On virtual time.

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/sim_cluster.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;
using kmc::errc;
using kmc::event_kind;
using kmc::on_dead;
using kmc::server_health;
using kmc::stage;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;
using kmc::testing::make_value;

namespace {

struct told {
    event_kind kind;
    std::uint16_t server;
    errc reason;
    kmc::duration wait;
};

struct diary {
    std::vector<told> all;

    std::vector<event_kind> of(std::uint16_t server) const {
        std::vector<event_kind> kinds;
        for (const told& t : all) {
            const bool is_link =
                t.kind == event_kind::connected || t.kind == event_kind::connection_lost;
            if (t.server == server && !is_link) kinds.push_back(t.kind);
        }
        return kinds;
    }
    std::size_t count(event_kind kind) const {
        std::size_t n = 0;
        for (const told& t : all) n += t.kind == kind;
        return n;
    }
};

kmc::client_options options(diary& d, kmc::health_options health) {
    kmc::client_options o;
    o.connect_timeout = 200ms;
    o.health = health;
    o.on_event = {.tell =
                      [](void* context, const kmc::event& e) noexcept {
                          static_cast<diary*>(context)->all.push_back(
                              {e.kind, e.server_number, e.reason, e.wait});
                      },
                  .context = &d};
    return o;
}

// A key of that server.
std::string key_of(sim_cluster& world, std::size_t server, int nth = 0) {
    for (int i = 0;; ++i) {
        std::string key = "key:" + std::to_string(i);
        if (world.mc().locate(key) == server && nth-- == 0) return key;
    }
}

template <class T>
struct told_at {
    kmc::result<T> said{kmc::error{}};
    kmc::duration took{};
};

template <class T, class Call>
kmc::task<void> run_call(sim_cluster& world, Call call, told_at<T>& out) {
    const kmc::time_point begin = world.loop().now();
    out.said = co_await call(world.mc());
    out.took = world.loop().now() - begin;
}

template <class T, class Call>
told_at<T> ask(sim_cluster& world, Call call) {
    told_at<T> out;
    sim_job job = world.start(run_call<T>(world, call, out));
    do {
        world.step(1ms);  // what ends at once takes no time
    } while (!job.done());
    return out;
}

told_at<std::optional<kmc::value>> get(sim_cluster& world, const std::string& key) {
    return ask<std::optional<kmc::value>>(world, [&](kmc::client& mc) { return mc.get(key); });
}

told_at<kmc::cas_token> set(sim_cluster& world, const std::string& key, const std::string& value,
                            kmc::store_options how = {}) {
    return ask<kmc::cas_token>(world, [&](kmc::client& mc) { return mc.set(key, value, how); });
}

kmc::task<void> read_many(kmc::client& mc, std::vector<std::string> names, kmc::many_reply& out) {
    const std::vector<std::string_view> keys(names.begin(), names.end());
    out = co_await mc.get_many(keys, {.deadline = 250ms});
}

std::vector<std::string> sixty() {
    std::vector<std::string> names;
    for (int i = 0; i < 60; ++i) names.push_back("key:" + std::to_string(i));
    return names;
}

kmc::many_reply get_many(sim_cluster& world, const std::vector<std::string>& names) {
    kmc::many_reply out;
    sim_job job = world.start(read_many(world.mc(), names, out));
    do {
        world.step(1ms);
    } while (!job.done());
    return out;
}

constexpr std::size_t bad = 1;  // of three servers with weights 1, 2, 3: a third of the ring

}  // namespace

TEST_CASE("the founding document's settings do what its manual says, with a server that is down") {
    diary d;
    sim_cluster world(1, 3,
                      options(d, {.remove_failed = 1, .retry_timeout = 1s, .dead_timeout = 60s}));
    const std::string key = key_of(world, bad);
    world.plant(key, "v");
    REQUIRE(get(world, key).said.value());
    world.run_for(2s);  // the connection has proven itself
    world.server(bad).kill(kmc::sim::death::reset);
    world.run_for(10ms);

    // The connection is gone already; the first call finds nobody to connect to.
    const auto first = get(world, key);
    CHECK(first.said.error() == errc::connect_failed);
    CHECK(first.said.error().at == stage::not_sent);
    const std::uint64_t dials = world.mc().counters(bad).dials;
    for (int i = 0; i < 50; ++i) {
        const auto again = get(world, key);
        CHECK(again.said.error() == errc::server_dead);
        CHECK(again.took < 1ms);
        world.run_for(1s);
    }
    CHECK(world.mc().counters(bad).dials == dials);
    CHECK(world.mc().counters(bad).health == server_health::dead);

    world.server(bad).restart();
    world.plant(key, "back");
    world.run_for(17s);
    CHECK(world.mc().counters(bad).health == server_health::alive);
    const auto home = get(world, key);
    REQUIRE(home.said);
    CHECK(home.said.value()->bytes() == "back");
    CHECK(d.of(bad) == std::vector{event_kind::server_dead, event_kind::server_back});
}

TEST_CASE("a hung server is found as well, by the first call that waited for nothing") {
    diary d;
    sim_cluster world(2, 3,
                      options(d, {.remove_failed = 1, .retry_timeout = 1s, .dead_timeout = 60s}));
    const std::string key = key_of(world, bad);
    world.plant(key, "v");
    REQUIRE(get(world, key).said.value());
    world.server(bad).pause();

    const auto first = get(world, key);
    CHECK(first.said.error() == errc::timed_out);
    CHECK(first.said.error().maybe_executed());
    const auto next = get(world, key);
    CHECK(next.said.error() == errc::server_dead);
    CHECK(next.took < 1ms);

    // As long as it hangs, no probe is answered; afterwards the next one is.
    world.run_for(120s);
    CHECK(world.mc().counters(bad).health == server_health::dead);
    CHECK(d.count(event_kind::probe_failed) >= 1);
    world.server(bad).resume();
    world.run_for(67s);
    CHECK(world.mc().counters(bad).health == server_health::alive);
    REQUIRE(get(world, key).said.value());
    CHECK(d.count(event_kind::server_back) == 1);
}

TEST_CASE("a batch of many keys that meets a silence is one failure") {
    diary d;
    sim_cluster world(3, 3, options(d, {.remove_failed = 3}));
    for (const std::string& key : sixty()) world.plant(key, "v");
    (void)get_many(world, sixty());
    world.server(bad).pause();

    (void)get_many(world, sixty());
    CHECK(world.mc().counters(bad).health == server_health::alive);
    (void)get_many(world, sixty());
    CHECK(world.mc().counters(bad).health == server_health::alive);
    (void)get_many(world, sixty());
    CHECK(world.mc().counters(bad).health == server_health::dead);
    CHECK(world.mc().counters(0).soft_failures + world.mc().counters(2).soft_failures == 0);
}

TEST_CASE("a client that was late blames nobody") {
    diary d;
    sim_cluster world(4, 3, options(d, {.remove_failed = 1}));
    for (const std::string& key : sixty()) world.plant(key, "v");
    (void)get_many(world, sixty());

    std::size_t answers = 0;
    for (int i = 0; i < 20; ++i) {
        kmc::many_reply out;
        sim_job job = world.start(read_many(world.mc(), sixty(), out));
        world.step(0ms);       // sent
        world.net().pass(2s);  // the process stood still, with replies waiting
        REQUIRE(world.finish(job));
        // All but what the pause kept from being sent: a send that was cut short.
        answers += out.summary().hits;
    }
    CHECK(answers > 19 * 60);
    for (std::size_t s = 0; s < 3; ++s) CHECK(world.mc().counters(s).soft_failures == 0);
    CHECK(d.of(bad).empty());
}

TEST_CASE("a slow server that answers somebody is not dead") {
    diary d;
    sim_cluster world(5, 1, options(d, {.remove_failed = 1, .max_ejected = 1}));
    const std::string key = key_of(world, 0);
    world.plant(key, "v");
    REQUIRE(get(world, key).said.value());
    // Every reply takes longer than the deadline, and comes.
    world.server(0).conditions().latency = {150ms, 150ms};
    for (int i = 0; i < 30; ++i) {
        told_at<std::optional<kmc::value>> out;
        sim_job job = world.start(run_call<std::optional<kmc::value>>(
            world, [&](kmc::client& mc) { return mc.get(key, {.deadline = 290ms}); }, out));
        world.step(20ms);
        world.run_for(20ms);
        world.step();
        REQUIRE(world.finish(job));
    }
    CHECK(d.count(event_kind::server_dead) <= 1);
}

TEST_CASE("while a refused server rests it is dialled once per retry_timeout") {
    diary d;
    sim_cluster world(6, 3, options(d, {.remove_failed = 0, .retry_timeout = 1s}));
    const std::string key = key_of(world, bad);
    world.server(bad).kill();
    for (int i = 0; i < 1000; ++i) {
        CHECK(get(world, key).said.error() == errc::connect_failed);
        world.run_for(10ms);
    }
    const auto counted = world.mc().counters(bad);
    CHECK(counted.dials >= 10);
    CHECK(counted.dials <= 12);
    CHECK(counted.ejections == 0);

    // And when it is back, the first call after at most that time succeeds.
    world.server(bad).restart();
    world.plant(key, "v");
    kmc::duration waited{};
    while (!get(world, key).said) {
        world.run_for(10ms);
        waited += 10ms;
        REQUIRE(waited <= 1050ms);
    }
    CHECK(d.of(bad).back() == event_kind::server_recovered);
}

TEST_CASE("under next_server the calls that found the server dead go on elsewhere") {
    diary d;
    sim_cluster world(7, 3, options(d, {.remove_failed = 1, .on_dead = on_dead::next_server}));
    for (const std::string& key : sixty()) world.plant(key, "v");
    world.server(bad).kill();

    const std::string key = key_of(world, bad);
    const auto one = get(world, key);
    REQUIRE(one.said);
    CHECK_FALSE(one.said.value());  // a true miss, on another server
    const kmc::many_reply many = get_many(world, sixty());
    std::size_t misses = 0;
    for (std::size_t i = 0; i < many.size(); ++i) {
        REQUIRE(many[i]);
        if (world.mc().locate(sixty()[i]) == bad) {
            CHECK_FALSE(many[i].value());
            ++misses;
        } else {
            CHECK(many[i].value());
        }
    }
    CHECK(misses > 0);
    CHECK(world.mc().counters(0).stand_ins + world.mc().counters(2).stand_ins == misses + 1);
}

TEST_CASE("a batch that meets the death itself is sent again as a whole") {
    diary d;
    const on_dead policy = GENERATE(on_dead::next_server, on_dead::rebuild);
    sim_cluster world(8, 3, options(d, {.remove_failed = 1, .on_dead = policy}));
    world.server(bad).kill();
    const kmc::many_reply many = get_many(world, sixty());
    for (std::size_t i = 0; i < many.size(); ++i) {
        REQUIRE(many[i]);
        CHECK_FALSE(many[i].value());
    }
    CHECK(many.summary().errors == 0);
    CHECK(d.of(bad) == std::vector{event_kind::server_dead});
}

TEST_CASE("what is stored on a stand-in does not live long, and has no token") {
    diary d;
    sim_cluster world(
        9, 3,
        options(d, {.remove_failed = 1, .dead_timeout = 40s, .on_dead = on_dead::next_server}));
    const std::string key = key_of(world, bad);
    world.plant(key, "old");
    const auto original = get(world, key);
    REQUIRE(original.said.value());
    const kmc::cas_token token = original.said.value()->token();
    world.run_for(2s);
    world.server(bad).kill();
    (void)get(world, key);

    const auto stored = set(world, key, "elsewhere", {.ttl = 1h});
    REQUIRE(stored.said);
    CHECK(stored.said.value() == kmc::cas_token{});
    const auto read = get(world, key);
    REQUIRE(read.said.value());
    CHECK(read.said.value()->bytes() == "elsewhere");
    CHECK(read.said.value()->token() == kmc::cas_token{});
    // What the servers' clocks show.
    const auto now = 1'700'000'000 + world.net().now().time_since_epoch() / 1s;
    std::size_t found = 0;
    for (const std::size_t s : {0U, 2U}) {
        const auto* item = world.server(s).store().find(key, 0);
        if (item == nullptr) continue;
        ++found;
        CHECK(item->expires > 0);
        CHECK(item->expires <= now + 41);
    }
    CHECK(found == 1);

    // A token of the own server could match on another one by accident.
    const auto compared =
        ask<kmc::store_outcome>(world, [&](kmc::client& mc) { return mc.cas(key, "new", token); });
    CHECK(compared.said.error() == errc::server_dead);
    CHECK(compared.said.error().at == stage::not_sent);

    world.server(bad).restart();
    world.run_for(50s);
    const auto home = get(world, key);
    REQUIRE(home.said);
    CHECK_FALSE(home.said.value());
}

TEST_CASE("not more than max_ejected of the ring is ever out") {
    diary d;
    sim_cluster world(10, 3, options(d, {.remove_failed = 1, .max_ejected = 0.4}));
    for (std::size_t s = 0; s < 3; ++s) world.server(s).kill();
    for (int i = 0; i < 20; ++i) {
        (void)get_many(world, sixty());
        world.run_for(300ms);
    }
    // Weights 1, 2, 3 of 6: the first two together are half of the ring, more than 0.4.
    CHECK(d.count(event_kind::server_dead) == 1);
    CHECK(d.count(event_kind::ejection_refused) == 2);
    const auto one = world.mc().counters(2);
    CHECK(one.health == server_health::resting);

    for (std::size_t s = 0; s < 3; ++s) world.server(s).restart();
    world.run_for(1100ms);
    const std::string key = key_of(world, 2);
    CHECK(get(world, key).said);
}

TEST_CASE("reads that were on the way when a connection broke go out once more") {
    diary d;
    sim_cluster world(11, 1, options(d, {}));
    world.plant("k", "v");
    REQUIRE(get(world, "k").said.value());
    world.run_for(2s);  // the connection has proven itself
    world.server(0).mute();
    told_at<std::optional<kmc::value>> read;
    told_at<kmc::cas_token> write;
    sim_job a = world.start(run_call<std::optional<kmc::value>>(
        world, [](kmc::client& mc) { return mc.get("k"); }, read));
    sim_job b = world.start(run_call<kmc::cas_token>(
        world, [](kmc::client& mc) { return mc.set("w", "x"); }, write));
    world.run_for(10ms);
    world.server(0).drop_connections(kmc::sim::death::reset);
    world.server(0).unmute();
    REQUIRE(world.finish(a));
    REQUIRE(world.finish(b));
    REQUIRE(read.said);
    CHECK(read.said.value()->bytes() == "v");
    CHECK(write.said.error() == errc::connection_lost);
    CHECK(write.said.error().maybe_executed());
    CHECK(world.mc().counters(0).retries == 1);
    CHECK(world.mc().counters(0).connections_lost == 1);
}

TEST_CASE("a read is sent twice at most") {
    diary d;
    sim_cluster world(12, 1, options(d, {.remove_failed = 0}));
    world.plant("k", "v");
    REQUIRE(get(world, "k").said.value());
    world.run_for(2s);
    world.server(0).mute();
    told_at<std::optional<kmc::value>> read;
    sim_job a = world.start(run_call<std::optional<kmc::value>>(
        world, [](kmc::client& mc) { return mc.get("k", {.deadline = 10s}); }, read));
    world.run_for(10ms);
    for (int i = 0; i < 3; ++i) {
        world.server(0).drop_connections(kmc::sim::death::reset);
        world.run_for(20ms);
    }
    REQUIRE(world.finish(a));
    CHECK(read.said.error() == errc::connection_lost);
    CHECK(read.said.error().maybe_executed());
    CHECK(world.mc().counters(0).retries == 1);
}

TEST_CASE("the end of an idle connection is noticed before the next call, and is no failure") {
    diary d;
    sim_cluster world(13, 1, options(d, {.remove_failed = 1, .max_ejected = 1}));
    world.plant("k", "v");
    REQUIRE(get(world, "k").said.value());
    world.run_for(2s);
    world.server(0).drop_connections(kmc::sim::death::finish);
    world.run_for(10ms);
    CHECK(world.mc().counters(0).connections == 0);
    CHECK(world.mc().counters(0).closed_idle == 1);
    REQUIRE(get(world, "k").said.value());
    CHECK(world.mc().counters(0).soft_failures == 0);
    CHECK(d.of(0).empty());
}

TEST_CASE("what is counted adds up at rest") {
    diary d;
    sim_cluster world(14, 3, options(d, {}));
    for (const std::string& key : sixty()) world.plant(key, make_value(key, 1, 100));
    for (int i = 0; i < 10; ++i) (void)get_many(world, sixty());
    world.run_for(1s);
    std::uint64_t requests = 0;
    for (std::size_t s = 0; s < 3; ++s) {
        const auto c = world.mc().counters(s);
        CHECK(c.in_flight == 0);
        CHECK(c.orphans == 0);
        CHECK(c.connections == 1);
        CHECK(c.dials == 1);
        // The greeting is answered, but is nobody's request.
        CHECK(c.replies == c.requests + 1);
        CHECK(c.bytes_in > 100 * c.requests);
        requests += c.requests;
    }
    CHECK(requests == 600);
}

TEST_CASE("all connections that a process takes with it when it ends are one failure") {
    diary d;
    kmc::client_options o = options(d, {.remove_failed = 3});
    o.lanes = 8;
    sim_cluster world(15, 2, o);
    for (const std::string& key : sixty()) world.plant(key, "v");
    (void)get_many(world, sixty());
    world.run_for(2s);
    world.server(1).mute();
    kmc::many_reply out;
    sim_job job = world.start(read_many(world.mc(), sixty(), out));
    world.run_for(5ms);
    REQUIRE(world.server(1).connections() == 8);
    world.server(1).kill(kmc::sim::death::reset);
    world.server(1).restart();
    for (const std::string& key : sixty()) world.plant(key, "v");
    do {
        world.step(1ms);
    } while (!job.done());
    CHECK(world.mc().counters(1).connections_lost == 8);
    CHECK(d.count(event_kind::server_dead) == 0);
    // It was back before anybody knew: not one of the reads failed.
    CHECK(out.summary().errors == 0);
}
