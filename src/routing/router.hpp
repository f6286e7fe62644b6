// From keys to servers while some of them are out of service. An immutable snapshot: the ring over
// all servers, who of them is out, and what becomes of their keys. Any thread.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <kmc/health.hpp>

#include "routing/topology.hpp"

namespace kmc::detail {

// Whose keys a server gets.
enum class fate : std::uint8_t {
    own,       // its own
    stand_in,  // those of one that is out
    dead,      // the key's server is out, and none stands in
};

struct destination {
    server_number server = 0;
    std::uint32_t hash = 0;
    fate how = fate::own;
};

class router {
public:
    // @param is_out   by place in the list; empty: none is.
    // @param present  the ring without those that are out, for on_dead::rebuild; else null.
    router(std::shared_ptr<const topology> home, std::vector<std::uint8_t> is_out, on_dead policy,
           std::shared_ptr<const topology> present);

    [[nodiscard]] const topology& home() const noexcept { return *home_; }
    [[nodiscard]] std::shared_ptr<const topology> home_ptr() const noexcept { return home_; }
    // Whether any server is.
    [[nodiscard]] bool has_dead() const noexcept { return !is_out_.empty(); }

    // By what is hashed of the key. Throws std::bad_alloc.
    [[nodiscard]] destination of(std::string_view hashed) const;

    // The same for many; all spans have the same size. Throws std::bad_alloc.
    void many(std::span<const std::string_view> hashed, std::span<std::uint32_t> hashes,
              std::span<server_number> servers, std::span<fate> fates) const;

private:
    // Where a key of this place goes when something is out.
    [[nodiscard]] destination redirect(server_index place, std::uint32_t hash,
                                       std::string_view hashed) const;

    std::shared_ptr<const topology> home_;
    std::shared_ptr<const topology> present_;
    std::vector<std::uint8_t> is_out_;
    on_dead policy_;
};

}  // namespace kmc::detail
