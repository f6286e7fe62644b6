#include "bench/signals.hpp"

#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace kmc::cli::bench {

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
    using namespace std::chrono;
    while (!came_) {
        const auto now = load::clock::now();
        const auto left = until > now ? duration_cast<nanoseconds>(until - now) : nanoseconds(0);
        const auto whole = duration_cast<seconds>(left);
        const timespec patience{.tv_sec = whole.count(), .tv_nsec = (left - whole).count()};
        if (sigtimedwait(&ends_, nullptr, &patience) > 0) {
            came_ = true;
            pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        } else if (errno == EAGAIN) {
            break;
        }
    }
    return came_;
}

}  // namespace kmc::cli::bench
