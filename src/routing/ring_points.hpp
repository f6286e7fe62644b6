// How labels become points, and weights become numbers of them, where several dialects agree.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "hash/key_hasher.hpp"
#include "routing/distribution.hpp"

namespace kmc::detail {

// Four points come from each md5 of a label.
inline constexpr std::size_t points_per_group = 4;

// The four words of md5("label-0"), md5("label-1"), ... No groups is legal: such a server gets no
// keys.
void add_md5_points(std::vector<ring_point>& to, std::string_view label, std::uint32_t groups,
                    server_index server);

// One point each from the hash of "label-0", "label-1", ...
void add_hashed_points(std::vector<ring_point>& to, std::string_view label, std::uint32_t count,
                       const key_hasher& hash, server_index server);

// The groups of a server with this weight among so many servers with this total weight, by
// libmemcached's arithmetic, and by that of twemproxy and spymemcached.
[[nodiscard]] std::uint32_t libmemcached_groups(std::uint32_t weight, std::uint64_t total,
                                                std::size_t servers) noexcept;
[[nodiscard]] std::uint32_t twemproxy_groups(std::uint32_t weight, std::uint64_t total,
                                             std::size_t servers) noexcept;

}  // namespace kmc::detail
