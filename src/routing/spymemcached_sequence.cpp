#include "routing/spymemcached_sequence.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace kmc::detail {

std::vector<server_index> spymemcached_sequence(const topology& ring, std::string_view key) {
    std::vector<server_index> out;
    const std::size_t servers = ring.servers().size();
    const topology::place own = ring.place_of(key);
    if (ring.spec().ring == kmc::ring::spymemcached_modula) {
        for (std::size_t i = 1; i < servers; ++i) {
            out.push_back(static_cast<server_index>((own.server + i) % servers));
        }
        return out;
    }
    if (ring.spec().ring != kmc::ring::spymemcached) return out;

    constexpr int more_tries = 6;
    out.push_back(own.server);
    std::uint32_t hash = own.hash;
    for (int attempt = 0; attempt < more_tries; ++attempt) {
        hash += ring.hasher().one(std::to_string(attempt).append(key));
        server_index next = 0;
        ring.ring_points().locate({&hash, 1}, {&next, 1});
        out.push_back(next);
    }
    return out;
}

}  // namespace kmc::detail
