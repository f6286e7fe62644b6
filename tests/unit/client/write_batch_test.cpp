// write_batch: every kind of entry, what is answered to it, and what a lost connection leaves of
// it.

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/sim_cluster.hpp"
#include "support/alloc_counter.hpp"
#include "support/elsewhere.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;
using kmc::ack;
using kmc::errc;
using kmc::stage;
using kmc::write_outcome;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;
using kmc::testing::await_here;
using kmc::testing::make_value;

namespace {

kmc::task<void> write(kmc::client& mc, const kmc::write_batch& batch, kmc::write_reply& out,
                      kmc::write_options options) {
    co_await mc.write(batch, out, options);
}

kmc::task<void> write_once(kmc::client& mc, const kmc::write_batch& batch) {
    static_cast<void>(co_await mc.write(batch));
}

void run(sim_cluster& world, const kmc::write_batch& batch, kmc::write_reply& out,
         kmc::write_options options = {}) {
    sim_job job = world.start(write(world.mc(), batch, out, options));
    world.step();
    REQUIRE(world.finish(job));
}

const kmc::write_answer& at(const kmc::write_reply& reply, std::size_t i) {
    REQUIRE(reply[i].has_value());
    return reply[i].assume_value();
}

}  // namespace

TEST_CASE("each kind of entry has its outcome, whether the servers answer all or only failures") {
    const ack how = GENERATE(ack::failures, ack::all);
    sim_cluster world(1, 3);
    for (const char* key : {"there", "replaced", "extended", "removed", "touched"}) {
        world.plant(key, "old");
    }
    world.plant("count", "41");
    world.plant("text", "no number");
    kmc::write_batch batch;
    struct expected {
        std::size_t entry;
        write_outcome outcome;
        bool has_token;
        std::optional<std::uint64_t> number;
    };
    std::vector<expected> rows = {
        {batch.set("new", "1"), write_outcome::done, true, {}},
        {batch.add("added", "2"), write_outcome::done, true, {}},
        {batch.add("there", "2"), write_outcome::absent, false, {}},
        {batch.replace("replaced", "3"), write_outcome::done, true, {}},
        {batch.replace("nothing", "3"), write_outcome::absent, false, {}},
        {batch.append("extended", "<"), write_outcome::done, true, {}},
        {batch.prepend("extended", ">"), write_outcome::done, true, {}},
        {batch.append("nothing", "<"), write_outcome::absent, false, {}},
        {batch.prepend("nothing", ">"), write_outcome::absent, false, {}},
        {batch.del("removed"), write_outcome::done, false, {}},
        {batch.del("nothing"), write_outcome::absent, false, {}},
        {batch.incr("count"), write_outcome::done, true, 42},
        {batch.incr("count", 8), write_outcome::done, true, 50},
        {batch.decr("count", 7), write_outcome::done, true, 43},
        {batch.incr("nothing"), write_outcome::absent, false, {}},
        {batch.incr("created", 5, {.initial = 10}), write_outcome::done, true, 10},
        {batch.touch("touched", 60s), write_outcome::done, true, {}},
        {batch.touch("nothing", 60s), write_outcome::absent, false, {}},
    };
    const std::size_t not_a_number = batch.incr("text");
    kmc::write_reply reply;
    run(world, batch, reply, {.ack = how});

    REQUIRE(reply.size() == batch.size());
    for (const expected& row : rows) {
        CAPTURE(row.entry);
        const kmc::write_answer& a = at(reply, row.entry);
        CHECK(a.outcome == row.outcome);
        if (how == ack::all) {
            CHECK(a.token.has_value() == row.has_token);
            CHECK(a.number == row.number);
        } else if (a.number) {
            CHECK(a.number == row.number);
        }
    }
    REQUIRE_FALSE(reply[not_a_number]);
    CHECK(reply[not_a_number].error() == errc::not_a_number);
    CHECK(reply.summary().done == 11);
    CHECK(reply.summary().absent == 7);
    CHECK(reply.summary().errors == 1);
    CHECK(world.stored("extended")->value == ">old<");
    CHECK(world.stored("count")->value == "43");
    CHECK(world.stored("new")->value == "1");
    CHECK(world.stored("removed") == nullptr);
    CHECK(world.stored("there")->value == "old");
}

