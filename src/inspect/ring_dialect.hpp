// One way in which a program may place keys on a list of servers: ring and settings, how it writes
// the servers and in which order, and what of a key it hashes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kmc/ring.hpp>
#include <kmc/server_list.hpp>

#include "routing/distribution.hpp"

namespace kmc::detail {

// How the servers are written, where that makes another ring.
enum class address_form : std::uint8_t {
    as_given,
    with_port,       // always
    without_port,    // left out where it is 11211
    path_as_host,    // Unix sockets with the port 11211
    slash_in_front,  // Java's form of an address without a name, also for those that have one
    literal_twice,   // Java's form of an address that was made with itself as the name
};

struct ring_dialect {
    ring_spec spec;
    address_form form = address_form::as_given;
    std::vector<server_index> order;  // the place of the given list at each place; empty: as given
    bool hashes_prefix = false;
    std::string hash_tag;
    std::size_t matches = 0;
    std::string digest;  // of the ring

    // Whether the two put every key there is on the same server.
    [[nodiscard]] bool places_as(const ring_dialect& other) const noexcept;

    // The list that makes this ring.
    [[nodiscard]] std::vector<server> servers(std::span<const server> given) const;
    // What its ring hashes of a key.
    [[nodiscard]] std::string hashed_part(std::string_view key, std::string_view prefix) const;
};

}  // namespace kmc::detail
