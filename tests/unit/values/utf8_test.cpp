// UTF-8 as Python decodes it.

#include "values/utf8.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>

using kmc::detail::is_utf8;

namespace {

// By the bit layout, for every number below 2^21: well-formed exactly for Unicode's scalar values
// when `length` is the shortest that fits.
std::string spelled(std::uint32_t point, int length) {
    if (length == 1) return {static_cast<char>(point)};
    std::string text;
    constexpr std::uint32_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (int i = 0; i < length; ++i) {
        const std::uint32_t bits = point >> (6 * (length - 1 - i));
        text += static_cast<char>(i == 0 ? lead[length] | bits : 0x80 | (bits & 0x3f));
    }
    return text;
}

int shortest(std::uint32_t point) {
    if (point < 0x80) return 1;
    if (point < 0x800) return 2;
    return point < 0x10000 ? 3 : 4;
}

}  // namespace

TEST_CASE("every scalar value is UTF-8 in its shortest form and in no other") {
    for (std::uint32_t point = 0; point < 0x140000; ++point) {
        const bool scalar = point < 0xd800 || (point > 0xdfff && point <= 0x10ffff);
        for (int length = 1; length <= 4; ++length) {
            constexpr std::uint32_t too_many[] = {0, 0x80, 0x800, 0x10000, 0x200000};
            if (point >= too_many[length]) continue;
            const std::string text = spelled(point, length);
            if (is_utf8(text) != (scalar && length == shortest(point))) {
                FAIL("U+" << std::hex << point << " in " << length << " bytes");
            }
        }
    }
}

TEST_CASE("a sequence that is cut off or interrupted is no UTF-8") {
    CHECK(is_utf8(""));
    CHECK(is_utf8("plain, h\xc3\xa9h\xc3\xa9, \xe2\x82\xac, \xf0\x9f\x90\x98!"));
    for (const std::string whole : {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\x98"}) {
        for (std::size_t size = 1; size < whole.size(); ++size) {
            CHECK_FALSE(is_utf8("a" + whole.substr(0, size)));
            CHECK_FALSE(is_utf8(whole.substr(0, size) + "a"));
            CHECK_FALSE(is_utf8(whole.substr(0, size) + whole));
            CHECK_FALSE(is_utf8(whole.substr(size)));
        }
    }
    CHECK_FALSE(is_utf8("\xf8\x88\x80\x80\x80"));
    CHECK_FALSE(is_utf8("\xff"));
}
