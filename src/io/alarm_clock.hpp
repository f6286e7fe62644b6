// A descriptor that becomes readable at a time: Linux's timerfd. Going off is an edge each time, so
// whoever waits for edges need not read it.

#pragma once

#include <kmc/time.hpp>

namespace kmc::detail {

class alarm_clock {
public:
    // Throws std::system_error when there is no descriptor left.
    alarm_clock();
    alarm_clock(const alarm_clock&) = delete;
    alarm_clock& operator=(const alarm_clock&) = delete;
    ~alarm_clock();

    [[nodiscard]] int fd() const noexcept { return fd_; }

    // Goes off once, then; at once when that is past, never at time_point::max(). Takes back what
    // was set before, even if it has gone off and nobody has read it.
    void set(time_point when) noexcept;

private:
    int fd_;
};

}  // namespace kmc::detail
