// Servers that leave, return and die while calls wait: what is easy to get wrong there.

#include <deque>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <kmc/update.hpp>

#include "sim/sim_cluster.hpp"

using namespace std::chrono_literals;
using kmc::errc;
using kmc::on_dead;
using kmc::server_health;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;
namespace {
using answer = kmc::result<std::optional<kmc::value>>;

kmc::task<void> get_one(kmc::client& mc, std::string key, kmc::duration d, answer& out) {
    out = co_await mc.get(key, {.deadline = d});
}
answer get(sim_cluster& w, const std::string& key, kmc::duration d = 250ms) {
    answer out{kmc::error{}};
    sim_job job = w.start(get_one(w.mc(), key, d, out));
    w.step(1ms);
    REQUIRE(w.finish(job));
    return out;
}
std::string key_of(sim_cluster& world, std::size_t server, int nth = 0) {
    for (int i = 0;; ++i) {
        std::string key = "key:" + std::to_string(i);
        if (world.mc().locate(key) == server && nth-- == 0) return key;
    }
}
kmc::task<void> read_many(kmc::client& mc, std::vector<std::string> names, kmc::many_reply& out) {
    const std::vector<std::string_view> keys(names.begin(), names.end());
    out = co_await mc.get_many(keys, {.deadline = 5s});
}
kmc::task<void> change(kmc::client& mc, std::string list) {
    (void)mc.set_servers(list);
    co_return;
}
std::vector<std::string> names(int n) {
    std::vector<std::string> v;
    for (int i = 0; i < n; ++i) v.push_back("key:" + std::to_string(i));
    return v;
}
}  // namespace

TEST_CASE("a server that dies anew while its old probe still hangs is probed again") {
    kmc::client_options o;
    o.health = {.remove_failed = 1,
                .retry_timeout = 100ms,
                .dead_timeout = 1s,
                .dead_timeout_max = 1s,
                .max_ejected = 1};
    sim_cluster w(1, 2, o);
    const std::string key = key_of(w, 1);
    REQUIRE(get(w, key));
    w.server(1).pause();
    CHECK_FALSE(get(w, key));
    REQUIRE(w.mc().counters(1).health == server_health::dead);
    while (w.mc().counters(1).health != server_health::probing) w.step(1ms);
    w.run_for(100ms);  // the probe's connect was taken, its NOOP hangs
    w.server(1).conditions().connects = kmc::sim::reachability::refused;
    REQUIRE(w.mc().set_servers("s0:11211:1"));
    (void)get(w, key, 1ms);
    REQUIRE(w.mc().set_servers("s0:11211:1,s1:11211:2"));
    CHECK_FALSE(get(w, key, 250ms));
    CHECK(w.mc().counters(1).health == server_health::dead);
    w.server(1).resume();
    w.server(1).conditions().connects = kmc::sim::reachability::open;
    w.run_for(300s);
    CHECK(w.mc().counters(1).probes > 1);
    CHECK(w.mc().counters(1).health == server_health::alive);
}

TEST_CASE("calls that wait for a limit go over one connection also when their server was removed") {
    kmc::client_options o;
    o.max_requests_per_connection = 1;
    sim_cluster w(3, 2, o);
    REQUIRE(get(w, key_of(w, 1)));
    w.server(1).mute();
    std::deque<answer> outs;
    for (int q = 0; q < 40; ++q) outs.emplace_back(kmc::error{});
    std::vector<sim_job> jobs;
    for (int i = 0; i < 40; ++i)
        jobs.push_back(
            w.start(get_one(w.mc(), key_of(w, 1, i), 5s, outs[static_cast<std::size_t>(i)])));
    w.run_for(5ms);
    REQUIRE(w.mc().set_servers("s0:11211:1"));
    w.run_for(5ms);
    w.server(1).unmute();
    for (auto& j : jobs) REQUIRE(w.finish(j));
    CHECK(w.mc().counters(1).dials <= 2);
}

