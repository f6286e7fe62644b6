#include "values/flags.hpp"

#include <array>
#include <charconv>
#include <string>
#include <string_view>

namespace kmc::detail {
namespace {

constexpr std::uint32_t application_mask(flag_dialect dialect) noexcept {
    return dialect == flag_dialect::pylibmc ? 0 : 0xffff'0000;
}

// ---- kmc ------------------------------------------------------------------------------------
//
//   31            16  15    14           0
//  [ application's  |zlib| always 0       ]

constexpr std::uint32_t kmc_zlib = 0x8000;

meaning read_kmc(std::uint32_t own) noexcept {
    const packing how = (own & kmc_zlib) != 0 ? packing::zlib_stream : packing::none;
    return {(own & ~kmc_zlib) == 0 ? form::bytes : form::unknown, how};
}

// ---- pylibmc --------------------------------------------------------------------------------
//
//   31      5    4      3     2     1      0
//  [ always 0 | text | zlib | long | int | pickle ]      at most one of the four that name a type
//
// "int" is what Python 2 wrote for its short integers, and is Python 3's bool.

constexpr std::uint32_t py_pickle = 1;
constexpr std::uint32_t py_int = 2;
constexpr std::uint32_t py_long = 4;
constexpr std::uint32_t py_zlib = 8;
constexpr std::uint32_t py_text = 16;

form py_form(std::uint32_t type) noexcept {
    switch (type) {
        case 0:
            return form::bytes;
        case py_pickle:
            return form::pickled;
        case py_int:
        case py_long:
            return form::integer;
        case py_text:
            return form::text;
        default:
            return form::unknown;
    }
}

meaning read_pylibmc(std::uint32_t flags) noexcept {
    const packing how = (flags & py_zlib) != 0 ? packing::zlib_stream : packing::none;
    return {py_form(flags & ~py_zlib), how};
}

// ---- php_memcached --------------------------------------------------------------------------
//
//   31            16  15      8    7      6      5       4        3    0
//  [ application's  | always 0 | zstd | fastlz | zlib | compressed | type ]
//
// A compressed value has the bit that says so and one that says how.

constexpr std::uint32_t php_compressed = 0x10;
constexpr std::uint32_t php_zlib = 0x20;
constexpr std::uint32_t php_fastlz = 0x40;
constexpr std::uint32_t php_zstd = 0x80;
constexpr std::uint32_t php_packing_mask = 0xf0;
constexpr std::uint32_t php_unused_mask = 0xff00;

constexpr std::array php_forms{form::bytes,      form::integer,  form::real, form::boolean,
                               form::serialized, form::igbinary, form::json, form::msgpack};

packing php_packing(std::uint32_t bits) noexcept {
    switch (bits) {
        case 0:
            return packing::none;
        case php_compressed | php_zlib:
            return packing::sized_zlib;
        case php_compressed | php_fastlz:
            return packing::fastlz;
        case php_compressed | php_zstd:
            return packing::zstd;
        default:
            return packing::unknown;
    }
}

meaning read_php(std::uint32_t own) noexcept {
    const std::uint32_t type = own & 0x0f;
    const bool known = type < php_forms.size() && (own & php_unused_mask) == 0;
    return {known ? php_forms[type] : form::unknown, php_packing(own & php_packing_mask)};
}

// ---- writing --------------------------------------------------------------------------------

std::optional<std::uint32_t> py_type(value_kind kind) noexcept {
    switch (kind) {
        case value_kind::bytes:
            return 0;
        case value_kind::text:
            return py_text;
        case value_kind::integer:
            return py_long;
        case value_kind::boolean:
            return py_int;
        case value_kind::real:  // only pickled
        case value_kind::json:  // no such type
            break;
    }
    return std::nullopt;
}

std::uint32_t php_type(value_kind kind) noexcept {
    switch (kind) {
        case value_kind::bytes:
        case value_kind::text:
            break;
        case value_kind::integer:
            return 1;
        case value_kind::real:
            return 2;
        case value_kind::boolean:
            return 3;
        case value_kind::json:
            return 6;
    }
    return 0;
}

std::optional<std::uint32_t> type_bits(flag_dialect dialect, value_kind kind) noexcept {
    switch (dialect) {
        case flag_dialect::kmc:
            break;
        case flag_dialect::pylibmc:
            return py_type(kind);
        case flag_dialect::php_memcached:
            return php_type(kind);
    }
    return 0;
}

std::uint32_t zlib_bits(flag_dialect dialect) noexcept {
    switch (dialect) {
        case flag_dialect::kmc:
            break;
        case flag_dialect::pylibmc:
            return py_zlib;
        case flag_dialect::php_memcached:
            return php_compressed | php_zlib;
    }
    return kmc_zlib;
}

// ---- words ----------------------------------------------------------------------------------

std::string_view words_of(form what, flag_dialect dialect) noexcept {
    switch (what) {
        case form::bytes:
            if (dialect == flag_dialect::kmc) return "a value of no marked type";
            return dialect == flag_dialect::php_memcached ? "a string" : "bytes";
        case form::text:
            return "text";
        case form::integer:
            return "an integer";
        case form::real:
            return "a floating point number";
        case form::boolean:
            return "a boolean";
        case form::json:
            return "JSON";
        case form::pickled:
            return "a pickled object";
        case form::serialized:
            return "a serialized object";
        case form::igbinary:
            return "an object serialized by igbinary";
        case form::msgpack:
            return "an object serialized by msgpack";
        case form::unknown:
            break;
    }
    return "an unknown type";
}

std::string_view words_of(packing how) noexcept {
    switch (how) {
        case packing::none:
            return "";
        case packing::zlib_stream:
        case packing::sized_zlib:
            return has_zlib() ? ", compressed by zlib"
                              : ", compressed by zlib, which this kmc was built without";
        case packing::fastlz:
            return ", compressed by fastlz";
        case packing::zstd:
            return ", compressed by zstd";
        case packing::unknown:
            break;
    }
    return ", compressed in an unknown way";
}

}  // namespace

meaning read_flags(flag_dialect dialect, std::uint32_t flags) noexcept {
    const std::uint32_t application = flags & application_mask(dialect);
    const std::uint32_t own = flags ^ application;
    meaning m;
    switch (dialect) {
        case flag_dialect::kmc:
            m = read_kmc(own);
            break;
        case flag_dialect::pylibmc:
            m = read_pylibmc(own);
            break;
        case flag_dialect::php_memcached:
            m = read_php(own);
            break;
    }
    m.application = application;
    return m;
}

std::optional<std::uint32_t> write_flags(flag_dialect dialect, value_kind kind, bool compressed,
                                         std::uint32_t application) noexcept {
    if ((application & ~application_mask(dialect)) != 0) return std::nullopt;
    const auto type = type_bits(dialect, kind);
    if (!type) return std::nullopt;
    return application | *type | (compressed ? zlib_bits(dialect) : 0);
}

std::optional<value_kind> kind_of(form what) noexcept {
    switch (what) {
        case form::bytes:
            return value_kind::bytes;
        case form::text:
            return value_kind::text;
        case form::integer:
            return value_kind::integer;
        case form::real:
            return value_kind::real;
        case form::boolean:
            return value_kind::boolean;
        case form::json:
            return value_kind::json;
        case form::pickled:
        case form::serialized:
        case form::igbinary:
        case form::msgpack:
        case form::unknown:
            break;
    }
    return std::nullopt;
}

packing zlib_packing(flag_dialect dialect) noexcept {
    return dialect == flag_dialect::php_memcached ? packing::sized_zlib : packing::zlib_stream;
}

}  // namespace kmc::detail

namespace kmc {

std::string_view to_text(flag_dialect dialect) noexcept {
    switch (dialect) {
        case flag_dialect::kmc:
            return "kmc";
        case flag_dialect::pylibmc:
            return "pylibmc";
        case flag_dialect::php_memcached:
            return "php_memcached";
    }
    return "an unknown dialect";
}

std::string describe_flags(flag_dialect dialect, std::uint32_t flags) {
    const detail::meaning m = detail::read_flags(dialect, flags);
    std::string text(to_text(dialect));
    text += ": ";
    text += detail::words_of(m.what, dialect);
    text += detail::words_of(m.how);
    std::array<char, 8> digits;
    const auto end = std::to_chars(digits.begin(), digits.end(), flags, 16).ptr;
    text += " (flags 0x";
    text.append(digits.data(), end);
    text += ')';
    return text;
}

std::uint32_t content::application_flags() const noexcept {
    return detail::read_flags(dialect, flags).application;
}

}  // namespace kmc
