// Compressed values: the forms of each dialect, and streams that somebody broke or built to hurt.

#include <catch2/catch.hpp>

#include <cstdint>
#include <random>
#include <string>

#include "support/alloc_counter.hpp"
#include "support/seed.hpp"
#include "support/typed_values.hpp"

using namespace kmc::testing;
using namespace std::string_literals;
using namespace std::string_view_literals;
using kmc::errc;
using kmc::flag_dialect;
using kmc::value_options;

namespace {

constexpr flag_dialect dialects[] = {flag_dialect::kmc, flag_dialect::pylibmc,
                                     flag_dialect::php_memcached};

constexpr std::uint32_t zlib_flags(flag_dialect dialect) {
    if (dialect == flag_dialect::kmc) return 0x8000;
    return dialect == flag_dialect::pylibmc ? 0x18 : 0x30;
}

value_options compressing(flag_dialect dialect, std::uint32_t from = 100) {
    return {.dialect = dialect, .compress_from = from};
}

// A build without zlib must still say what it sees.
bool without_zlib() {
    if (kmc::has_zlib()) return false;
    WARN("this kmc is built without zlib: only its refusals are tested");
    return true;
}

template <class T>
errc failure_of(std::string_view bytes, std::uint32_t flags, const value_options& options) {
    const auto read = unpack<T>(bytes, flags, options);
    REQUIRE_FALSE(read);
    return read.error().code;
}

// "abc" as both clients store it when they compress it.
constexpr std::string_view abc_stream = "x\x9cKLJ\x06\x00\x02M\x01'"sv;
constexpr std::string_view abc_with_size = "\x03\0\0\0x\x9cKLJ\x06\x00\x02M\x01'"sv;
// The same with "77".
constexpr std::string_view n77_stream =
    "x\x9c"
    "37\x07\0\0\xa7\0o"sv;
constexpr std::string_view n77_with_size =
    "\x02\0\0\0x\x9c"
    "37\x07\0\0\xa7\0o"sv;

}  // namespace

TEST_CASE("without zlib, compressed values are refused as foreign") {
    if (kmc::has_zlib()) return;
    CHECK(failure_of<std::string>(abc_stream, 0x18, in_pylibmc) == errc::foreign_value);
    CHECK(failure_of<std::string>(abc_with_size, 0x30, in_php) == errc::foreign_value);
    CHECK(failure_of<std::string>(abc_stream, 0x8000, in_kmc) == errc::foreign_value);
    const packed plain = pack(std::string(1000, 'x'), compressing(flag_dialect::kmc));
    CHECK(plain.bytes == std::string(1000, 'x'));
    CHECK(plain.flags == 0);
}

TEST_CASE("what the other clients compressed is read, whatever type it is") {
    if (without_zlib()) return;
    CHECK(unpack<std::string>(abc_stream, 0x18, in_pylibmc).value() == "abc");
    CHECK(unpack<std::vector<std::byte>>(abc_stream, 8, in_pylibmc).value().size() == 3);
    CHECK(unpack<int>(n77_stream, 12, in_pylibmc).value() == 77);
    CHECK(unpack<std::string>(abc_with_size, 0x30, in_php).value() == "abc");
    CHECK(unpack<int>(n77_with_size, 0x31, in_php).value() == 77);
    CHECK(unpack<double>(n77_with_size, 0x12340032, in_php).value() == 77.0);
    CHECK(unpack<std::string>(abc_stream, 0x8000, in_kmc).value() == "abc");
}

TEST_CASE("text is compressed from the size on that the options name, if that pays") {
    if (without_zlib()) return;
    for (const flag_dialect dialect : dialects) {
        const value_options options = compressing(dialect);
        const std::string text(100, 'x');

        const packed p = pack(text, options);
        CHECK(p.flags == zlib_flags(dialect));
        CHECK(p.bytes.size() < 40);
        CHECK(unpack<std::string>(p, options).value() == text);
        // Read by whoever does not compress, too.
        CHECK(unpack<std::string>(p, {.dialect = dialect}).value() == text);

        CHECK(pack(text.substr(1), options).bytes == text.substr(1));
        CHECK(pack(text, {.dialect = dialect}).bytes == text);
    }
}

TEST_CASE("what does not become smaller stays as it is") {
    if (without_zlib()) return;
    const std::uint64_t seed = kmc::testing::seed();
    INFO("KMC_SEED=" << seed);
    std::mt19937_64 random(seed);
    std::string noise(500, '\0');
    for (char& c : noise)
        c = static_cast<char>(random() & 0x7f);  // ASCII, so that pylibmc takes it
    std::string short_text = "abcdefghijklmnopqrstuvwxyz";

    for (const flag_dialect dialect : dialects) {
        for (std::size_t size = 1; size <= short_text.size(); ++size) {
            const std::string text = short_text.substr(0, size);
            const packed p = pack(text, compressing(dialect, 1));
            CHECK(p.bytes == text);
            CHECK((p.flags & zlib_flags(dialect) & ~16U) == 0);
        }
        const packed p = pack(noise, compressing(dialect, 1));
        CHECK(p.bytes.size() <= noise.size());
        CHECK(unpack<std::string>(p, compressing(dialect, 1)).value() == noise);
        CHECK(pack(""s, compressing(dialect, 1)).bytes.empty());
    }
}

