#include "io/bell.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace kmc::detail {

bell::bell() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

bell::~bell() {
    ::close(fd_);
}

void bell::ring() noexcept {
    const std::uint64_t one = 1;
    while (::write(fd_, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

void bell::silence() noexcept {
    std::uint64_t rings = 0;
    while (::read(fd_, &rings, sizeof rings) < 0 && errno == EINTR) {
    }
}

void bell::wait(duration patience) const noexcept {
    using namespace std::chrono;
    pollfd one{.fd = fd_, .events = POLLIN, .revents = 0};
    const auto whole = floor<seconds>(std::max(patience, duration::zero()));
    const timespec limit{.tv_sec = whole.count(),
                         .tv_nsec = (std::max(patience, duration::zero()) - whole).count()};
    ::ppoll(&one, 1, patience == duration::max() ? nullptr : &limit, nullptr);
}

}  // namespace kmc::detail
