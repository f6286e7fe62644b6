// md5() and md5_many() against RFC 1321, against each other, and against libmemcached's own key
// hashes.

#include <array>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "hash/key_hash.hpp"
#include "support/seed.hpp"
#include "support/vectors.hpp"

namespace kmc::detail {
namespace {

std::string hex_of(const md5_words& words) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::uint32_t word : words) {
        for (int shift = 0; shift < 32; shift += 8) {
            text += digits[word >> (shift + 4) & 0xf];
            text += digits[word >> shift & 0xf];
        }
    }
    return text;
}

std::string random_bytes(rng& random, std::size_t size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    return bytes;
}

std::vector<std::uint32_t> hashed(const std::vector<std::string_view>& keys) {
    std::vector<std::uint32_t> out(keys.size());
    md5_many(keys, out);
    return out;
}

TEST_CASE("md5 gives the digests of RFC 1321") {
    const auto [text, digest] = GENERATE(table<std::string, std::string>({
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "d174ab98d277d9f5a5611c2c9f419d9f"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "57edf4a22be3c955ac49da2e2107b67a"},
    }));

    CHECK(hex_of(md5(text)) == digest);
}

TEST_CASE("the words of md5 are little-endian, and the key hash is the first") {
    CHECK(md5("1.2.3.4:11211-0") == md5_words{1195519593U, 2884846090U, 3598226436U, 369177395U});
    CHECK(hashed({"foo"}).front() == 3675831724U);
}

TEST_CASE("md5_many agrees with md5 for every length at every alignment") {
    const std::uint64_t seed = testing::seed();
    INFO("KMC_SEED=" << seed);
    rng random(seed);
    const std::string bytes = random_bytes(random, 255 + 16);

    std::vector<std::string_view> keys;
    for (std::size_t size = 0; size <= 255; ++size) {
        for (std::size_t start = 0; start < 16; ++start) {
            keys.push_back(std::string_view(bytes).substr(start, size));
        }
    }
    const auto hashes = hashed(keys);

    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (hashes[i] != md5(keys[i])[0]) FAIL("length " << keys[i].size() << ", key " << i);
    }
    SUCCEED();
}

TEST_CASE("md5_many agrees with md5 for batches of every size, short keys, long keys and both") {
    const std::uint64_t seed = testing::seed();
    INFO("KMC_SEED=" << seed);
    rng random(seed);
    const auto [shortest, longest] =
        GENERATE(table<std::size_t, std::size_t>({{0, 55}, {56, 250}, {40, 70}, {0, 250}}));

    for (std::size_t size = 0; size <= 200; size += size < 40 ? 1 : 37) {
        std::vector<std::string> owned;
        for (std::size_t i = 0; i < size; ++i) {
            owned.push_back(random_bytes(random, shortest + random.below(longest - shortest + 1)));
        }
        const std::vector<std::string_view> keys(owned.begin(), owned.end());
        const auto hashes = hashed(keys);

        for (std::size_t i = 0; i < size; ++i) {
            if (hashes[i] != md5(keys[i])[0]) FAIL("batch of " << size << ", key " << i);
        }
    }
    SUCCEED();
}

TEST_CASE("md5_many writes nothing behind the last hash") {
    const std::size_t size = GENERATE(range<std::size_t>(0, 20));
    const std::vector<std::string_view> keys(size, "key");
    std::vector<std::uint32_t> out(size + 8, 0xabcdef01U);

    md5_many(keys, std::span(out).first(size));

    for (std::size_t i = size; i < out.size(); ++i) CHECK(out[i] == 0xabcdef01U);
}

TEST_CASE("md5_many computes the key hashes of libmemcached") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;
    const auto keys = testing::read_tsv(*folder / "keys/a.tsv");
    const auto hashes = testing::read_tsv(*folder / "hash/a.tsv");
    REQUIRE(keys.size() == 2000);
    REQUIRE(hashes.size() == 2001);
    REQUIRE(hashes.front().at(2) == "MD5");

    std::vector<std::string> owned;
    for (const auto& row : keys) owned.push_back(testing::from_hex(row.at(1)));
    const auto ours = hashed({owned.begin(), owned.end()});

    for (std::size_t i = 0; i < ours.size(); ++i) {
        REQUIRE(hashes[i + 1].front() == keys[i].front());
        if (std::to_string(ours[i]) != hashes[i + 1].at(2)) FAIL("key number " << i);
    }
    SUCCEED();
}

}  // namespace
}  // namespace kmc::detail
