#include "support/model_memcached.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "base/byte_order.hpp"

namespace kmc::testing {
namespace {

using kmc::detail::load_big;
using kmc::detail::store_big;

constexpr std::size_t header_size = 24;
constexpr std::size_t read_buffer_size = 16 * 1024;
constexpr std::size_t longest_key = 250;
constexpr std::size_t item_head = 48;
constexpr std::uint32_t longest_relative_expiry = 60 * 60 * 24 * 30;

constexpr std::uint16_t not_found = 0x01;
constexpr std::uint16_t exists = 0x02;
constexpr std::uint16_t too_large = 0x03;
constexpr std::uint16_t invalid_arguments = 0x04;
constexpr std::uint16_t not_stored = 0x05;
constexpr std::uint16_t not_a_number = 0x06;
constexpr std::uint16_t unknown_command = 0x81;

[[nodiscard]] const std::byte* raw(std::string_view text) noexcept {
    return std::as_bytes(std::span(text.data(), text.size())).data();
}

template <class T>
[[nodiscard]] T big(std::string_view text, std::size_t at) noexcept {
    return load_big<T>(raw(text.substr(at)));
}

template <class T>
[[nodiscard]] std::string to_big(T value) {
    std::string text(sizeof value, '\0');
    store_big(std::as_writable_bytes(std::span(text)).data(), value);
    return text;
}

[[nodiscard]] std::string_view text_of(std::uint16_t status) noexcept {
    switch (status) {
        case not_found:
            return "Not found";
        case exists:
            return "Data exists for key.";
        case too_large:
            return "Too large.";
        case invalid_arguments:
            return "Invalid arguments";
        case not_stored:
            return "Not stored.";
        case not_a_number:
            return "Non-numeric server-side value for incr or decr";
        default:
            return "Unknown command";
    }
}

// What the server makes of a counter's text: blanks or a plus before, blanks behind, 64 bits.
[[nodiscard]] std::optional<std::uint64_t> counter_of(std::string_view text) {
    std::size_t at = text.find_first_not_of(" \t\n\v\f\r");
    if (at != std::string_view::npos && text[at] == '+') ++at;
    if (text.size() > 20 || at == std::string_view::npos || at == text.size()) return std::nullopt;
    std::uint64_t value = 0;
    std::size_t digits = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
        const auto digit = static_cast<std::uint64_t>(text[at] - '0');
        if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return std::nullopt;
        value = value * 10 + digit;
    }
    const bool ends_well =
        at == text.size() || text[at] == ' ' || text[at] == '\r' || text[at] == '\n';
    if (digits == 0 || !ends_well) return std::nullopt;
    return value;
}

// 0: never. A number above 30 days is a moment, perhaps one long past.
[[nodiscard]] std::uint32_t expiry_of(std::uint32_t wire, std::uint64_t now) noexcept {
    if (wire == 0) return 0;
    return wire <= longest_relative_expiry ? static_cast<std::uint32_t>(now + wire) : wire;
}

enum class family : std::uint8_t {
    get,
    store,
    del,
    arithmetic,
    quit,
    flush,
    noop,
    version,
    append,
    touch,
    get_and_touch,
    stat,
    sasl,
    unknown
};

struct command_row {
    family what = family::unknown;
    bool quiet = false;
    bool with_key = false;
    std::uint8_t variant =
        0;  // store: set, add, replace; arithmetic: up, down; append: behind, before
};

constexpr auto rows = [] {
    std::array<command_row, 256> t{};
    const auto pair = [&t](std::size_t loud, std::size_t quiet, command_row row) {
        t[loud] = row;
        row.quiet = true;
        t[quiet] = row;
    };
    pair(0x00, 0x09, {family::get});
    pair(0x0c, 0x0d, {family::get, false, true});
    pair(0x01, 0x11, {family::store, false, false, 0});
    pair(0x02, 0x12, {family::store, false, false, 1});
    pair(0x03, 0x13, {family::store, false, false, 2});
    pair(0x04, 0x14, {family::del});
    pair(0x05, 0x15, {family::arithmetic, false, false, 0});
    pair(0x06, 0x16, {family::arithmetic, false, false, 1});
    pair(0x07, 0x17, {family::quit});
    pair(0x08, 0x18, {family::flush});
    t[0x0a] = {family::noop};
    t[0x0b] = {family::version};
    pair(0x0e, 0x19, {family::append, false, false, 0});
    pair(0x0f, 0x1a, {family::append, false, false, 1});
    t[0x10] = {family::stat};
    t[0x1c] = {family::touch};
    pair(0x1d, 0x1e, {family::get_and_touch});
    pair(0x23, 0x24, {family::get_and_touch, false, true});
    t[0x20] = t[0x21] = t[0x22] = {family::sasl};
    return t;
}();

}  // namespace