TEST_CASE("numbers and booleans are never compressed: memcached counts with them") {
    if (without_zlib()) return;
    CHECK(pack(std::uint64_t{11111111111111111111U}, compressing(flag_dialect::kmc, 1)).flags == 0);
    CHECK(pack(1e300, compressing(flag_dialect::php_memcached, 1)).flags == 2);
    CHECK(pack(true, compressing(flag_dialect::pylibmc, 1)).flags == 2);
}

TEST_CASE("a stream is read at the size limit and refused one byte above it") {
    if (without_zlib()) return;
    for (const flag_dialect dialect : dialects) {
        for (const std::size_t size : {1000U, 4096U, 4097U, 70000U, 1000000U}) {
            const std::string text(size, 'x');
            const packed p = pack(text, compressing(dialect));
            value_options limited{.dialect = dialect};
            limited.inflated_size_max = static_cast<std::uint32_t>(size);
            CHECK((unpack<std::string>(p, limited).value() == text));
            limited.inflated_size_max = static_cast<std::uint32_t>(size - 1);
            CHECK(failure_of<std::string>(p.bytes, p.flags, limited) == errc::bad_value);
        }
    }
}

TEST_CASE("a small value that unfolds to a huge one costs no more memory than the limit") {
    if (without_zlib()) return;
    if (!alloc_counter::available()) {
        WARN("LEFT OUT: a sanitizer owns operator new, so allocations are not counted");
        return;
    }
    constexpr std::uint32_t limit = 1024 * 1024;
    for (const flag_dialect dialect : dialects) {
        const packed bomb = pack(std::string(100'000'000, 'x'), compressing(dialect));
        REQUIRE(bomb.bytes.size() < 200'000);
        const value_options limited{.dialect = dialect, .inflated_size_max = limit};

        const alloc_counter allocations;
        const errc failure = failure_of<std::string>(bomb.bytes, bomb.flags, limited);

        CHECK(failure == errc::bad_value);
        CHECK(allocations.largest() <= limit + 64);
    }
}

TEST_CASE("a stream that is cut anywhere is refused") {
    if (without_zlib()) return;
    for (const flag_dialect dialect : dialects) {
        const packed p = pack(std::string(3000, 'x') + "and a tail", compressing(dialect));
        for (std::size_t size = 0; size < p.bytes.size(); ++size) {
            CAPTURE(size);
            CHECK(failure_of<std::string>(p.bytes.substr(0, size), p.flags, {.dialect = dialect}) ==
                  errc::bad_value);
        }
    }
}

TEST_CASE("a stream with a flipped bit gives an error or the same text, never another one") {
    if (without_zlib()) return;
    const std::string text = std::string(300, 'x') + "and a tail" + std::string(300, 'y');
    for (const flag_dialect dialect : dialects) {
        const packed p = pack(text, compressing(dialect));
        std::size_t refused = 0;
        for (std::size_t bit = 0; bit < p.bytes.size() * 8; ++bit) {
            std::string broken = p.bytes;
            broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << (bit % 8)));
            const auto read = unpack<std::string>(broken, p.flags, {.dialect = dialect});
            if (read) {
                CHECK(read.value() == text);  // a bit that zlib's format leaves free
            } else {
                CHECK(read.error() == errc::bad_value);
                ++refused;
            }
        }
        CHECK(refused > p.bytes.size() * 7);
    }
}

TEST_CASE("bytes behind the stream, and a size that is not the stream's, are refused") {
    if (without_zlib()) return;
    CHECK(failure_of<std::string>(std::string(abc_stream) + "x", 8, in_pylibmc) == errc::bad_value);
    CHECK(failure_of<std::string>(std::string(abc_stream) + std::string(abc_stream), 8,
                                  in_pylibmc) == errc::bad_value);
    for (const int size : {0, 2, 4, 255}) {
        std::string wrong(abc_with_size);
        wrong[0] = static_cast<char>(size);
        CHECK(failure_of<std::string>(wrong, 0x30, in_php) == errc::bad_value);
    }
    for (const auto& junk : {""s, "x"s, "\3\0"s, "\3\0\0\0"s, "\xff\xff\xff\xff"s,
                             "junk junk junk"s, std::string(abc_stream)}) {
        CHECK(failure_of<std::string>(junk, 0x30, in_php) == errc::bad_value);
    }
    CHECK(failure_of<std::string>("", 8, in_pylibmc) == errc::bad_value);
    CHECK(failure_of<std::string>("junk", 8, in_pylibmc) == errc::bad_value);
}
