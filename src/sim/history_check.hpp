// Whether a history can be true: each thing that callers were told, held against everything that
// can have happened.
//
// A key is a register. A write takes effect at one moment, between its begin and its end; one whose
// outcome is unknown, at any moment from its begin on (a server may work off what a dead connection
// brought), or never; and no later than somebody saw it. Then:
//   - a value is right if a write of it began before the read ended, was not said to be undone, and
//     no other write certainly came between it and the read, nor a later entry of its own batch;
//   - a miss is right if the same holds for a removal, a server's loss of memory, the emptiness at
//     the beginning, or if the value that was there may have expired;
//   - "there is one" is right if there may have been one;
//   - a number is right if it is at least what was acknowledged, and at most what may have
//   happened;
//   - an ending is in time if it came by the deadline and one tick of the timers, not counting the
//     time in which the client stood still.
// Where servers are witnesses, witness_check.hpp holds every answer against what they did, and a
// key is a register as long as one server alone has to do with it: what has moved is in two places.
// These are necessary conditions, read by read: an order of all reads that fits is not looked for.

#pragma once

#include <string>
#include <vector>

#include "base/timer_wheel.hpp"
#include "sim/history.hpp"

namespace kmc::sim {

struct check_limits {
    // How far an ending may be behind its deadline.
    duration lateness = kmc::detail::timer_wheel::tick;
};

// How much there was to judge.
struct evidence {
    std::uint64_t values = 0;
    std::uint64_t misses = 0;
    std::uint64_t stores = 0;  // acknowledged
    std::uint64_t errors = 0;
    std::uint64_t unknowns = 0;    // among the errors
    std::uint64_t executions = 0;  // that servers told of
    std::uint64_t movers = 0;      // keys that more than one server had to do with

    evidence& operator+=(const evidence& more) noexcept;
};

struct judgement {
    evidence seen;
    // Sentences, each with the calls on that key before it.
    std::vector<std::string> findings;
};

[[nodiscard]] judgement judge(const history& log, const check_limits& limits = {});

}  // namespace kmc::sim
