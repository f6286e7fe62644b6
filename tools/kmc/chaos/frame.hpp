// Frames of the binary protocol as the proxy sees them: bytes with a header that can be looked at,
// changed and forged. Shares no code with the client: what is wrong there must show here.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "chaos/rule.hpp"

namespace kmc::chaos {

inline constexpr std::size_t header_size = 24;
inline constexpr std::uint8_t request_magic = 0x80;
inline constexpr std::uint8_t reply_magic = 0x81;

namespace fields {
inline constexpr field magic{.at = 0, .size = 1};
inline constexpr field opcode{.at = 1, .size = 1};
inline constexpr field key_length{.at = 2, .size = 2};
inline constexpr field extras_length{.at = 4, .size = 1};
inline constexpr field data_type{.at = 5, .size = 1};
inline constexpr field status{.at = 6, .size = 2};
inline constexpr field length{.at = 8, .size = 4};
inline constexpr field opaque{.at = 12, .size = 4};
inline constexpr field cas{.at = 16, .size = 8};
}  // namespace fields

// @param frame  at least header_size bytes, here and below.
[[nodiscard]] std::uint64_t read(std::string_view frame, field what) noexcept;
void write(std::string& frame, field what, std::uint64_t value) noexcept;

[[nodiscard]] constexpr std::uint8_t magic_of(side about) noexcept {
    return about == side::request ? request_magic : reply_magic;
}

// The key of a whole frame; empty if it has none.
[[nodiscard]] std::string_view key_of(std::string_view frame) noexcept;

struct forged_frame {
    std::uint8_t magic = reply_magic;
    std::uint8_t opcode = 0;
    std::uint16_t status = 0;
    std::uint32_t opaque = 0;
    std::string value;
};
[[nodiscard]] std::string to_bytes(const forged_frame& frame);

struct named_opcode {
    std::string_view name;
    std::uint8_t code;
};
inline constexpr auto opcode_names = std::to_array<named_opcode>({
    {"get", 0x00},       {"set", 0x01},     {"add", 0x02},       {"replace", 0x03},
    {"delete", 0x04},    {"incr", 0x05},    {"decr", 0x06},      {"quit", 0x07},
    {"flush", 0x08},     {"getq", 0x09},    {"noop", 0x0a},      {"version", 0x0b},
    {"getk", 0x0c},      {"getkq", 0x0d},   {"append", 0x0e},    {"prepend", 0x0f},
    {"stat", 0x10},      {"setq", 0x11},    {"addq", 0x12},      {"replaceq", 0x13},
    {"deleteq", 0x14},   {"incrq", 0x15},   {"decrq", 0x16},     {"quitq", 0x17},
    {"flushq", 0x18},    {"appendq", 0x19}, {"prependq", 0x1a},  {"touch", 0x1c},
    {"gat", 0x1d},       {"gatq", 0x1e},    {"sasl_list", 0x20}, {"sasl_auth", 0x21},
    {"sasl_step", 0x22}, {"gatk", 0x23},    {"gatkq", 0x24},
});
[[nodiscard]] std::optional<std::uint8_t> opcode_named(std::string_view name) noexcept;

}  // namespace kmc::chaos
