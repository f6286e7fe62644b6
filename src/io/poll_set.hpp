// One descriptor for a loop that is not ours: readable when the engine has news or when the alarm
// is due. An epoll set of the engine's descriptor and an alarm clock; nobody ever waits in it,
// foreign loops watch it (epoll, level or edge triggered, poll, select), so it may be one level
// deeper than what they think they watch.

#pragma once

#include <kmc/time.hpp>

#include "io/alarm_clock.hpp"

namespace kmc::detail {

class poll_set {
public:
    // Throws std::system_error when there is no descriptor left. `engine_fd` outlives it, or at
    // least is not used again.
    explicit poll_set(int engine_fd);
    poll_set(const poll_set&) = delete;
    poll_set& operator=(const poll_set&) = delete;
    ~poll_set();

    [[nodiscard]] int fd() const noexcept { return epoll_; }

    // Readable at `due` at the latest; not earlier because of an alarm that was due by `now`. An
    // alarm that is set for an earlier time stays: one wake-up for nothing costs less than a system
    // call for every deadline that was met. time_point::max(): no alarm.
    void set_alarm(time_point due, time_point now) noexcept;

private:
    int epoll_ = -1;
    alarm_clock alarm_;
    time_point set_for_ = time_point::max();
};

}  // namespace kmc::detail
