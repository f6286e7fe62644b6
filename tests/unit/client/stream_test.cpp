// stream_many: every key once, in bounded memory, whatever the reader does.

#include <algorithm>
#include <stop_token>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/sim_cluster.hpp"
#include "support/elsewhere.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;
using kmc::errc;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;
using kmc::sim::sim_nap;
using kmc::testing::await_here;
using kmc::testing::elsewhere;
using kmc::testing::make_value;
using kmc::testing::version_of;

namespace {

std::vector<std::string> numbered(std::size_t count) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back("key:" + std::to_string(i));
    return all;
}

struct seen {
    std::vector<int> times;  // by key
    std::size_t hits = 0;
    std::size_t misses = 0;
    std::size_t entries = 0;
    std::vector<errc> errors;
    std::string fault;
};

void look_at(const kmc::stream_entry& entry, const std::vector<std::string>& names, seen& out) {
    ++out.entries;
    ++out.times[entry.index];
    if (entry.key != names[entry.index]) out.fault = "another key";
    if (!entry.answer) {
        out.errors.push_back(entry.answer.error().code);
    } else if (entry.answer.value()) {
        ++out.hits;
        if (version_of(entry.key, entry.answer.value()->bytes()) != 1) out.fault = "another value";
    } else {
        ++out.misses;
    }
}

kmc::task<void> read_all(kmc::client& mc, const std::vector<std::string>& names,
                         kmc::stream_options options, seen& out) {
    out.times.assign(names.size(), 0);
    const std::vector<std::string_view> keys(names.begin(), names.end());
    auto stream = mc.stream_many(keys, options);
    while (auto entry = co_await stream.next()) look_at(*entry, names, out);
    const auto still = co_await stream.next();
    if (still) out.fault = "an entry after the end";
}

seen run(sim_cluster& world, const std::vector<std::string>& names,
         kmc::stream_options options = {}) {
    seen out;
    sim_job job = world.start(read_all(world.mc(), names, options, out));
    world.step();
    REQUIRE(world.finish(job));
    CHECK(out.fault == "");
    CHECK(out.times == std::vector<int>(names.size(), 1));
    return out;
}

void plant_every_second(sim_cluster& world, const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size(); i += 2) {
        world.plant(names[i], make_value(names[i], 1, i % 50 == 0 ? 20'000 : 80));
    }
}

}  // namespace

