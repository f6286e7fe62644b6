// libmemcached's rings against libmemcached: every golden file, whatever was set in it.

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "libmemcached_case.hpp"
#include "ring_case.hpp"
#include "routing/topology.hpp"
#include "support/vectors.hpp"

namespace kmc::detail {
namespace {

std::vector<ring_point> points_of(const topology& ring) {
    const auto points = ring.ring_points().points();
    return {points.begin(), points.end()};
}

TEST_CASE("every ring of libmemcached has its points and its answers") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;

    std::map<ring, std::size_t> files;
    std::size_t points = 0;
    for (const auto& file : testing::tsv_files(*folder / "libmemcached")) {
        const auto expected = read_ring_case(*folder, "libmemcached/" + file.stem().string());
        INFO(expected.name);
        const auto theirs = resolve(expected);
        const auto ours = theirs.build();
        REQUIRE(ours->servers().size() == expected.servers.size());
        for (std::size_t i = 0; i < expected.servers.size(); ++i) {
            CHECK(ours->servers()[i].host == expected.servers[i].at(2));
            CHECK(std::to_string(ours->servers()[i].port) == expected.servers[i].at(3));
        }

        if (expected.point_count) check_points(expected, *ours, theirs.map);
        check_keys(expected, *ours, theirs.map);
        ++files[theirs.spec.ring];
        points += expected.points.size();
    }

    CHECK(files[ring::libmemcached_weighted] == 46);
    CHECK(files[ring::libmemcached_ketama] == 40);
    CHECK(files[ring::libmemcached_spy] == 24);
    CHECK(files[ring::libmemcached_modula] == 28);
    CHECK(points == 83612);
}

TEST_CASE("weights above 1 count by themselves where libmemcached got its ring first") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;

    std::size_t files = 0;
    for (const auto& file : testing::tsv_files(*folder / "libmemcached")) {
        const std::string stem = file.stem().string();
        auto theirs = resolve(read_ring_case(*folder, "libmemcached/" + stem));
        const bool has_both = theirs.spec.ring == ring::libmemcached_ketama ||
                              theirs.spec.ring == ring::libmemcached_spy;
        // Those where the weighted flag was set, or the servers added, before the ring was chosen.
        const bool is_odd = stem.starts_with("order-") || stem.starts_with("spy-weighted-");
        if (!has_both || is_odd) continue;
        INFO(stem);
        const auto by_hand = theirs.build();
        theirs.spec.settings.weights = ring_weights::automatic;

        CHECK(points_of(*theirs.build()) == points_of(*by_hand));
        ++files;
    }

    CHECK(files > 40);
}

TEST_CASE("a ring keeps the points that were made with another hash than its keys have") {
    const std::vector<server> servers = {tcp("a", 0, 1), tcp("b", 0, 1)};
    const ring_spec mixed = {ring::libmemcached_ketama,
                             {.hash = key_hash::md5, .point_hash = key_hash::one_at_a_time}};

    const auto ours = build(servers, mixed);

    CHECK(points_of(*ours) == points_of(*build(servers, ring::libmemcached_ketama)));
    CHECK(ours->place_of("foo").hash == 3675831724U);
}

TEST_CASE("libmemcached's spy has the port in its labels always, and a slash") {
    const auto points = [](server s) { return points_of(*build({s}, ring::libmemcached_spy)); };
    const auto plain = [](server s) { return points_of(*build({s}, ring::libmemcached_ketama)); };

    CHECK(points(tcp("a", 0, 1)) == plain(tcp("/a:11211", 11211, 1)));
    CHECK(points(tcp("a", 11212, 1)) == plain(tcp("/a", 11212, 1)));
    CHECK(points(unix_socket("/a", 0, 1)) == plain(tcp("//a:0", 11211, 1)));
}

TEST_CASE("libmemcached's modula counts no weights and leaves out nobody") {
    const std::vector<server> servers = {tcp("a", 0, 900), tcp("b", 0, 1), tcp("c", 0, 0)};
    const auto list = server_list::of(servers).value();
    const std::vector<server_index> ejected = {1};
    const auto ours = topology::build(list, ring::libmemcached_modula, ejected).value();

    for (const std::string key : {"x", "y", "z", "foo", "bar", "1", "2", "3"}) {
        const auto place = ours->place_of(key);
        CHECK(place.server == place.hash % 3);
    }
}

}  // namespace
}  // namespace kmc::detail
