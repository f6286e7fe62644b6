// A ring as somebody looks at it: a list on a ring, perhaps with servers out of service, and who
// has which hashes then. For tools; calls are routed by router alone.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <kmc/health.hpp>

#include "routing/router.hpp"

namespace kmc::detail {

inline constexpr server_index nobody = 0xffff;

// The hashes first..last, both included.
struct ring_arc {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    server_index home = nobody;  // whose they are while every server is in service
    server_index now = nobody;   // whose they are; nobody's if their calls end with an error

    [[nodiscard]] std::uint64_t size() const noexcept { return std::uint64_t{last} - first + 1; }
    friend bool operator==(const ring_arc&, const ring_arc&) = default;
};

class ring_view {
public:
    // @param out     places of servers that are out of service.
    // @param policy  what becomes of their keys.
    [[nodiscard]] static config_result<ring_view> build(server_list servers, const ring_spec& spec,
                                                        std::span<const server_index> out = {},
                                                        on_dead policy = on_dead::fail_fast);

    [[nodiscard]] const topology& home() const noexcept { return router_.home(); }
    [[nodiscard]] std::span<const server> servers() const noexcept { return home().servers(); }
    [[nodiscard]] bool is_out(server_index at) const noexcept {
        return !is_out_.empty() && is_out_[at] != 0;
    }

    // Who has what is hashed of a key, or nobody. Throws std::bad_alloc.
    [[nodiscard]] server_index owner_of(std::string_view hashed) const;

    // Whether the arcs tell the load: the ring is searched by its points, the hash of keys reaches
    // all 32 bits evenly, and stand-ins are found along the ring.
    [[nodiscard]] bool has_arcs() const noexcept;

    // All hashes in ascending order, neighbours with the same answers joined. Of a ring without
    // points none; of one whose arcs do not tell the load, what is drawn.
    [[nodiscard]] std::vector<ring_arc> arcs() const;

private:
    ring_view(router r, std::shared_ptr<const topology> present, std::vector<std::uint8_t> is_out,
              on_dead policy);

    router router_;
    std::shared_ptr<const topology> present_;
    std::vector<std::uint8_t> is_out_;  // empty: none is
    on_dead policy_;
};

}  // namespace kmc::detail
