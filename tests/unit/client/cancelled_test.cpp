// A call may be told to stop at any moment: by a scope, by a stop token, by its deadline. However
// far it has come, it ends soon, says truly whether it may have been executed, and leaves the
// connection in step.

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <kmc/cancel.hpp>
#include <kmc/when_all.hpp>

#include "sim/sim_cluster.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;
using kmc::errc;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;
using kmc::testing::make_value;

namespace {

// How a call ended: nothing while it runs, an error, or no error.
using ending = std::optional<std::optional<kmc::error>>;

template <class T>
ending ending_of(const kmc::result<T>& r) {
    return r ? ending(std::optional<kmc::error>()) : ending(r.error());
}

using call_options = kmc::call_options;

kmc::task<void> get(kmc::client& mc, call_options o, ending& end) {
    end = ending_of(co_await mc.get("k", o));
}
kmc::task<void> get_into(kmc::client& mc, call_options o, ending& end) {
    std::vector<std::byte> room(100);
    end = ending_of(co_await mc.get_into("k", room, o));
}
kmc::task<void> gat(kmc::client& mc, call_options o, ending& end) {
    end = ending_of(co_await mc.gat("k", 1h, o));
}
kmc::task<void> append(kmc::client& mc, call_options o, ending& end) {
    end = ending_of(co_await mc.append("written", "x", o));
}
kmc::task<void> set(kmc::client& mc, call_options o, ending& end) {
    const std::string value(100'000, 'v');
    end = ending_of(co_await mc.set("written", value, {.stop = o.stop, .scope = o.scope}));
}
kmc::task<void> incr(kmc::client& mc, call_options o, ending& end) {
    end =
        ending_of(co_await mc.incr("written", 1, {.initial = 1, .stop = o.stop, .scope = o.scope}));
}
kmc::task<void> del(kmc::client& mc, call_options o, ending& end) {
    end = ending_of(co_await mc.del("k2", o));
}
kmc::task<void> stats(kmc::client& mc, call_options o, ending& end) {
    end = ending_of(co_await mc.stats(0, "", o));
}
kmc::task<void> ping(kmc::client& mc, call_options o, ending& end) {
    end = ending_of(co_await mc.ping(0, o));
}
kmc::task<void> together(kmc::client& mc, call_options o, ending& end) {
    const auto [a, b] = co_await kmc::when_all(mc.get("k", o), mc.touch("k", 1h, o));
    end = ending_of(a);
    if (*end == std::nullopt) end = ending_of(b);
}

struct kind {
    const char* name;
    std::function<kmc::task<void>(kmc::client&, call_options, ending&)> start;
    bool writes = false;
};

const std::vector<kind> kinds = {
    {"get", get},       {"get_into", get_into},    {"gat", gat}, {"append", append, true},
    {"set", set, true}, {"incr", incr, true},      {"del", del}, {"stats", stats},
    {"ping", ping},     {"two together", together}};

kmc::client_options patient() {
    kmc::client_options o;
    o.call_timeout = o.batch_timeout = o.connect_timeout = o.stall_timeout = 30s;
    return o;
}

kmc::task<void> checked_get(kmc::client& mc, bool& right) {
    const auto r = co_await mc.get("k", {.deadline = 60s});
    right = r && r.value() && r.value()->bytes() == make_value("k", 1, 50);
}

// A small world with one server, where every call takes several steps.
struct small_world : sim_cluster {
    explicit small_world(std::uint64_t seed, const kmc::client_options& o = patient())
        : sim_cluster(seed, 1, o) {
        plant("k", make_value("k", 1, 50));
        plant("k2", make_value("k2", 1, 50));
    }
    void check_in_step() {
        bool right = false;
        sim_job next = start(checked_get(mc(), right));
        step();
        REQUIRE(finish(next));
        REQUIRE(right);
        run_for(5s);
        REQUIRE(at_rest());
    }
};

enum class by : std::uint8_t { scope, stop };

// Cancels after `steps` steps. True if that still made a difference.
bool cancel_after(const kind& k, by how, int steps) {
    small_world world(static_cast<std::uint64_t>(steps));
    kmc::cancel_scope scope;
    std::stop_source source;
    const std::stop_token token = source.get_token();
    call_options o;
    if (how == by::scope) o.scope = &scope;
    if (how == by::stop) o.stop = &token;
    ending end;
    sim_job job = world.start(k.start(world.mc(), o, end));
    for (int i = 0; i < steps; ++i) world.step();
    const bool was_done = job.done();

    scope.cancel();
    source.request_stop();
    for (int i = 0; i < 4 && !job.done(); ++i) world.step(1ms);

    REQUIRE(job.done());
    REQUIRE(end);
    const std::optional<kmc::error> error = *end;
    if (error) {
        REQUIRE(error->code == errc::cancelled);
        REQUIRE_FALSE(was_done);
        if (!error->maybe_executed()) {
            world.run_for(1s);
            REQUIRE(world.stored("written") == nullptr);
        }
    }
    world.check_in_step();
    return error.has_value();
}

}  // namespace

TEST_CASE("a call that is cancelled after any number of steps ends soon and truthfully") {
    const by how = GENERATE(by::scope, by::stop);
    for (const kind& k : kinds) {
        int cancelled = 0;
        for (int steps = 1; steps < 40; ++steps) {
            INFO(k.name << ", cancelled after " << steps << " steps");
            cancelled += cancel_after(k, how, steps) ? 1 : 0;
        }
        INFO(k.name);
        CHECK(cancelled > 3);
    }
}

TEST_CASE("a scope or token that was cancelled before ends a call unsent") {
    small_world world(1);
    kmc::cancel_scope scope;
    scope.cancel();
    std::stop_source source;
    source.request_stop();
    const std::stop_token token = source.get_token();
    const bool by_scope = GENERATE(true, false);
    const call_options o{.stop = by_scope ? nullptr : &token, .scope = by_scope ? &scope : nullptr};
    ending end;
    sim_job job = world.start(incr(world.mc(), o, end));
    world.step();
    REQUIRE(world.finish(job));

    REQUIRE(end);
    REQUIRE(*end);
    CHECK((*end)->code == errc::cancelled);
    CHECK(world.stored("written") == nullptr);
    world.check_in_step();
}

TEST_CASE("one scope ends all its calls, and none that is not its own") {
    small_world world(2);
    kmc::cancel_scope scope;
    std::vector<ending> mine(20);
    ending other;
    std::vector<sim_job> jobs;
    for (ending& e : mine) jobs.push_back(world.start(get(world.mc(), {.scope = &scope}, e)));
    jobs.push_back(world.start(get(world.mc(), {}, other)));
    world.step();

    scope.cancel();
    for (sim_job& job : jobs) REQUIRE(world.finish(job));

    for (const ending& e : mine) CHECK((e && *e && (*e)->code == errc::cancelled));
    CHECK((other && !*other));
}

TEST_CASE("a token that never stops costs a call nothing but its time") {
    small_world world(3);
    const std::stop_token never;
    std::stop_source source;
    const std::stop_token possible = source.get_token();
    for (const std::stop_token* token : {&never, &possible}) {
        ending end;
        sim_job job = world.start(get(world.mc(), {.stop = token}, end));
        world.step();
        REQUIRE(world.finish(job));
        CHECK((end && !*end));
    }
    source.request_stop();  // nobody is there any more
    world.check_in_step();
}

TEST_CASE("a stop that was requested before keeps the request from being sent") {
    small_world world(4);
    world.check_in_step();  // connected
    std::stop_source source;
    source.request_stop();
    const std::stop_token token = source.get_token();
    ending end;
    sim_job job = world.start(incr(world.mc(), {.stop = &token}, end));
    world.step();
    REQUIRE(world.finish(job));

    REQUIRE((end && *end));
    CHECK((*end)->code == errc::cancelled);
    CHECK((*end)->at == kmc::stage::not_sent);
    CHECK(world.stored("written") == nullptr);
}
