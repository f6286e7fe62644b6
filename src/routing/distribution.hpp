// The seam behind which every ring lives: key hashes in, server indexes out, a batch at a time.
// Immutable once built; any thread.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <kmc/ring.hpp>
#include <kmc/server_list.hpp>

#include "hash/key_hasher.hpp"

namespace kmc::detail {

using server_index = std::uint16_t;

struct ring_point {
    std::uint32_t value;
    server_index server;

    friend bool operator==(const ring_point&, const ring_point&) = default;
};

class distribution {
public:
    virtual ~distribution() = default;

    // out[i] is the server of hashes[i]. Both have the same size.
    virtual void locate(std::span<const std::uint32_t> hashes,
                        std::span<server_index> out) const noexcept = 0;

    // Who has this hash while its server is out of service: always the same one as long as the same
    // servers are out, and no other key moves. Nothing if all are out.
    // @param is_out  by server; not 0: out of service.
    [[nodiscard]] virtual std::optional<server_index> stand_in(
        std::uint32_t hash, std::span<const std::uint8_t> is_out) const noexcept;

    // The points in search order; empty for distributions without a ring.
    [[nodiscard]] virtual std::span<const ring_point> points() const noexcept { return {}; }
};

// The hash that a ring of this spec takes keys by. Fails where make_distribution() would for
// reasons that lie in the spec.
[[nodiscard]] config_result<key_hasher> key_hasher_of(const ring_spec& spec);

// Fails when the ring cannot hold the list (weight 0, too many servers) or has no such setting.
// @param ejected  servers that get no keys, as their programs rebuild a ring without failed ones:
//                 shares and points are computed anew over the rest, so that keys of healthy
//                 servers may move as well. The others keep their indexes. With none left the ring
//                 is whole; libmemcached_modula always is.
[[nodiscard]] config_result<std::unique_ptr<const distribution>> make_distribution(
    const ring_spec& spec, std::span<const server> servers,
    std::span<const server_index> ejected = {});

}  // namespace kmc::detail
