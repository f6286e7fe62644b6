// What a call costs once everything is warm, counted on the reactor's own thread: memory taken, and
// system calls made.

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "client/client_state.hpp"
#include "loop/reactor.hpp"
#include "nodes.hpp"
#include "session.hpp"
#include "support/alloc_counter.hpp"
#include "support/self_describing.hpp"

using namespace kmc::testing;
using kmc::detail::engine_counters;
using kmc::detail::reactor;

namespace {

constexpr int warm_up_rounds = 300;
constexpr int counted_rounds = 500;
constexpr std::size_t max_unread = 64;  // of a stream

bool allocations_are_not_counted() {
    if (alloc_counter::available()) return false;
    WARN("LEFT OUT: a sanitizer owns operator new, so allocations are not counted in this build");
    return true;
}

struct tally {
    std::uint64_t allocations = 0;
    std::size_t largest_bytes = 0;  // tells whoever sees one which one it was
    int right = 0;
};

kmc::task<tally> count_gets(kmc::client& mc, std::string_view key, std::string_view expected) {
    tally t;
    for (int i = 0; i < warm_up_rounds; ++i) static_cast<void>(co_await mc.get(key));
    const alloc_counter allocations;
    for (int i = 0; i < counted_rounds; ++i) {
        const auto got = co_await mc.get(key);
        t.right += got && got.value() && got.value()->bytes() == expected;
    }
    t.allocations = allocations.calls();
    t.largest_bytes = allocations.largest();
    co_return t;
}

kmc::task<tally> count_sets(kmc::client& mc, std::string_view key, std::string_view value) {
    tally t;
    for (int i = 0; i < warm_up_rounds; ++i) static_cast<void>(co_await mc.set(key, value));
    const alloc_counter allocations;
    for (int i = 0; i < counted_rounds; ++i) {
        const auto stored = co_await mc.set(key, value);
        t.right += stored.has_value();
    }
    t.allocations = allocations.calls();
    t.largest_bytes = allocations.largest();
    co_return t;
}

kmc::task<tally> count_dels(kmc::client& mc, std::string_view key) {
    tally t;
    for (int i = 0; i < warm_up_rounds; ++i) static_cast<void>(co_await mc.del(key));
    const alloc_counter allocations;
    for (int i = 0; i < counted_rounds; ++i) {
        const auto removed = co_await mc.del(key);
        t.right += removed && !removed.value();
    }
    t.allocations = allocations.calls();
    t.largest_bytes = allocations.largest();
    co_return t;
}

kmc::task<tally> count_batches(kmc::client& mc, std::span<const std::string_view> keys) {
    tally t;
    kmc::many_reply reply;
    for (int i = 0; i < warm_up_rounds; ++i) co_await mc.get_many(keys, reply);
    const alloc_counter allocations;
    for (int i = 0; i < counted_rounds; ++i) {
        co_await mc.get_many(keys, reply);
        t.right += reply.summary().hits == keys.size();
    }
    t.allocations = allocations.calls();
    t.largest_bytes = allocations.largest();
    co_return t;
}

// The other batches, each into a reply of an earlier one.
enum class batch_kind : std::uint8_t { gat, touch, del, write, write_all };

kmc::task<tally> count_other_batches(kmc::client& mc, std::span<const std::string_view> keys,
                                     batch_kind kind) {
    tally t;
    kmc::many_reply values;
    kmc::yes_no_reply yes_no;
    kmc::write_batch batch;
    kmc::write_reply written;
    const std::string value(150, 'v');
    std::uint64_t before = 0;
    const alloc_counter allocations;
    for (int i = 0; i < warm_up_rounds + counted_rounds; ++i) {
        if (i == warm_up_rounds) before = allocations.calls();
        bool right = false;
        switch (kind) {
            case batch_kind::gat:
                co_await mc.gat_many(keys, std::chrono::hours(1), values);
                right = values.summary().hits == keys.size();
                break;
            case batch_kind::touch:
                co_await mc.touch_many(keys, std::chrono::hours(1), yes_no);
                right = yes_no.summary().hits == keys.size();
                break;
            case batch_kind::del:
                co_await mc.del_many(keys, yes_no);
                right = yes_no.summary().misses == keys.size();
                break;
            case batch_kind::write:
            case batch_kind::write_all:
                batch.clear();
                for (const std::string_view key : keys) batch.set(key, value);
                batch.incr("no such counter");
                co_await mc.write(
                    batch, written,
                    {.ack = kind == batch_kind::write ? kmc::ack::failures : kmc::ack::all});
                right = written.summary().done == keys.size();
                break;
        }
        if (i >= warm_up_rounds) t.right += right;
    }
    t.allocations = allocations.calls() - before;
    t.largest_bytes = allocations.largest();
    co_return t;
}

// Holds as many values at a time as a stream ever has unread, so that there are recycled blocks for
// them all: how many are unread at a time is up to the servers.
kmc::task<void> hold_values(kmc::client& mc, std::span<const std::string_view> keys) {
    std::vector<kmc::stream_entry> held;
    auto stream = mc.stream_many(keys.first(2 * max_unread), {.max_unread = max_unread});
    while (auto entry = co_await stream.next()) held.push_back(*std::move(entry));
}

// The same keys as one stream: what one costs beyond the blocks of its values, which are recycled.
kmc::task<tally> count_streams(kmc::client& mc, std::span<const std::string_view> keys) {
    co_await hold_values(mc, keys);
    tally t;
    std::uint64_t before = 0;
    const alloc_counter allocations;
    for (int i = 0; i < warm_up_rounds + counted_rounds; ++i) {
        if (i == warm_up_rounds) before = allocations.calls();
        std::size_t hits = 0;
        auto stream = mc.stream_many(keys, {.max_unread = max_unread});
        while (const auto entry = co_await stream.next()) {
            hits += entry->answer && entry->answer.value();
        }
        if (i >= warm_up_rounds) t.right += hits == keys.size();
    }
    t.allocations = allocations.calls() - before;
    co_return t;
}

kmc::task<std::uint64_t> count_new() {
    const alloc_counter allocations;
    const std::vector<std::string> something(3, std::string(100, 'x'));
    co_return something.size() == 3 ? allocations.calls() : 0;
}

}  // namespace

