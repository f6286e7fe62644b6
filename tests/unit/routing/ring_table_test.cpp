// What no ring can hold.

#include <string>
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

}  // namespace
}  // namespace kmc::detail
