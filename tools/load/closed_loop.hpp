// A fixed number of callers that each begin their next call when the last one is answered, for a
// time: what a client does when its callers wait for it. Says how many calls went well and how long
// each took, and what the process used meanwhile.

#pragma once

#include <kmc/client.hpp>
#include <kmc/runtime.hpp>

#include "load/data_set.hpp"
#include "load/plan.hpp"

namespace kmc::load {

// Blocks until all callers are done. Calls that end in the measured time count, no others.
[[nodiscard]] figures run_closed_loop(runtime& rt, const client& mc, const data_set& data,
                                      const plan& p);

}  // namespace kmc::load
