// Frames of the binary protocol written and read by hand, for playing the server in a test. Shares
// no code with src/protocol on purpose: a mistake there must not cancel itself out here.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kmc::testing {

namespace opcode {
inline constexpr std::uint8_t get = 0x00;
inline constexpr std::uint8_t getq = 0x09;
inline constexpr std::uint8_t set = 0x01;
inline constexpr std::uint8_t setq = 0x11;
inline constexpr std::uint8_t del = 0x04;
inline constexpr std::uint8_t delq = 0x14;
inline constexpr std::uint8_t noop = 0x0a;
inline constexpr std::uint8_t version = 0x0b;
inline constexpr std::uint8_t add = 0x02;
inline constexpr std::uint8_t addq = 0x12;
inline constexpr std::uint8_t replace = 0x03;
inline constexpr std::uint8_t replaceq = 0x13;
inline constexpr std::uint8_t append = 0x0e;
inline constexpr std::uint8_t appendq = 0x19;
inline constexpr std::uint8_t prepend = 0x0f;
inline constexpr std::uint8_t prependq = 0x1a;
inline constexpr std::uint8_t incr = 0x05;
inline constexpr std::uint8_t incrq = 0x15;
inline constexpr std::uint8_t decr = 0x06;
inline constexpr std::uint8_t decrq = 0x16;
inline constexpr std::uint8_t touch = 0x1c;
inline constexpr std::uint8_t gat = 0x1d;
inline constexpr std::uint8_t gatq = 0x1e;
inline constexpr std::uint8_t flush = 0x08;
inline constexpr std::uint8_t flushq = 0x18;
inline constexpr std::uint8_t stat = 0x10;
}  // namespace opcode

struct request_frame {
    std::uint8_t opcode = 0;
    std::uint32_t opaque = 0;
    std::uint64_t cas = 0;
    std::string extras, key, value;
};

/// Reads whole frames; what is left at the end is a failure of the test (throws).
[[nodiscard]] std::vector<request_frame> read_requests(std::string_view bytes);

struct reply_frame {
    std::uint8_t opcode = 0;
    std::uint16_t status = 0;
    std::uint32_t opaque = 0;
    std::uint64_t cas = 0;
    std::string extras = {}, key = {}, value = {};
};

[[nodiscard]] std::string to_bytes(const reply_frame& frame);

/// A hit, as GET and GETQ give it.
[[nodiscard]] std::string hit(std::uint32_t opaque, std::string_view value,
                              std::uint8_t code = opcode::get, std::uint32_t flags = 0,
                              std::uint64_t cas = 1);

/// Anything but success, with the text servers add.
[[nodiscard]] std::string refusal(std::uint32_t opaque, std::uint8_t code, std::uint16_t status,
                                  std::string_view text = "Not found");

/// Success without a body, or of a counter: with the number it became.
[[nodiscard]] std::string success(std::uint32_t opaque, std::uint8_t code, std::uint64_t cas = 0);
[[nodiscard]] std::string counted(std::uint32_t opaque, std::uint8_t code, std::uint64_t number,
                                  std::uint64_t cas = 1);

/// One statistic; without a name: their end.
[[nodiscard]] std::string statistic(std::uint32_t opaque, std::string_view name = {},
                                    std::string_view text = {});

[[nodiscard]] std::string to_hex(std::string_view bytes);

}  // namespace kmc::testing
