// An immutable snapshot of the cluster: the servers, and the ring over them. Shared by every
// reactor; a change of the list makes a new one.
//
// A server has a place in the list, which the ring is made of, and a number, by which the rest of
// kmc knows it whatever becomes of the list. The two are the same until a list is changed.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <kmc/ring.hpp>
#include <kmc/server_list.hpp>

#include "hash/key_hasher.hpp"
#include "routing/distribution.hpp"

namespace kmc::detail {

// A server for the life of its client: never another one's.
using server_number = std::uint16_t;

class topology {
public:
    // @param ejected  places of servers that get no keys; see make_distribution().
    // @param numbers  of each server; empty: their places.
    [[nodiscard]] static config_result<std::shared_ptr<const topology>> build(
        server_list servers, const ring_spec& spec, std::span<const server_index> ejected = {},
        std::vector<server_number> numbers = {});

    [[nodiscard]] std::span<const server> servers() const noexcept { return servers_.servers(); }
    [[nodiscard]] const server_list& list() const noexcept { return servers_; }
    [[nodiscard]] server_number number_of(server_index at) const noexcept {
        return numbers_.empty() ? at : numbers_[at];
    }
    [[nodiscard]] std::span<const server_number> numbers() const noexcept { return numbers_; }
    [[nodiscard]] const ring_spec& spec() const noexcept { return spec_; }
    [[nodiscard]] const distribution& ring_points() const noexcept { return *distribution_; }
    [[nodiscard]] const key_hasher& hasher() const noexcept { return hasher_; }

    // True if unlike keys have, but for accidents, unlike hashes. The other hashes are too easy to
    // make collide, or have too few values, to find equal keys by.
    [[nodiscard]] bool tells_keys_apart() const noexcept { return hasher_.is_md5(); }

    // hashes[i] = the ring's key hash of keys[i]; places[i] = the place of the server it maps to.
    // All three have the same size. Allocates nothing.
    void locate(std::span<const std::string_view> keys, std::span<std::uint32_t> hashes,
                std::span<server_index> places) const noexcept;

    // Where what a key is hashed by belongs.
    struct place {
        server_index server = 0;  // its place in the list
        std::uint32_t hash = 0;
    };
    [[nodiscard]] place place_of(std::string_view hashed) const noexcept;

    // The place of the server that has the key while its own is out of service; nothing if there
    // is none. Throws std::bad_alloc.
    // @param hash    of `hashed`, which most rings need not see.
    // @param is_out  by place.
    [[nodiscard]] std::optional<server_index> stand_in(std::uint32_t hash, std::string_view hashed,
                                                       std::span<const std::uint8_t> is_out) const;

private:
    topology(server_list servers, const ring_spec& spec, const key_hasher& hasher,
             std::unique_ptr<const distribution> d, std::vector<server_number> numbers)
        : servers_(std::move(servers)),
          numbers_(std::move(numbers)),
          spec_(spec),
          hasher_(hasher),
          distribution_(std::move(d)) {}

    server_list servers_;
    std::vector<server_number> numbers_;
    ring_spec spec_;
    key_hasher hasher_;
    std::unique_ptr<const distribution> distribution_;
};

}  // namespace kmc::detail
