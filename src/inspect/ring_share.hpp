// How much each server of a ring has, against what its weight says.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "inspect/ring_view.hpp"

namespace kmc::detail {

struct server_share {
    std::size_t points = 0;
    double home = 0;    // of all hashes, 0 to 1, while every server is in service
    double load = 0;    // as it is now
    double weight = 0;  // of all weights; of those of the servers in service, if any is out
};

struct ring_shares {
    std::vector<server_share> servers;  // by place
    double unserved = 0;                // whose calls end with an error
    // The standard deviation of load over weight, of the servers that should have a load: 0 is
    // perfect, 0.1 is one tenth.
    double deviation = 0;
    std::size_t sampled = 0;  // keys that were tried; 0: exact, from the lengths of the arcs
};

inline constexpr std::size_t sample_size = 100'000;

// The key of a sample. What keys look like makes a difference for weak hashes only.
[[nodiscard]] std::string sample_key(std::size_t number);

[[nodiscard]] ring_shares shares_of(const ring_view& view, std::size_t sample = sample_size);

}  // namespace kmc::detail
