// What calls and batches make of a reply that is no answer.

#pragma once

#include <cstdint>

#include <kmc/error.hpp>

#include "protocol/command.hpp"
#include "protocol/status.hpp"

namespace kmc::detail {

[[nodiscard]] inline error refused(std::uint16_t server, const reply& r) noexcept {
    return {.code = error_of_status(r.status),
            .at = stage::answered,
            .server = server,
            .status = static_cast<std::uint16_t>(r.status)};
}

[[nodiscard]] inline error out_of_memory(std::uint16_t server) noexcept {
    return {.code = errc::overloaded, .at = stage::answered, .server = server};
}

// A server without cas (memcached -C) stores without comparing, and says so only by sending no
// token: nobody may take that for a won comparison.
[[nodiscard]] inline bool compared(const reply& r) noexcept {
    return r.cas != 0 || r.is_implied;
}

}  // namespace kmc::detail
