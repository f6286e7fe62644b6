// Limits on what is under way: beyond them a call waits in line under its own deadline, or fails
// unsent, as the client was told.

#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <kmc/cancel.hpp>

#include "sim/sim_cluster.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;
using kmc::errc;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;
using kmc::testing::make_value;

namespace {

using answer = std::optional<kmc::result<std::optional<kmc::value>>>;

kmc::task<void> get(kmc::client& mc, kmc::call_options o, answer& out) {
    out.emplace(co_await mc.get("k", o));
}
kmc::task<void> set(kmc::client& mc, std::size_t size, std::vector<int>& order, int name) {
    const std::string value(size, 'v');
    if (co_await mc.set("x" + std::to_string(name), value)) order.push_back(name);
}

kmc::client_options limited(std::uint32_t requests, kmc::when_full full) {
    kmc::client_options o;
    o.call_timeout = o.connect_timeout = o.stall_timeout = 30s;
    o.max_requests = requests;
    o.when_full = full;
    return o;
}

bool is_hit(const answer& a) {
    return a && *a && a->value() && a->value()->bytes() == make_value("k", 1, 50);
}
bool is(const answer& a, errc code) {
    return a && !*a && a->error() == code && !a->error().maybe_executed();
}

struct crowd {
    crowd(sim_cluster& world, std::size_t size, kmc::call_options o = {}) : answers(size) {
        for (answer& a : answers) jobs.push_back(world.start(get(world.mc(), o, a)));
        world.step();
    }
    std::vector<answer> answers;
    std::vector<sim_job> jobs;
};

}  // namespace

TEST_CASE("beyond the limit calls wait in line, and all are served") {
    const bool per_connection = GENERATE(false, true);
    kmc::client_options o = limited(3, kmc::when_full::wait);
    if (per_connection) std::swap(o.max_requests, o.max_requests_per_connection);
    sim_cluster world(1, 1, o);
    world.plant("k", make_value("k", 1, 50));
    crowd many(world, 50);

    std::uint64_t most = 0;
    while (!many.jobs.back().done()) {
        world.step();
        const auto* const lane = world.view().connections()[0];
        if (lane) most = std::max<std::uint64_t>(most, lane->in_flight());
    }
    for (sim_job& job : many.jobs) REQUIRE(world.finish(job));

    for (const answer& a : many.answers) CHECK(is_hit(a));
    CHECK(most <= 3);
    CHECK(world.view().under_way() == 0);
}

TEST_CASE("beyond the limit calls fail unsent when the client says so") {
    const bool per_connection = GENERATE(false, true);
    kmc::client_options o = limited(3, kmc::when_full::fail);
    if (per_connection) std::swap(o.max_requests, o.max_requests_per_connection);
    sim_cluster world(2, 1, o);
    world.plant("k", make_value("k", 1, 50));

    crowd many(world, 50);
    for (sim_job& job : many.jobs) REQUIRE(world.finish(job));

    for (std::size_t i = 0; i < 50; ++i) {
        CHECK((i < 3 ? is_hit(many.answers[i]) : is(many.answers[i], errc::overloaded)));
    }
    crowd again(world, 1);
    REQUIRE(world.finish(again.jobs[0]));
    CHECK(is_hit(again.answers[0]));
}

TEST_CASE("bytes count too, and one call larger than the limit goes alone") {
    kmc::client_options o = limited(1000, kmc::when_full::wait);
    o.max_bytes = 1000;
    sim_cluster world(3, 1, o);
    std::vector<int> order;
    std::vector<sim_job> jobs;
    const std::vector<std::size_t> sizes = {400, 400, 5000, 10, 900, 10};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        jobs.push_back(world.start(set(world.mc(), sizes[i], order, static_cast<int>(i))));
    }
    world.step();
    for (sim_job& job : jobs) REQUIRE(world.finish(job));

    // First come, first served: a small one does not overtake a large one that waits.
    CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5});
    CHECK(world.view().under_way() == 0);
}

