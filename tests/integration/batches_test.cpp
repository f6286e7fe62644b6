// Batches and streams against real servers: every call, large mixes compared with single calls,
// traffic that fills the pipes both ways, other threads.

#include <catch2/catch.hpp>

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <future>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <kmc/when_all.hpp>

#include "base/rng.hpp"
#include "nodes.hpp"
#include "session.hpp"
#include "support/alloc_counter.hpp"
#include "support/seed.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;
using namespace kmc::testing;
using kmc::write_outcome;

namespace {

template <class Answer>
kmc::task<kmc::batch_reply<Answer>> reply_of(kmc::detail::batch_op<Answer> call) {
    co_return co_await std::move(call);
}

template <class Answer>
kmc::batch_reply<Answer> run(session& s, kmc::detail::batch_op<Answer> call) {
    return s.rt().block_on(reply_of(std::move(call)));
}

kmc::task<std::vector<int>> read_stream(kmc::client& mc, std::span<const std::string_view> keys,
                                        kmc::stream_options options, std::size_t& right) {
    std::vector<int> times(keys.size());
    auto stream = mc.stream_many(keys, options);
    while (const auto entry = co_await stream.next()) {
        ++times[entry->index];
        right += entry->key == keys[entry->index] && entry->answer && entry->answer.value() &&
                 version_of(entry->key, entry->answer.value()->bytes()) >= 0;
    }
    co_return times;
}

}  // namespace