// --- the store ----------------------------------------------------------------------------------

model_store::item* model_store::find(const std::string& key, std::uint64_t now) {
    if (flush_at_ && now >= *flush_at_) {
        items_.clear();
        flush_at_.reset();
    }
    const auto found = items_.find(key);
    if (found == items_.end()) return nullptr;
    if (found->second.expires != 0 && found->second.expires <= now) {
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

void model_store::flush(std::uint64_t now, std::uint32_t delay) {
    if (delay == 0) {
        items_.clear();
    } else {
        flush_at_ = now + delay;
    }
}

void model_store::clear() {
    items_.clear();
    cas_ = 0;
    flush_at_.reset();
}

// --- a session ----------------------------------------------------------------------------------

struct model_session::frame {
    std::uint8_t opcode = 0;
    command_row row;
    std::uint32_t opaque = 0;
    std::uint64_t cas = 0;
    std::uint64_t body_size = 0;
    std::string_view extras;
    std::string_view key;
    std::string_view value;
};

void model_session::feed(std::string_view bytes) {
    if (used_ != 0) {
        input_.erase(0, used_);
        used_ = 0;
    }
    if (!bytes.empty()) budget_ = store_->options().requests_per_event + 1;
    input_.append(bytes);
}

model_session::state model_session::step(std::uint64_t now, std::string& out) {
    if (!seen_any_ && !input_.empty()) {
        seen_any_ = true;
        is_text_ = store_->options().text_only || input_[0] != '\x80';
    }
    if (is_text_) return answer_text(out);
    // A fresh read is followed by one request more than a burst that goes on after a yield.
    if (budget_ == 0) budget_ = store_->options().requests_per_event;
    for (;;) {
        const verdict v = one(now);
        if (v == verdict::hold) return state::idle;
        if (v == verdict::abort) return state::broken;
        if (v != verdict::next) out += std::exchange(replies_, {});
        if (v == verdict::close) return state::finished;
        if (v == verdict::wait) return state::idle;
        if (--budget_ == 0) {
            out += std::exchange(replies_, {});
            return used_ == input_.size() ? state::idle : state::more;
        }
    }
}

model_session::state model_session::answer_text(std::string& out) {
    for (; used_ < input_.size(); ++used_) {
        if (input_[used_] == '\n') out += "ERROR\r\n";
    }
    return state::idle;
}

model_session::verdict model_session::one(std::uint64_t now) {
    const std::size_t gone = std::min<std::uint64_t>(swallow_, input_.size() - used_);
    used_ += gone;
    swallow_ -= gone;
    if (swallow_ != 0) return verdict::hold;

    const std::string_view rest = std::string_view(input_).substr(used_);
    if (rest.size() < header_size) return verdict::wait;
    if (rest[0] != '\x80') return verdict::abort;

    frame f;
    f.opcode = big<std::uint8_t>(rest, 1);
    f.row = rows[f.opcode];
    f.opaque = big<std::uint32_t>(rest, 12);
    f.cas = big<std::uint64_t>(rest, 16);
    f.body_size = big<std::uint32_t>(rest, 8);
    const std::size_t key_size = big<std::uint16_t>(rest, 2);
    const std::size_t extras_size = big<std::uint8_t>(rest, 4);
    const std::size_t head = header_size + extras_size + key_size;
    if (head > read_buffer_size) return verdict::abort;
    if (rest.size() < head) return verdict::wait;
    f.extras = rest.substr(header_size, extras_size);
    f.key = rest.substr(header_size + extras_size, key_size);

    if (key_size + extras_size > f.body_size) {
        static_cast<void>(fail(f, unknown_command));
        return verdict::close;
    }
    const std::uint64_t value_size = f.body_size - key_size - extras_size;
    if (key_size > longest_key) return invalid(f);
    if (f.row.what == family::unknown || f.row.what == family::sasl) {
        ++store_->requests;
        // The extras and the key are gone already, but an unknown command counts them again.
        const std::uint64_t more = f.row.what == family::sasl ? value_size : f.body_size;
        used_ += head;
        return unknown(f, more);
    }
    const bool carries_value = f.row.what == family::store || f.row.what == family::append;
    // The others do not look at a value and do not consume it either: the stream is off then.
    const bool refuses_value = f.row.what == family::get || f.row.what == family::arithmetic ||
                               f.row.what == family::noop || f.row.what == family::version ||
                               f.row.what == family::quit || f.row.what == family::flush;
    if (refuses_value && value_size != 0) return invalid(f);
    if (carries_value) {
        // A value that can never fit is refused by its size alone, then swallowed.
        if (head + value_size > rest.size() && value_size <= store_->options().item_size_max) {
            return verdict::hold;
        }
        f.value = rest.substr(head, static_cast<std::size_t>(value_size));
    }
    ++store_->requests;
    const verdict v = execute(f, now);
    used_ += head;
    if (carries_value) swallow_ = value_size;
    return v;
}

model_session::verdict model_session::execute(const frame& f, std::uint64_t now) {
    const bool no_extras = f.extras.empty();
    const bool bare = no_extras && f.key.empty();
    switch (f.row.what) {
        case family::get:
            return no_extras && !f.key.empty() ? get(f, now) : invalid(f);
        case family::store:
            return f.extras.size() == 8 && !f.key.empty() ? store(f, now) : invalid(f);
        case family::append:
            return no_extras && !f.key.empty() ? concatenate(f, now) : invalid(f);
        case family::arithmetic:
            return f.extras.size() == 20 && !f.key.empty() ? arithmetic(f, now) : invalid(f);
        case family::touch:
        case family::get_and_touch:
            return f.extras.size() == 4 && !f.key.empty() ? touch(f, now) : invalid(f);
        case family::del:
            return no_extras && !f.key.empty() ? del(f, now) : invalid(f);
        case family::stat:
            return no_extras ? stat(f) : invalid(f);
        case family::noop:
            if (!bare) return invalid(f);
            answer(f, 0, 0, {}, {}, {});
            return verdict::flush;
        case family::version:
            return bare ? done(f, 0, store_->options().version) : invalid(f);
        case family::quit:
            if (!bare) return invalid(f);
            if (!f.row.quiet) answer(f, 0, 0, {}, {}, {});
            return verdict::close;
        case family::flush:
            if (!f.key.empty() || (!no_extras && f.extras.size() != 4)) return invalid(f);
            store_->flush(now, no_extras ? 0 : big<std::uint32_t>(f.extras, 0));
            return done(f, 0);
        case family::sasl:
        case family::unknown:
            break;
    }
    return verdict::next;
}

model_session::verdict model_session::get(const frame& f, std::uint64_t now) {
    const std::string_view key = f.row.with_key ? f.key : std::string_view();
    if (const model_store::item* it = store_->find(std::string(f.key), now)) {
        answer(f, 0, it->cas, to_big(it->flags), key, it->value);
        return verdict::next;
    }
    if (f.row.quiet) return verdict::next;
    if (!f.row.with_key) return fail(f, not_found);
    answer(f, not_found, 0, {}, key, {});
    return verdict::next;
}

model_session::verdict model_session::store(const frame& f, std::uint64_t now) {
    const std::string key(f.key);
    model_store::item fresh;
    fresh.value = f.value;
    fresh.flags = big<std::uint32_t>(f.extras, 0);
    fresh.expires = expiry_of(big<std::uint32_t>(f.extras, 4), now);
    const bool is_set = f.row.variant == 0;
    if (!store_->fits(key.size(), fresh) || f.body_size - f.key.size() - 8 != f.value.size()) {
        if (is_set) store_->erase(key);
        answer(f, too_large, 0, {}, {}, text_of(too_large));
        return verdict::next;  // swallows, so that nothing is sent at once
    }
    const model_store::item* old = store_->find(key, now);
    if (f.cas != 0 && store_->options().cas) {
        if (old == nullptr) return fail(f, not_found);
        if (old->cas != f.cas) return fail(f, exists);
    } else if (f.row.variant == 1 && old != nullptr) {
        return fail(f, exists);
    } else if (f.row.variant == 2 && old == nullptr) {
        return fail(f, not_found);
    }
    fresh.cas = store_->next_cas();
    return done(f, store_->put(key, std::move(fresh)).cas);
}

model_session::verdict model_session::concatenate(const frame& f, std::uint64_t now) {
    const std::string key(f.key);
    if (f.body_size - f.key.size() != f.value.size() ||
        !store_->fits(key.size(), {.value = std::string(f.value)})) {
        answer(f, too_large, 0, {}, {}, text_of(too_large));
        return verdict::next;
    }
    const model_store::item* old = store_->find(key, now);
    if (old == nullptr) return fail(f, not_stored);
    if (f.cas != 0 && store_->options().cas && old->cas != f.cas) return fail(f, exists);
    model_store::item joined = *old;
    joined.value =
        f.row.variant == 0 ? old->value + std::string(f.value) : std::string(f.value) + old->value;
    if (!store_->fits(key.size(), joined)) return fail(f, not_stored);
    joined.cas = store_->next_cas();
    return done(f, store_->put(key, std::move(joined)).cas);
}

model_session::verdict model_session::arithmetic(const frame& f, std::uint64_t now) {
    const std::string key(f.key);
    const auto delta = big<std::uint64_t>(f.extras, 0);
    const auto wire_expiry = big<std::uint32_t>(f.extras, 16);
    model_store::item* it = store_->find(key, now);
    if (it == nullptr) {
        if (wire_expiry == 0xffffffffU) return fail(f, not_found);
        const auto initial = big<std::uint64_t>(f.extras, 8);
        model_store::item fresh{std::to_string(initial), 0, expiry_of(wire_expiry, now),
                                store_->next_cas()};
        return done(f, store_->put(key, std::move(fresh)).cas, to_big(initial));
    }
    if (f.cas != 0 && store_->options().cas && it->cas != f.cas) return fail(f, exists);
    const auto old = counter_of(it->value);
    if (!old) return fail(f, not_a_number);
    const std::uint64_t value = f.row.variant == 0 ? *old + delta : *old - std::min(*old, delta);
    std::string digits = std::to_string(value);
    // A number that got shorter is written over the old one in place, with blanks behind.
    if (digits.size() < it->value.size()) digits.resize(it->value.size(), ' ');
    it->value = std::move(digits);
    it->cas = store_->next_cas();
    return done(f, it->cas, to_big(value));
}

model_session::verdict model_session::touch(const frame& f, std::uint64_t now) {
    if (model_store::item* it = store_->find(std::string(f.key), now)) {
        it->expires = expiry_of(big<std::uint32_t>(f.extras, 0), now);
        const bool gives = f.row.what == family::get_and_touch;
        answer(f, 0, it->cas, to_big(it->flags), f.row.with_key ? f.key : std::string_view(),
               gives ? std::string_view(it->value) : std::string_view());
        return verdict::next;
    }
    if (f.row.quiet) return verdict::next;
    if (!f.row.with_key) return fail(f, not_found);
    answer(f, not_found, 0, {}, f.key, {});
    return verdict::next;
}

model_session::verdict model_session::del(const frame& f, std::uint64_t now) {
    const std::string key(f.key);
    const model_store::item* it = store_->find(key, now);
    if (it == nullptr) return fail(f, not_found);
    if (f.cas != 0 && it->cas != f.cas) return fail(f, exists);
    store_->erase(key);
    return done(f, 0);
}

model_session::verdict model_session::stat(const frame& f) {
    if (f.key.empty()) {
        const model_options& o = store_->options();
        answer(f, 0, 0, {}, "version", o.version);
        answer(f, 0, 0, {}, "curr_items", std::to_string(store_->size()));
    } else if (f.key == "settings") {
        answer(f, 0, 0, {}, "item_size_max", std::to_string(store_->options().item_size_max));
        answer(f, 0, 0, {}, "cas_enabled", store_->options().cas ? "yes" : "no");
    } else if (f.key == "sizes") {
        answer(f, 0, 0, {}, "sizes_status", "disabled");
    } else if (!f.key.starts_with("reset")) {
        return fail(f, not_found);
    }
    answer(f, 0, 0, {}, {}, {});
    return verdict::next;
}

// --- replies ------------------------------------------------------------------------------------

model_session::verdict model_session::invalid(const frame& f) {
    static_cast<void>(fail(f, invalid_arguments));
    return verdict::close;
}

model_session::verdict model_session::unknown(const frame& f, std::uint64_t swallow) {
    swallow_ = swallow;
    const verdict v = fail(f, unknown_command);
    return swallow == 0 ? v : verdict::next;
}

// Errors are answered whatever the loudness, and are sent at once.
model_session::verdict model_session::fail(const frame& f, std::uint16_t status) {
    answer(f, status, 0, {}, {}, text_of(status));
    return verdict::flush;
}

model_session::verdict model_session::done(const frame& f, std::uint64_t cas,
                                           std::string_view value) {
    if (!f.row.quiet) answer(f, 0, cas, {}, {}, value);
    return verdict::next;
}

void model_session::answer(const frame& f, std::uint16_t status, std::uint64_t cas,
                           std::string_view extras, std::string_view key, std::string_view value) {
    std::array<std::byte, header_size> head{};
    head[0] = std::byte{0x81};
    head[1] = std::byte{f.opcode};
    store_big(&head[2], static_cast<std::uint16_t>(key.size()));
    head[4] = static_cast<std::byte>(extras.size());
    store_big(&head[6], status);
    store_big(&head[8], static_cast<std::uint32_t>(extras.size() + key.size() + value.size()));
    store_big(&head[12], f.opaque);
    store_big(&head[16], cas);
    for (const std::byte each : head) replies_ += static_cast<char>(each);
    replies_.append(extras).append(key).append(value);
}

}  // namespace kmc::testing