TEST_CASE("entries with a token compare, and say who was faster") {
    const ack how = GENERATE(ack::failures, ack::all);
    sim_cluster world(2, 2);
    for (const char* key : {"a", "b", "c", "d"}) world.plant(key, "old");
    const auto token = [&](const char* key) { return kmc::cas_token{world.stored(key)->cas}; };
    const auto stale = kmc::cas_token{999};
    kmc::write_batch batch;
    batch.cas("a", "new", token("a"), {.flags = 7});
    batch.cas("b", "new", stale);
    batch.cas("gone", "new", stale);
    batch.del("c", token("c"));
    batch.del("d", stale);
    batch.del("gone", stale);
    batch.cas("d", "new", kmc::cas_token{});
    batch.del("d", kmc::cas_token{});
    kmc::write_reply reply;
    run(world, batch, reply, {.ack = how});

    CHECK(at(reply, 0).outcome == write_outcome::done);
    CHECK(at(reply, 0).token.has_value());  // a guarded store is always asked for an answer
    CHECK(at(reply, 1).outcome == write_outcome::exists);
    CHECK(at(reply, 2).outcome == write_outcome::absent);
    CHECK(at(reply, 3).outcome == write_outcome::done);
    CHECK(at(reply, 4).outcome == write_outcome::exists);
    CHECK(at(reply, 5).outcome == write_outcome::absent);
    for (std::size_t i = 6; i < 8; ++i) {
        REQUIRE_FALSE(reply[i]);
        CHECK(reply[i].error() == errc::no_cas);
        CHECK(reply[i].error().at == stage::not_sent);
    }
    CHECK(world.stored("a")->value == "new");
    CHECK(world.stored("a")->flags == 7);
    CHECK(world.stored("b")->value == "old");
    CHECK(world.stored("c") == nullptr);
    CHECK(world.stored("d")->value == "old");
}

TEST_CASE("a server that keeps no tokens is found out, not believed") {
    kmc::sim::model_options model;
    model.cas = false;
    sim_cluster world(3, 1, {}, model);
    kmc::write_batch batch;
    batch.cas("k", "v", kmc::cas_token{5});
    batch.set("other", "v");
    kmc::write_reply reply;
    run(world, batch, reply);
    REQUIRE_FALSE(reply[0]);
    CHECK(reply[0].error() == errc::no_cas);
    CHECK(reply[0].error().at == stage::answered);
    CHECK(at(reply, 1).outcome == write_outcome::done);
}

TEST_CASE("a bad key and a value that is too large end their own entry") {
    kmc::client_options options;
    options.prefix = "p:";
    sim_cluster world(4, 2, options);
    const std::string large(2 * 1024 * 1024, 'v');
    const std::string fits(248, 'k');
    const std::string over(249, 'k');
    const std::string far_over(100'000, 'k');
    kmc::write_batch batch;
    batch.set("", "v");
    batch.set("large", large);
    batch.set("large too", kmc::borrow(large));
    batch.incr(over);
    batch.del(far_over);
    batch.set(fits, "v");
    batch.set("empty", "");
    batch.set("lent", kmc::borrow(""));
    kmc::write_reply reply;
    run(world, batch, reply);
    for (const std::size_t i : {0U, 3U, 4U}) CHECK(reply[i].error() == errc::bad_key);
    for (const std::size_t i : {1U, 2U}) CHECK(reply[i].error() == errc::too_large);
    for (std::size_t i = 0; i < 5; ++i) CHECK(reply[i].error().at == stage::not_sent);
    for (std::size_t i = 5; i < 8; ++i) CHECK(at(reply, i).outcome == write_outcome::done);
    const std::size_t owner = world.mc().locate("empty");
    REQUIRE(world.server(owner).store().find("p:empty", 0) != nullptr);
    CHECK(world.server(owner).store().find("p:empty", 0)->value.empty());
}

TEST_CASE("entries on one key happen in their order, also where large values have their own way") {
    kmc::client_options options;
    options.lanes = 3;
    options.bulk_bytes = GENERATE(0U, 1000U);
    sim_cluster world(5, 2, options);
    kmc::write_batch batch;
    std::vector<std::string> expected(50);
    for (int round = 0; round < 12; ++round) {
        for (std::size_t k = 0; k < expected.size(); ++k) {
            const std::string key = "k" + std::to_string(k);
            const bool is_large = k % 2 == 0 && (k + static_cast<std::size_t>(round)) % 5 == 0;
            const std::size_t size = is_large ? 3000 : 10;
            const std::string value = make_value(key, static_cast<std::uint64_t>(round), size);
            if (round % 4 == 3) {
                batch.append(key, "+");
                expected[k] += "+";
            } else {
                batch.set(key, value);
                expected[k] = value;
            }
        }
    }
    kmc::write_reply reply;
    run(world, batch, reply);
    CHECK(reply.summary().done == batch.size());
    for (std::size_t k = 0; k < expected.size(); ++k) {
        REQUIRE(world.stored("k" + std::to_string(k))->value == expected[k]);
    }
    if (options.bulk_bytes != 0) CHECK(reply.trace().size() > 2);
}

TEST_CASE("a batch may be written again, and cleared and filled again without new memory") {
    sim_cluster world(6, 2);
    kmc::write_batch batch;
    kmc::write_reply reply;
    const auto fill = [&] {
        for (int i = 0; i < 100; ++i) batch.append("k" + std::to_string(i % 10), "0123456789");
    };
    for (int i = 0; i < 10; ++i) world.plant("k" + std::to_string(i), "");
    fill();
    run(world, batch, reply);
    run(world, batch, reply);
    CHECK(world.stored("k3")->value.size() == 200);
    batch.clear();
    CHECK(batch.empty());
    if (kmc::testing::alloc_counter::available()) {
        const kmc::testing::alloc_counter allocations;
        fill();  // the short keys need none
        CHECK(allocations.calls() == 0);
    } else {
        fill();
    }
    run(world, batch, reply);
    CHECK(reply.summary().done == 100);
    CHECK(world.stored("k3")->value.size() == 300);
}

// A run of quiet stores is cut off before its fence was answered: what is not proven is not
// claimed.
TEST_CASE("quiet writes without proof are lost, never done") {
    std::size_t lost = 0;
    std::size_t done = 0;
    for (int steps = 1; steps < 60; ++steps) {
        INFO("killed after " << steps << " steps");
        sim_cluster world(static_cast<std::uint64_t>(steps), 1);
        world.server(0).conditions().dribble = 20;
        kmc::write_batch batch;
        std::vector<std::string> keys;
        for (int i = 0; i < 600; ++i) keys.push_back("k" + std::to_string(i));
        for (const std::string& key : keys) batch.set(key, make_value(key, 1, 100));
        batch.add(keys[5], "loses");  // one that is answered in the middle of silence
        kmc::write_reply reply;
        sim_job job = world.start(write(world.mc(), batch, reply, {.deadline = 300ms}));
        for (int i = 0; i < steps; ++i) world.step(1ms);
        world.server(0).drop_connections();
        REQUIRE(world.finish(job));
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const auto* item = world.stored(keys[i]);
            if (reply[i]) {
                ++done;
                REQUIRE(reply[i].value().outcome == write_outcome::done);
                REQUIRE(item != nullptr);
                continue;
            }
            const kmc::error e = reply[i].error();
            if (e.maybe_executed()) {
                ++lost;
            } else {
                REQUIRE(item == nullptr);
            }
        }
    }
    CHECK(lost > 1000);
    CHECK(done > 1000);
}

