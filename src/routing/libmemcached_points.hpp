// What libmemcached's three rings of points have in common: all but the label.

#pragma once

#include <string>

#include "routing/rings.hpp"

namespace kmc::detail {

// The host, and the port unless it is 11211. A Unix socket has port 0 there, and that is hashed;
// one that a client added as if it were a host has port 11211, and that is not.
[[nodiscard]] std::string libmemcached_label(const server& s);

// With weights about 160 md5 points by weight, without them 100 of the plan's hash.
[[nodiscard]] made_ring make_libmemcached_points(const ring_plan& plan, ring_members members,
                                                 std::string (*label)(const server&));

// Port 0 of a host means the default one.
[[nodiscard]] std::uint16_t libmemcached_port(const server& s) noexcept;

}  // namespace kmc::detail
