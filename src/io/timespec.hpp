// A duration in the two parts that the kernel takes.

#pragma once

#include <algorithm>
#include <chrono>

#include <kmc/time.hpp>

namespace kmc::detail {

// Timespec: timespec, or the kernel's own. Nothing for less than nothing.
template <class Timespec>
[[nodiscard]] constexpr Timespec to_timespec(duration time) noexcept {
    time = std::max(time, duration::zero());
    const auto whole = std::chrono::floor<std::chrono::seconds>(time);
    return {.tv_sec = whole.count(), .tv_nsec = (time - whole).count()};
}

}  // namespace kmc::detail
