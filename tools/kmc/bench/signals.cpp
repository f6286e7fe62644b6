#include "bench/signals.hpp"

#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "io/timespec.hpp"

namespace kmc::cli::bench {
namespace {

constexpr auto echo = std::chrono::milliseconds(100);

}  // namespace

signals::signals() noexcept {
    sigemptyset(&ends_);
    sigaddset(&ends_, SIGINT);
    sigaddset(&ends_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends_, &before_);
}

signals::~signals() {
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool signals::wait(load::clock::time_point until) noexcept {
    if (came_) return true;
    if (!comes_by(until)) return false;
    came_ = true;
    while (comes_by(load::clock::now() + echo)) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    return true;
}

bool signals::comes_by(load::clock::time_point until) noexcept {
    for (;;) {
        const auto now = load::clock::now();
        const auto patience = kmc::detail::to_timespec<timespec>(std::max(until, now) - now);
        if (sigtimedwait(&ends_, nullptr, &patience) > 0) return true;
        if (errno == EAGAIN) return false;
    }
}

}  // namespace kmc::cli::bench
