// The wall clock, which only expiry times need: everything else runs on the engine's clock.

#pragma once

#include <cstdint>

namespace kmc::detail {

// Seconds since 1970.
[[nodiscard]] std::int64_t wall_clock_seconds() noexcept;

}  // namespace kmc::detail