TEST_CASE("whoever waits in line keeps its deadline, its scope, and the right to leave") {
    sim_cluster world(4, 1, limited(1, kmc::when_full::wait));
    world.plant("k", make_value("k", 1, 50));
    crowd first(world, 1);
    REQUIRE(world.finish(first.jobs[0]));
    world.server(0).mute();
    crowd stuck(world, 1);
    kmc::cancel_scope scope;
    crowd late(world, 2, {.deadline = 20ms});
    crowd cancelled(world, 2, {.scope = &scope});
    crowd left(world, 2);
    crowd patient(world, 2);

    world.run_for(30ms);
    scope.cancel();
    left.jobs.clear();
    world.step(1ms);
    world.step(1ms);

    for (const answer& a : late.answers) CHECK(is(a, errc::timed_out));
    for (const answer& a : cancelled.answers) CHECK(is(a, errc::cancelled));
    CHECK_FALSE(stuck.jobs[0].done());
    world.server(0).unmute();
    REQUIRE(world.finish(stuck.jobs[0]));
    for (sim_job& job : patient.jobs) REQUIRE(world.finish(job));
    for (const answer& a : patient.answers) CHECK(is_hit(a));
    CHECK(world.view().under_way() == 0);
}

TEST_CASE("those in line behind a refused server hear of it at once, however many") {
    sim_cluster world(5, 1, limited(1, kmc::when_full::wait));
    world.server(0).conditions().connects = kmc::sim::reachability::refused;

    crowd many(world, 20'000);
    for (sim_job& job : many.jobs) REQUIRE(world.finish(job));

    for (const answer& a : many.answers) {
        if (!is(a, errc::connect_failed)) FAIL("not told that the server refuses");
    }
}

TEST_CASE("closing the client ends those in line") {
    sim_cluster world(6, 1, limited(1, kmc::when_full::wait));
    world.plant("k", make_value("k", 1, 50));
    crowd many(world, 10);

    world.drop_client();
    for (sim_job& job : many.jobs) REQUIRE(world.finish(job));

    for (const answer& a : many.answers) CHECK((a && !*a && a->error() == errc::client_closed));
}

TEST_CASE("when the first of a line gives up, those behind it that fit go on") {
    const bool per_connection = GENERATE(false, true);
    kmc::client_options o = limited(1000, kmc::when_full::wait);
    (per_connection ? o.max_bytes_per_connection : o.max_bytes) = 1000;
    sim_cluster world(7, 1, o);
    std::vector<int> order;
    {
        sim_job warm = world.start(set(world.mc(), 10, order, 0));
        world.step();
        REQUIRE(world.finish(warm));
    }
    world.server(0).mute();
    sim_job under_way = world.start(set(world.mc(), 900, order, 1));
    std::optional<sim_job> first = world.start(set(world.mc(), 500, order, 2));
    sim_job behind = world.start(set(world.mc(), 10, order, 3));
    world.step();
    const auto sent_before = world.view().connections()[0]->in_flight();

    first.reset();
    world.step(1ms);

    CHECK(world.view().connections()[0]->in_flight() == sent_before + 1);
    world.server(0).unmute();
    REQUIRE(world.finish(behind));
    REQUIRE(world.finish(under_way));
}

TEST_CASE("closing the client sends nothing that stood in line, and connects nowhere") {
    kmc::client_options o = limited(1, kmc::when_full::wait);
    sim_cluster world(8, 2, o);
    std::vector<std::string> keys(2);
    for (int i = 0; keys[0].empty() || keys[1].empty(); ++i) {
        const std::string key = "key" + std::to_string(i);
        keys[world.mc().locate(key)] = key;
    }
    const auto store = [](kmc::client& mc, std::string key,
                          std::optional<kmc::result<kmc::cas_token>>& out) -> kmc::task<void> {
        out.emplace(co_await mc.set(key, "v"));
    };
    world.server(1).pause();
    std::optional<kmc::result<kmc::cas_token>> first;
    std::optional<kmc::result<kmc::cas_token>> second;
    sim_job under_way = world.start(store(world.mc(), keys[1], first));
    sim_job in_line = world.start(store(world.mc(), keys[0], second));
    world.run_for(10ms);

    world.drop_client();
    REQUIRE(world.finish(in_line));
    REQUIRE(world.finish(under_way));
    world.run_for(1s);

    CHECK((second && !*second && second->error() == errc::client_closed));
    CHECK(world.server(0).listener().accepted() == 0);
    CHECK(world.net().open_sockets() == 0);
}
