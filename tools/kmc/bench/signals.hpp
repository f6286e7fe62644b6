// SIGINT and SIGTERM while a measurement runs: the first ends it early, and what was measured is
// told. One that comes later does what it always does, should calls that are under way take long;
// one that comes with it is taken for the same (a shell and a wrapper may both pass it on).

#pragma once

#include <csignal>

#include "load/plan.hpp"

namespace kmc::cli::bench {

// Made before other threads are, which inherit that they leave the signals alone. One at a time.
class signals {
public:
    signals() noexcept;
    signals(const signals&) = delete;
    signals& operator=(const signals&) = delete;
    // A signal that nobody asked about does now what it always does.
    ~signals();

    // Waits until then; true as soon as there was a signal.
    [[nodiscard]] bool wait(load::clock::time_point until) noexcept;
    // Whether there was one.
    [[nodiscard]] bool came() noexcept { return wait(load::clock::time_point::min()); }

private:
    [[nodiscard]] bool comes_by(load::clock::time_point until) noexcept;

    sigset_t ends_{};
    sigset_t before_{};
    bool came_ = false;
};

}  // namespace kmc::cli::bench
