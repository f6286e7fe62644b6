// An event loop of somebody else, as small as they come: it knows one descriptor of kmc and calls
// drive() when that is readable. It never looks at the time.

#pragma once

#include <poll.h>
#include <sys/epoll.h>

#include <cerrno>
#include <cstdint>

#include <catch2/catch.hpp>

#include <kmc/embedded.hpp>

#include "nodes.hpp"

namespace kmc::testing {

enum class watched_by : std::uint8_t { poll, level, edge };

class foreign_loop {
public:
    foreign_loop(embedded_runtime& rt, watched_by how)
        : rt_(rt), how_(how), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        epoll_event event{.events = EPOLLIN | (how == watched_by::edge ? EPOLLET : 0U),
                          .data = {.fd = rt.poll_fd()}};
        if (how == watched_by::poll) return;
        if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, rt.poll_fd(), &event) != 0) {
            FAIL("epoll_ctl");
        }
    }

    /// Only something lost lets it wait so long that it returns false. Interruptions are passed
    /// over, as every loop has to.
    [[nodiscard]] bool wait(int milliseconds = 20'000) {
        int ready = 0;
        do {
            ready = wait_once(milliseconds);
        } while (ready < 0 && errno == EINTR);
        return ready == 1;
    }

    /// One round. False when nothing happened for far too long.
    [[nodiscard]] bool turn() {
        if (!wait()) return false;
        rt_.drive().value();
        ++rounds_;
        return true;
    }

    template <class Predicate>
    [[nodiscard]] bool run_until(Predicate done) {
        while (!done()) {
            if (!turn()) return false;
        }
        return true;
    }

    [[nodiscard]] std::uint64_t rounds() const noexcept { return rounds_; }

private:
    [[nodiscard]] int wait_once(int milliseconds) const {
        if (how_ == watched_by::poll) {
            pollfd one{.fd = rt_.poll_fd(), .events = POLLIN, .revents = 0};
            return ::poll(&one, 1, milliseconds);
        }
        epoll_event event{};
        return ::epoll_wait(epoll_.get(), &event, 1, milliseconds);
    }

    embedded_runtime& rt_;
    watched_by how_;
    descriptor epoll_;
    std::uint64_t rounds_ = 0;
};

}  // namespace kmc::testing
