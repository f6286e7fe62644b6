// What the callers of a mix_world do: every kind of call, each begun and ended in the history.

#include <algorithm>
#include <utility>

#include "mix_world.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;

namespace kmc::testing {

using kmc::sim::deed;
using kmc::sim::ending;
using kmc::sim::ending_of;
using kmc::sim::history;
using kmc::sim::sim_nap;

namespace {

constexpr int calls_per_caller = 14;
constexpr std::uint64_t shared_keys = 24;

}  // namespace

// A scope in the list of those that an accident may cancel, for as long as its call waits.
class scope_seat {
public:
    explicit scope_seat(mix_world& w) : world_(w) { world_.scopes_.push_back(&scope_); }
    scope_seat(const scope_seat&) = delete;
    scope_seat& operator=(const scope_seat&) = delete;
    ~scope_seat() { std::erase(world_.scopes_, &scope_); }

    [[nodiscard]] cancel_scope* scope() noexcept { return &scope_; }

private:
    mix_world& world_;
    cancel_scope scope_;
};

// --- what they ask for --------------------------------------------------------------------------

std::string mix_world::shared_key() {
    return "shared:" + std::to_string(random_.below(shared_keys));
}
std::string mix_world::pinned_key() {
    return "pinned:" + std::to_string(random_.below(24));
}
std::string mix_world::counter_key() {
    return "count:" + std::to_string(random_.below(4));
}

std::vector<std::string> mix_world::some_keys(std::uint64_t most) {
    std::vector<std::string> names;
    for (std::uint64_t n = 1 + random_.below(most); n > 0; --n) {
        names.push_back(one_in(2) ? shared_key() : pinned_key());
    }
    return names;
}

std::string mix_world::next_value(std::string_view key, std::uint64_t version) {
    std::size_t size = random_.below(200);
    if (one_in(12)) size = 1000 + random_.below(8000);
    if (one_in(24)) size = 16 * 1024 + random_.below(30'000);  // received into its own block
    return make_value(key, version, std::min(size, mix_.largest_value));
}

duration mix_world::some_deadline() {
    return mix_.is_hasty && one_in(4) ? up_to_ms(20) : duration(500ms);
}

// --- what they write down -----------------------------------------------------------------------

history::id mix_world::begin(deed what, std::string_view key, duration deadline,
                             std::uint64_t version, duration ttl) {
    return log_.begin({.what = what,
                       .key = std::string(key),
                       .version = version,
                       .deadline = deadline,
                       .ttl = ttl,
                       .server = server_of(key)});
}

std::vector<history::id> mix_world::begin_all(deed what, const std::vector<std::string>& keys,
                                              duration deadline) {
    std::vector<id> ids;
    for (const std::string& key : keys) ids.push_back(begin(what, key, deadline));
    return ids;
}

void mix_world::begin_entry(std::vector<id>& batch, deed what, std::string_view key,
                            duration deadline, std::uint64_t version) {
    const auto same = std::find_if(batch.rbegin(), batch.rend(),
                                   [&](id each) { return log_.calls()[each].key == key; });
    batch.push_back(log_.begin({.what = what,
                                .key = std::string(key),
                                .version = version,
                                .deadline = deadline,
                                .server = server_of(key),
                                .after = same == batch.rend() ? kmc::sim::no_call : *same}));
}

void mix_world::end_read(id which, std::string_view key, std::optional<std::string_view> value) {
    if (!value) return log_.end(which, ending::absent);
    const std::int64_t version = version_of(key, *value);
    log_.end(which, ending::done,
             version < 0 ? history::nobodys : static_cast<std::uint64_t>(version));
}

void mix_world::end_failed(id which, const error& why) {
    ++errors_;
    if (why.code == errc{}) note_unrest("no outcome at all");
    log_.end(which, ending_of(why));
}

// --- calls --------------------------------------------------------------------------------------

task<void> mix_world::one_get() {
    scope_seat seat(*this);
    const std::string key = one_in(2) ? shared_key() : pinned_key();
    const duration deadline = some_deadline();
    const id call = begin(deed::read, key, deadline);
    const auto r = co_await cluster_.mc().get(key, {.deadline = deadline, .scope = seat.scope()});
    if (!r) co_return end_failed(call, r.error());
    if (!r.value()) co_return end_read(call, key, std::nullopt);
    end_read(call, key, r.value()->bytes());
}

// Half of them under keys of their own: nobody else writes those, so what a server has in the end
// is what this call did.
task<void> mix_world::one_set() {
    scope_seat seat(*this);
    const std::uint64_t version = ++version_;
    const bool own = one_in(2);
    const std::string key = own ? "own:" + std::to_string(version) : shared_key();
    if (own) own_keys_.push_back(key);
    const std::string value = next_value(key, version);
    const duration deadline = some_deadline();
    const std::chrono::seconds ttl{!own && one_in(4) ? 2 : 0};
    const id call = begin(deed::store, key, deadline, version, ttl);
    store_options options{.deadline = deadline, .scope = seat.scope()};
    if (ttl != 0s) options.ttl = ttl;
    if (one_in(4)) {
        const auto r = co_await cluster_.mc().add(key, value, options);
        if (!r) co_return end_failed(call, r.error());
        co_return log_.end(call, r.value() ? ending::done : ending::present);
    }
    const auto r = co_await cluster_.mc().set(key, value, options);
    if (!r) co_return end_failed(call, r.error());
    log_.end(call, ending::done);
}

task<void> mix_world::one_del() {
    scope_seat seat(*this);
    const std::string key = shared_key();
    const duration deadline = some_deadline();
    const id call = begin(deed::erase, key, deadline);
    const auto r = co_await cluster_.mc().del(key, {.deadline = deadline, .scope = seat.scope()});
    if (!r) co_return end_failed(call, r.error());
    log_.end(call, r.value() ? ending::done : ending::absent);
}

task<void> mix_world::one_count() {
    scope_seat seat(*this);
    const std::string key = counter_key();
    const duration deadline = some_deadline();
    const id call = begin(deed::count, key, deadline);
    const auto r =
        co_await cluster_.mc().incr(key, 1, {.deadline = deadline, .scope = seat.scope()});
    if (!r) co_return end_failed(call, r.error());
    log_.end(call, r.value() ? ending::done : ending::absent);
}

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

task<void> mix_world::caller() {
    many_reply reuse;
    write_batch writes;
    for (int i = 0; i < calls_per_caller; ++i) {
        const std::uint64_t errors_before = errors_;
        switch (random_.below(13)) {
            case 0:
            case 1:
                co_await one_get();
                break;
            case 2:
            case 3:
                co_await one_set();
                break;
            case 4:
                if (one_in(2)) {
                    co_await one_del();
                } else {
                    co_await one_refill(writes);
                }
                break;
            case 5:
                co_await one_count();
                break;
            case 6:
                co_await one_touch_many();
                break;
            case 7:
                co_await one_del_many();
                break;
            case 8:
                co_await one_write(writes);
                break;
            case 9:
                co_await one_stream();
                break;
            case 10:
                co_await one_refill(writes);
                break;
            default:
                co_await one_get_many(reuse);
        }
        // Down servers fail fast: without a pause the callers would be through before any is back.
        // And where nothing goes wrong, time should pass too.
        const bool failed = errors_ != errors_before;
        co_await sim_nap(cluster_.loop(), up_to_ms(failed ? 150 : 10));
    }
}

// After everything healed.
task<void> mix_world::read_all(std::optional<error>& why_not) {
    std::vector<std::string> names;
    for (std::uint64_t i = 0; i < shared_keys; ++i) names.push_back("shared:" + std::to_string(i));
    for (int i = 0; i < 24; ++i) names.push_back("pinned:" + std::to_string(i));
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
