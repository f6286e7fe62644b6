// Waits between attempts: "decorrelated jitter" (M. Brooker, Exponential Backoff And Jitter, AWS
// Architecture Blog, 2015): each wait is drawn between the smallest and three times the last one,
// and capped. Clients that failed together do not come back together.

#pragma once

#include <algorithm>
#include <cstdint>

#include <kmc/time.hpp>

#include "base/rng.hpp"

namespace kmc::detail {

class backoff {
public:
    backoff(duration smallest, duration largest, std::uint64_t seed) noexcept
        : smallest_(smallest), largest_(std::max(smallest, largest)), last_(smallest), rng_(seed) {}

    [[nodiscard]] duration next() noexcept {
        const duration spread = 3 * last_ - smallest_;
        const auto bound = static_cast<std::uint64_t>(spread.count()) + 1;
        last_ = std::min(largest_, smallest_ + duration(rng_.below(bound)));
        return last_;
    }

    void reset() noexcept { last_ = smallest_; }

private:
    duration smallest_;
    duration largest_;
    duration last_;
    rng rng_;
};

}  // namespace kmc::detail
