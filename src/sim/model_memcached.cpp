#include "sim/model_memcached.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "base/byte_order.hpp"
#include "sim/model_statistics.hpp"

namespace kmc::sim {
namespace {

using kmc::detail::load_big;
using kmc::detail::store_big;

constexpr std::size_t header_size = 24;
constexpr std::size_t read_buffer_size = 16 * 1024;
constexpr std::size_t longest_key = 250;

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
        case answered::not_found:
            return "Not found";
        case answered::exists:
            return "Data exists for key.";
        case answered::too_large:
            return "Too large.";
        case answered::invalid:
            return "Invalid arguments";
        case answered::not_stored:
            return "Not stored.";
        case answered::not_a_number:
            return "Non-numeric server-side value for incr or decr";
        case answered::auth_error:
            return "Auth failure.";
        case answered::unknown_command:
            return "Unknown command";
        case answered::out_of_memory:
            return "Out of memory allocating item";
        default:
            return "Refused";
    }
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
    // store: set, add, replace; arithmetic: up, down; append: behind, before
    std::uint8_t variant = 0;
    std::uint8_t loud = 0;  // the opcode of its loud form
};

constexpr auto rows = [] {
    std::array<command_row, 256> t{};
    for (std::size_t i = 0; i < t.size(); ++i) t[i].loud = static_cast<std::uint8_t>(i);
    const auto pair = [&t](std::uint8_t loud, std::uint8_t quiet, command_row row) {
        row.loud = loud;
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
    t[0x0a].what = family::noop;
    t[0x0b].what = family::version;
    pair(0x0e, 0x19, {family::append, false, false, 0});
    pair(0x0f, 0x1a, {family::append, false, false, 1});
    t[0x10].what = family::stat;
    t[0x1c].what = family::touch;
    pair(0x1d, 0x1e, {family::get_and_touch});
    pair(0x23, 0x24, {family::get_and_touch, false, true});
    t[0x20].what = t[0x21].what = t[0x22].what = family::sasl;
    return t;
}();

}  // namespace

struct model_session::frame {
    std::uint8_t opcode = 0;
    command_row row;
    std::uint32_t opaque = 0;
    std::uint64_t cas = 0;
    std::uint64_t body_size = 0;
    std::string_view extras;
    std::string_view key;
    std::string_view value;

    [[nodiscard]] std::string key_text() const { return std::string(key); }
    // Too long to ever fit: it was not waited for.
    [[nodiscard]] bool is_value_cut() const noexcept {
        return body_size - extras.size() - key.size() != value.size();
    }
    [[nodiscard]] model_store::condition condition() const noexcept {
        return static_cast<model_store::condition>(row.variant);
    }
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
        static_cast<void>(fail(f, answered::unknown_command));
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
    const bool keyed = !f.key.empty();
    const auto is_well_formed = [&] {
        switch (f.row.what) {
            case family::get:
            case family::del:
            case family::append:
                return no_extras && keyed;
            case family::store:
                return f.extras.size() == 8 && keyed;
            case family::arithmetic:
                return f.extras.size() == 20 && keyed;
            case family::touch:
            case family::get_and_touch:
                return f.extras.size() == 4 && keyed;
            case family::stat:
                return no_extras;
            case family::flush:
                return !keyed && (no_extras || f.extras.size() == 4);
            default:
                return no_extras && !keyed;
        }
    };
    if (!is_well_formed()) return invalid(f);
    if (const auto status = store_->refusal_of(f.row.loud, f.key)) return refuse(f, *status);
    return obey(f, now);
}

model_session::verdict model_session::obey(const frame& f, std::uint64_t now) {
    switch (f.row.what) {
        case family::get:
            return get(f, now);
        case family::store:
            return store(f, now);
        case family::append:
            return concatenate(f, now);
        case family::arithmetic:
            return arithmetic(f, now);
        case family::touch:
        case family::get_and_touch:
            return touch(f, now);
        case family::del: {
            const auto a = store_->remove(f.key_text(), f.cas, now);
            tell(model_store::done::remove, f, a, now);
            return reply_to(f, a);
        }
        case family::stat:
            return stat(f, now);
        case family::noop:
            answer(f, 0, 0, {}, {}, {});
            return verdict::flush;
        case family::version:
            return done(f, 0, store_->options().version);
        case family::quit:
            if (!f.row.quiet) answer(f, 0, 0, {}, {}, {});
            return verdict::close;
        case family::flush:
            return reply_to(
                f, store_->flush(f.extras.empty() ? 0 : big<std::uint32_t>(f.extras, 0), now));
        case family::sasl:
        case family::unknown:
            break;
    }
    return verdict::next;
}

