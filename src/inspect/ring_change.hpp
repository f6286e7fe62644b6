// What moves when one ring becomes another.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "inspect/ring_view.hpp"

namespace kmc::detail {

// Parts of all hashes, or of the keys that were given: 0 to 1.
struct server_change {
    std::string text;     // as its list has it, the new one first
    std::string address;  // address_of(): two texts may have one
    bool is_old = false;
    bool is_new = false;
    double before = 0;
    double after = 0;
    double kept = 0;

    [[nodiscard]] double gained() const noexcept { return after - kept; }
    [[nodiscard]] double lost() const noexcept { return before - kept; }
};

struct ring_change {
    std::vector<server_change> servers;  // those of the new list, then those that are gone
    double moved = 0;
    double unserved_before = 0;
    double unserved_after = 0;
    std::size_t keys = 0;  // that were tried; 0: exact, from the lengths of the arcs
};

// Servers of the same address are the same, however they are written. Exact where both rings have
// arcs and the same hash of keys; elsewhere by sample_key().
[[nodiscard]] ring_change change_between(const ring_view& before, const ring_view& after);

// The same for these keys.
[[nodiscard]] ring_change change_of_keys(const ring_view& before, const ring_view& after,
                                         std::span<const std::string> keys);

}  // namespace kmc::detail