TEST_CASE("a list may change in the turn of the last reply of a connection that leaves") {
    kmc::client_options o;
    o.lanes = 2;
    o.max_requests = 1;
    for (std::uint64_t seed = 1; seed < 200; ++seed) {
        sim_cluster w(seed, 2, o);
        for (int i = 0; i < 20; ++i) REQUIRE(get(w, key_of(w, 1, i)));
        w.run_for(100ms);
        w.server(1).mute();
        std::deque<answer> outs;
        for (int q = 0; q < 20; ++q) outs.emplace_back(kmc::error{});
        std::vector<sim_job> jobs;
        for (int i = 0; i < 20; ++i)
            jobs.push_back(
                w.start(get_one(w.mc(), key_of(w, 1, i), 5s, outs[static_cast<std::size_t>(i)])));
        w.run_for(5ms);
        w.server(1).unmute();
        w.net().pass(10ms);
        sim_job c = w.start(change(w.mc(), "s0:11211:1"));
        w.step(1ms);
        for (auto& j : jobs) REQUIRE(w.finish(j));
        REQUIRE(w.finish(c));
    }
}

namespace {
kmc::task<void> write_many(kmc::client& mc, int n, kmc::write_reply& out) {
    kmc::write_batch b;
    for (int i = 0; i < n; ++i) b.set("key:" + std::to_string(i), "v");
    out = co_await mc.write(b, {.deadline = 5s});
}
}  // namespace
TEST_CASE(
    "a batch of writes that the window cut goes on over the connection that replaces the first") {
    kmc::client_options o;
    o.resolve_period = 1s;
    o.max_inflight = 64;
    o.stall_timeout = 10s;
    sim_cluster w(9, 2, o);
    REQUIRE(w.mc().set_servers("cache.example:11211"));
    w.net().set_name("cache.example", {"s0"});
    REQUIRE(get(w, "a"));
    w.server(0).mute();
    kmc::write_reply out;
    sim_job j = w.start(write_many(w.mc(), 1000, out));
    w.run_for(5ms);
    CHECK(w.mc().counters(2).in_flight == 64);
    w.net().set_name("cache.example", {"s1"});
    w.run_for(1100ms);
    w.server(0).unmute();
    REQUIRE(w.finish(j));
    CHECK(out.summary().errors == 0);
}