TEST_CASE("a stream answers every key once, whatever it may hold unread") {
    const std::size_t unread = GENERATE(as<std::size_t>{}, 0, 1, 7, 300, 1024, 100'000);
    CAPTURE(unread);
    kmc::client_options options;
    options.prefix = "p:";
    options.lanes = 2;
    sim_cluster world(unread + 1, 3, options);
    auto names = numbered(2000);
    for (std::size_t i = 0; i < names.size(); i += 2) {
        auto& store = world.server(world.mc().locate(names[i])).store();
        store.put("p:" + names[i], {.value = make_value(names[i], 1, 80), .cas = store.next_cas()});
    }
    const seen out = run(world, names, {.max_unread = unread, .deadline = 10min});
    CHECK(out.hits == 1000);
    CHECK(out.misses == 1000);
}

TEST_CASE(
    "a stream of nothing ends at once; bad keys and repeated ones have entries of their own") {
    sim_cluster world(2, 2);
    run(world, {});
    world.plant("key:0", make_value("key:0", 1, 50));
    const seen out = run(world, {"key:0", "", "key:0", std::string(251, 'k'), "absent"});
    CHECK(out.hits == 2);
    CHECK(out.misses == 1);
    CHECK(out.errors == std::vector<errc>(2, errc::bad_key));
    const std::string group(251, 'g');
    CHECK(run(world, {"a", "b"}, {.group = group}).errors == std::vector<errc>(2, errc::bad_key));
}

TEST_CASE("a stream ends whole at its deadline, with what has come") {
    sim_cluster world(3, 2);
    const auto names = numbered(5000);
    plant_every_second(world, names);
    run(world, {"key:0"});
    world.server(1).mute();
    const seen out = run(world, names, {.deadline = 200ms});
    CHECK(out.hits > 0);
    CHECK(out.errors.size() > 1000);
    CHECK(std::count(out.errors.begin(), out.errors.end(), errc::timed_out) ==
          static_cast<std::ptrdiff_t>(out.errors.size()));
    CHECK(run(world, names, {.deadline = -1ms}).errors.size() == names.size());
}

TEST_CASE("a stream over dead servers tells so, key by key, and ends") {
    sim_cluster world(4, 3);
    const auto names = numbered(3000);
    plant_every_second(world, names);
    world.server(2).kill();
    const seen out = run(world, names, {.deadline = 10s});
    std::size_t dead = 0;
    for (const auto& name : names) dead += world.mc().locate(name) == 2;
    CHECK(out.errors.size() == dead);
    CHECK(out.hits + out.misses == names.size() - dead);
}

TEST_CASE("a stream may be cancelled after every number of steps") {
    for (const bool by_scope : {true, false}) {
        bool under_way = true;
        int steps = 1;
        for (; under_way; steps += steps < 40 ? 1 : steps / 8) {
            INFO(steps << " steps");
            sim_cluster world(static_cast<std::uint64_t>(steps), 2);
            const auto names = numbered(600);
            plant_every_second(world, names);
            kmc::cancel_scope scope;
            std::stop_source source;
            const std::stop_token token = source.get_token();
            kmc::stream_options options{.max_unread = 100, .deadline = 10s};
            if (by_scope) {
                options.scope = &scope;
            } else {
                options.stop = &token;
            }
            seen out;
            sim_job job = world.start(read_all(world.mc(), names, options, out));
            for (int i = 0; i < steps; ++i) world.step();
            under_way = !job.done();
            by_scope ? scope.cancel() : static_cast<void>(source.request_stop());
            REQUIRE(world.finish(job, 1s));
            REQUIRE(out.fault == "");
            REQUIRE(out.times == std::vector<int>(names.size(), 1));
            REQUIRE(static_cast<std::ptrdiff_t>(out.errors.size()) ==
                    std::count(out.errors.begin(), out.errors.end(), errc::cancelled));
            world.run_for(1s);
            REQUIRE(world.at_rest());
        }
        CHECK(steps > 10);
    }
}

TEST_CASE("a stream may be abandoned after every number of steps, and after every entry") {
    bool under_way = true;
    for (int steps = 1; under_way; steps += steps < 60 ? 1 : steps / 8) {
        INFO(steps << " steps");
        sim_cluster world(static_cast<std::uint64_t>(steps), 2);
        const auto names = numbered(600);
        plant_every_second(world, names);
        {
            seen out;
            sim_job job = world.start(read_all(world.mc(), names, {.max_unread = 50}, out));
            for (int i = 0; i < steps; ++i) world.step();
            under_way = !job.done();
        }
        REQUIRE(run(world, {"key:0"}).hits == 1);
        world.run_for(2s);
        REQUIRE(world.at_rest());
        REQUIRE(world.view().under_way() == 0);
    }
    for (std::size_t entries = 1; entries < 200; entries += 7) {
        sim_cluster world(entries, 2);
        const auto names = numbered(600);
        plant_every_second(world, names);
        const auto some = [](kmc::client& mc, const std::vector<std::string>& all,
                             std::size_t count) -> kmc::task<void> {
            const std::vector<std::string_view> keys(all.begin(), all.end());
            auto stream = mc.stream_many(keys, {.max_unread = 64});
            for (std::size_t i = 0; i < count; ++i) {
                const auto entry = co_await stream.next();
                REQUIRE(entry);
            }
        };
        sim_job job = world.start(some(world.mc(), names, entries));
        world.step();
        REQUIRE(world.finish(job));
        REQUIRE(run(world, names).hits == 300);
        world.run_for(2s);
        REQUIRE(world.at_rest());
    }
}

namespace {

// Reads a few entries and then only sleeps; the stream stays open.
kmc::task<void> reads_little(sim_cluster& world, const std::vector<std::string>& names,
                             std::size_t unread, bool& over) {
    const std::vector<std::string_view> keys(names.begin(), names.end());
    auto stream = world.mc().stream_many(keys, {.max_unread = unread, .deadline = 1h});
    for (int i = 0; i < 10; ++i) static_cast<void>(co_await stream.next());
    co_await sim_nap(world.loop(), 30s);
    over = true;
}

}  // namespace

TEST_CASE("a reader that stops reading stops the asking, and nobody else") {
    sim_cluster world(5, 2);
    const auto names = numbered(20'000);
    for (const std::string& name : names) world.plant(name, make_value(name, 1, 1000));
    bool over = false;
    sim_job lazy = world.start(reads_little(world, names, 500, over));
    world.step();
    world.run_for(5s);
    const std::uint64_t asked = world.server(0).store().requests + world.server(1).store().requests;
    CHECK(asked <= 10 + 500 + 2);
    CHECK(world.at_rest());

    const std::vector<std::string> others(names.begin(), names.begin() + 3000);
    CHECK(run(world, others).hits == 3000);
    world.run_for(40s);
    CHECK(over);
    CHECK(world.server(0).store().requests + world.server(1).store().requests == asked + 3000);
}

TEST_CASE("a stream waits for limits like everybody else") {
    const kmc::when_full policy = GENERATE(kmc::when_full::wait, kmc::when_full::fail);
    kmc::client_options options;
    options.max_requests = 300;
    options.max_requests_per_connection = 150;
    options.when_full = policy;
    sim_cluster world(6, 3, options);
    const auto names = numbered(4000);
    plant_every_second(world, names);
    seen first;
    seen second;
    sim_job one = world.start(read_all(world.mc(), names, {.deadline = 10s}, first));
    sim_job two = world.start(read_all(world.mc(), names, {.deadline = 10s}, second));
    world.step();
    REQUIRE(world.finish(one));
    REQUIRE(world.finish(two));
    CHECK(first.times == std::vector<int>(names.size(), 1));
    CHECK(second.times == std::vector<int>(names.size(), 1));
    if (policy == kmc::when_full::wait) CHECK(first.hits + second.hits == names.size());
    if (policy == kmc::when_full::fail) CHECK(second.errors.size() + first.errors.size() > 0);
    CHECK(world.view().under_way() == 0);
}

TEST_CASE("a stream may be read where no reactor runs, and be left there at every step") {
    bool under_way = true;
    for (int steps = 0; under_way; ++steps) {
        INFO(steps << " steps");
        sim_cluster world(static_cast<std::uint64_t>(steps) + 1, 2);
        const auto names = numbered(300);
        plant_every_second(world, names);
        seen out;
        {
            elsewhere job =
                await_here(read_all(world.mc(), names, {.max_unread = 64, .deadline = 10s}, out));
            for (int i = 0; i < steps; ++i) world.step();
            under_way = !job.done();
        }
        if (!under_way) {
            CHECK(out.fault == "");
            CHECK(out.times == std::vector<int>(names.size(), 1));
            CHECK(out.hits == 150);
        }
        world.run_for(1s);
        REQUIRE(world.at_rest());
    }
}
