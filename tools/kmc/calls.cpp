#include "calls.hpp"

#include "units.hpp"

namespace kmc::cli {

stopwatch::stopwatch(const cluster_flags& flags)
    : end_(std::chrono::steady_clock::now() + to_duration(flags.timeout_seconds)) {}

duration stopwatch::left() const {
    const duration left = end_ - std::chrono::steady_clock::now();
    // Zero would be the client's default.
    return left == duration::zero() ? duration(-1) : left;
}

}  // namespace kmc::cli
