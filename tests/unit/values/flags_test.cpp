// What each dialect's flags say. The numbers were taken from what pylibmc 1.6.3 and php-memcached
// 3.2.0 write; php-memcached's zstd bit from the layout its later versions document.

#include "values/flags.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace kmc::detail;
using kmc::describe_flags;
using kmc::flag_dialect;
using kmc::value_kind;

namespace {

struct row {
    flag_dialect dialect;
    std::uint32_t flags;
    form what;
    packing how;
    const char* words;
};

constexpr auto own = flag_dialect::kmc;
constexpr auto py = flag_dialect::pylibmc;
constexpr auto php = flag_dialect::php_memcached;

const std::string by_zlib = kmc::has_zlib()
                                ? ", compressed by zlib"
                                : ", compressed by zlib, which this kmc was built without";

const std::vector<row>& rows() {
    static const std::vector<row> all = {
        {own, 0, form::bytes, packing::none, "kmc: a value of no marked type (flags 0x0)"},
        {own, 0x8000, form::bytes, packing::zlib_stream,
         "kmc: a value of no marked typeZ (flags 0x8000)"},
        {own, 0x12340000, form::bytes, packing::none,
         "kmc: a value of no marked type (flags 0x12340000)"},
        {own, 1, form::unknown, packing::none, "kmc: an unknown type (flags 0x1)"},
        {own, 0x4000, form::unknown, packing::none, "kmc: an unknown type (flags 0x4000)"},
        {own, 0x8010, form::unknown, packing::zlib_stream, "kmc: an unknown typeZ (flags 0x8010)"},

        {py, 0, form::bytes, packing::none, "pylibmc: bytes (flags 0x0)"},
        {py, 1, form::pickled, packing::none, "pylibmc: a pickled object (flags 0x1)"},
        {py, 2, form::integer, packing::none, "pylibmc: an integer (flags 0x2)"},
        {py, 4, form::integer, packing::none, "pylibmc: an integer (flags 0x4)"},
        {py, 8, form::bytes, packing::zlib_stream, "pylibmc: bytesZ (flags 0x8)"},
        {py, 9, form::pickled, packing::zlib_stream, "pylibmc: a pickled objectZ (flags 0x9)"},
        {py, 0x10, form::text, packing::none, "pylibmc: text (flags 0x10)"},
        {py, 0x18, form::text, packing::zlib_stream, "pylibmc: textZ (flags 0x18)"},
        {py, 3, form::unknown, packing::none, "pylibmc: an unknown type (flags 0x3)"},
        {py, 0x12, form::unknown, packing::none, "pylibmc: an unknown type (flags 0x12)"},
        {py, 0x20, form::unknown, packing::none, "pylibmc: an unknown type (flags 0x20)"},
        {py, 0x10000, form::unknown, packing::none, "pylibmc: an unknown type (flags 0x10000)"},
        {py, 0xffffffff, form::unknown, packing::zlib_stream,
         "pylibmc: an unknown typeZ (flags 0xffffffff)"},

        {php, 0, form::bytes, packing::none, "php_memcached: a string (flags 0x0)"},
        {php, 1, form::integer, packing::none, "php_memcached: an integer (flags 0x1)"},
        {php, 2, form::real, packing::none, "php_memcached: a floating point number (flags 0x2)"},
        {php, 3, form::boolean, packing::none, "php_memcached: a boolean (flags 0x3)"},
        {php, 4, form::serialized, packing::none, "php_memcached: a serialized object (flags 0x4)"},
        {php, 5, form::igbinary, packing::none,
         "php_memcached: an object serialized by igbinary (flags 0x5)"},
        {php, 6, form::json, packing::none, "php_memcached: JSON (flags 0x6)"},
        {php, 7, form::msgpack, packing::none,
         "php_memcached: an object serialized by msgpack (flags 0x7)"},
        {php, 8, form::unknown, packing::none, "php_memcached: an unknown type (flags 0x8)"},
        {php, 15, form::unknown, packing::none, "php_memcached: an unknown type (flags 0xf)"},
        {php, 0x30, form::bytes, packing::sized_zlib, "php_memcached: a stringZ (flags 0x30)"},
        {php, 0x34, form::serialized, packing::sized_zlib,
         "php_memcached: a serialized objectZ (flags 0x34)"},
        {php, 0x50, form::bytes, packing::fastlz,
         "php_memcached: a string, compressed by fastlz (flags 0x50)"},
        {php, 0x90, form::bytes, packing::zstd,
         "php_memcached: a string, compressed by zstd (flags 0x90)"},
        {php, 0x10, form::bytes, packing::unknown,
         "php_memcached: a string, compressed in an unknown way (flags 0x10)"},
        {php, 0x20, form::bytes, packing::unknown,
         "php_memcached: a string, compressed in an unknown way (flags 0x20)"},
        {php, 0x70, form::bytes, packing::unknown,
         "php_memcached: a string, compressed in an unknown way (flags 0x70)"},
        {php, 0x100, form::unknown, packing::none, "php_memcached: an unknown type (flags 0x100)"},
        {php, 0x8001, form::unknown, packing::none,
         "php_memcached: an unknown type (flags 0x8001)"},
        {php, 0xffff0001, form::integer, packing::none,
         "php_memcached: an integer (flags 0xffff0001)"},
    };
    return all;
}

}  // namespace

