// What a raw status means for the call and for the connection. Which statuses are plain outcomes
// of a command (a miss, a stale cas token) is the caller's business.

#pragma once

#include <kmc/error.hpp>

#include "protocol/command.hpp"

namespace kmc::detail {

// The error of a call whose status is none of its outcomes.
[[nodiscard]] errc error_of_status(status) noexcept;

// What is left of a connection after a reply with this status.
enum class aftermath : std::uint8_t {
    none,      // an answer like any other
    poisoned,  // the server understood something else than we said, and is about to close
    locked,    // the server wants a login first, and is about to close
};
// @param what  the command that was answered so: a server that forbids flushing says so with the
//              status of a missing login, and goes on.
[[nodiscard]] constexpr aftermath aftermath_of(status code, command what) noexcept {
    switch (code) {
        case status::invalid:
        case status::unknown_command:
            return aftermath::poisoned;
        case status::auth_error:
            return what == command::flush ? aftermath::none : aftermath::locked;
        default:
            return aftermath::none;
    }
}

}  // namespace kmc::detail
