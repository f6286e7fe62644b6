// Replies in the binary protocol: judged, and read.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "base/bytes.hpp"
#include "protocol/binary/frame.hpp"
#include "protocol/binary/opcodes.hpp"
#include "protocol/binary/text_lines.hpp"
#include "protocol/codec.hpp"

namespace kmc::detail::binary {

[[nodiscard]] inline parse_result broken(errc why) noexcept {
    return {.status = parse_status::broken, .why = why, .head = {}};
}

// One byte that is not a reply's first settles it, unless it may begin a line of text that tells
// more.
[[nodiscard]] inline parse_result judge_text(std::span<const std::byte> bytes) noexcept {
    const text_verdict verdict = judge_text_line(as_text(bytes));
    return verdict.is_decided ? broken(verdict.why) : parse_result{};
}

// Only a statistic has a name, and only the end of them has none.
[[nodiscard]] inline bool has_key_of(command what, const reply_head& head) noexcept {
    if (what != command::stat) return head.key_size == 0;
    return head.key_size != 0 ? head.key_size <= statistic_name_max : head.value_size == 0;
}

// Looks at the start of `bytes` for one reply head. Never reads a body, never allocates.
[[nodiscard]] inline parse_result parse_head(std::span<const std::byte> bytes) noexcept {
    if (bytes.empty()) return {};
    if (bytes[0] != frame::reply_magic) return judge_text(bytes);
    if (bytes.size() < frame::header_bytes) return {};

    const std::byte* at = bytes.data();
    // No server we know compresses or types values; one that says so sends no raw bytes.
    if (at[frame::data_type_at] != std::byte{0}) return broken(errc::protocol_error);

    const auto body_size = load_big<std::uint32_t>(at + frame::body_size_at);
    reply_head head{
        .sequence = load_big<std::uint32_t>(at + frame::opaque_at),
        .opcode = std::to_integer<std::uint8_t>(at[frame::opcode_at]),
        .status = load_big<std::uint16_t>(at + frame::status_at),
        .cas = load_big<std::uint64_t>(at + frame::cas_at),
        .head_size = frame::header_bytes,
        .extras_size = std::to_integer<std::uint32_t>(at[frame::extras_size_at]),
        .key_size = load_big<std::uint16_t>(at + frame::key_size_at),
    };
    if (head.extras_size + head.key_size > body_size) return broken(errc::protocol_error);
    head.value_size = body_size - head.extras_size - head.key_size;
    return {.status = parse_status::head, .why = {}, .head = head};
}

// True if a reply with this head can answer such a request: opcode, extras, key and value sizes fit
// the command and the status.
[[nodiscard]] inline bool answers(const reply_head& head, command what, loudness how) noexcept {
    const opcode_row& row = row_of(what);
    if (head.opcode != opcode_of(row, how)) return false;
    if (head.status != static_cast<std::uint16_t>(status::ok)) {
        return head.extras_size == 0 && head.key_size == 0;
    }
    return has_key_of(what, head) && head.extras_size == row.reply_extras &&
           head.value_size >= row.reply_value_min && head.value_size <= row.reply_value_max;
}

// Reads extras and key of a head that `answers` accepted. `extras_and_key` is exactly extras_size +
// key_size bytes; value and landed are the caller's to fill in.
[[nodiscard]] inline reply read_reply(const reply_head& head, command what,
                                      std::span<const std::byte> extras_and_key) noexcept {
    KMC_ASSERT(extras_and_key.size() == head.extras_size + head.key_size);
    reply r;
    r.what = what;
    r.status = static_cast<detail::status>(head.status);
    r.cas = head.cas;
    // The only extras of a reply are an item's flags.
    if (head.extras_size == sizeof r.flags) {
        r.flags = load_big<std::uint32_t>(extras_and_key.data());
    }
    r.key = as_text(extras_and_key.subspan(head.extras_size));
    // The end of a stat has neither name nor text; a statistic always has a name.
    r.is_part = head.key_size != 0;
    return r;
}

// The counter in the value of a reply to incr or decr that `answers` accepted.
[[nodiscard]] inline std::uint64_t read_number(std::string_view value) noexcept {
    KMC_ASSERT(value.size() == sizeof(std::uint64_t));
    return load_big<std::uint64_t>(as_bytes(value).data());
}

}  // namespace kmc::detail::binary
