// The 24 bytes in front of every frame of the binary protocol. Only offsets and sizes: what each
// command puts there stands in opcodes.hpp.
//
//      0        1        2        3        4        5        6        7
//   +--------+--------+--------+--------+--------+--------+--------+--------+
//  0| magic  | opcode |   key size      | extras | data   | request: 0      |
//   |        |        |                 | size   | type 0 | reply: status   |
//   +--------+--------+--------+--------+--------+--------+--------+--------+
//  8| body size = extras + key + value  | opaque: our sequence number       |
//   +--------+--------+--------+--------+--------+--------+--------+--------+
// 16| cas: of the item, or 0                                                |
//   +--------+--------+--------+--------+--------+--------+--------+--------+
// 24| extras, key, value
//
// Integers are big-endian. The opaque comes back bit for bit, the opcode as well, quiet ones
// included.

#pragma once

#include <cstddef>
#include <cstdint>

namespace kmc::detail::frame {

inline constexpr std::byte request_magic{0x80};
inline constexpr std::byte reply_magic{0x81};

inline constexpr std::size_t opcode_at = 1;
inline constexpr std::size_t key_size_at = 2;
inline constexpr std::size_t extras_size_at = 4;
inline constexpr std::size_t data_type_at = 5;
inline constexpr std::size_t status_at = 6;
inline constexpr std::size_t body_size_at = 8;
inline constexpr std::size_t opaque_at = 12;
inline constexpr std::size_t cas_at = 16;

inline constexpr std::size_t header_bytes = 24;

}  // namespace kmc::detail::frame
