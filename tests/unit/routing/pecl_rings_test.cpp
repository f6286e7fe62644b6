// The rings of the extension PECL memcache (4.0.5.2) against what its findServer() said.

#include <cstddef>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "libmemcached_case.hpp"
#include "routing/topology.hpp"

namespace kmc::detail {
namespace {

struct pecl_case {
    ring which;
    key_hash hash;
    std::size_t list;
    std::string servers;  // a digit for each key
};

const std::vector<pecl_case>& cases() {
    static const std::vector<pecl_case> all = {
        {ring::pecl_standard, key_hash::crc32a, 0,
         "02012121210211101021111021112101211212102210212121"
         "01121122112112111021011102111121121211102121011210"},
        {ring::pecl_standard, key_hash::fnv1a_32, 0,
         "10020221211220011201021021021012111201011221022121"
         "20010112011211120021121121112112110120212112021002"},
        {ring::pecl_consistent, key_hash::crc32a, 0,
         "11210212211202221112211102121121201001100122021121"
         "21100222202002121021210110221122100002201211112100"},
        {ring::pecl_consistent, key_hash::fnv1a_32, 0,
         "21001110101011211211012112111012012011011112110121"
         "12012111221011012111120121111011222121222111211112"},
        {ring::pecl_standard, key_hash::crc32a, 1,
         "02111120200211112020112002111111022011112011110202"
         "02111120202011201111110211022002110211111102110220"},
        {ring::pecl_standard, key_hash::fnv1a_32, 1,
         "00000000000000000000000000000022220002002222000000"
         "11111111112111100121201201012012211110020111122001"},
        {ring::pecl_consistent, key_hash::crc32a, 1,
         "21101111111101111111102021121121011120101111011011"
         "11122111120220111111122121111111020211120111010220"},
        {ring::pecl_consistent, key_hash::fnv1a_32, 1,
         "10222112211101120110111021100211201201220211001111"
         "00122112112200211201012111101211101110110100121101"},
    };
    return all;
}

std::vector<server> list_of_number(std::size_t number) {
    if (number == 0) {
        return {tcp("127.0.0.1", 11211, 1), tcp("127.0.0.2", 11212, 3), tcp("localhost", 11213, 2)};
    }
    return {unix_socket("/tmp/a", 0, 1), unix_socket("/tmp/b", 0, 2), tcp("127.0.0.1", 11211, 1)};
}

std::vector<std::string> keys_asked() {
    std::vector<std::string> keys;
    for (int i = 0; i < 60; ++i) keys.push_back("key:" + std::to_string(i));
    for (int i = 0; i < 40; ++i) keys.push_back("k\xff\x80" + std::to_string(i) + "\xc3");
    return keys;
}

TEST_CASE("keys go where the extension memcache sends them") {
    const auto keys = keys_asked();

    for (const pecl_case& c : cases()) {
        INFO(to_text(c.which) << " " << to_text(c.hash) << " " << c.list);
        const auto ours = build(list_of_number(c.list), {c.which, {.hash = c.hash}});
        std::string found;
        for (const std::string& key : keys) found += std::to_string(ours->place_of(key).server);
        CHECK(found == c.servers);
    }
}

TEST_CASE("the extension memcache hashes by crc32 when told nothing") {
    const ring which = GENERATE(ring::pecl_standard, ring::pecl_consistent);

    CHECK(build(list_of_number(0), which)->place_of("123456789").hash == 0xcbf43926U);
}

TEST_CASE("the 15 bits of pecl_standard are never 0") {
    const std::vector<server> two = {tcp("a", 1, 1), tcp("b", 1, 1)};
    const auto made =
        make_distribution(ring::pecl_standard, server_list::of(two).value().servers());
    const std::vector<std::uint32_t> hashes = {0,        0xffffU,  0x80000000U,
                                               0x10000U, 0x20000U, 0x30000U};
    std::vector<server_index> found(hashes.size());

    made.value()->locate(hashes, found);

    CHECK(found == std::vector<server_index>{1, 1, 1, 1, 0, 1});
}

TEST_CASE("pecl_consistent has a point for every 160th of a weight, and a limit") {
    const auto of = [](std::uint32_t weight) {
        return topology::build(server_list::of({tcp("a", 1, weight)}).value(),
                               ring::pecl_consistent);
    };

    CHECK(of(3).value()->ring_points().points().size() == 480);
    CHECK(of(104858).error().message() ==
          "on the ring pecl_consistent the weights add up to 104858, at most 104857 are possible");
    CHECK_THAT(of(0).error().message(), Catch::Contains("weight 0"));
}

}  // namespace
}  // namespace kmc::detail
