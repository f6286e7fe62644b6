#include "io/alarm_clock.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <sys/timerfd.h>
#include <unistd.h>

#include "io/timespec.hpp"

namespace kmc::detail {

alarm_clock::alarm_clock() : fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "timerfd_create");
}

alarm_clock::~alarm_clock() {
    ::close(fd_);
}

// A time from now, not a moment: who fakes the wall clock of a program (libfaketime) takes every
// moment for one of that clock. All zero would stop it.
void alarm_clock::set(time_point when) noexcept {
    itimerspec once{};
    if (when != time_point::max()) {
        const duration left = when - std::chrono::steady_clock::now();
        once.it_value = to_timespec<timespec>(std::max(left, duration(1)));
    }
    ::timerfd_settime(fd_, 0, &once, nullptr);
}

}  // namespace kmc::detail
