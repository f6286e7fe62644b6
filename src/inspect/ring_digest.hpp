// A short text that says whether two rings put every key on the same server: what two programs
// compare. What it is made of is said here for all who print it, in whatever language.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <kmc/server_list.hpp>

#include "routing/topology.hpp"

namespace kmc::detail {

struct server_digest {
    std::string address;
    std::size_t points = 0;  // that keys reach
    std::string digest;      // of the address and these points
};

struct ring_digest {
    std::string text;                    // 32 hexadecimal digits
    std::vector<server_digest> servers;  // by place
};

// Where a server is, however it was written: host:port, or the path.
[[nodiscard]] std::string address_of(const server& s);

// What a hash makes of a few words: two hashes agree on all of them if they are the same.
[[nodiscard]] std::string fingerprint_of(const key_hasher& hash);

// Made of: the fingerprint of the hash of keys; on a ring of points each point that keys reach and
// the address of its server, in the order of the points (pecl_consistent: each of its 1024 steps);
// on rings that take the hash modulo the number of servers the addresses, in the order of the
// remainders; on other rings the name of the ring and, in the order of the list, address, name and,
// if weights count, weight of each server. So neither the name of a ring of points nor the order of
// its list goes in, but through what they do to the points.
[[nodiscard]] ring_digest digest_of(const topology& ring);

}  // namespace kmc::detail
