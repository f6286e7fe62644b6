// Many keys at once: as they go on the wire, and which servers they go to.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.hpp"
#include "routing/key_routing.hpp"
#include "routing/router.hpp"

namespace kmc::detail {

// Copies of the keys with the client's prefix, side by side; empty for those that no server would
// take. Throws std::bad_alloc, as all of these do.
[[nodiscard]] std::span<std::string_view> copy_keys(arena& memory, std::string_view prefix,
                                                    std::span<const std::string_view> keys);

struct key_places {
    std::span<std::uint32_t> hashes;  // of what is hashed of each key
    std::span<server_number> servers;
    std::span<fate> fates;
};

// @param group  if not empty, all keys have its place; at most key_bytes_max.
[[nodiscard]] key_places find_places(arena& memory, const router& route, const key_routing& routing,
                                     std::string_view group,
                                     std::span<const std::string_view> wire_keys);

}  // namespace kmc::detail
