// What a key may be: the only check of keys in kmc. The binary protocol carries any byte, so only
// the length counts; a server closes the connection over a key that breaks the rule.

#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <kmc/error.hpp>

namespace kmc::detail {

inline constexpr std::size_t key_bytes_max = 250;

// @param key  as it goes on the wire, prefix included.
// @return     errc::bad_key, or nothing.
[[nodiscard]] constexpr std::optional<errc> objection_to_key(std::string_view key) noexcept {
    if (key.empty() || key.size() > key_bytes_max) return errc::bad_key;
    return std::nullopt;
}

}  // namespace kmc::detail
