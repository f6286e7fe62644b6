#include "routing/topology.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "routing/spymemcached_sequence.hpp"

namespace kmc::detail {

config_result<std::shared_ptr<const topology>> topology::build(
    server_list servers, const ring_spec& spec, std::span<const server_index> ejected,
    std::vector<server_number> numbers) {
    KMC_ASSERT(numbers.empty() || numbers.size() == servers.servers().size());
    auto made = make_distribution(spec, servers.servers(), ejected);
    if (!made) return made.error();
    const key_hasher hasher = key_hasher_of(spec).assume_value();
    return std::shared_ptr<const topology>(new topology(
        std::move(servers), spec, hasher, std::move(made).assume_value(), std::move(numbers)));
}

void topology::locate(std::span<const std::string_view> keys, std::span<std::uint32_t> hashes,
                      std::span<server_index> places) const noexcept {
    KMC_ASSERT(keys.size() == hashes.size() && keys.size() == places.size());
    // Also for a single server: callers find equal keys of a batch by their hashes.
    hasher_.many(keys, hashes);
    if (servers_.servers().size() == 1) {
        std::fill(places.begin(), places.end(), server_index{0});
    } else {
        distribution_->locate(hashes, places);
    }
}

topology::place topology::place_of(std::string_view hashed) const noexcept {
    place p;
    p.hash = hasher_.one(hashed);
    if (servers_.servers().size() != 1) distribution_->locate({&p.hash, 1}, {&p.server, 1});
    return p;
}

std::optional<server_index> topology::stand_in(std::uint32_t hash, std::string_view hashed,
                                               std::span<const std::uint8_t> is_out) const {
    if (!has_spymemcached_sequence(spec_.ring)) return distribution_->stand_in(hash, is_out);
    for (const server_index server : spymemcached_sequence(*this, hashed)) {
        if (is_out[server] == 0) return server;
    }
    return std::nullopt;
}

}  // namespace kmc::detail
