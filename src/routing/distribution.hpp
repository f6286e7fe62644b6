// The seam behind which every ring lives: key hashes in, server indexes out, a batch at a time.
// Immutable once built; any thread.

#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <kmc/ring.hpp>
#include <kmc/server_list.hpp>

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

    // The points in search order; empty for distributions without a ring.
    [[nodiscard]] virtual std::span<const ring_point> points() const noexcept = 0;
};

// Fails when the ring cannot hold the list: weight 0 or too many servers.
[[nodiscard]] config_result<std::unique_ptr<const distribution>> make_distribution(
    ring which, std::span<const server> servers);

}  // namespace kmc::detail