TEST_CASE("a batch whose caller left before it reached its reactor is not written") {
    sim_cluster world(7, 2);
    kmc::write_batch batch;
    batch.set("k", "v");
    static_cast<void>(await_here(write_once(world.mc(), batch)));

    world.run_for(100ms);

    CHECK(world.stored("k") == nullptr);
}

TEST_CASE("written from elsewhere, a batch takes all its bytes along, the borrowed ones too") {
    sim_cluster world(7, 2);
    auto value = std::make_unique<std::string>(30'000, 'b');
    auto batch = std::make_unique<kmc::write_batch>();
    batch->set("lent", kmc::borrow(*value));
    batch->set("copied", "c");
    batch->incr("n", 1, {.initial = 3});
    {
        // The caller leaves when it has begun, and before anything was sent.
        const auto waiting = await_here(write_once(world.mc(), *batch));
        world.step(0s);
        REQUIRE(world.stored("copied") == nullptr);
    }
    value->assign(value->size(), '?');
    value.reset();
    batch.reset();
    world.run_for(100ms);
    REQUIRE(world.stored("lent") != nullptr);
    CHECK(world.stored("lent")->value == std::string(30'000, 'b'));
    CHECK(world.stored("copied")->value == "c");
    CHECK(world.stored("n")->value == "3");
    CHECK(world.at_rest());
}

TEST_CASE("the rest of a run never overtakes on a new connection what the old one may still do") {
    kmc::client_options options;
    options.call_timeout = options.batch_timeout = options.connect_timeout = 60s;
    options.stall_timeout = 300ms;
    options.max_inflight = 4;
    sim_cluster world(21, 1, options);
    kmc::write_batch warm;
    warm.set("warm", "v");
    kmc::write_reply reply;
    run(world, warm, reply);
    world.run_for(2s);  // the connection has proven itself: the next call may dial at once
    kmc::write_batch batch;
    for (int i = 1; i <= 8; ++i) batch.set("k", std::to_string(i));
    world.server(0).pause();

    sim_job job = world.start(write(world.mc(), batch, reply, {}));
    world.run_for(1s);
    world.server(0).resume();
    REQUIRE(world.finish(job));

    for (std::size_t i = 0; i < 8; ++i) {
        REQUIRE(!reply[i]);
        CHECK(reply[i].error() == errc::connection_lost);
        CHECK(reply[i].error().at == (i < 4 ? stage::sent : stage::not_sent));
    }
}