TEST_CASE("every batch call says of every key what a single call would") {
    const cluster servers = any_cluster({1, 2, 3});
    session s(servers.servers());
    const auto names = make_keys("every", 900);
    const auto keys = views_of(names);
    kmc::write_batch writes;
    for (std::size_t i = 0; i < names.size(); i += 3) {
        writes.set(names[i], make_value(names[i], 1, i % 90 == 0 ? 100'000 : 100), {.flags = 9});
    }

    const auto wrote = run(s, s.mc().write(writes, {.ack = kmc::ack::all}));
    REQUIRE(wrote.summary().done == 300);
    const auto got = run(s, s.mc().get_many(keys));
    const auto gat = run(s, s.mc().gat_many(keys, 60s));
    const auto touched = run(s, s.mc().touch_many(keys, 60s));
    std::size_t right = 0;
    const auto streamed = s.rt().block_on(read_stream(s.mc(), keys, {}, right));
    for (std::size_t i = 0; i < names.size(); ++i) {
        CAPTURE(i);
        const bool there = i % 3 == 0;
        REQUIRE(got[i].value().has_value() == there);
        REQUIRE(gat[i].value().has_value() == there);
        REQUIRE(touched[i].value() == there);
        if (!there) continue;
        REQUIRE(version_of(names[i], got[i].value()->bytes()) == 1);
        REQUIRE(version_of(names[i], gat[i].value()->bytes()) == 1);
        REQUIRE(gat[i].value()->flags == 9);
        REQUIRE(got[i].value()->token == wrote[i / 3].value().token);
    }
    CHECK(streamed == std::vector<int>(names.size(), 1));
    CHECK(right == 300);
    CHECK(got.trace().size() == servers.size());

    // A moment long past: what is touched so is gone.
    const std::span some(keys.data(), 450);
    CHECK(run(s, s.mc().touch_many(some, kmc::expiry::at({}))).summary().hits == 150);
    CHECK(run(s, s.mc().get_many(keys)).summary().hits == 150);
    const auto removed = run(s, s.mc().del_many(keys));
    CHECK(removed.summary().hits == 150);
    CHECK(removed.summary().misses == 750);
    CHECK(run(s, s.mc().get_many(keys)).summary().hits == 0);
}

// ---- the same writes, one by one and at once --------------------------------------------------

namespace {

struct said {
    write_outcome outcome = write_outcome::done;
    bool is_error = false;
    std::optional<std::uint64_t> number{};

    friend bool operator==(const said&, const said&) = default;
};

said of(write_outcome outcome) {
    return {.outcome = outcome};
}
said of(const kmc::result<kmc::cas_token>& r) {
    return r ? said{} : said{.is_error = true};
}
said of(const kmc::result<std::optional<kmc::cas_token>>& r) {
    if (!r) return {.is_error = true};
    return of(r.value() ? write_outcome::done : write_outcome::absent);
}
said of(const kmc::result<bool>& r) {
    if (!r) return {.is_error = true};
    return of(r.value() ? write_outcome::done : write_outcome::absent);
}
said of(const kmc::result<std::optional<std::uint64_t>>& r) {
    if (!r) return {.is_error = true};
    if (!r.value()) return of(write_outcome::absent);
    return {.number = r.value()};
}
said of(const kmc::result<kmc::store_outcome>& r) {
    if (!r) return {.is_error = true};
    return of(r.value() == kmc::store_outcome::stored   ? write_outcome::done
              : r.value() == kmc::store_outcome::exists ? write_outcome::exists
                                                        : write_outcome::absent);
}
said of(const kmc::result<kmc::del_outcome>& r) {
    if (!r) return {.is_error = true};
    return of(r.value() == kmc::del_outcome::deleted  ? write_outcome::done
              : r.value() == kmc::del_outcome::exists ? write_outcome::exists
                                                      : write_outcome::absent);
}
said of(const kmc::result<kmc::write_answer>& r) {
    if (!r) return {.is_error = true};
    return {.outcome = r.value().outcome, .number = r.value().number};
}

// One random write, done at once under one key and put into a batch under another.
kmc::task<said> one_write(kmc::client& mc, kmc::detail::rng& random, const std::string& single,
                          const std::string& batched, kmc::write_batch& batch) {
    constexpr kmc::cas_token stale{1ULL << 60};  // no server has come so far
    const std::string text = random.below(3) == 0 ? std::to_string(random.below(1000))
                                                  : std::string(random.below(3000), 't');
    const std::string tail = "t" + text;  // no digit behind a counter: see without_blanks()
    const std::uint64_t delta = random.below(100);
    switch (random.below(12)) {
        case 0:
            batch.add(batched, text);
            co_return of(co_await mc.add(single, text));
        case 1:
            batch.replace(batched, text);
            co_return of(co_await mc.replace(single, text));
        case 2:
            batch.append(batched, tail);
            co_return of(co_await mc.append(single, tail));
        case 3:
            batch.prepend(batched, text);
            co_return of(co_await mc.prepend(single, text));
        case 4:
            batch.cas(batched, text, stale);
            co_return of(co_await mc.cas(single, text, stale));
        case 5:
            batch.del(batched);
            co_return of(co_await mc.del(single));
        case 6:
            batch.del(batched, stale);
            co_return of(co_await mc.del(single, stale));
        case 7:
            batch.incr(batched, delta);
            co_return of(co_await mc.incr(single, delta));
        case 8:
            batch.decr(batched, delta, {.initial = 7});
            co_return of(co_await mc.decr(single, delta, {.initial = 7}));
        case 9:
            batch.touch(batched, 60s);
            co_return of(co_await mc.touch(single, 60s));
        default:
            batch.set(batched, text, {.flags = 3});
            co_return of(co_await mc.set(single, text, {.flags = 3}));
    }
}

kmc::task<std::vector<said>> write_singly(kmc::client& mc, kmc::detail::rng& random,
                                          const std::vector<std::string>& singles,
                                          const std::vector<std::string>& batched,
                                          std::size_t count, kmc::write_batch& batch) {
    std::vector<said> all;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t k = random.below(singles.size());
        const said one = co_await one_write(mc, random, singles[k], batched[k], batch);
        all.push_back(one);
    }
    co_return all;
}

// A counter that got shorter has blanks behind it, or has not, by what else holds the item in the
// server; the texts have none.
std::string without_blanks(std::string_view value) {
    std::string text(value);
    std::erase(text, ' ');
    return text;
}

}  // namespace

TEST_CASE("a batch of 10,000 mixed writes does what 10,000 single calls do") {
    const kmc::ack ack = GENERATE(kmc::ack::failures, kmc::ack::all);
    const cluster servers = any_cluster({1, 2, 3});
    session s(servers.servers());
    const std::uint64_t used_seed = seed();
    INFO("KMC_SEED=" << used_seed);
    kmc::detail::rng random(used_seed);
    const std::string round = ack == kmc::ack::all ? "a" : "f";
    const auto singles = make_keys("single" + round, 700);
    const auto batched = make_keys("batched" + round, 700);
    kmc::write_batch batch;
    const auto expected =
        s.rt().block_on(write_singly(s.mc(), random, singles, batched, 10'000, batch));
    REQUIRE(batch.size() == 10'000);

    const auto reply = run(s, s.mc().write(batch, {.ack = ack}));

    std::size_t outcomes[3] = {};
    for (std::size_t i = 0; i < batch.size(); ++i) {
        said got = of(reply[i]);
        if (reply[i]) ++outcomes[static_cast<std::size_t>(got.outcome)];
        if (!got.number && ack == kmc::ack::failures) got.number = expected[i].number;
        CAPTURE(i, static_cast<int>(got.outcome), static_cast<int>(expected[i].outcome));
        CAPTURE(got.is_error, expected[i].is_error, got.number, expected[i].number);
        REQUIRE((got == expected[i]));
    }
    for (const std::size_t count : outcomes) CHECK(count > 100);
    CHECK(reply.summary().errors > 100);  // counting what is no number
    const auto one = s.get_many(singles);
    const auto other = s.get_many(batched);
    for (std::size_t k = 0; k < singles.size(); ++k) {
        REQUIRE(one[k].value().has_value() == other[k].value().has_value());
        if (!one[k].value()) continue;
        REQUIRE(without_blanks(one[k].value()->bytes()) ==
                without_blanks(other[k].value()->bytes()));
        REQUIRE(one[k].value()->flags == other[k].value()->flags);
    }
}

// ---- much at once -----------------------------------------------------------------------------

namespace {

kmc::task<void> read_all(kmc::client& mc, std::span<const std::string_view> keys,
                         std::size_t& right) {
    const auto reply = co_await mc.get_many(keys, {.deadline = 5min});
    for (std::size_t i = 0; i < keys.size(); ++i) {
        right +=
            reply[i] && reply[i].value() && version_of(keys[i], reply[i].value()->bytes()) >= 0;
    }
}

kmc::task<void> write_large(kmc::client& mc, std::span<const std::string> keys, std::size_t size,
                            std::size_t& done) {
    std::vector<std::string> values;
    kmc::write_batch batch;
    for (const std::string& key : keys) values.push_back(make_value(key, 3, size));
    for (std::size_t i = 0; i < keys.size(); ++i) batch.set(keys[i], kmc::borrow(values[i]));
    for (int round = 0; round < 3; ++round) {
        const auto reply = co_await mc.write(batch, {.deadline = 5min});
        done += reply.summary().done;
    }
}

kmc::task<void> stream_all(kmc::client& mc, std::span<const std::string_view> keys,
                           std::size_t& right) {
    static_cast<void>(co_await read_stream(mc, keys, {.deadline = 5min}, right));
}

// Asks for much, reads a little, and then for a long time nothing.
kmc::task<void> never_consumes(kmc::client& mc, std::span<const std::string_view> keys,
                               std::size_t& answered, bool& stop) {
    auto stream = mc.stream_many(keys, {.deadline = 5min});
    static_cast<void>(co_await stream.next());
    while (!stop) answered += (co_await mc.get("nobody")).has_value();
}

}  // namespace

TEST_CASE("a hundred thousand answers one way and megabytes the other end, whoever reads") {
    if (control_is_missing()) return;
    const cluster servers({1, 2}, {"-m", "1024"});
    session s(servers.servers());
    const auto names = make_keys("small", 100'000);
    const auto keys = views_of(names);
    {
        kmc::write_batch batch;
        for (const std::string& name : names) batch.set(name, make_value(name, 1, 300));
        REQUIRE(run(s, s.mc().write(batch)).summary().done == names.size());
    }
    const auto large_names = make_keys("large", 40);
    const auto large_keys = views_of(large_names);
    std::size_t stored = 0;
    s.rt().block_on(write_large(s.mc(), large_names, 1'000'000, stored));
    REQUIRE(stored == 3 * large_names.size());

    std::size_t right[4] = {};
    std::size_t answered = 0;
    bool stop = false;
    std::promise<void> idle;
    s.rt().spawn([](kmc::client& mc, std::span<const std::string_view> all, std::size_t& count,
                    bool& until, std::promise<void>& over) -> kmc::task<void> {
        co_await never_consumes(mc, all, count, until);
        over.set_value();
    }(s.mc(), keys, answered, stop, idle));
    run_all(s.rt(), 4, [&](std::size_t i) -> kmc::task<void> {
        switch (i) {
            case 0:
                return read_all(s.mc(), keys, right[0]);
            case 1:
                return write_large(s.mc(), large_names, 1'000'000, right[1]);
            case 2:
                return read_all(s.mc(), large_keys, right[2]);
            default:
                return stream_all(s.mc(), keys, right[3]);
        }
    });
    run_all(s.rt(), 1, [&](std::size_t) -> kmc::task<void> {
        return [](bool& flag) -> kmc::task<void> {
            flag = true;
            co_return;
        }(stop);
    });
    idle.get_future().wait();

    CHECK(right[0] == names.size());
    CHECK(right[1] == 3 * large_names.size());
    CHECK(right[2] == large_names.size());
    CHECK(right[3] == names.size());
    CHECK(answered > 10);
}

namespace {

struct million {
    std::size_t right = 0;
    std::uint64_t allocations = 0;
    std::size_t largest_bytes = 0;
};

kmc::task<million> read_a_million(kmc::client& mc, std::span<const std::string_view> keys) {
    million m;
    kmc::many_reply reply;
    for (int i = 0; i < 2; ++i) co_await mc.get_many(keys, reply, {.deadline = 10min});
    const alloc_counter allocations;
    co_await mc.get_many(keys, reply, {.deadline = 10min});
    m.allocations = allocations.calls();
    m.largest_bytes = allocations.largest();
    for (std::size_t i = 0; i < keys.size(); ++i) {
        m.right += reply[i] && reply[i].value().has_value() == (i % 100 == 0);
    }
    co_return m;
}

}  // namespace

// Its memory is in proportion to the keys, what is on the wire is not: with the reply's memory
// warm, nothing at all is taken.
TEST_CASE("a million keys are one batch, through the window, without new memory") {
    const cluster servers = any_cluster({1, 2, 3});
    session s(servers.servers());
    const auto names = make_keys("m", 1'000'000);
    const auto keys = views_of(names);
    kmc::write_batch batch;
    for (std::size_t i = 0; i < names.size(); i += 100) batch.set(names[i], names[i]);
    REQUIRE(run(s, s.mc().write(batch)).summary().done == names.size() / 100);

    const million m = s.rt().block_on(read_a_million(s.mc(), keys));

    CHECK(m.right == names.size());
    if (alloc_counter::available()) {
        CAPTURE(m.largest_bytes);
        CHECK(m.allocations == 0);
    }
}

// ---- other threads ----------------------------------------------------------------------------

namespace {

struct fire_and_forget {
    struct promise_type {
        fire_and_forget get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

fire_and_forget then_tell(kmc::task<void> work, std::promise<void>& done) {
    co_await std::move(work);
    done.set_value();
}

kmc::task<void> everything(kmc::client& mc, std::span<const std::string> names, bool& right) {
    const std::vector<std::string_view> keys(names.begin(), names.end());
    kmc::write_batch batch;
    for (const std::string& name : names) batch.set(name, make_value(name, 2, 500));
    const auto wrote = co_await mc.write(batch);
    const auto [got, touched] = co_await kmc::when_all(mc.get_many(keys), mc.touch_many(keys, 60s));
    std::size_t streamed = 0;
    const auto times = co_await read_stream(mc, keys, {.max_unread = 64}, streamed);
    const auto removed = co_await mc.del_many(keys);
    right = wrote.summary().done == keys.size() && got.summary().hits == keys.size() &&
            touched.summary().hits == keys.size() && streamed == keys.size() &&
            removed.summary().hits == keys.size();
    for (std::size_t i = 0; i < keys.size(); ++i) {
        right = right && version_of(keys[i], got[i].value()->bytes()) == 2;
    }
}

}  // namespace

TEST_CASE("batches and streams work from threads that run no reactor, several at once") {
    const cluster servers = any_cluster({1, 2});
    session s(servers.servers(), patient(), 2);
    constexpr std::size_t threads = 4;
    bool right[threads] = {};
    std::vector<std::jthread> all;
    for (std::size_t t = 0; t < threads; ++t) {
        all.emplace_back([&, t] {
            const auto names = make_keys("thread" + std::to_string(t) + "-", 400);
            std::promise<void> done;
            then_tell(everything(s.mc(), names, right[t]), done);
            done.get_future().wait();
        });
    }
    all.clear();
    for (const bool one : right) CHECK(one);
}

TEST_CASE("a batch awaited on another runtime's reactor comes back to it") {
    const cluster servers = any_cluster({1, 2});
    session s(servers.servers());
    kmc::runtime other = open_runtime();
    const auto names = make_keys("runtimes", 300);
    bool right = false;
    other.block_on(everything(s.mc(), names, right));
    CHECK(right);
}
