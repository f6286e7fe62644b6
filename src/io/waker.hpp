// How a foreign thread ends the sleep of an engine: an eventfd, written to only while the engine
// sleeps, so that a thousand calls cost one write.
//
// wake() first leaves its wish and then looks for a sleeper; the engine first says that it sleeps
// and then looks for a wish. Both store before they load, hence seq_cst: one of them sees the
// other.

#pragma once

#include <atomic>

namespace kmc::detail {

class waker {
public:
    // Throws std::system_error when there is no descriptor left.
    waker();
    waker(const waker&) = delete;
    waker& operator=(const waker&) = delete;
    ~waker();

    // Becomes readable when a sleeper is woken. Blocking, since a ring would not wait otherwise;
    // a write blocks only at 2^64 - 2.
    [[nodiscard]] int fd() const noexcept { return fd_; }

    // Any thread.
    void wake() noexcept;

    // Before waiting. False when somebody has called wake() since the last sleep: do not wait.
    [[nodiscard]] bool lie_down() noexcept;
    struct night {
        bool woken = false;  // wake() was called
        // Once more has fd() been written to, or is about to be.
        bool was_written = false;
    };
    // After waiting, and after lie_down() in any case.
    [[nodiscard]] night get_up() noexcept;

    // From now on another eventfd is written to. Before any other thread may call wake().
    void redirect(int fd) noexcept { target_ = fd; }

    // Sleeps on between turns, so that wake() writes at any time until get_up(); at once when
    // somebody has called it since the last one.
    void doze() noexcept;

private:
    int fd_;
    int target_ = fd_;
    std::atomic<bool> wished_{false};
    std::atomic<bool> sleeping_{false};
};

}  // namespace kmc::detail
