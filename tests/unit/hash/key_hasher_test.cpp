// Every key hash against the values that libmemcached computed, and those of other programs that
// are known for one key.

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "hash/hash_functions.hpp"
#include "hash/key_hasher.hpp"
#include "support/alloc_counter.hpp"
#include "support/vectors.hpp"

namespace kmc::detail {
namespace {

key_hasher hasher(key_hash which, key_bytes bytes = key_bytes::with_sign,
                  key_alphabet alphabet = key_alphabet::bytes) {
    return {which, alphabet, bytes};
}

TEST_CASE("every hash of libmemcached has its values, key by key and in a batch") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;
    const auto [column, which] = GENERATE(table<std::string, key_hash>({
        {"DEFAULT", key_hash::one_at_a_time},
        {"MD5", key_hash::md5},
        {"CRC", key_hash::crc},
        {"FNV1_64", key_hash::fnv1_64},
        {"FNV1A_64", key_hash::fnv1a_64},
        {"FNV1_32", key_hash::fnv1_32},
        {"FNV1A_32", key_hash::fnv1a_32},
        {"MURMUR", key_hash::murmur},
        {"JENKINS", key_hash::jenkins},
        {"MURMUR3", key_hash::murmur3},
    }));
    INFO(column);
    const auto rows = testing::read_tsv(*folder / "hash/a.tsv");
    const auto keys = testing::read_tsv(*folder / "keys/a.tsv");
    REQUIRE(rows.size() == keys.size() + 1);
    std::size_t place = 1;
    while (rows[0].at(place) != column) ++place;
    std::vector<std::string> owned;
    for (const auto& row : keys) owned.push_back(testing::from_hex(row.at(1)));
    const std::vector<std::string_view> views(owned.begin(), owned.end());

    std::vector<std::uint32_t> hashes(views.size());
    hasher(which).many(views, hashes);

    std::size_t checked = 0;
    for (std::size_t i = 0; i < views.size(); ++i, ++checked) {
        if (std::to_string(hashes[i]) != rows[i + 1].at(place)) FAIL("key " << i);
        if (hasher(which).one(views[i]) != hashes[i]) FAIL("key " << i << " alone");
    }
    CHECK(checked == 2000);
}

TEST_CASE("twemproxy's own hashes have the values it is known for") {
    CHECK(hasher(key_hash::crc16).one("foo") == 205303702U);
    CHECK(hasher(key_hash::crc32a).one("foo") == 2356372769U);
    CHECK(hasher(key_hash::hsieh).one("foo") == 1993659431U);
    CHECK(hasher(key_hash::hsieh).one("") == 0);
    CHECK(hasher(key_hash::crc32a).one("123456789") == 0xcbf43926U);
}

TEST_CASE("bytes from 0x80 on count with a sign or without one, where the program says char") {
    const std::string_view key = "\xff\x80";
    const auto [which, with_sign] = GENERATE(table<key_hash, std::uint32_t>({
        {key_hash::one_at_a_time, 3637588423U},
        {key_hash::fnv1_64, 3035328992U},
        {key_hash::fnv1a_64, 3035557738U},
        {key_hash::fnv1_32, 309762336U},
        {key_hash::fnv1a_32, 1400454730U},
    }));
    CHECK(hasher(which).one(key) == with_sign);
    CHECK(hasher(which, key_bytes::without_sign).one(key) != with_sign);
    CHECK(hasher(which, key_bytes::without_sign).one("plain") == hasher(which).one("plain"));
}

TEST_CASE("without a sign the fnv hashes are the published ones") {
    // FNV-1a of the bytes ff 80, by its definition.
    const std::uint32_t first = (0x811c9dc5U ^ 0xffU) * 0x01000193U;

    CHECK(hasher(key_hash::fnv1a_32, key_bytes::without_sign).one("\xff\x80") ==
          (first ^ 0x80U) * 0x01000193U);
    CHECK(hasher(key_hash::hsieh, key_bytes::without_sign).one("ab\xff") !=
          hasher(key_hash::hsieh).one("ab\xff"));
}

TEST_CASE("the other hashes take bytes as bytes") {
    const key_hash which = GENERATE(key_hash::md5, key_hash::crc, key_hash::crc16, key_hash::crc32a,
                                    key_hash::murmur, key_hash::jenkins, key_hash::murmur3);

    CHECK(hasher(which, key_bytes::without_sign).one("\xff\x80") == hasher(which).one("\xff\x80"));
}

TEST_CASE("Java's hashes run over UTF-16") {
    CHECK(java_native("hello") == 99162322U);
    CHECK(java_native("\xc3\xa9") == 0xe9U);                           // one unit
    CHECK(java_native("\xf0\x9f\x98\x80") == 0xd83dU * 31 + 0xde00U);  // a pair of them
    CHECK(java_fnv1a_32("\xe2\x82\xac") == (0x811c9dc5U ^ 0x20acU) * 0x01000193U);
    CHECK(java_fnv1a_64("") == 0x84222325U);
}

TEST_CASE("what is not UTF-8 counts as U+FFFD, a byte at a time") {
    const std::string bad = GENERATE(as<std::string>(), "\x80", "\xc3", "\xc0", "\xff", "\xf5");
    CHECK(java_native(bad) == 0xfffdU);
    CHECK(java_native(bad + "a") == 0xfffdU * 31 + 'a');
    // Too long for what it says, half of a pair, above the last character.
    CHECK(java_native("\xe0\x80\x80") == (0xfffdU * 31 + 0xfffdU) * 31 + 0xfffdU);
    CHECK(java_native("\xed\xa0\x80") == (0xfffdU * 31 + 0xfffdU) * 31 + 0xfffdU);
    CHECK(java_native("\xf4\x90\x80\x80") != java_native("\xf4\x8f\x80\x80"));
}

TEST_CASE("hashing allocates nothing, whatever the hash") {
    if (!testing::alloc_counter::available()) {
        WARN("SKIPPED: allocations cannot be counted here");
        return;
    }
    const std::vector<std::string_view> keys(100, "some key \xff with \xe2\x82\xac in it");
    std::vector<std::uint32_t> hashes(keys.size());
    const testing::alloc_counter allocations;

    for (auto which = key_hash::one_at_a_time; which <= key_hash::native;
         which = static_cast<key_hash>(static_cast<int>(which) + 1)) {
        hasher(which).many(keys, hashes);
        hasher(which, key_bytes::with_sign, key_alphabet::java).many(keys, hashes);
    }

    CHECK(allocations.calls() == 0);
}

}  // namespace
}  // namespace kmc::detail