TEST_CASE("the counter of these tests counts on a reactor's thread") {
    if (allocations_are_not_counted()) return;
    kmc::runtime rt = open_runtime();

    CHECK(rt.block_on(count_new()) == 5);  // a vector, its prototype and three copies
}

TEST_CASE("a get of a short value takes no memory") {
    if (allocations_are_not_counted()) return;
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    const std::string key = key_prefix() + "short";
    const std::string value = make_value(key, 1, 100);
    s.write(key, value);

    const tally t = s.rt().block_on(count_gets(s.mc(), key, value));

    CAPTURE(t.largest_bytes);
    CHECK(t.right == counted_rounds);
    CHECK(t.allocations == 0);
}

TEST_CASE("a set takes no memory") {
    if (allocations_are_not_counted()) return;
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    const std::string key = key_prefix() + "set";
    const std::size_t size = GENERATE(as<std::size_t>{}, 100, 100'000);
    CAPTURE(size);
    const std::string value = make_value(key, 1, size);

    const tally t = s.rt().block_on(count_sets(s.mc(), key, value));

    CAPTURE(t.largest_bytes);
    CHECK(t.right == counted_rounds);
    CHECK(t.allocations == 0);
}

TEST_CASE("a del takes no memory") {
    if (allocations_are_not_counted()) return;
    const cluster servers = any_cluster({1});
    session s(servers.servers());

    const tally t = s.rt().block_on(count_dels(s.mc(), key_prefix() + "del"));

    CAPTURE(t.largest_bytes);
    CHECK(t.right == counted_rounds);
    CHECK(t.allocations == 0);
}

TEST_CASE("a batch into a reply of an earlier one takes no memory") {
    if (allocations_are_not_counted()) return;
    const cluster servers = any_cluster({1, 2, 3, 4, 5});
    session s(servers.servers());
    const std::size_t count = GENERATE(as<std::size_t>{}, 1, 100, 1000);
    CAPTURE(count);
    const auto keys = make_keys("batch", count);
    s.write_all(keys, 1, 150);

    const auto all = views_of(keys);
    const tally t = s.rt().block_on(count_batches(s.mc(), all));

    CAPTURE(t.largest_bytes);
    CHECK(t.right == counted_rounds);
    CHECK(t.allocations == 0);
}

TEST_CASE("no batch into a reply of an earlier one takes memory") {
    if (allocations_are_not_counted()) return;
    const cluster servers = any_cluster({1, 2, 3, 4, 5});
    kmc::client_options options = patient();
    options.prefix = GENERATE("", "app:");
    options.hash_tag = GENERATE("", "{}");
    options.bulk_bytes = GENERATE(0U, 100U);
    session s(servers.servers(), options);
    const auto kind = GENERATE(batch_kind::gat, batch_kind::touch, batch_kind::del,
                               batch_kind::write, batch_kind::write_all);
    CAPTURE(static_cast<int>(kind), options.prefix, options.hash_tag, options.bulk_bytes);
    const auto keys = make_keys("{other}", 40);
    const auto all = views_of(keys);
    if (kind == batch_kind::del) {
        for (const std::string& key : keys) static_cast<void>(s.del(key));
    } else {
        s.write_all(keys, 1, 150);
    }

    const tally t = s.rt().block_on(count_other_batches(s.mc(), all, kind));

    CAPTURE(t.largest_bytes);
    CHECK(t.right == counted_rounds);
    CHECK(t.allocations == 0);
}

TEST_CASE("a stream takes the same few blocks of memory, however many keys it reads") {
    if (allocations_are_not_counted()) return;
    const cluster servers = any_cluster({1, 2, 3});
    session s(servers.servers());
    std::uint64_t per_stream[2] = {};
    for (const std::size_t count : {200U, 1600U}) {
        const auto keys = make_keys("stream", count);
        s.write_all(keys, 1, 150);
        const auto all = views_of(keys);
        const tally t = s.rt().block_on(count_streams(s.mc(), all));
        CHECK(t.right == counted_rounds);
        CHECK(t.allocations % counted_rounds == 0);
        per_stream[count == 1600U] = t.allocations / counted_rounds;
    }
    CAPTURE(per_stream[0], per_stream[1]);
    CHECK(per_stream[1] <= per_stream[0] + 6);  // chunks of the arenas
    CHECK(per_stream[0] < 40);
}

// ---- system calls ---------------------------------------------------------------------------

namespace {

// Runs in the turn after the one it is made ready in, and reads the engine's counters then: what
// lies between is one turn, no more.
struct next_turn : kmc::detail::ready_node {
    engine_counters seen;
    bool has_run = false;

    next_turn() {
        run = [](kmc::detail::ready_node& self) noexcept {
            auto& probe = static_cast<next_turn&>(self);
            probe.seen = reactor::current()->engine().counters();
            probe.has_run = true;
        };
    }
};

struct fan_out_cost {
    std::uint64_t sends_in_first_turn = 0;
    std::uint64_t sends_in_all = 0;
    std::uint64_t enters_in_first_turn = 0;
    std::uint64_t syscalls_in_first_turn = 0;
    bool was_seen = false;
};

kmc::task<std::vector<fan_out_cost>> cost_of_fan_outs(kmc::client& mc,
                                                      std::span<const std::string_view> keys,
                                                      int rounds) {
    std::vector<fan_out_cost> costs;
    kmc::many_reply reply;
    co_await mc.get_many(keys, reply);  // connects
    for (int i = 0; i < rounds; ++i) {
        const engine_counters before = reactor::current()->engine().counters();
        next_turn probe;
        reactor::current()->make_ready(probe);
        co_await mc.get_many(keys, reply);
        const engine_counters after = reactor::current()->engine().counters();
        costs.push_back({.sends_in_first_turn = probe.seen.sends - before.sends,
                         .sends_in_all = after.sends - before.sends,
                         .enters_in_first_turn = probe.seen.enters - before.enters,
                         .syscalls_in_first_turn = probe.seen.syscalls - before.syscalls,
                         .was_seen = probe.has_run && reply.summary().hits == keys.size()});
    }
    co_return costs;
}

}  // namespace

namespace {

struct steady_cost {
    double enters = 0;
    double syscalls = 0;
    int right = 0;
};

kmc::task<steady_cost> cost_of_batches(kmc::client& mc, std::span<const std::string_view> keys) {
    steady_cost cost;
    kmc::many_reply reply;
    for (int i = 0; i < warm_up_rounds; ++i) co_await mc.get_many(keys, reply);
    const engine_counters before = reactor::current()->engine().counters();
    for (int i = 0; i < counted_rounds; ++i) {
        co_await mc.get_many(keys, reply);
        cost.right += reply.summary().hits == keys.size();
    }
    const engine_counters after = reactor::current()->engine().counters();
    cost.enters = static_cast<double>(after.enters - before.enters) / counted_rounds;
    cost.syscalls = static_cast<double>(after.syscalls - before.syscalls) / counted_rounds;
    co_return cost;
}

kmc::task<steady_cost> cost_of_gets(kmc::client& mc, std::string_view key) {
    steady_cost cost;
    for (int i = 0; i < warm_up_rounds; ++i) static_cast<void>(co_await mc.get(key));
    const engine_counters before = reactor::current()->engine().counters();
    for (int i = 0; i < counted_rounds; ++i) {
        const auto got = co_await mc.get(key);
        cost.right += got && got.value();
    }
    const engine_counters after = reactor::current()->engine().counters();
    cost.enters = static_cast<double>(after.enters - before.enters) / counted_rounds;
    cost.syscalls = static_cast<double>(after.syscalls - before.syscalls) / counted_rounds;
    co_return cost;
}

}  // namespace

// A server that is held up for longer than answers may lie costs wake-ups, and so does one that
// answers in parts: hence the ceilings, and few keys.
TEST_CASE("on io_uring a batch alone over three servers is one system call, and so is a get") {
    const cluster servers = any_cluster({1, 1, 1});
    session s(servers.servers());
    if (s.rt().info().backend != "io_uring") return;  // epoll makes one for each send and receive
    const auto keys = make_keys("steady", 12);
    s.write_all(keys, 1, 50);
    const auto all = views_of(keys);

    const steady_cost batch = s.rt().block_on(cost_of_batches(s.mc(), all));
    const steady_cost single = s.rt().block_on(cost_of_gets(s.mc(), keys.front()));

    CAPTURE(batch.enters, batch.syscalls, single.enters, single.syscalls);
    CHECK(batch.right == counted_rounds);
    CHECK(single.right == counted_rounds);
    CHECK(batch.syscalls <= 1.5);
    CHECK(single.syscalls <= 1.1);
}

TEST_CASE("a fan-out over k servers is k sends, and on io_uring they cost one system call") {
    const cluster servers = any_cluster({1, 1, 1, 1, 1});
    session s(servers.servers());
    const auto keys = make_keys("enter", 200);
    s.write_all(keys, 1, 50);
    std::set<std::size_t> touched;
    for (const std::string& key : keys) touched.insert(s.mc().locate(key));
    const std::uint64_t k = touched.size();
    REQUIRE(k == servers.size());

    const auto all = views_of(keys);
    const auto costs = s.rt().block_on(cost_of_fan_outs(s.mc(), all, 50));

    int in_one_call = 0;
    for (const fan_out_cost& cost : costs) {
        REQUIRE(cost.was_seen);
        CHECK(cost.sends_in_first_turn == k);
        CHECK(cost.sends_in_all == k);
        in_one_call += cost.enters_in_first_turn == 1 && cost.syscalls_in_first_turn == 1;
    }
    if (s.rt().info().backend != "io_uring") {
        CHECK(in_one_call == 0);  // so the number says something
        return;
    }
    // A thread that was held up between two turns enters once more to catch up, with nothing to
    // send; that is rare, and k calls for k sends would show in every round.
    CHECK(in_one_call > 40);
}
