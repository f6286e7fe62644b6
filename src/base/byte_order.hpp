// Integers on the wire: big-endian, at any alignment.

#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace kmc::detail {

template <std::unsigned_integral T>
[[nodiscard]] constexpr T byte_swapped(T value) noexcept {
    if constexpr (sizeof(T) == 1) {
        return value;
    } else if constexpr (sizeof(T) == 2) {
        return __builtin_bswap16(value);
    } else if constexpr (sizeof(T) == 4) {
        return __builtin_bswap32(value);
    } else {
        return __builtin_bswap64(value);
    }
}

template <std::unsigned_integral T>
[[nodiscard]] T load_big(const std::byte* from) noexcept {
    T value;
    std::memcpy(&value, from, sizeof value);
    return std::endian::native == std::endian::little ? byte_swapped(value) : value;
}

template <std::unsigned_integral T>
void store_big(std::byte* to, T value) noexcept {
    if constexpr (std::endian::native == std::endian::little) value = byte_swapped(value);
    std::memcpy(to, &value, sizeof value);
}

template <std::unsigned_integral T>
[[nodiscard]] T load_little(const std::byte* from) noexcept {
    T value;
    std::memcpy(&value, from, sizeof value);
    return std::endian::native == std::endian::big ? byte_swapped(value) : value;
}

}  // namespace kmc::detail