TEST_CASE("flags are read as the client meant that wrote them") {
    for (const row& r : rows()) {
        CAPTURE(r.words);
        const meaning m = read_flags(r.dialect, r.flags);
        CHECK(m.what == r.what);
        CHECK(m.how == r.how);
    }
}

TEST_CASE("flags are told in words, with the number") {
    for (const row& r : rows()) {
        std::string words = r.words;
        if (const auto at = words.find('Z'); at != std::string::npos) words.replace(at, 1, by_zlib);
        CHECK(describe_flags(r.dialect, r.flags) == words);
    }
}

TEST_CASE("the application has the upper half of the flags, but none of pylibmc's") {
    CHECK(read_flags(own, 0xabcd8000).application == 0xabcd0000);
    CHECK(read_flags(php, 0xabcd0033).application == 0xabcd0000);
    CHECK(read_flags(py, 0xabcd0010).application == 0);

    CHECK(write_flags(own, value_kind::text, false, 0xabcd0000) == 0xabcd0000);
    CHECK(write_flags(php, value_kind::real, false, 0xabcd0000) == 0xabcd0002);
    CHECK(write_flags(py, value_kind::text, false, 0x10000) == std::nullopt);
    CHECK(write_flags(own, value_kind::text, false, 1) == std::nullopt);
    CHECK(write_flags(own, value_kind::text, false, 0x8000) == std::nullopt);
    CHECK(write_flags(php, value_kind::text, false, 0x100) == std::nullopt);
}

TEST_CASE("each kind is written with the flags its readers expect") {
    struct {
        value_kind kind;
        std::uint32_t in_kmc;
        std::optional<std::uint32_t> in_py;
        std::uint32_t in_php;
    } const kinds[] = {
        {value_kind::bytes, 0, 0, 0},   {value_kind::text, 0, 16, 0},
        {value_kind::integer, 0, 4, 1}, {value_kind::real, 0, std::nullopt, 2},
        {value_kind::boolean, 0, 2, 3}, {value_kind::json, 0, std::nullopt, 6},
    };
    for (const auto& k : kinds) {
        CAPTURE(static_cast<int>(k.kind));
        CHECK(write_flags(own, k.kind, false, 0) == k.in_kmc);
        CHECK(write_flags(py, k.kind, false, 0) == k.in_py);
        CHECK(write_flags(php, k.kind, false, 0) == k.in_php);
        CHECK(write_flags(own, k.kind, true, 0) == (k.in_kmc | 0x8000));
        CHECK(write_flags(php, k.kind, true, 0) == (k.in_php | 0x30));
        if (k.in_py) CHECK(write_flags(py, k.kind, true, 0) == (*k.in_py | 8));
    }
}

TEST_CASE("whatever flags are written are read back as the same kind") {
    for (const flag_dialect dialect : {own, py, php}) {
        for (int k = 0; k <= static_cast<int>(value_kind::json); ++k) {
            for (const bool is_compressed : {false, true}) {
                const auto kind = static_cast<value_kind>(k);
                const auto flags = write_flags(dialect, kind, is_compressed, 0);
                if (!flags) continue;
                const meaning m = read_flags(dialect, *flags);
                CAPTURE(describe_flags(dialect, *flags));
                REQUIRE(kind_of(m.what).has_value());
                CHECK(m.how == (is_compressed ? zlib_packing(dialect) : packing::none));
                CHECK(write_flags(dialect, *kind_of(m.what), is_compressed, 0).has_value());
            }
        }
    }
}

TEST_CASE("of all flags there are, only those that a dialect writes are read") {
    // The lower half by enumeration; one bit of the upper half changes nothing but for pylibmc.
    const auto readable = [](flag_dialect dialect, std::uint32_t flags) {
        const meaning m = read_flags(dialect, flags);
        return kind_of(m.what) && (m.how == packing::none || m.how == packing::zlib_stream ||
                                   m.how == packing::sized_zlib);
    };
    std::size_t counts[3] = {};
    for (std::uint32_t flags = 0; flags < 0x10000; ++flags) {
        for (const flag_dialect dialect : {own, py, php}) {
            const bool yes = readable(dialect, flags);
            counts[static_cast<int>(dialect)] += yes;
            const bool expected_above = yes && dialect != py;
            if (readable(dialect, flags | 0x40000000) != expected_above) {
                FAIL(describe_flags(dialect, flags));
            }
        }
    }
    CHECK(counts[static_cast<int>(own)] == 2);
    CHECK(counts[static_cast<int>(py)] == 8);    // 4 types, with and without zlib
    CHECK(counts[static_cast<int>(php)] == 10);  // 5 types, with and without zlib
}
