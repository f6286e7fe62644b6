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

#include "hash/key_hasher.hpp"
#include "routing/distribution.hpp"

namespace kmc::detail {

class topology {
public:
    // @param ejected  servers that get no keys; see make_distribution().
    [[nodiscard]] static config_result<std::shared_ptr<const topology>> build(
        server_list servers, const ring_spec& spec, std::span<const server_index> ejected = {});

    [[nodiscard]] std::span<const server> servers() const noexcept { return servers_.servers(); }
    [[nodiscard]] const ring_spec& spec() const noexcept { return spec_; }
    [[nodiscard]] const distribution& ring_points() const noexcept { return *distribution_; }
    [[nodiscard]] const key_hasher& hasher() const noexcept { return hasher_; }

    // True if unlike keys have, but for accidents, unlike hashes. The other hashes are too easy to
    // make collide, or have too few values, to find equal keys by.
    [[nodiscard]] bool tells_keys_apart() const noexcept { return hasher_.is_md5(); }

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
    topology(server_list servers, const ring_spec& spec, const key_hasher& hasher,
             std::unique_ptr<const distribution> d)
        : servers_(std::move(servers)), spec_(spec), hasher_(hasher), distribution_(std::move(d)) {}

    server_list servers_;
    ring_spec spec_;
    key_hasher hasher_;
    std::unique_ptr<const distribution> distribution_;
};

}  // namespace kmc::detail
