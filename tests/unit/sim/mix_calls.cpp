// What the callers of a mix_world do: calls on one key, what they write down of every call, and how
// one thing follows the other.

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

}  // namespace

// --- what they ask for --------------------------------------------------------------------------

std::string mix_world::shared_key() {
    return "shared:" + std::to_string(random_.below(shared_keys));
}
std::string mix_world::pinned_key() {
    return "pinned:" + std::to_string(random_.below(pinned_keys));
}
std::string mix_world::counter_key() {
    return "count:" + std::to_string(random_.below(counters));
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
    if (one_in(24)) size = 32 * 1024 + random_.below(30'000);  // received into its own block
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

}  // namespace kmc::testing
