// What kmc ring show shows: a ring, perhaps with servers out of service, perhaps with what it was
// before, and the picture of it.

#pragma once

#include <optional>
#include <string>

#include "inspect/ring_change.hpp"
#include "inspect/ring_share.hpp"
#include "ring/picture.hpp"

namespace kmc::cli {

struct scene {
    detail::ring_view now;
    std::optional<detail::ring_view> before;  // if it is another list
    detail::ring_shares shares;
    std::optional<detail::ring_change> change;  // from what it was before, if anything is
    std::string policy;                         // what becomes of keys of servers that are out
};

// Servers that are gone keep their line and their colour.
[[nodiscard]] ring_picture picture_of(const scene& from);

}  // namespace kmc::cli
