// An eventfd that says "look again" to whoever polls it. Rung by the kernel or by its owner, and
// silenced as a whole: it never says how often. (A waker is for a thread that sleeps in the
// kernel.)

#pragma once

#include <kmc/time.hpp>

namespace kmc::detail {

class bell {
public:
    // Throws std::system_error when there is no descriptor left.
    bell();
    bell(const bell&) = delete;
    bell& operator=(const bell&) = delete;
    ~bell();

    // Readable from a ring on until silence().
    [[nodiscard]] int fd() const noexcept { return fd_; }

    void ring() noexcept;
    void silence() noexcept;
    // Until it rings, or `patience` is over; duration::max(): without end. May end for nothing.
    void wait(duration patience) const noexcept;

private:
    int fd_;
};

}  // namespace kmc::detail
