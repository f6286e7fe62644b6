// What the callers of a mix_world do with many keys at once, and its last reader.

#include <algorithm>

#include "mix_world.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;

namespace kmc::testing {

using kmc::sim::deed;
using kmc::sim::ending;

task<void> mix_world::one_get_many(many_reply& reuse) {
    scope_seat seat(*this);
    const std::vector<std::string> names = some_keys(24);
    const std::vector<std::string_view> keys(names.begin(), names.end());
    const duration deadline = some_deadline();
    const call_options options{.deadline = deadline, .scope = seat.scope()};
    const std::vector<id> ids = begin_all(deed::read, names, deadline);
    const std::uint64_t how = random_.below(3);
    if (how == 0) {
        co_await cluster_.mc().get_many(keys, reuse, options);
    } else if (how == 1) {
        co_await cluster_.mc().gat_many(keys, 1h, reuse, options);
    } else {
        reuse = co_await cluster_.mc().get_many(keys, options);
    }
    if (reuse.size() != keys.size()) co_return note_unrest("a batch of another size");
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!reuse[i]) {
            end_failed(ids[i], reuse[i].error());
        } else if (reuse[i].value()) {
            end_read(ids[i], keys[i], reuse[i].value()->bytes());
        } else {
            end_read(ids[i], keys[i], std::nullopt);
        }
    }
}

task<void> mix_world::one_touch_many() {
    scope_seat seat(*this);
    const std::vector<std::string> names = some_keys(24);
    const std::vector<std::string_view> keys(names.begin(), names.end());
    const duration deadline = some_deadline();
    const std::vector<id> ids = begin_all(deed::ask, names, deadline);
    const auto r =
        co_await cluster_.mc().touch_many(keys, 1h, {.deadline = deadline, .scope = seat.scope()});
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!r[i]) {
            end_failed(ids[i], r[i].error());
        } else {
            log_.end(ids[i], r[i].value() ? ending::done : ending::absent);
        }
    }
}

// A key that stands there twice is removed once: one call in the history.
task<void> mix_world::one_del_many() {
    std::vector<std::string> names;
    for (std::uint64_t n = 1 + random_.below(8); n > 0; --n) names.push_back(shared_key());
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    const std::vector<std::string_view> keys(names.begin(), names.end());
    const duration deadline = some_deadline();
    const std::vector<id> ids = begin_all(deed::erase, names, deadline);
    const auto r = co_await cluster_.mc().del_many(keys, {.deadline = deadline});
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!r[i]) {
            end_failed(ids[i], r[i].error());
        } else {
            log_.end(ids[i], r[i].value() ? ending::done : ending::absent);
        }
    }
}

task<void> mix_world::one_write(write_batch& batch) {
    scope_seat seat(*this);
    batch.clear();
    std::vector<id> ids;
    const duration deadline = some_deadline();
    const std::string often = shared_key();  // entries of one key keep their order
    for (std::uint64_t n = 1 + random_.below(24); n > 0; --n) {
        const std::uint64_t version = ++version_;
        const std::string shared = one_in(2) ? often : shared_key();
        switch (random_.below(5)) {
            case 0:
                begin_entry(ids, deed::store, shared, deadline, version);
                batch.set(shared, next_value(shared, version));
                break;
            case 1:
                begin_entry(ids, deed::erase, shared, deadline);
                batch.del(shared);
                break;
            case 2: {
                const std::string counter = counter_key();
                begin_entry(ids, deed::count, counter, deadline);
                batch.incr(counter);
                break;
            }
            default: {
                const std::string key = "own:" + std::to_string(version);
                own_keys_.push_back(key);
                begin_entry(ids, deed::store, key, deadline, version);
                const std::string value = next_value(key, version);
                if (one_in(2)) {
                    batch.set(key, value);
                } else {
                    batch.add(key, value);
                }
            }
        }
    }
    const ack how = one_in(2) ? ack::all : ack::failures;
    const write_options options{.ack = how, .deadline = deadline, .scope = seat.scope()};
    const auto r = co_await cluster_.mc().write(batch, options);
    if (r.size() != ids.size()) co_return note_unrest("a batch of another size");
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (!r[i]) {
            end_failed(ids[i], r[i].error());
            continue;
        }
        switch (r[i].value().outcome) {
            case write_outcome::done:
                log_.end(ids[i], ending::done);
                break;
            case write_outcome::absent:  // of an add: there was something
                log_.end(ids[i], log_.calls()[ids[i]].what == deed::store ? ending::present
                                                                          : ending::absent);
                break;
            case write_outcome::exists:
                note_unrest("a token where there was none");
        }
    }
}

// Reads a stream to its end, or leaves it before.
task<void> mix_world::one_stream() {
    scope_seat seat(*this);
    const std::vector<std::string> names = some_keys(24);
    const std::vector<std::string_view> keys(names.begin(), names.end());
    const std::size_t enough = one_in(2) ? keys.size() + 1 : random_.below(24);
    const duration deadline = some_deadline();
    const std::vector<id> ids = begin_all(deed::read, names, deadline);
    std::size_t entries = 0;
    auto stream = cluster_.mc().stream_many(
        keys, {.max_unread = 1 + random_.below(20), .deadline = deadline, .scope = seat.scope()});
    while (entries != enough) {
        const auto entry = co_await stream.next();
        if (!entry) break;
        ++entries;
        const id call = ids[entry->index];
        if (entry->key != keys[entry->index]) note_unrest("another key's entry");
        if (!entry->answer) {
            end_failed(call, entry->answer.error());
        } else if (entry->answer.value()) {
            end_read(call, entry->key, entry->answer.value()->bytes());
        } else {
            end_read(call, entry->key, std::nullopt);
        }
    }
    if (enough > keys.size() && entries != keys.size()) note_unrest("a stream of another size");
}

// What a cache's user does who found it empty.
task<void> mix_world::one_refill(write_batch& batch) {
    batch.clear();
    const duration deadline = 500ms;
    std::vector<id> ids;
    for (int i = 0; i < 12; ++i) {
        const std::uint64_t version = ++version_;
        const std::string key = one_in(3) ? shared_key() : pinned_key();
        begin_entry(ids, deed::store, key, deadline, version);
        batch.set(key, make_value(key, version, 40));
    }
    const auto r = co_await cluster_.mc().write(batch, {.deadline = deadline});
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (!r[i]) {
            end_failed(ids[i], r[i].error());
        } else {
            log_.end(ids[i], ending::done);
        }
    }
}

// After everything healed.
task<void> mix_world::read_all(std::optional<error>& why_not) {
    std::vector<std::string> names;
    for (std::uint64_t i = 0; i < shared_keys; ++i) names.push_back("shared:" + std::to_string(i));
    for (std::uint64_t i = 0; i < pinned_keys; ++i) names.push_back("pinned:" + std::to_string(i));
    const std::vector<std::string_view> keys(names.begin(), names.end());
    const std::vector<id> ids = begin_all(deed::read, names, 5s);
    const auto r = co_await cluster_.mc().get_many(keys, {.deadline = 5s});
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!r[i]) {
            why_not = r[i].error();
            end_failed(ids[i], r[i].error());
        } else if (r[i].value()) {
            end_read(ids[i], keys[i], r[i].value()->bytes());
        } else {
            end_read(ids[i], keys[i], std::nullopt);
        }
    }
}

}  // namespace kmc::testing
