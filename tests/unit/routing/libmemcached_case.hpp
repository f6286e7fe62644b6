// What a golden file of libmemcached did, said in kmc's terms: servers in their final order, ring
// and settings, who was ejected, and the prefix that is hashed.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ring_case.hpp"
#include "routing/topology.hpp"

namespace kmc::detail {

[[nodiscard]] server tcp(std::string host, std::uint16_t port, std::uint32_t weight);
[[nodiscard]] server unix_socket(std::string path, std::uint16_t port, std::uint32_t weight);

struct libmemcached_case {
    std::vector<server> servers;
    std::vector<server_index> ejected;
    ring_spec spec;
    ring_mapping map;

    [[nodiscard]] std::shared_ptr<const topology> build() const;
};

[[nodiscard]] libmemcached_case resolve(const ring_case& from);

[[nodiscard]] std::shared_ptr<const topology> build(std::vector<server> servers,
                                                    const ring_spec& spec);

}  // namespace kmc::detail