void model_session::tell(model_store::done what, const frame& f, const model_store::answer& a,
                         std::uint64_t now) {
    if (store_->watch) store_->watch(what, f.key_text(), a, now);
}

model_session::verdict model_session::get(const frame& f, std::uint64_t now) {
    const std::string_view key = f.row.with_key ? f.key : std::string_view();
    const model_store::item* it = store_->find(f.key_text(), now);
    tell(model_store::done::get, f, {it != nullptr ? answered::ok : answered::not_found, it}, now);
    if (it == nullptr) return miss(f);
    answer(f, 0, it->cas, to_big(it->flags), key, it->value);
    return verdict::next;
}

model_session::verdict model_session::store(const frame& f, std::uint64_t now) {
    const auto a = f.is_value_cut() ? store_->too_large(f.condition(), f.key_text())
                                    : store_->store(f.condition(), f.key_text(), f.value,
                                                    big<std::uint32_t>(f.extras, 0),
                                                    big<std::uint32_t>(f.extras, 4), f.cas, now);
    tell(model_store::done::store, f, a, now);
    return reply_to(f, a);
}

model_session::verdict model_session::concatenate(const frame& f, std::uint64_t now) {
    const auto side = static_cast<model_store::side>(f.row.variant);
    const auto a = f.is_value_cut() ? model_store::answer{answered::too_large}
                                    : store_->join(side, f.key_text(), f.value, f.cas, now);
    tell(model_store::done::join, f, a, now);
    return reply_to(f, a);
}

model_session::verdict model_session::arithmetic(const frame& f, std::uint64_t now) {
    const model_store::step by{big<std::uint64_t>(f.extras, 0), big<std::uint64_t>(f.extras, 8),
                               big<std::uint32_t>(f.extras, 16)};
    const auto a = store_->count(static_cast<model_store::direction>(f.row.variant), f.key_text(),
                                 by, f.cas, now);
    tell(model_store::done::count, f, a, now);
    if (a.status != answered::ok) return reply_to(f, a);
    return done(f, a.found->cas, to_big(a.number));
}

model_session::verdict model_session::touch(const frame& f, std::uint64_t now) {
    const auto a = store_->touch(f.key_text(), big<std::uint32_t>(f.extras, 0), now);
    const bool gives = f.row.what == family::get_and_touch;
    tell(gives ? model_store::done::get : model_store::done::touch, f, a, now);
    if (a.status != answered::ok) return miss(f);
    answer(f, 0, a.found->cas, to_big(a.found->flags), f.row.with_key ? f.key : std::string_view(),
           gives ? std::string_view(a.found->value) : std::string_view());
    return verdict::next;
}

model_session::verdict model_session::stat(const frame& f, std::uint64_t now) {
    const auto found = statistics_of(*store_, f.key, now);
    if (!found) return fail(f, answered::not_found);
    for (const auto& [name, text] : found->parts) answer(f, 0, 0, {}, name, text);
    if (found->has_end) answer(f, 0, 0, {}, {}, {});
    return verdict::next;
}

// ---- replies -----------------------------------------------------------------------------------

model_session::verdict model_session::reply_to(const frame& f, const model_store::answer& a) {
    if (a.status == answered::ok) return done(f, a.found != nullptr ? a.found->cas : 0);
    const verdict v = fail(f, a.status);
    // Swallows what is left of the value, so that nothing is sent at once.
    return a.status == answered::too_large ? verdict::next : v;
}

model_session::verdict model_session::miss(const frame& f) {
    if (f.row.quiet) return verdict::next;
    if (!f.row.with_key) return fail(f, answered::not_found);
    answer(f, answered::not_found, 0, {}, f.key, {});
    return verdict::next;
}

// By order of a test, with all that goes with such a status.
model_session::verdict model_session::refuse(const frame& f, std::uint16_t status) {
    const bool is_full = status == answered::too_large || status == answered::out_of_memory;
    if (f.row.what == family::store && is_full) {
        static_cast<void>(store_->too_large(f.condition(), f.key_text()));
    }
    const bool ends = status == answered::invalid ||
                      (status == answered::auth_error && f.row.what != family::flush);
    const verdict v = fail(f, status);
    return ends ? verdict::close : v;
}

model_session::verdict model_session::invalid(const frame& f) {
    static_cast<void>(fail(f, answered::invalid));
    return verdict::close;
}

model_session::verdict model_session::unknown(const frame& f, std::uint64_t swallow) {
    swallow_ = swallow;
    const verdict v = fail(f, answered::unknown_command);
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

}  // namespace kmc::sim