namespace {
kmc::task<void> upd(kmc::client& mc, std::string key, kmc::result<kmc::update_outcome>& out) {
    out = co_await mc.update(
        key, [](std::optional<std::string_view>) { return std::optional<std::string>("new"); });
}
kmc::task<void> setone(kmc::client& mc, std::string key) {
    (void)co_await mc.set(key, "v");
}
}  // namespace
namespace {
kmc::task<void> big(kmc::client& mc, kmc::result<kmc::cas_token>& out) {
    const std::string v(900'000, 'x');
    out = co_await mc.set("big", v, {.deadline = 250ms});
}
}  // namespace
TEST_CASE("a slow upload is no silence") {
    kmc::client_options o;
    o.health = {.remove_failed = 1, .max_ejected = 1};
    sim_cluster w(14, 1, o);
    REQUIRE(get(w, "a"));
    w.server(0).conditions().latency = {20ms, 20ms};  // 64 KiB window per 40 ms: 900 KB take 0.6 s
    kmc::result<kmc::cas_token> out{kmc::error{}};
    sim_job j = w.start(big(w.mc(), out));
    w.step(1ms);
    REQUIRE(w.finish(j));
    CHECK(w.mc().counters(0).bytes_out > 100000);
    CHECK(w.mc().counters(0).health == server_health::alive);
}
TEST_CASE("when nobody waits for leave to dial any more, the next callers do not pay for it") {
    kmc::client_options o;
    o.lanes = 2;
    o.max_dials_per_server = 1;
    o.reconnect_min = 200ms;
    sim_cluster w(7, 1, o);
    w.server(0).conditions().connect_time = {100ms, 100ms};
    answer first{kmc::error{}};
    kmc::many_reply out;
    // keys on both lanes
    std::vector<sim_job> jobs;
    std::deque<answer> outs;
    for (int q = 0; q < 20; ++q) outs.emplace_back(kmc::error{});
    for (int i = 0; i < 20; ++i)
        jobs.push_back(w.start(
            get_one(w.mc(), "key:" + std::to_string(i), 5ms, outs[static_cast<std::size_t>(i)])));
    w.run_for(30ms);
    for (int i = 0; i < 20; ++i) {
        auto a = get(w, "key:" + std::to_string(i), 2s);
        if (!a) {
            FAIL_CHECK(w.mc().describe(a.error()));
            break;
        }
    }
    CHECK(w.mc().counters(0).connect_failures == 0);
    CHECK(w.mc().counters(0).dials == 2);
}

TEST_CASE(
    "update on a stand-in misses the own server, and a run that went elsewhere has sent nothing") {
    kmc::client_options o;
    o.health = {.remove_failed = 1, .on_dead = on_dead::next_server};
    sim_cluster w(8, 3, o);
    w.server(1).kill();
    kmc::many_reply out;
    {
        sim_job j = w.start(read_many(w.mc(), names(60), out));
        w.step(1ms);
        REQUIRE(w.finish(j));
    }
    for (const auto& t : out.trace())
        if (t.keys == 0) CHECK(t.bytes_out == 0);
    const std::string key = key_of(w, 1);
    {
        sim_job j = w.start(setone(w.mc(), key));
        w.step(1ms);
        REQUIRE(w.finish(j));
    }
    kmc::result<kmc::update_outcome> u{kmc::error{}};
    {
        sim_job j = w.start(upd(w.mc(), key, u));
        w.step(1ms);
        REQUIRE(w.finish(j));
    }
    REQUIRE_FALSE(u);
    CHECK(u.error().code == errc::server_dead);
}

TEST_CASE("a server that max_ejected keeps in service recovers, and is told of each time") {
    static int recovered, refused;
    recovered = refused = 0;
    kmc::client_options o;
    o.connect_timeout = 200ms;
    o.health = {.remove_failed = 1, .retry_timeout = 1s};
    o.on_event.tell = [](void*, const kmc::event& e) noexcept {
        recovered += e.kind == kmc::event_kind::server_recovered;
        refused += e.kind == kmc::event_kind::ejection_refused;
    };
    sim_cluster w(9, 1, o);
    for (int round = 0; round < 3; ++round) {
        w.server(0).kill();
        w.run_for(50ms);
        CHECK_FALSE(get(w, "k"));
        w.run_for(2s);
        w.server(0).restart();
        for (int i = 0; i < 20; ++i) {
            (void)get(w, "k");
            w.run_for(100ms);
        }
        REQUIRE(get(w, "k"));
        CHECK(w.mc().counters(0).health == server_health::alive);
    }
    CHECK(refused == 3);
    CHECK(recovered == 3);
}

TEST_CASE("a list that shrinks around its dead servers takes some of them back") {
    kmc::client_options o;
    o.health = {.remove_failed = 1, .max_ejected = 0.5};
    sim_cluster w(10, 4, o);
    w.server(0).kill();
    w.server(1).kill();
    (void)get(w, key_of(w, 0));
    (void)get(w, key_of(w, 1));
    REQUIRE(w.mc().set_servers("s0:11211,s1:11211"));
    int dead = 0;
    for (std::size_t i : {0U, 1U}) dead += w.mc().counters(i).health == server_health::dead;
    // Half of the ring may be out.
    CHECK(dead == 1);
}

TEST_CASE("a stream reads a removed server to the end over a connection or two") {
    kmc::client_options o;
    sim_cluster w(11, 2, o);
    REQUIRE(get(w, key_of(w, 1)));
    const auto before = w.mc().counters(1).dials;
    struct run {
        static kmc::task<void> all(kmc::client& mc, std::vector<std::string> n, std::size_t& got) {
            const std::vector<std::string_view> keys(n.begin(), n.end());
            auto s = mc.stream_many(keys, {.max_unread = 64, .deadline = 60s});
            while (auto e = co_await s.next()) {
                if (got == 100) (void)mc.set_servers("s0:11211:1");
                got += bool(e->answer);
            }
        }
    };
    std::size_t got = 0;
    sim_job j = w.start(run::all(w.mc(), names(5000), got));
    w.step(1ms);
    REQUIRE(w.finish(j));
    CHECK(got == 5000);
    CHECK(w.mc().counters(1).dials - before <= 3);
    CHECK(w.view().connections().size() < 10);
}

TEST_CASE("connections of a removed server end together while others wait in line") {
    kmc::client_options o;
    o.max_requests_per_connection = 1;
    o.lanes = 2;
    o.stall_timeout = 20s;
    sim_cluster w(4, 2, o);
    for (int i = 0; i < 16; ++i) REQUIRE(get(w, key_of(w, 1, i)));
    w.server(1).mute();
    std::deque<answer> outs;
    std::vector<sim_job> jobs;
    for (int i = 0; i < 16; ++i) outs.emplace_back(kmc::error{});
    for (int i = 0; i < 16; ++i)
        jobs.push_back(
            w.start(get_one(w.mc(), key_of(w, 1, i), 5s, outs[static_cast<std::size_t>(i)])));
    w.run_for(5ms);
    REQUIRE(w.mc().set_servers("s0:11211:1"));
    w.run_for(3s);
    for (auto& j : jobs) REQUIRE(w.finish(j));
}
