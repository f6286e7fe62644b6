// What to say to somebody who mistyped a name: which are known, and which one was probably meant.

#pragma once

#include <span>
#include <string>
#include <string_view>

namespace kmc::detail {

// `there is no ring "libketame", did you mean libketama? (known: ...)`.
[[nodiscard]] std::string unknown_name(std::string_view what, std::string_view name,
                                       std::span<const std::string_view> known);

}  // namespace kmc::detail
