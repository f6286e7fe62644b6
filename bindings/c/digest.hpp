// A short text that two rings have in common only if they put every key on the same server. What it
// is made of is this file's alone: kmc_ring.h promises its length and its meaning.

#pragma once

#include <string>

#include "routing/topology.hpp"

namespace kmc::detail {

// 16 hexadecimal digits.
[[nodiscard]] std::string digest_text(const topology& ring);

}  // namespace kmc::detail
