// What a batch is asked: keys, values and options, taken in so that the caller may go on, and where
// each key belongs. What can be refused without a connection is refused here.

#include <new>
#include <numeric>

#include "base/bytes.hpp"
#include "client/batch.hpp"
#include "client/key_places.hpp"
#include "io/clocks.hpp"
#include "protocol/key_rules.hpp"

namespace kmc::detail {
namespace {

// Values above this, which no server stores, were not taken in by the write_batch.
constexpr std::uint32_t value_bytes_max = 1U << 30;

}  // namespace

void batch::load(const router& route, const key_routing& routing, const batch_spec& spec,
                 bytes_of writes) {
    options_ = spec.options;
    const std::string_view prefix = routing.prefix();
    const std::size_t count =
        spec.writes != nullptr ? spec.writes->entries_.size() : spec.keys.size();
    make_results(count);
    first_ = arena_.make_array<std::uint32_t>(count);
    std::iota(first_.begin(), first_.end(), 0U);
    if (spec.writes != nullptr) {
        load_writes(spec, prefix, writes);
    } else {
        load_keys(spec, prefix);
    }
    if (options_.group.size() > key_bytes_max) {
        for (std::size_t i = 0; i < count; ++i) refuse(i, errc::bad_key);
        return;
    }
    hashes_tell_keys_apart_ =
        options_.group.empty() && routing.tells_keys_apart() && route.home().tells_keys_apart();
    if (!options_.group.empty()) {
        group_ = arena_.try_copy(options_.group);  // the caller may take it away
        if (group_.data() == nullptr) throw std::bad_alloc();
        options_.group = {};
    }
    const key_places places = find_places(arena_, route, routing, group_, keys_);
    hashes_ = places.hashes;
    servers_ = places.servers;
    fates_ = places.fates;
    if (route.has_dead()) refuse_dead();
    if (spec.writes == nullptr) first_ = find_twins();
}

void batch::refuse(std::size_t entry, errc why) noexcept {
    if (first_[entry] == no_entry) return;
    fail(static_cast<std::uint32_t>(entry), {.code = why});
    first_[entry] = no_entry;
}

// Those for which no server is in service, and comparisons with a token of one that is not.
void batch::refuse_dead() noexcept {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        const bool compares = !drafts_.empty() && drafts_[i].cas != 0;
        const bool is_homeless =
            fates_[i] == fate::dead || (fates_[i] == fate::stand_in && compares);
        if (!is_homeless || first_[i] == no_entry) continue;
        fail(static_cast<std::uint32_t>(i), {.code = errc::server_dead, .server = servers_[i]});
        first_[i] = no_entry;
    }
}

void batch::load_keys(const batch_spec& spec, std::string_view prefix) {
    pattern_ = {};
    pattern_.what = spec.what;
    if (spec.what == command::gat || spec.what == command::touch) {
        pattern_.expiry = spec.ttl.wire(wall_clock_seconds());
    }
    keys_ = copy_keys(arena_, prefix, spec.keys);
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        if (keys_[i].empty()) refuse(i, errc::bad_key);
    }
}

// Keys without a prefix, values and steps are read where the caller's batch has them, unless the
// caller may go before the end.
void batch::load_writes(const batch_spec& spec, std::string_view prefix, bytes_of writes) {
    const std::span<const write_entry> entries = spec.writes->entries_;
    const char* bytes = spec.writes->bytes_.data();
    const bool copies = writes == bytes_of::the_batch;
    const std::int64_t wall_now = entries.empty() ? 0 : wall_clock_seconds();
    const auto in_memory = [&](std::string_view first, std::string_view second) {
        char* at = arena_.make_array<char>(first.size() + second.size()).data();
        copy_bytes(at, first.data(), first.size());
        copy_bytes(at + first.size(), second.data(), second.size());
        return std::string_view(at, first.size() + second.size());
    };
    keys_ = arena_.make_array<std::string_view>(entries.size(), "");
    drafts_ = arena_.make_array<request>(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const write_entry& entry = entries[i];
        request& r = drafts_[i];
        r = entry.what;
        r.is_loud = spec.ack == ack::all || (r.cas != 0 && r.what == command::set);
        if (entry.has_ttl) r.expiry = entry.ttl.wire(wall_now);
        if (r.key_size == 0 || r.key_size + prefix.size() > key_bytes_max) {
            refuse(i, errc::bad_key);
            continue;
        }
        if (entry.needs_token && r.cas == 0) {
            refuse(i, errc::no_cas);
            continue;
        }
        std::string_view key(bytes + entry.key_at, r.key_size);
        if (copies || !prefix.empty()) key = in_memory(prefix, key);
        keys_[i] = key;
        r.key = key.data();
        r.key_size = static_cast<std::uint16_t>(key.size());
        if (is_counter(r.what)) {
            r.step = copies ? arena_.make_array<counter_step>(1, entry.step).data() : &entry.step;
        } else if (r.value_size <= value_bytes_max) {
            r.value =
                entry.borrowed_value != nullptr ? entry.borrowed_value : bytes + entry.value_at;
            if (copies) r.value = in_memory(r.value_view(), {}).data();
        }
    }
}

}  // namespace kmc::detail
