// Each type in each dialect: the bytes and flags it becomes, what it is read from, what is refused.

#include <kmc/codec.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/alloc_counter.hpp"
#include "support/typed_values.hpp"

using namespace kmc::testing;
using namespace std::string_literals;
using namespace std::string_view_literals;
using kmc::errc;
using kmc::flag_dialect;
using kmc::value_options;

namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
    std::vector<std::byte> made;
    for (const char c : text) made.push_back(static_cast<std::byte>(c));
    return made;
}

template <class T>
void check_written(const T& value, const value_options& options, std::string_view bytes,
                   std::uint32_t flags) {
    const packed p = pack(value, options);
    CAPTURE(bytes, flags);
    REQUIRE(p.accepted);
    CHECK(p.bytes == bytes);
    CHECK(p.flags == flags);
    if constexpr (kmc::readable_value<T>) {
        const auto back = unpack<T>(p, options);
        REQUIRE(back);
        CHECK((back.value() == value));
    }
}

// The same bytes in all three, with the flags of each.
template <class T>
void check_everywhere(const T& value, std::string_view bytes, std::uint32_t py, std::uint32_t php) {
    check_written(value, in_kmc, bytes, 0);
    check_written(value, in_pylibmc, bytes, py);
    check_written(value, in_php, bytes, php);
}

template <class T>
void check_ends() {
    check_everywhere<T>(std::numeric_limits<T>::min(),
                        std::to_string(std::numeric_limits<T>::min()), 4, 1);
    check_everywhere<T>(std::numeric_limits<T>::max(),
                        std::to_string(std::numeric_limits<T>::max()), 4, 1);
    check_everywhere<T>(T{0}, "0", 4, 1);
    check_everywhere<T>(T{77}, "77", 4, 1);
}

template <class T>
void check_bad(std::string_view bytes, std::uint32_t flags, const value_options& options) {
    CAPTURE(bytes, flags);
    const auto read = unpack<T>(bytes, flags, options);
    REQUIRE_FALSE(read);
    CHECK(read.error() == errc::bad_value);
    CHECK(read.error().at == kmc::stage::answered);
}

template <class T>
void check_foreign(std::string_view bytes, std::uint32_t flags, const value_options& options) {
    CAPTURE(bytes, flags);
    const auto read = unpack<T>(bytes, flags, options);
    REQUIRE_FALSE(read);
    CHECK(read.error() == errc::foreign_value);
    CHECK(read.error().status == flags);
}

}  // namespace

TEST_CASE("integers of every size are written in decimal, up to their ends") {
    check_ends<signed char>();
    check_ends<unsigned char>();
    check_ends<short>();
    check_ends<unsigned short>();
    check_ends<int>();
    check_ends<unsigned>();
    check_ends<long>();
    check_ends<long long>();
    check_written<std::uint64_t>(18446744073709551615U, in_kmc, "18446744073709551615", 0);
    check_written<std::uint64_t>(18446744073709551615U, in_pylibmc, "18446744073709551615", 4);
    check_written<std::uint64_t>(9223372036854775807U, in_php, "9223372036854775807", 1);
}

TEST_CASE("an integer that PHP cannot hold is not written for PHP") {
    CHECK_FALSE(pack<std::uint64_t>(9223372036854775808U, in_php).accepted);
    CHECK_FALSE(pack<std::uint64_t>(18446744073709551615U, in_php).accepted);
}

TEST_CASE("characters are no numbers, and what has no codec has no typed call") {
    STATIC_REQUIRE_FALSE(kmc::writable_value<char>);
    STATIC_REQUIRE_FALSE(kmc::readable_value<wchar_t>);
    STATIC_REQUIRE_FALSE(kmc::readable_value<char8_t>);
    STATIC_REQUIRE_FALSE(kmc::writable_value<const char*>);
    STATIC_REQUIRE_FALSE(kmc::readable_value<std::string_view>);
    STATIC_REQUIRE(kmc::writable_value<std::string_view>);
    STATIC_REQUIRE_FALSE(kmc::writable_value<kmc::versioned<int>>);
}

TEST_CASE("booleans are 1 and 0, marked as each client marks its own") {
    check_everywhere(true, "1", 2, 3);
    check_everywhere(false, "0", 2, 3);
    // What PHP writes for false.
    CHECK(unpack<bool>("", 3, in_php).value() == false);
    CHECK(unpack<bool>("1", 3, in_php).value() == true);
    check_bad<bool>("", 0, in_php);
    check_bad<bool>("2", 3, in_php);
    check_bad<bool>("true", 3, in_php);
    check_bad<bool>("2", 2, in_pylibmc);
    check_bad<bool>("", 0, in_kmc);
}

