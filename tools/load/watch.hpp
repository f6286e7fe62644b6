// The thread that looks on while callers run: sleeps through the warm-up and the measured time,
// measures what the process uses, and notes how far the callers have come. And the sum in the end.

#pragma once

#include <span>

#include "load/period.hpp"
#include "load/plan.hpp"
#include "load/score.hpp"

namespace kmc::load {

// Returns when the measured time is over, or was ended by plan::wait.
[[nodiscard]] figures watch(const plan& p, period& when, std::span<const score* const> scores);

// Adds what the callers saw, when they are done.
void add_up(figures& all, std::span<const score* const> scores);

}  // namespace kmc::load
