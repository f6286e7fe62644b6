// Runs a plan: the real client, on the simulated network, with simulated servers and users.

#pragma once

#include "rehearsal/outcome.hpp"
#include "rehearsal/plan.hpp"

namespace kmc::rehearsal {

// The same plan gives the same outcome. `p` has passed check().
[[nodiscard]] outcome rehearse(const plan& p);

}  // namespace kmc::rehearsal