TEST_CASE("floating point is written in the shortest decimal that reads back") {
    check_written(1.5, in_kmc, "1.5", 0);
    check_written(0.1, in_php, "0.1", 2);
    check_written(0.1F, in_php, "0.1", 2);
    check_written(-1.7976931348623157e308, in_php, "-1.7976931348623157e+308", 2);
    check_written(5e-324, in_kmc, "5e-324", 0);
    check_written(2.0, in_php, "2", 2);
    check_written(std::numeric_limits<float>::max(), in_kmc, "3.4028235e+38", 0);
    CHECK(std::signbit(unpack<double>(pack(-0.0, in_php), in_php).value()));
}

TEST_CASE("infinities and NaN are spelled so that each client reads them") {
    const double inf = std::numeric_limits<double>::infinity();
    check_written(inf, in_kmc, "inf", 0);
    check_written(-inf, in_kmc, "-inf", 0);
    check_written(inf, in_php, "Infinity", 2);
    check_written(-inf, in_php, "-Infinity", 2);
    check_written(std::numeric_limits<float>::infinity(), in_php, "Infinity", 2);
    CHECK(pack(std::nan(""), in_php).bytes == "NaN");
    CHECK(std::isnan(unpack<double>("NaN", 2, in_php).value()));
    CHECK(std::isnan(unpack<float>(pack(std::nanf(""), in_kmc), in_kmc).value()));
}

TEST_CASE("PHP's spellings of a double are read") {
    CHECK(unpack<double>(".1", 2, in_php).value() == 0.1);
    CHECK(unpack<double>("-.1", 2, in_php).value() == -0.1);
    CHECK(unpack<double>(".3333333333333333", 2, in_php).value() == 1.0 / 3);
    CHECK(unpack<double>("1e+300", 2, in_php).value() == 1e300);
    CHECK(unpack<double>("1.234e-05", 2, in_php).value() == 1.234e-05);
    CHECK(unpack<double>("-123456789012345680000", 2, in_php).value() == -123456789012345680000.0);
    CHECK(unpack<float>(".1", 2, in_php).value() == 0.1F);
}

TEST_CASE("pylibmc has floating point only pickled: none is written, and none is read") {
    CHECK_FALSE(pack(1.5, in_pylibmc).accepted);
    CHECK_FALSE(pack(1.5F, in_pylibmc).accepted);
    check_foreign<double>("\x80\x05\x95\n\0\0\0\0\0\0\0G?\xf8\0\0\0\0\0\0."sv, 1, in_pylibmc);
}

TEST_CASE("text and bytes are marked apart where the dialect can") {
    check_everywhere("h\xc3\xa9llo"s, "h\xc3\xa9llo", 16, 0);
    check_everywhere("h\xc3\xa9llo"sv, "h\xc3\xa9llo", 16, 0);
    check_everywhere(""s, "", 16, 0);
    check_everywhere(bytes_of("a\0\xff"sv), "a\0\xff"sv, 0, 0);
    check_everywhere(std::vector<std::byte>(), "", 0, 0);
    const auto raw = bytes_of("\xfe\xff");
    check_everywhere(std::span<const std::byte>(raw), "\xfe\xff", 0, 0);

    CHECK(unpack<std::string>("a\0\xff"sv, 0, in_pylibmc).value() == "a\0\xff"s);
    CHECK(unpack<std::vector<std::byte>>("text", 16, in_pylibmc).value() == bytes_of("text"));
}

TEST_CASE("text that Python could not decode is not written as text for it") {
    CHECK_FALSE(pack("\xff"s, in_pylibmc).accepted);
    CHECK_FALSE(pack("\xff"sv, in_pylibmc).accepted);
    CHECK(pack("\xff"s, in_php).accepted);
    CHECK(pack("\xff"s, in_kmc).accepted);
}

TEST_CASE("a counter that memcached shrank is read without its spaces") {
    for (const value_options& o : {in_kmc, in_pylibmc, in_php}) {
        CHECK(unpack<int>("999 ", 0, o).value() == 999);
        CHECK(unpack<std::uint64_t>("0                   ", 0, o).value() == 0);
        CHECK(unpack<bool>("1 ", 0, o).value() == true);
        CHECK(unpack<double>("9 ", 0, o).value() == 9);
    }
    CHECK(unpack<int>("999 ", 4, in_pylibmc).value() == 999);
    CHECK(unpack<int>("999 ", 1, in_php).value() == 999);
}

