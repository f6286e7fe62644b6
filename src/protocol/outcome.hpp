// What a status means for a command: the one table behind every result type.

#pragma once

#include <cstdint>

#include <kmc/detail/request.hpp>

#include "protocol/command.hpp"

namespace kmc::detail {

enum class outcome : std::uint8_t {
    done,     // a hit, stored, removed, touched, counted
    absent,   // the item or its condition was not there: a miss, a lost add, nothing to append to.
              // An append whose sum is over the item size limit looks the same on the wire.
    exists,   // the item changed since the token was taken
    refused,  // no answer to the question: error_of_status says why
};

// Of a status that is not ok.
[[nodiscard]] outcome outcome_of_refusal(command what, bool guarded, status raw) noexcept;

// @param guarded  the request carried a cas token; makes a difference for set and del only, the
//                 others cannot.
[[nodiscard]] inline outcome outcome_of(command what, bool guarded, status raw) noexcept {
    return raw == status::ok ? outcome::done : outcome_of_refusal(what, guarded, raw);
}

}  // namespace kmc::detail
