#include "routing/topology.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "hash/key_hash.hpp"

namespace kmc::detail {

config_result<std::shared_ptr<const topology>> topology::build(server_list servers, ring which) {
    auto made = make_distribution(which, servers.servers());
    if (!made) return made.error();
    return std::shared_ptr<const topology>(
        new topology(std::move(servers), which, std::move(made).assume_value()));
}

void topology::locate(std::span<const std::string_view> keys, std::span<std::uint32_t> hashes,
                      std::span<server_index> servers) const noexcept {
    KMC_ASSERT(keys.size() == hashes.size() && keys.size() == servers.size());
    // Also for a single server: callers find equal keys of a batch by their hashes.
    md5_many(keys, hashes);
    if (servers_.servers().size() == 1) {
        std::fill(servers.begin(), servers.end(), server_index{0});
    } else {
        distribution_->locate(hashes, servers);
    }
}

topology::place topology::place_of(std::string_view hashed) const noexcept {
    place p;
    md5_many({&hashed, 1}, {&p.hash, 1});
    if (servers_.servers().size() != 1) distribution_->locate({&p.hash, 1}, {&p.server, 1});
    return p;
}

}  // namespace kmc::detail
