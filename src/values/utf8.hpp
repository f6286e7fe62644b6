// Whether bytes are UTF-8 as Python's decoder sees it: no overlong forms, no surrogates, nothing
// above U+10FFFF.

#pragma once

#include <string_view>

namespace kmc::detail {

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace kmc::detail
