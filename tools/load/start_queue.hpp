// The starts that are still to be made. Whoever takes one takes the oldest, however late that is,
// and its call counts from then: that is all there is to not omitting what a slow answer delayed.

#pragma once

#include <optional>

#include "load/arrivals.hpp"
#include "load/period.hpp"

namespace kmc::load {

class start_queue {
public:
    start_queue(const arrivals& starts, const period& when) noexcept
        : starts_(starts), when_(when) {}

    // Nothing is begun any more: the time is over, or all of its starts were made.
    [[nodiscard]] bool is_over(clock::time_point now) const noexcept {
        return now >= when_.until() || starts_.next() >= when_.until();
    }
    [[nodiscard]] std::optional<clock::time_point> take(clock::time_point now) noexcept {
        const clock::time_point due = starts_.next();
        if (due > now || is_over(now)) return std::nullopt;
        starts_.pop();
        return due;
    }

    // When nothing is begun any more: calls `each` with the starts that nobody took although their
    // time had come. None is left afterwards.
    template <class Each>
    void leave(Each&& each) {
        for (; starts_.next() < when_.until(); starts_.pop()) each(starts_.next());
    }

private:
    arrivals starts_;
    const period& when_;
};

}  // namespace kmc::load
