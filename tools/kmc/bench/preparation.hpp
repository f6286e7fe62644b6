// The data set on the servers, before anything is measured.

#pragma once

#include <kmc/kmc.hpp>

#include "bench/signals.hpp"
#include "bench/subject.hpp"
#include "load/data_set.hpp"

namespace kmc::cli::bench {

// Stores every item once, in batches. Goes on where some fail, for as long as any server takes
// some.
[[nodiscard]] preparation store_all(runtime& rt, const client& mc, const load::data_set& data,
                                    const load::plan& p, signals& ends);

}  // namespace kmc::cli::bench
