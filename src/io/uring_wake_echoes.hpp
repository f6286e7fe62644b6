// How a wake-up ends a wait for several completions on a ring.
//
// One entry reads the wake-up. A wait for more than one completion would sleep on after that one,
// so as many others complete with it as it needs: polls of the same descriptor, its echoes, which
// stay armed until somebody does wake. A poll that two writes hit before the kernel gets to it
// looks again, and finds nothing when they were read meanwhile; and so does one that comes to the
// kernel with the entry that reads, when the write came before both. So a wait is for no more than
// echoes were armed by an earlier turn, and only when no write is due and none has hit an echo that
// is still armed.

#pragma once

#include <algorithm>
#include <cstdint>

namespace kmc::detail {

class wake_echoes {
public:
    // Of those that somebody wants to wait for, what can be once everything missing is armed.
    [[nodiscard]] unsigned wanted_of(unsigned completions) const noexcept {
        return due_ != 0 || hit_ ? 1 : completions;
    }
    // And what can be now.
    [[nodiscard]] unsigned ready_for() const noexcept { return live_ + 1; }

    // What is to be armed before a wait for `completions`.
    [[nodiscard]] bool read_missing() const noexcept { return !read_armed_; }
    [[nodiscard]] bool echo_missing(unsigned completions) const noexcept {
        return !hit_ && armed_ + 1 < completions;
    }

    void on_read_armed() noexcept { read_armed_ = true; }
    void on_echo_armed() noexcept { ++armed_; }
    // The kernel has them all.
    void on_submitted() noexcept { live_ = armed_; }

    // Somebody has written a wake-up, or is about to.
    void on_written() noexcept { ++due_; }
    // The read has ended: with so many wake-ups, or in vain.
    void on_read(std::uint64_t wakes) noexcept {
        read_armed_ = false;
        due_ -= std::min(due_, wakes);
        hit_ = armed_ != 0;
    }
    void on_echo() noexcept {
        --armed_;
        live_ = std::min(live_, armed_);
        if (armed_ == 0) hit_ = false;
    }

private:
    bool read_armed_ = false;
    unsigned armed_ = 0;     // echoes
    unsigned live_ = 0;      // of these, with the kernel
    bool hit_ = false;       // by a wake-up that was read: all that are armed will complete
    std::uint64_t due_ = 0;  // wake-ups written, or about to be, and not read
};

}  // namespace kmc::detail
