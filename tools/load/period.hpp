// The measured time: moments that all callers know from the start, so that nobody has to tell them.
// Its end may come forward while they run.

#pragma once

#include <atomic>
#include <chrono>

#include "load/plan.hpp"

namespace kmc::load {

class period {
public:
    period(clock::time_point begin, const plan& p) noexcept
        : from_(begin + ticks(p.warm_up)),
          until_((begin + ticks(p.warm_up + p.time)).time_since_epoch()) {}

    [[nodiscard]] clock::time_point from() const noexcept { return from_; }
    [[nodiscard]] clock::time_point until() const noexcept {
        return clock::time_point(until_.load(std::memory_order_relaxed));
    }
    [[nodiscard]] bool has(clock::time_point moment) const noexcept {
        return moment >= from_ && moment < until();
    }
    void end_at(clock::time_point moment) noexcept {
        until_.store(moment.time_since_epoch(), std::memory_order_relaxed);
    }

    [[nodiscard]] static clock::duration ticks(std::chrono::duration<double> time) noexcept {
        return std::chrono::duration_cast<clock::duration>(time);
    }

private:
    clock::time_point from_;
    std::atomic<clock::duration> until_;
};

}  // namespace kmc::load
