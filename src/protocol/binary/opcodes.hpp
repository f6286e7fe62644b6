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
    expiry = 4,        // one 32-bit number; of flush: the delay
    flags_expiry = 8,  // two 32-bit numbers
    counter = 20,      // two 64-bit numbers, delta and initial value, then the expiry
};

// Which of a request's views go on the wire.
enum class request_body : std::uint8_t { none, key, key_and_value };

inline constexpr std::uint32_t any_size = 0xffffffff;
// Of a version: far above what servers say.
inline constexpr std::uint32_t version_bytes_max = 4096;
// Of one statistic. Most are a number, but that of "detail dump" is a table with a line for each
// prefix of keys.
inline constexpr std::uint32_t statistic_bytes_max = 1024 * 1024;
// Of a statistic's name: servers have 128 bytes for it, a peer that needs more is no memcached.
inline constexpr std::uint32_t statistic_name_max = 250;

struct opcode_row {
    command what;
    std::uint8_t loud;
    std::uint8_t quiet;  // the loud one again where there is no quiet form
    request_extras extras;
    request_body body;
    // A success reply has exactly these extras, no key (but a stat's: the name of one statistic;
    // its last one is empty), and a value of min..max bytes. Every other reply has neither extras
    // nor key; its value is English text.
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
    {command::gat,     0x1d, 0x1e, request_extras::expiry,       request_body::key,
                       4, 0, any_size,                           silence::miss},
    {command::touch,   0x1c, 0x1c, request_extras::expiry,       request_body::key,
                       4, 0, 0,                                  silence::never},
    {command::set,     0x01, 0x11, request_extras::flags_expiry, request_body::key_and_value,
                       0, 0, 0,                                  silence::success},
    {command::add,     0x02, 0x12, request_extras::flags_expiry, request_body::key_and_value,
                       0, 0, 0,                                  silence::success},
    {command::replace, 0x03, 0x13, request_extras::flags_expiry, request_body::key_and_value,
                       0, 0, 0,                                  silence::success},
    {command::append,  0x0e, 0x19, request_extras::none,         request_body::key_and_value,
                       0, 0, 0,                                  silence::success},
    {command::prepend, 0x0f, 0x1a, request_extras::none,         request_body::key_and_value,
                       0, 0, 0,                                  silence::success},
    {command::del,     0x04, 0x14, request_extras::none,         request_body::key,
                       0, 0, 0,                                  silence::success},
    {command::incr,    0x05, 0x15, request_extras::counter,      request_body::key,
                       0, 8, 8,                                  silence::success},
    {command::decr,    0x06, 0x16, request_extras::counter,      request_body::key,
                       0, 8, 8,                                  silence::success},
    {command::flush,   0x08, 0x18, request_extras::expiry,       request_body::none,
                       0, 0, 0,                                  silence::success},
    {command::stat,    0x10, 0x10, request_extras::none,         request_body::key,
                       0, 0, statistic_bytes_max,                silence::never},
    {command::noop,    0x0a, 0x0a, request_extras::none,         request_body::none,
                       0, 0, 0,                                  silence::never},
    {command::version, 0x0b, 0x0b, request_extras::none,         request_body::none,
                       0, 0, version_bytes_max,                  silence::never},
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