TEST_CASE("what is no number is not read as one") {
    for (const char* text : {"", " ", " 5", "+5", "5x", "x5", "5 5", "0x10", "1_000", "1.0", "1e3",
                             "--5", "-", "5\n", "\xd9\xa3", "99999999999999999999"}) {
        check_bad<int>(text, 0, in_kmc);
        check_bad<long>(text, 4, in_pylibmc);
        check_bad<long>(text, 1, in_php);
        check_bad<unsigned long>(text, 1, in_php);
    }
    check_bad<int>("5\0"sv, 0, in_kmc);
    for (const char* text :
         {"", " ", ".", "e5", "1e", "1.5x", "0x1p3", "1,5", "+1", "1e400", "1e-400"}) {
        check_bad<double>(text, 0, in_kmc);
        check_bad<double>(text, 2, in_php);
    }
    check_bad<float>("1e39", 2, in_php);
}

TEST_CASE("an integer out of the type's range is refused, not cut") {
    check_bad<std::int8_t>("128", 0, in_kmc);
    check_bad<std::int8_t>("-129", 1, in_php);
    check_bad<std::uint8_t>("256", 4, in_pylibmc);
    check_bad<std::uint8_t>("-1", 0, in_kmc);
    check_bad<int>("2147483648", 4, in_pylibmc);
    check_bad<std::int64_t>("9223372036854775808", 4, in_pylibmc);
    check_bad<std::uint64_t>("18446744073709551616", 4, in_pylibmc);
    CHECK(unpack<std::uint64_t>("18446744073709551615", 4, in_pylibmc).value() ==
          std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("a marked type is read as that type only") {
    check_bad<std::string>("5", 4, in_pylibmc);
    check_bad<std::string>("5", 1, in_php);
    check_bad<std::string>("1.5", 2, in_php);
    check_bad<std::vector<std::byte>>("1", 3, in_php);
    check_bad<int>("1", 3, in_php);
    check_bad<int>("1", 2, in_php);
    check_bad<bool>("1", 2, in_php);
    check_bad<double>("1", 3, in_php);
    CHECK(unpack<double>("5", 1, in_php).value() == 5);
    CHECK(unpack<bool>("1", 1, in_php).value() == true);
    CHECK(unpack<int>("5", 16, in_pylibmc).value() == 5);
}

TEST_CASE("JSON and objects of another language are refused, with their flags") {
    for (const std::uint32_t flags :
         {4U, 5U, 6U, 7U, 8U, 0x34U, 0x10U, 0x20U, 0x50U, 0x90U, 0x70U, 0x100U, 0x12340004U}) {
        check_foreign<std::string>("1", flags, in_php);
        check_foreign<int>("1", flags, in_php);
        check_foreign<bool>("1", flags, in_php);
        check_foreign<double>("1", flags, in_php);
        check_foreign<std::vector<std::byte>>("1", flags, in_php);
    }
    for (const std::uint32_t flags : {1U, 3U, 6U, 9U, 0x12U, 0x20U, 0x10000U, 0xffffffffU}) {
        check_foreign<std::string>("1", flags, in_pylibmc);
        check_foreign<int>("1", flags, in_pylibmc);
    }
    for (const std::uint32_t flags : {1U, 4U, 0x10U, 0x30U, 0x7fffU, 0x8001U}) {
        check_foreign<std::string>("1", flags, in_kmc);
        check_foreign<double>("1", flags, in_kmc);
    }
}

TEST_CASE("the application's flags go through, where the dialect has room for them") {
    CHECK(pack(5, in_php, 0x12340000).flags == 0x12340001);
    CHECK(pack(5, in_kmc, 0x12340000).flags == 0x12340000);
    CHECK_FALSE(pack(5, in_php, 0x1).accepted);
    CHECK_FALSE(pack(5, in_kmc, 0x8000).accepted);
    CHECK_FALSE(pack(5, in_pylibmc, 0x10000).accepted);

    const auto read = unpack<kmc::versioned<int>>("7", 0x12340001, in_php);
    REQUIRE(read);
    CHECK(read.value().value == 7);
    CHECK(read.value().application_flags == 0x12340000);
    CHECK(read.value().token == kmc::cas_token{7});
    CHECK(unpack<kmc::versioned<int>>("x", 1, in_php).error() == errc::bad_value);
}

TEST_CASE("numbers are written and read without an allocation") {
    if (!alloc_counter::available()) {
        WARN("LEFT OUT: a sanitizer owns operator new, so allocations are not counted");
        return;
    }
    kmc::encoding number(flag_dialect::php_memcached);
    kmc::encoding longest(flag_dialect::php_memcached);
    kmc::encoding text(flag_dialect::pylibmc);
    const std::string long_text(1000, 'x');
    const alloc_counter allocations;

    kmc::codec<std::int64_t>::encode(std::numeric_limits<std::int64_t>::min(), number);
    kmc::codec<double>::encode(-1.7976931348623157e308, longest);
    kmc::codec<std::string>::encode(long_text, text);
    const bool packed_all =
        number.pack(in_php, 0) && longest.pack(in_php, 0) && text.pack(in_pylibmc, 0);
    const auto back = unpack<double>(longest.bytes(), longest.flags(), in_php);

    CHECK(allocations.calls() == 0);
    CHECK(packed_all);
    CHECK(text.bytes().data() == long_text.data());
    CHECK(back.value() == -1.7976931348623157e308);
}

// ---- a type of somebody's own ---------------------------------------------------------------

namespace {

struct profile {
    std::uint64_t id = 0;
    std::string name;
    friend bool operator==(const profile&, const profile&) = default;
};

constexpr std::uint32_t profile_mark = 0x0010'0000;

struct document {
    std::string json;
};

}  // namespace

template <>
struct kmc::codec<profile> {
    static void encode(const profile& p, kmc::encoding& out) {
        if (p.name.find('|') != std::string::npos) return;  // no form for it
        out.adopt(std::to_string(p.id) + '|' + p.name, kmc::value_kind::bytes);
        out.mark(profile_mark);
    }
    static kmc::result<profile> decode(const kmc::content& in) {
        if (in.application_flags() != profile_mark) return in.foreign();
        const auto bar = in.bytes.find('|');
        if (bar == std::string_view::npos) return in.bad();
        return profile{std::stoull(std::string(in.bytes.substr(0, bar))),
                       std::string(in.bytes.substr(bar + 1))};
    }
};

template <>
struct kmc::codec<document> {
    static void encode(const document& d, kmc::encoding& out) {
        out.borrow(d.json, kmc::value_kind::json);
    }
    static kmc::result<document> decode(const kmc::content& in) {
        if (in.kind != kmc::value_kind::json) return in.bad();
        return document{std::string(in.bytes)};
    }
};

TEST_CASE("a type of the user's own is written and read by its own codec") {
    const profile ahmed{42, "Ahmed"};

    const packed p = pack(ahmed, in_php);

    REQUIRE(p.accepted);
    CHECK(p.bytes == "42|Ahmed");
    CHECK(p.flags == profile_mark);
    CHECK(unpack<profile>(p, in_php).value() == ahmed);
    CHECK(unpack<profile>(pack(ahmed, in_kmc), in_kmc).value() == ahmed);
    check_foreign<profile>("42|Ahmed", 0, in_php);
    check_bad<profile>("42", profile_mark, in_php);
    CHECK_FALSE(pack(profile{1, "a|b"}, in_kmc).accepted);
    CHECK_FALSE(pack(ahmed, in_pylibmc).accepted);  // no bits for marks there
}

TEST_CASE("JSON, which no built-in type reads, is open to a codec") {
    const packed p = pack(document{"[1,2]"}, in_php);

    REQUIRE(p.accepted);
    CHECK(p.flags == 6);
    CHECK(unpack<document>("[1,2]", 6, in_php).value().json == "[1,2]");
    check_foreign<document>("[1,2]", 4, in_php);  // serialized: the codec is not even asked
    CHECK_FALSE(pack(document{"1"}, in_pylibmc).accepted);
}

TEST_CASE("an encoding that is given nothing, or refuses, is not sent") {
    kmc::encoding nothing(flag_dialect::kmc);
    CHECK_FALSE(nothing.pack({}, 0));
    kmc::encoding second_thoughts(flag_dialect::kmc);
    second_thoughts.copy("x", kmc::value_kind::text);
    second_thoughts.refuse();
    CHECK_FALSE(second_thoughts.pack({}, 0));
}

TEST_CASE("a copy of any size is owned by the encoding") {
    for (const std::size_t size : {0U, 1U, 24U, 25U, 1000U}) {
        kmc::encoding out(flag_dialect::kmc);
        {
            std::string gone(size, 'x');
            out.copy(gone, kmc::value_kind::bytes);
            std::fill(gone.begin(), gone.end(), '-');
        }
        REQUIRE(out.pack({}, 0));
        CHECK(out.bytes() == std::string(size, 'x'));
    }
}
