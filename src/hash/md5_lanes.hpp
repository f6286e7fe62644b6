// MD5 (RFC 1321) of several short keys at once: one key per lane of a vector register. Also the
// same code over one plain integer, for a single key and for machines whose OpenSSL offers no MD5.
// Knows nothing of OpenSSL, allocates nothing, and never fails.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kmc::detail {

// The longest key whose padding still fits into one 64-byte block.
inline constexpr std::size_t md5_lane_key_limit = 55;

// out[i] = word 0 of md5(keys[i]). Same size; every key has at most md5_lane_key_limit bytes.
void md5_lanes(std::span<const std::string_view> keys, std::span<std::uint32_t> out) noexcept;

// The widths behind md5_lanes(): 4, 8 and 16 keys at a time. The wide ones may be called only where
// has_wide_lanes() and has_widest_lanes().
void md5_lanes_narrow(std::span<const std::string_view> keys,
                      std::span<std::uint32_t> out) noexcept;
void md5_lanes_wide(std::span<const std::string_view> keys, std::span<std::uint32_t> out) noexcept;
void md5_lanes_widest(std::span<const std::string_view> keys,
                      std::span<std::uint32_t> out) noexcept;
[[nodiscard]] bool has_wide_lanes() noexcept;
[[nodiscard]] bool has_widest_lanes() noexcept;

// Any length, all four words.
[[nodiscard]] std::array<std::uint32_t, 4> md5_scalar(std::string_view bytes) noexcept;

}  // namespace kmc::detail
