#include "io/waker.hpp"

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <sys/eventfd.h>
#include <unistd.h>

namespace kmc::detail {

waker::waker() : fd_(::eventfd(0, EFD_CLOEXEC)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

waker::~waker() {
    ::close(fd_);
}

void waker::wake() noexcept {
    wished_.store(true, std::memory_order_seq_cst);
    if (!sleeping_.exchange(false, std::memory_order_seq_cst)) return;
    const std::uint64_t one = 1;
    while (::write(target_, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

bool waker::lie_down() noexcept {
    sleeping_.store(true, std::memory_order_seq_cst);
    return !wished_.load(std::memory_order_seq_cst);
}

waker::night waker::get_up() noexcept {
    const bool was_written = !sleeping_.exchange(false, std::memory_order_seq_cst);
    return {wished_.exchange(false, std::memory_order_seq_cst), was_written};
}

void waker::doze() noexcept {
    if (!lie_down()) wake();
}

}  // namespace kmc::detail
