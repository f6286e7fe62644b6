// Which ring maps keys to servers. Rings are named after whose ring they are: two clients share a
// cache only if they use the same one with the same server texts in the same order.

#pragma once

#include <cstdint>
#include <string_view>

#include <kmc/result.hpp>

namespace kmc {

enum class ring : std::uint8_t {
    /// libmemcached's KETAMA_WEIGHTED: what pylibmc's `ketama_weighted` and php-memcached's
    /// OPT_LIBKETAMA_COMPATIBLE select. md5 keys, about 160 md5 points per server by weight, the
    /// port left out of the label when it is 11211.
    libmemcached_weighted,
    /// Last.fm's libketama: md5 keys, about 160 md5 points per server by weight, the address
    /// hashed exactly as it is written.
    libketama,
};

/// The name used in text: "libmemcached_weighted", "libketama".
[[nodiscard]] std::string_view to_text(ring r) noexcept;

/// The ring of that name; the error lists the names there are.
[[nodiscard]] config_result<ring> parse_ring(std::string_view name);

}  // namespace kmc
