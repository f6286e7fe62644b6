// One io_uring, set up for one thread: every flag, size, fall-back and odd return code is here, so
// that the engine only knows operations. Submits and waits with one system call; never interprets a
// completion.

#pragma once

#include <cstdint>
#include <optional>

#include <liburing.h>

#include <kmc/time.hpp>

namespace kmc::detail {

class uring_ring {
public:
    uring_ring() noexcept = default;
    uring_ring(const uring_ring&) = delete;
    uring_ring& operator=(const uring_ring&) = delete;
    // On the thread that called set_up().
    ~uring_ring();

    // 0, or a negated errno. The calling thread owns the ring from now on. Takes up to 100 ms when
    // memory is short: the kernel gives the memory of a closed ring back late.
    [[nodiscard]] int set_up() noexcept;

    // Null when the queue is full: submit first.
    [[nodiscard]] io_uring_sqe* next_entry() noexcept { return io_uring_get_sqe(&ring_); }
    // An entry may ask for a completion only if it fails. Before Linux 6.1 a send of which a part
    // went out may fail as if nothing had: whoever then sent all of it again would send that part
    // twice. A kernel that defers its work until it is entered is new enough.
    [[nodiscard]] bool can_skip_completions() const noexcept {
        return (ring_.features & IORING_FEAT_CQE_SKIP) != 0 &&
               (ring_.flags & IORING_SETUP_DEFER_TASKRUN) != 0;
    }
    // Nothing is prepared that the kernel has not copied.
    [[nodiscard]] bool all_submitted() const noexcept { return io_uring_sq_ready(&ring_) == 0; }

    // The three ways into the kernel, one system call each. 0, or the negated errno of something
    // that this ring will not get over: passing troubles are left to the next call, which submits
    // what this one could not.
    [[nodiscard]] int submit() noexcept;
    // Also lets completions happen, which on this kind of ring they do nowhere else.
    [[nodiscard]] int submit_and_collect() noexcept;
    // Also waits for so many completions, or until `limit` is over; without one, for ever.
    [[nodiscard]] int submit_and_wait(unsigned completions, std::optional<duration> limit) noexcept;

    // Calls f(const io_uring_cqe&) for everything that is there, in order, and gives the space
    // back.
    template <class F>
    void take_completions(F&& f) {
        unsigned head = 0;
        unsigned count = 0;
        const io_uring_cqe* entry = nullptr;
        io_uring_for_each_cqe(&ring_, head, entry) {
            f(*entry);
            ++count;
        }
        io_uring_cq_advance(&ring_, count);
    }
    [[nodiscard]] bool has_completions() const noexcept { return io_uring_cq_ready(&ring_) != 0; }
    // More completions than there was room for: they come with the next submit_and_collect().
    [[nodiscard]] bool has_overflow() const noexcept { return io_uring_cq_has_overflow(&ring_); }

    // From now on the kernel adds to this eventfd when there are completions to collect; once for
    // those that come together, and again when they are collected. 0, or a negated errno.
    [[nodiscard]] int ring_on_completion(int eventfd) noexcept {
        return io_uring_register_eventfd(&ring_, eventfd);
    }

    // 0 when the kernel knows all operations of the engine, -EOPNOTSUPP when not, or the negated
    // errno of asking.
    [[nodiscard]] int check_operations() noexcept;

private:
    [[nodiscard]] int try_set_up(unsigned entries, unsigned completions) noexcept;

    io_uring ring_{};
    bool is_set_up_ = false;
};

}  // namespace kmc::detail
