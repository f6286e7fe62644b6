// The arithmetic and the labels of the ring libmemcached_weighted. Its golden files are with those
// of the other rings of libmemcached.

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "libmemcached_case.hpp"
#include "routing/topology.hpp"

namespace kmc::detail {
namespace {

std::shared_ptr<const topology> weighted(std::vector<server> servers) {
    return build(std::move(servers), ring::libmemcached_weighted);
}

std::vector<std::size_t> groups_of(const std::vector<std::uint32_t>& weights) {
    std::vector<server> servers;
    for (const std::uint32_t weight : weights) {
        servers.push_back(tcp("10.0.0." + std::to_string(servers.size() + 1), 11211, weight));
    }
    std::vector<std::size_t> groups(weights.size());
    const auto ours = weighted(servers);
    for (const ring_point& point : ours->ring_points().points()) ++groups[point.server];
    for (std::size_t& count : groups) count /= 4;
    return groups;
}

std::vector<ring_point> points_of(std::vector<server> servers) {
    const auto ours = weighted(std::move(servers));
    const auto points = ours->ring_points().points();
    return {points.begin(), points.end()};
}

TEST_CASE("libmemcached gives equal servers 40 groups each, but 39 for some counts") {
    const std::size_t count =
        GENERATE(as<std::size_t>(), 1, 2, 7, 14, 25, 29, 47, 49, 50, 55, 60, 61, 71, 94, 100);
    INFO(count << " servers");

    const auto groups = groups_of(std::vector<std::uint32_t>(count, 1));

    const std::vector<std::size_t> fewer = {25, 47, 50, 55, 61, 71, 94, 100};
    const bool has_fewer = std::count(fewer.begin(), fewer.end(), count) != 0;
    CHECK(groups == std::vector<std::size_t>(count, has_fewer ? 39 : 40));
}

TEST_CASE("libmemcached rounds shares as it does, not as mathematics would") {
    CHECK(groups_of({29, 16, 15}).front() == 57);
    CHECK(groups_of({21, 10, 9}).front() == 63);
    CHECK(groups_of({900, 300, 1500}) == std::vector<std::size_t>{40, 13, 66});
}

TEST_CASE("for libmemcached a weight of 0 counts as 1") {
    CHECK(groups_of({0, 3, 0}) == groups_of({1, 3, 1}));
    CHECK(groups_of({0, 0}) == std::vector<std::size_t>{40, 40});
}

TEST_CASE("libmemcached hashes the port only if it is not 11211") {
    CHECK(points_of({tcp("a", 11211, 1)}) == points_of({tcp("a", 0, 1)}));
    CHECK(points_of({tcp("a", 11211, 1)}) != points_of({tcp("a", 11212, 1)}));
    CHECK(points_of({tcp("a", 11212, 1)}) == points_of({tcp("a:11212", 11211, 1)}));
}

TEST_CASE("libmemcached hashes the port 0 of a Unix socket, but not 11211") {
    CHECK(points_of({unix_socket("/a", 0, 1)}) != points_of({unix_socket("/a", 11211, 1)}));
    CHECK(points_of({unix_socket("/a", 0, 1)}) == points_of({unix_socket("/a:0", 11211, 1)}));
}

}  // namespace
}  // namespace kmc::detail
