// One request as the codecs see it: views and numbers, no protocol bytes.

#pragma once

#include <cstdint>
#include <string_view>

namespace kmc::detail {

/// What is asked. Values are kmc's own; src/protocol/command.hpp says what each means and the
/// codecs what it looks like on the wire.
enum class command : std::uint8_t { get, set, del, noop, version };

struct request {
    const char* key = nullptr;
    const char* value = nullptr;
    std::uint32_t value_size = 0;
    std::uint16_t key_size = 0;  ///< 1..250 once checked; 0 for commands without a key.
    command what = command::noop;
    std::uint32_t flags = 0;
    std::uint32_t expiry = 0;  ///< As on the wire (kmc::expiry::wire).
    std::uint64_t cas = 0;     ///< 0: unconditional.

    [[nodiscard]] std::string_view key_view() const noexcept { return {key, key_size}; }
    [[nodiscard]] std::string_view value_view() const noexcept { return {value, value_size}; }
};

}  // namespace kmc::detail
