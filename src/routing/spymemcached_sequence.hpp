// Where spymemcached looks when the server of a key does not answer (FailureMode.Redistribute).

#pragma once

#include <string_view>
#include <vector>

#include "routing/topology.hpp"

namespace kmc::detail {

// Whether the ring has such a rule.
[[nodiscard]] constexpr bool has_spymemcached_sequence(ring which) noexcept {
    return which == ring::spymemcached || which == ring::spymemcached_modula;
}

// On the ring spymemcached seven servers, the key's own first and some perhaps twice; on
// spymemcached_modula all but the key's own. Empty on other rings, which have no such rule.
[[nodiscard]] std::vector<server_index> spymemcached_sequence(const topology& ring,
                                                              std::string_view key);

}  // namespace kmc::detail
