// The hashes of keys beside md5, one function each, to the bit as the programs compute them whose
// rings kmc follows. Pure, any length, nothing allocated. None is meant to resist an adversary.

#pragma once

#include <cstdint>
#include <string_view>

namespace kmc::detail {

// With a plain `char` of each kind: see kmc::key_bytes.
enum class char_kind : std::uint8_t { with_sign, without_sign };

template <char_kind Kind>
[[nodiscard]] std::uint32_t one_at_a_time(std::string_view bytes) noexcept;
template <char_kind Kind>
[[nodiscard]] std::uint32_t fnv1_64(std::string_view bytes) noexcept;
// 32 bits wide throughout, whatever its name says.
template <char_kind Kind>
[[nodiscard]] std::uint32_t fnv1a_64(std::string_view bytes) noexcept;
template <char_kind Kind>
[[nodiscard]] std::uint32_t fnv1_32(std::string_view bytes) noexcept;
template <char_kind Kind>
[[nodiscard]] std::uint32_t fnv1a_32(std::string_view bytes) noexcept;
template <char_kind Kind>
[[nodiscard]] std::uint32_t hsieh(std::string_view bytes) noexcept;

[[nodiscard]] std::uint32_t murmur(std::string_view bytes) noexcept;
[[nodiscard]] std::uint32_t murmur3(std::string_view bytes) noexcept;
[[nodiscard]] std::uint32_t jenkins(std::string_view bytes) noexcept;

// CRC-32 as in zlib; its 15 bits that libmemcached and spymemcached use; and twemproxy's crc16,
// which never drops what is shifted out of 16 bits.
[[nodiscard]] std::uint32_t crc32(std::string_view bytes) noexcept;
[[nodiscard]] std::uint32_t crc32_middle(std::string_view bytes) noexcept;
[[nodiscard]] std::uint32_t crc16(std::string_view bytes) noexcept;

// spymemcached's, over the UTF-16 code units of UTF-8 text. A byte that is not UTF-8 counts as
// U+FFFD.
[[nodiscard]] std::uint32_t java_native(std::string_view utf8) noexcept;
[[nodiscard]] std::uint32_t java_fnv1_64(std::string_view utf8) noexcept;
[[nodiscard]] std::uint32_t java_fnv1a_64(std::string_view utf8) noexcept;
[[nodiscard]] std::uint32_t java_fnv1_32(std::string_view utf8) noexcept;
[[nodiscard]] std::uint32_t java_fnv1a_32(std::string_view utf8) noexcept;

}  // namespace kmc::detail
