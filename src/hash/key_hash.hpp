// Key hashes, many at a time: the routing of a batch is one call.

#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace kmc::detail {

// The 16 digest bytes as four little-endian words (RFC 1321 order): ring points use all four, the
// hash of a key is word 0.
using md5_words = std::array<std::uint32_t, 4>;

// By OpenSSL, or by kmc's own code where OpenSSL has no MD5 to offer. Any length. For set-up:
// OpenSSL allocates.
[[nodiscard]] md5_words md5(std::string_view bytes) noexcept;

// out[i] = md5(keys[i])[0]. Same size. Keys up to 55 bytes go through the vector units, several at
// a time; longer ones one by one. Allocates nothing.
void md5_many(std::span<const std::string_view> keys, std::span<std::uint32_t> out) noexcept;

}  // namespace kmc::detail
