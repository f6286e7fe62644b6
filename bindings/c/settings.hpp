// The settings of a ring as kmc_ring.h writes them: words `name=value`. Refuses what it does not
// know; whether a ring has a setting is decided where the ring is built.

#pragma once

#include <string_view>

#include <kmc/result.hpp>
#include <kmc/ring.hpp>

namespace kmc::detail {

[[nodiscard]] config_result<ring_settings> parse_ring_settings(std::string_view text);

}  // namespace kmc::detail
