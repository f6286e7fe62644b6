#include "io/bell.hpp"

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/timespec.hpp"

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
    pollfd one{.fd = fd_, .events = POLLIN, .revents = 0};
    const auto limit = to_timespec<timespec>(patience);
    ::ppoll(&one, 1, patience == duration::max() ? nullptr : &limit, nullptr);
}

}  // namespace kmc::detail
