// The flag dialects: what 32 bits of flags say, and which bits say a thing. Knows numbers only, no
// types and no bytes. What it does not know it calls unknown; nothing is passed over.

#pragma once

#include <cstdint>
#include <optional>

#include <kmc/codec.hpp>
#include <kmc/value_options.hpp>

namespace kmc::detail {

// What was stored, as far as flags tell. Those up to json can be read (kind_of).
enum class form : std::uint8_t {
    bytes,
    text,
    integer,
    real,
    boolean,
    json,
    pickled,
    serialized,
    igbinary,
    msgpack,
    unknown,
};

// How it was made smaller. zlib_stream: the stream alone. sized_zlib: behind its inflated size, 4
// bytes, little-endian (php-memcached writes the machine's order; its machines are of that kind).
enum class packing : std::uint8_t { none, zlib_stream, sized_zlib, fastlz, zstd, unknown };

struct meaning {
    form what = form::unknown;
    packing how = packing::none;
    std::uint32_t application = 0;  // the application's bits, at their place
};

[[nodiscard]] meaning read_flags(flag_dialect dialect, std::uint32_t flags) noexcept;

// Nullopt: the dialect cannot say this kind, or has no such bits for the application.
[[nodiscard]] std::optional<std::uint32_t> write_flags(flag_dialect dialect, value_kind kind,
                                                       bool compressed,
                                                       std::uint32_t application) noexcept;

// Nullopt: nothing that kmc reads.
[[nodiscard]] std::optional<value_kind> kind_of(form what) noexcept;

[[nodiscard]] packing zlib_packing(flag_dialect dialect) noexcept;

}  // namespace kmc::detail
