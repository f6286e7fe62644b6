// How typed values lie in memcached: whose flags, whether compressed, and how large one may become.

#pragma once

#include <cstdint>
#include <string_view>

namespace kmc {

/// Whose meaning the 32 bits of flags have. memcached stores them and does not look at them; what
/// wrote a value says with them what it wrote. Nothing in a value tells which dialect it is in.
enum class flag_dialect : std::uint8_t {
    /// Types are not marked: text, bytes and numbers all carry 0, as do counters that memcached
    /// made itself. Bit 15 says that the bytes are a zlib stream; bits 0 to 14 are always 0; bits
    /// 16 to 31 are the application's.
    kmc,
    /// As pylibmc 1.6 for Python 3: integers, bool (as an integer), text in UTF-8, bytes, and each
    /// of them as a zlib stream. It has no floating point but pickled, so kmc writes none. No bits
    /// for the application.
    pylibmc,
    /// As php-memcached 3: string, integer (64 bits, signed), double, bool, JSON, and each of them
    /// compressed by zlib. Bits 16 to 31 are the application's (OPT_USER_FLAGS). An encoding key
    /// (setEncodingKey) leaves no trace in the flags: what it encrypts is read as if it were plain.
    php_memcached,
};

/// "kmc", "pylibmc", "php_memcached".
[[nodiscard]] std::string_view to_text(flag_dialect dialect) noexcept;

/// For the typed calls of a client (get<T>, set<T>, decode<T>); the others pass bytes and flags on
/// as they are.
struct value_options {
    flag_dialect dialect = flag_dialect::kmc;
    /// Text and bytes of this size or more are stored as a zlib stream if that makes them smaller.
    /// 0: never. Numbers never are. Needs a kmc that was built with zlib (has_zlib()).
    std::uint32_t compress_from = 0;
    /// A compressed value that would become larger than this is not read (bad_value): a few
    /// kilobytes can be made to unfold to gigabytes. 1 to 1 GiB.
    std::uint32_t inflated_size_max = 16 * 1024 * 1024;
};

/// Whether this kmc was built with zlib (CMake's KMC_ZLIB). Without it compressed values are
/// refused with foreign_value.
[[nodiscard]] bool has_zlib() noexcept;

}  // namespace kmc
