// Parts of a whole as text, and text in columns.

#pragma once

#include <cstddef>
#include <string>

namespace kmc::cli {

// "12.34%"; with a sign in front: "+12.34%".
[[nodiscard]] std::string percent(double part);
[[nodiscard]] std::string signed_percent(double part);

// The text, filled with blanks in front of or behind it.
[[nodiscard]] std::string right(std::string text, std::size_t width);
[[nodiscard]] std::string left(std::string text, std::size_t width);

}  // namespace kmc::cli
