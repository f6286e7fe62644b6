// Clocks for what runs on no reactor, and for expiry times, which need the wall clock: everything
// else is told the time by an engine.

#pragma once

#include <cstdint>

#include <kmc/time.hpp>

namespace kmc::detail {

// Seconds since 1970.
[[nodiscard]] std::int64_t wall_clock_seconds() noexcept;

// The monotonic clock, as the kernel's engines count it.
[[nodiscard]] time_point steady_clock_now() noexcept;

}  // namespace kmc::detail
