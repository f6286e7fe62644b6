// What no ring can hold.

#include <string>
#include <type_traits>
#include <vector>

#include <catch2/catch.hpp>

#include "routing/distribution.hpp"

namespace kmc::detail {
namespace {

std::vector<server> servers_in_number(std::size_t count) {
    std::vector<server> servers(count);
    for (std::size_t i = 0; i < count; ++i) {
        servers[i].host = servers[i].text = "h" + std::to_string(i);
        servers[i].port = 11211;
    }
    return servers;
}

TEST_CASE("a ring without servers is an error") {
    const auto made = make_distribution(ring::libketama, {});

    REQUIRE(!made);
    CHECK(made.error().message() == "a ring needs at least one server");
}

TEST_CASE("more servers than an index can name are an error") {
    const ring which = GENERATE(ring::libmemcached_weighted, ring::libketama);

    const auto made = make_distribution(which, servers_in_number(65535));

    REQUIRE(!made);
    CHECK(made.error().message() == "a ring holds at most 65534 servers, and 65535 are given");
}

TEST_CASE("the last index that fits is used") {
    std::vector<server> servers = servers_in_number(65534);
    for (server& s : servers) s.weight = 1;
    servers.back().weight = 4294967295U;

    const auto made = make_distribution(ring::libketama, servers);

    REQUIRE(made.has_value());
    CHECK(made.value()->points().front().server == 65533);
}

TEST_CASE("a ring of an unknown number is an error") {
    const auto made = make_distribution(static_cast<ring>(99), servers_in_number(2));

    REQUIRE(!made);
    CHECK(made.error().message() == "there is no ring of number 99");
}

std::string objection(const ring_spec& spec) {
    const auto made = make_distribution(spec, servers_in_number(2));
    return made ? "" : std::string(made.error().message());
}

TEST_CASE("a hash that the ring's program does not have is an error") {
    CHECK(objection({ring::libketama, {.hash = key_hash::crc}}) ==
          "the ring libketama has no hash crc (known: md5)");
    CHECK(objection({ring::pecl_standard, {.hash = key_hash::md5}}) ==
          "the ring pecl_standard has no hash md5 (known: crc32a fnv1a_32)");
    CHECK_THAT(objection({ring::twemproxy, {.hash = key_hash::murmur3}}),
               Catch::Contains("no hash murmur3"));
    CHECK_THAT(objection({ring::libmemcached_spy, {.point_hash = key_hash::native}}),
               Catch::Contains("no hash native"));
    CHECK_THAT(objection({ring::jump, {.hash = static_cast<key_hash>(99)}}),
               Catch::Contains("no hash an unknown hash"));
    CHECK(objection({ring::jump, {.hash = key_hash::native}}).empty());
}

TEST_CASE("a setting that the ring has not is an error") {
    CHECK(objection({ring::libmemcached_weighted, {.point_hash = key_hash::md5}}) ==
          "the ring libmemcached_weighted has no point_hash of its own");
    CHECK(objection({ring::twemproxy, {.labels = ring_labels::libmemcached}}) ==
          "the ring twemproxy has only one form of labels");
    CHECK(objection({ring::libketama, {.weights = ring_weights::ignored}}) ==
          "the ring libketama cannot ignore weights");
    CHECK(objection({ring::libmemcached_modula, {.weights = ring_weights::used}}) ==
          "the ring libmemcached_modula has no weights");
    CHECK(objection({ring::libmemcached_modula, {.weights = ring_weights::ignored}}).empty());
    CHECK(objection({ring::libketama, {.weights = ring_weights::used}}).empty());
}

TEST_CASE("a ring and its settings are compared, copied and destroyed as plain data") {
    static_assert(std::is_trivially_destructible_v<ring_spec>);
    static_assert(std::is_trivially_copyable_v<ring_spec>);
    const ring_spec plain = ring::libketama;

    CHECK(plain == ring_spec(ring::libketama));
    CHECK(plain != ring_spec(ring::libketama, {.hash = key_hash::md5}));
    CHECK(ring_spec().ring == ring::libmemcached_weighted);
}

}  // namespace
}  // namespace kmc::detail
