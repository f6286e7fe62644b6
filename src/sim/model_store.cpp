#include "sim/model_store.hpp"

#include <algorithm>

namespace kmc::sim {
namespace {

constexpr std::size_t item_head = 48;
constexpr std::uint32_t longest_relative_expiry = 60 * 60 * 24 * 30;
constexpr std::uint32_t no_creation = 0xffffffff;

// What the server makes of a counter's text, which is what strtoull makes of it: blanks and a sign
// before; a blank or a zero byte behind, and then anything. A minus turns the number round in 64
// bits, and is refused only where the result looks negative. (From 2^63 on the real one looks for
// that minus beyond the end of the item, and may find one that was never part of it.)
[[nodiscard]] std::optional<std::uint64_t> counter_of(std::string_view text) {
    constexpr std::string_view blanks = " \t\n\v\f\r";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    const bool has_minus = text.starts_with('-');
    if (has_minus || text.starts_with('+')) text.remove_prefix(1);
    std::uint64_t value = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
        const auto digit = static_cast<std::uint64_t>(text[digits] - '0');
        if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return std::nullopt;
        value = value * 10 + digit;
    }
    const bool ends_well = digits == text.size() || text[digits] == '\0' ||
                           blanks.find(text[digits]) != std::string_view::npos;
    if (digits == 0 || !ends_well) return std::nullopt;
    if (!has_minus) return value;
    value = 0 - value;
    return value >> 63 == 0 ? std::optional(value) : std::nullopt;
}

// 0: never. A number above 30 days is a moment, perhaps one long past.
[[nodiscard]] std::uint32_t expiry_of(std::uint32_t wire, std::uint64_t now) noexcept {
    if (wire == 0) return 0;
    return wire <= longest_relative_expiry ? static_cast<std::uint32_t>(now + wire) : wire;
}

}  // namespace

// ---- commands ----------------------------------------------------------------------------------

model_store::answer model_store::store(condition when, const std::string& key,
                                       std::string_view value, std::uint32_t flags,
                                       std::uint32_t expiry, std::uint64_t token,
                                       std::uint64_t now) {
    item fresh{.value = std::string(value), .flags = flags, .expires = expiry_of(expiry, now)};
    if (!fits(key.size(), fresh)) return too_large(when, key);
    const item* old = find(key, now);
    // A token makes each of the three a plain "store if it is still this one".
    if (token != 0 && options_.cas) {
        if (old == nullptr) return {answered::not_found};
        if (old->cas != token) return {answered::exists};
    } else if (when == condition::absent && old != nullptr) {
        return {answered::exists};
    } else if (when == condition::present && old == nullptr) {
        return {answered::not_found};
    }
    return link(key, std::move(fresh), now);
}

model_store::answer model_store::join(side where, const std::string& key, std::string_view value,
                                      std::uint64_t token, std::uint64_t now) {
    if (!fits(key.size(), {.value = std::string(value)})) return {answered::too_large};
    const item* old = find(key, now);
    if (old == nullptr) return {answered::not_stored};
    if (is_stale(*old, token)) return {answered::exists};
    item joined = *old;
    joined.value.insert(where == side::back ? joined.value.size() : 0, value);
    if (!fits(key.size(), joined)) return {answered::not_stored};
    return link(key, std::move(joined), now);
}

model_store::answer model_store::count(direction where, const std::string& key, const step& by,
                                       std::uint64_t token, std::uint64_t now) {
    item* it = find(key, now);
    if (it == nullptr) {
        if (by.expiry == no_creation) return {answered::not_found};
        item fresh{.value = std::to_string(by.initial), .expires = expiry_of(by.expiry, now)};
        answer made = link(key, std::move(fresh), now);
        made.number = by.initial;
        return made;
    }
    if (it->value.empty()) return {answered::not_a_number};
    if (token != 0 && it->cas != token) return {answered::exists};  // with -C, too: as a delete
    const auto old = counter_of(it->value);
    if (!old) return {answered::not_a_number};
    const std::uint64_t value =
        where == direction::up ? *old + by.delta : *old - std::min(*old, by.delta);
    std::string digits = std::to_string(value);
    // A number that got shorter is written over the old one in place, with blanks behind. The real
    // server leaves them out when something else still holds the item: an answer that was not sent
    // yet, or a background thread.
    if (digits.size() < it->value.size()) digits.resize(it->value.size(), ' ');
    it->value = std::move(digits);
    it->cas = next_cas();
    return {answered::ok, it, value};
}

model_store::answer model_store::touch(const std::string& key, std::uint32_t expiry,
                                       std::uint64_t now) {
    item* it = find(key, now);
    if (it == nullptr) return {answered::not_found};
    it->expires = expiry_of(expiry, now);
    return {answered::ok, it};
}

// Unlike a store, a delete compares even on a server that keeps no tokens: with their 0.
model_store::answer model_store::remove(const std::string& key, std::uint64_t token,
                                        std::uint64_t now) {
    const item* it = find(key, now);
    if (it == nullptr) return {answered::not_found};
    if (token != 0 && it->cas != token) return {answered::exists};
    erase(key);
    return {};
}

// A delayed flush comes a second early, but with -C; and for the second in which it comes, what is
// stored is gone at once. With -C that is so for a flush without delay, too. A later flush takes
// the place of one that is to come.
model_store::answer model_store::flush(std::uint32_t delay, std::uint64_t now) {
    if (!options_.flush_enabled) return {answered::auth_error};
    flush_at_.reset();
    if (delay == 0) items_.clear();
    if (delay != 0 && options_.cas) flush_at_ = expiry_of(delay, now) - 1;
    if (!options_.cas) flush_at_ = delay == 0 ? now : expiry_of(delay, now);
    return {};
}

model_store::answer model_store::too_large(condition when, const std::string& key) {
    if (when == condition::none) erase(key);
    return {answered::too_large};
}

// ---- items -------------------------------------------------------------------------------------

model_store::answer model_store::link(const std::string& key, item fresh, std::uint64_t now) {
    fresh.cas = next_cas();
    fresh.stored = now;
    return {answered::ok, &put(key, std::move(fresh))};
}

model_store::item* model_store::find(const std::string& key, std::uint64_t now) {
    const auto found = items_.find(key);
    if (found == items_.end()) return nullptr;
    const item& it = found->second;
    const bool is_expired = it.expires != 0 && it.expires <= now;
    const bool is_flushed = flush_at_ && *flush_at_ <= now && it.stored <= *flush_at_;
    if (is_expired || is_flushed) {
        items_.erase(found);
        return nullptr;
    }
    return &found->second;
}

bool model_store::fits(std::size_t key_size, const item& candidate) const noexcept {
    const std::size_t total = item_head + (options_.cas ? 8 : 0) + key_size + 1 +
                              candidate.value.size() + 2 + (candidate.flags != 0 ? 4 : 0);
    return total <= options_.item_size_max;
}

std::optional<std::uint16_t> model_store::refusal_of(std::uint8_t opcode, std::string_view key) {
    const auto found = std::find_if(faults_.begin(), faults_.end(), [&](const model_fault& f) {
        return (!f.opcode || *f.opcode == opcode) && (f.key.empty() || f.key == key);
    });
    if (found == faults_.end()) return std::nullopt;
    const std::uint16_t status = found->status;
    if (--found->times == 0) faults_.erase(found);
    return status;
}

void model_store::clear() {
    items_.clear();
    cas_ = 0;
    flush_at_.reset();
}

}  // namespace kmc::sim
