// The makers of all rings, one file each. A new ring is such a file, a line here, an enumerator in
// include/kmc/ring.hpp and its line in ring_table.cpp.

#pragma once

#include <memory>
#include <span>
#include <string_view>

#include <kmc/ring.hpp>
#include <kmc/server_list.hpp>

#include "routing/distribution.hpp"

namespace kmc::detail {

// Given 1..65534 servers.
using ring_maker =
    config_result<std::unique_ptr<const distribution>> (*)(std::span<const server> servers);

[[nodiscard]] config_result<std::unique_ptr<const distribution>> make_libmemcached_weighted(
    std::span<const server> servers);
[[nodiscard]] config_result<std::unique_ptr<const distribution>> make_libketama(
    std::span<const server> servers);

struct ring_entry {
    ring which;
    std::string_view name;
    ring_maker make;
};

// Every ring once.
[[nodiscard]] std::span<const ring_entry> ring_table() noexcept;

}  // namespace kmc::detail
