#include "workload.hpp"

#include <latch>
#include <memory>
#include <utility>

namespace demo {
namespace {

using stopwatch = std::chrono::steady_clock;

kmc::task<void> run_and_count(kmc::task<void> work, std::shared_ptr<std::latch> open) {
    co_await std::move(work);
    open->count_down();
}

// Starts `make(c)` for each of the 64 coroutines and waits until all have ended.
template <class Make>
void run_concurrently(kmc::runtime& rt, Make make) {
    const auto open = std::make_shared<std::latch>(coroutine_count);
    for (std::size_t c = 0; c < coroutine_count; ++c) rt.spawn(run_and_count(make(c), open));
    open->wait();
}

void note_error(counts& to, const kmc::client& mc, const kmc::error& why) {
    if (++to.errors == 1) to.first_error = mc.describe(why);
}

// Every 64th of the given items.
kmc::task<void> store_some(const kmc::client& mc, const item_set& items,
                           std::span<const std::size_t> numbers, std::size_t first, counts& to) {
    for (std::size_t n = first; n < numbers.size(); n += coroutine_count) {
        const std::size_t i = numbers[n];
        const auto stored = co_await mc.set(items.key(i), items.value(i));
        if (stored) {
            ++to.hits;
        } else {
            note_error(to, mc, stored.error());
        }
    }
}

// A row of batches, all into one reply, whose memory is used again and again.
kmc::task<void> read_some(const kmc::client& mc, const item_set& items, std::size_t first,
                          counts& to) {
    kmc::many_reply reply;
    for (std::size_t b = first; b < first + batches_per_coroutine; ++b) {
        const auto keys = items.batch(b);
        co_await mc.get_many(keys, reply);
        for (std::size_t place = 0; place < reply.size(); ++place) {
            const auto& r = reply[place];
            if (!r) {
                note_error(to, mc, r.error());
            } else if (!r.value()) {
                ++to.misses;
            } else if (r.value()->bytes() == items.value(item_set::item_of(b, place))) {
                ++to.hits;
            } else {
                ++to.wrong;
            }
        }
    }
}

kmc::task<kmc::many_reply> read_one(const kmc::client& mc, std::span<const std::string_view> keys) {
    co_return co_await mc.get_many(keys);
}

void add_result(server_share& to, std::size_t server, const kmc::get_result& r,
                std::string_view written) {
    ++to.asked;
    if (!r) {
        if (++to.errors == 1) to.why = r.error();
        if (r.error().code != to.why.code || r.error().server != server) to.is_same_why = false;
    } else if (!r.value()) {
        ++to.misses;
    } else if (r.value()->bytes() == written) {
        ++to.hits;
    } else {
        ++to.wrong;
    }
}

}  // namespace

item_set::item_set() {
    keys_.reserve(key_count);
    values_.reserve(key_count);
    for (std::size_t i = 0; i < key_count; ++i) {
        keys_.push_back("demo:" + std::to_string(i));
        // Its key and bytes that are no text, over and over: 20 to 500 bytes.
        const std::string unit = keys_.back() + '\0' + '\r' + '\n' + '\xff';
        std::string value;
        const std::size_t size = 20 + i * 31 % 481;
        while (value.size() < size) value += unit;
        values_.push_back(std::move(value));
    }
}

std::array<std::string_view, batch_size> item_set::batch(std::size_t b) const {
    std::array<std::string_view, batch_size> keys;
    for (std::size_t place = 0; place < batch_size; ++place) keys[place] = key(item_of(b, place));
    return keys;
}

void counts::add(const counts& other) {
    hits += other.hits;
    wrong += other.wrong;
    misses += other.misses;
    errors += other.errors;
    if (first_error.empty()) first_error = other.first_error;
}

counts store(kmc::runtime& rt, const kmc::client& mc, const item_set& items,
             std::span<const std::size_t> numbers) {
    const auto begin = stopwatch::now();
    std::vector<counts> each(coroutine_count);
    run_concurrently(rt, [&](std::size_t c) { return store_some(mc, items, numbers, c, each[c]); });
    counts total;
    for (const counts& one : each) total.add(one);
    total.time = stopwatch::now() - begin;
    return total;
}

counts read_all(kmc::runtime& rt, const kmc::client& mc, const item_set& items) {
    const auto begin = stopwatch::now();
    std::vector<counts> each(coroutine_count);
    run_concurrently(rt, [&](std::size_t c) {
        return read_some(mc, items, c * batches_per_coroutine, each[c]);
    });
    counts total;
    for (const counts& one : each) total.add(one);
    total.time = stopwatch::now() - begin;
    return total;
}

batch_outcome read_batch(kmc::runtime& rt, const kmc::client& mc, const item_set& items,
                         std::size_t b) {
    const auto keys = items.batch(b);
    const auto begin = stopwatch::now();
    const kmc::many_reply reply = rt.block_on(read_one(mc, keys));

    batch_outcome outcome;
    outcome.time = stopwatch::now() - begin;
    outcome.servers.resize(mc.servers().size());
    for (std::size_t place = 0; place < keys.size(); ++place) {
        const std::size_t server = mc.locate(keys[place]);
        add_result(outcome.servers[server], server, reply[place],
                   items.value(item_set::item_of(b, place)));
    }
    return outcome;
}

}  // namespace demo
