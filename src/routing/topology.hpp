// An immutable snapshot of the cluster: the servers, and the ring over them. Shared by every
// reactor; a change of the list makes a new one.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <kmc/ring.hpp>
#include <kmc/server_list.hpp>

#include "routing/distribution.hpp"

namespace kmc::detail {

class topology {
public:
    [[nodiscard]] static config_result<std::shared_ptr<const topology>> build(server_list servers,
                                                                              ring which);

    [[nodiscard]] std::span<const server> servers() const noexcept { return servers_.servers(); }
    [[nodiscard]] ring which() const noexcept { return which_; }
    [[nodiscard]] const distribution& ring_points() const noexcept { return *distribution_; }

    // hashes[i] = the ring's key hash of keys[i]; servers[i] = the server it maps to. All three
    // have the same size. Allocates nothing.
    void locate(std::span<const std::string_view> keys, std::span<std::uint32_t> hashes,
                std::span<server_index> servers) const noexcept;

    // Where what a key is hashed by belongs.
    struct place {
        server_index server = 0;
        std::uint32_t hash = 0;
    };
    [[nodiscard]] place place_of(std::string_view hashed) const noexcept;

private:
    topology(server_list servers, ring which, std::unique_ptr<const distribution> d)
        : servers_(std::move(servers)), which_(which), distribution_(std::move(d)) {}

    server_list servers_;
    ring which_;
    std::unique_ptr<const distribution> distribution_;
};

}  // namespace kmc::detail
