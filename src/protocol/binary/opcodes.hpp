// The commands on the wire: one row each, and nothing about a command stands anywhere else in this
// folder. A new command is a row here and an enumerator in kmc/detail/request.hpp.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"
#include "protocol/codec.hpp"
#include "protocol/command.hpp"

namespace kmc::detail {

// What a request carries between header and key; the enumerator's value is the size in bytes.
enum class request_extras : std::uint8_t {
    none = 0,
    flags_expiry = 8,  // two 32-bit numbers
};

// Which of a request's views go on the wire.
enum class request_body : std::uint8_t { none, key, key_and_value };

inline constexpr std::uint32_t any_size = 0xffffffff;

struct opcode_row {
    command what;
    std::uint8_t loud;
    std::uint8_t quiet;  // the loud one again where there is no quiet form
    request_extras extras;
    request_body body;
    // A success reply has exactly these extras, no key, and a value of min..max bytes. Every other
    // reply has neither extras nor key; its value is English text.
    std::uint8_t reply_extras;
    std::uint32_t reply_value_min;
    std::uint32_t reply_value_max;
    silence quiet_means;
};

// In the order of the enumerators of `command`.
// clang-format off
inline constexpr std::array<opcode_row, command_count> opcode_table{{
    // what            loud  quiet extras                        body
    //                 reply: extras, value min, max             silence
    {command::get,     0x00, 0x09, request_extras::none,         request_body::key,
                       4, 0, any_size,                           silence::miss},
    {command::set,     0x01, 0x11, request_extras::flags_expiry, request_body::key_and_value,
                       0, 0, 0,                                  silence::success},
    {command::del,     0x04, 0x14, request_extras::none,         request_body::key,
                       0, 0, 0,                                  silence::success},
    {command::noop,    0x0a, 0x0a, request_extras::none,         request_body::none,
                       0, 0, 0,                                  silence::never},
    {command::version, 0x0b, 0x0b, request_extras::none,         request_body::none,
                       0, 0, any_size,                           silence::never},
}};
// clang-format on

constexpr bool is_opcode_table_in_order() {
    for (std::size_t i = 0; i < opcode_table.size(); ++i) {
        const opcode_row& row = opcode_table[i];
        if (static_cast<std::size_t>(row.what) != i) return false;
        if ((row.quiet == row.loud) != (row.quiet_means == silence::never)) return false;
    }
    return true;
}
static_assert(is_opcode_table_in_order());

[[nodiscard]] inline const opcode_row& row_of(command what) noexcept {
    const auto index = static_cast<std::size_t>(what);
    KMC_ASSERT(index < opcode_table.size());
    return opcode_table[index];
}

[[nodiscard]] constexpr std::uint8_t opcode_of(const opcode_row& row, loudness how) noexcept {
    return how == loudness::quiet ? row.quiet : row.loud;
}

}  // namespace kmc::detail
