#include "io/poll_set.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "io/socket.hpp"

namespace kmc::detail {
namespace {

// steady_clock is CLOCK_MONOTONIC. All zero would switch the alarm off instead of ringing at once.
timespec to_kernel(time_point when) noexcept {
    using namespace std::chrono;
    const duration d = std::max<duration>(when.time_since_epoch(), nanoseconds(1));
    const auto whole = floor<seconds>(d);
    return {.tv_sec = whole.count(), .tv_nsec = (d - whole).count()};
}

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

void watch(int epoll, int fd) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

}  // namespace

poll_set::poll_set(int engine_fd) {
    try {
        epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
        if (epoll_ < 0) fail("epoll_create1");
        timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (timer_ < 0) fail("timerfd_create");
        watch(epoll_, engine_fd);
        watch(epoll_, timer_);
    } catch (const std::system_error&) {
        if (timer_ >= 0) close_descriptor(timer_);
        if (epoll_ >= 0) close_descriptor(epoll_);
        throw;
    }
}

poll_set::~poll_set() {
    close_descriptor(timer_);
    close_descriptor(epoll_);
}

// Setting it again takes an expiry back that nobody has read.
void poll_set::set_alarm(time_point due, time_point now) noexcept {
    if (due >= set_for_ && set_for_ > now) return;
    set_for_ = due;
    itimerspec alarm{};
    if (due != time_point::max()) alarm.it_value = to_kernel(due);
    ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &alarm, nullptr);
}

}  // namespace kmc::detail
