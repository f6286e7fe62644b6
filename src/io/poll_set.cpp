#include "io/poll_set.hpp"

#include <cerrno>
#include <system_error>

#include <sys/epoll.h>

#include "io/socket.hpp"

namespace kmc::detail {
namespace {

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
        watch(epoll_, engine_fd);
        watch(epoll_, alarm_.fd());
    } catch (const std::system_error&) {
        if (epoll_ >= 0) close_descriptor(epoll_);
        throw;
    }
}

poll_set::~poll_set() {
    close_descriptor(epoll_);
}

void poll_set::set_alarm(time_point due, time_point now) noexcept {
    if (due >= set_for_ && set_for_ > now) return;
    set_for_ = due;
    alarm_.set(due);
}

}  // namespace kmc::detail
