// Colours for servers: each as far from all before it as possible, readable on white and on black.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace kmc::cli {

// "#rrggbb"; the first n are the same however many are asked for. Above 64 they begin anew.
[[nodiscard]] std::vector<std::string> server_colours(std::size_t count);

}  // namespace kmc::cli
