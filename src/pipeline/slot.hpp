// One request on the wire that has no answer yet.

#pragma once

#include <cstdint>

#include <kmc/detail/op_node.hpp>

#include "protocol/codec.hpp"

namespace kmc::detail {

struct slot {
    op_node* node = nullptr;  // null: an orphan, whose answer nobody waits for
    std::uint32_t index = 0;  // of the request in its node
    command what = command::noop;
    silence quiet_means = silence::never;  // never: the request is loud

    [[nodiscard]] bool is_loud() const noexcept { return quiet_means == silence::never; }
    [[nodiscard]] loudness how() const noexcept {
        return is_loud() ? loudness::loud : loudness::quiet;
    }
};

// A window of 1024 of them is 16 KiB, read once per reply.
static_assert(sizeof(slot) == 16 || sizeof(void*) != 8);

}  // namespace kmc::detail
