// The makers of the two kernel engines, and the question whether io_uring may be used at all.

#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "io/io_engine.hpp"

namespace kmc::detail {

// Who said no to io_uring, and how.
struct uring_refusal {
    int error = 0;               // an errno, positive
    std::string_view step = {};  // the system call or the operation, e.g. "io_uring_setup"
};

// Sets a ring up, sends a byte through it and throws it away: set-up may be allowed and a later
// call or a single operation refused. Takes some 100 microseconds.
[[nodiscard]] std::optional<uring_refusal> probe_uring();

// For the calling thread. Null and the reason when the ring is refused.
[[nodiscard]] std::unique_ptr<io_engine> make_uring_engine(uring_refusal& why_not);

// For the calling thread. Throws std::system_error when there is no descriptor left.
[[nodiscard]] std::unique_ptr<io_engine> make_epoll_engine();

}  // namespace kmc::detail
