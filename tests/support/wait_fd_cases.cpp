#include "support/wait_fd_cases.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace kmc::testing {
namespace {

using namespace std::chrono_literals;

// Only a lost wake-up makes a loop wait so long.
constexpr int patience_milliseconds = 20'000;

enum class watched_by { poll, level, edge };

// Waits on one descriptor, as somebody else's loop does.
class foreign_loop {
public:
    foreign_loop(int fd, watched_by how) : fd_(fd), how_(how), epoll_(::epoll_create1(0)) {
        REQUIRE(epoll_ >= 0);
        if (how == watched_by::poll) return;
        epoll_event event{.events = EPOLLIN | (how == watched_by::edge ? EPOLLET : 0U),
                          .data = {.fd = fd}};
        REQUIRE(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0);
    }
    foreign_loop(const foreign_loop&) = delete;
    foreign_loop& operator=(const foreign_loop&) = delete;
    ~foreign_loop() { ::close(epoll_); }

    // The end of an earlier ring may interrupt.
    [[nodiscard]] bool wait(int milliseconds = patience_milliseconds) const {
        int ready = 0;
        do {
            ready = wait_once(milliseconds);
        } while (ready < 0 && errno == EINTR);
        return ready == 1;
    }

private:
    [[nodiscard]] int wait_once(int milliseconds) const {
        if (how_ == watched_by::poll) {
            pollfd one{.fd = fd_, .events = POLLIN, .revents = 0};
            return ::poll(&one, 1, milliseconds);
        }
        epoll_event event{};
        return ::epoll_wait(epoll_, &event, 1, milliseconds);
    }

    int fd_;
    watched_by how_;
    int epoll_;
};

// -1 after saying so where an engine has none.
int wait_fd_of(bench& b) {
    const int fd = b.engine().wait_fd();
    if (fd == -ENOTSUP && !b.world().has_real_threads()) {
        WARN("SKIPPED: this engine has no descriptor to wait on, foreign loops were not checked");
        return -1;
    }
    REQUIRE(fd >= 0);
    CHECK(b.engine().wait_fd() == fd);
    return fd;
}

// Edges ask for it: turns until one brings nothing.
void turn_until_dry(bench& b) {
    std::uint64_t before = 0;
    do {
        before = b.delivered();
        b.turn_until(time_point::min());
    } while (b.delivered() != before);
}

}  // namespace

void a_foreign_loop_hears_of_every_byte(bench& b) {
    constexpr int bytes = 3000;
    const int fd = wait_fd_of(b);
    if (fd < 0) return;
    for (const watched_by how : {watched_by::poll, watched_by::level, watched_by::edge}) {
        const foreign_loop loop(fd, how);
        const auto listener = b.world().listen(stream_kind::tcp);
        const auto link = b.connected(*listener);
        turn_until_dry(b);

        int got = 0;
        auto token = b.recv(link.fd);
        turn_until_dry(b);
        for (int i = 0; i < bytes; ++i) {
            b.peer_writes(*link.peer, "x");
            while (!b.ended(token)) {
                REQUIRE(loop.wait());
                turn_until_dry(b);
            }
            ++got;
            token = b.recv(link.fd);
            turn_until_dry(b);
        }

        CHECK(got == bytes);
    }
}

// A turn may bring only a part of what is there: then the descriptor stays readable.
void a_foreign_loop_hears_of_what_a_turn_left(bench& b) {
    constexpr std::size_t links = 100;
    const int fd = wait_fd_of(b);
    if (fd < 0) return;
    const foreign_loop loop(fd, watched_by::level);
    const auto listener = b.world().listen(stream_kind::tcp);
    std::vector<bench::link> all;
    std::size_t ended = 0;
    for (std::size_t i = 0; i < links; ++i) {
        all.push_back(b.connected(*listener));
        b.then(b.recv(all.back().fd), [&ended](std::int32_t) { ++ended; });
    }
    turn_until_dry(b);
    for (auto& link : all) b.peer_writes(*link.peer, "x");

    while (ended < links) {
        REQUIRE(loop.wait());
        b.turn_until(time_point::min());
    }
}

void a_foreign_loop_is_left_alone_when_nothing_happens(bench& b) {
    const int fd = wait_fd_of(b);
    if (fd < 0) return;
    const auto listener = b.world().listen(stream_kind::tcp);
    const auto link = b.connected(*listener);
    b.recv(link.fd);
    const foreign_loop loop(fd, watched_by::level);
    turn_until_dry(b);

    CHECK_FALSE(loop.wait(30));
}

// Before the first turn, between turns, and while the loop sleeps.
void a_wake_between_turns_reaches_a_foreign_loop(bench& b) {
    const int fd = wait_fd_of(b);
    if (fd < 0) return;
    for (const watched_by how : {watched_by::poll, watched_by::level, watched_by::edge}) {
        const foreign_loop loop(fd, how);
        for (int i = 0; i < 100; ++i) {
            b.engine().wake();
            REQUIRE(loop.wait());
            turn_until_dry(b);
        }

        std::atomic<int> seen{0};
        std::thread other([&] {
            for (int i = 1; i <= 300; ++i) {
                b.engine().wake();
                while (seen.load() < i && seen.load() >= 0) std::this_thread::yield();
            }
        });
        bool all_heard = true;
        for (int i = 1; i <= 300 && all_heard; ++i) {
            all_heard = loop.wait();
            turn_until_dry(b);
            seen.store(all_heard ? i : -1);
        }
        other.join();
        CHECK(all_heard);
        turn_until_dry(b);
    }
}

void a_name_found_reaches_a_foreign_loop(bench& b) {
    const int fd = wait_fd_of(b);
    if (fd < 0) return;
    const foreign_loop loop(fd, watched_by::edge);

    const auto token = b.resolve(b.world().known_name());
    turn_until_dry(b);
    while (!b.ended(token)) {
        REQUIRE(loop.wait());
        turn_until_dry(b);
    }

    CHECK(b.result(token) == 0);
}

}  // namespace kmc::testing
