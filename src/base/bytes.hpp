// Copies and views of raw bytes: the one place that casts between char and std::byte.

#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

namespace kmc::detail {

// memcpy that may be given null for zero bytes (which memcpy itself may not).
inline void copy_bytes(void* to, const void* from, std::size_t size) noexcept {
    if (size != 0) std::memcpy(to, from, size);
}

[[nodiscard]] inline std::span<const std::byte> as_bytes(std::string_view text) noexcept {
    return std::as_bytes(std::span(text.data(), text.size()));
}

[[nodiscard]] inline std::string_view as_text(std::span<const std::byte> bytes) noexcept {
    return {static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()};
}

}  // namespace kmc::detail
