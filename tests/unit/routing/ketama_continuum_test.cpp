// The search on a ring, against the rule written out plainly: the first point at or above the hash
// in the order (value, server), and the lowest point behind the end.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "hash/key_hash.hpp"
#include "routing/ketama_continuum.hpp"
#include "routing/ring_points.hpp"
#include "support/seed.hpp"

namespace kmc::detail {
namespace {

constexpr std::uint32_t highest = std::numeric_limits<std::uint32_t>::max();

server_index plainly(std::span<const ring_point> points, std::uint32_t hash) {
    for (const ring_point& point : points) {
        if (point.value >= hash) return point.server;
    }
    return points.front().server;
}

std::vector<ring_point> points_of(
    const std::vector<std::pair<std::string, std::uint32_t>>& labels_and_groups) {
    std::vector<ring_point> points;
    server_index server = 0;
    for (const auto& [label, groups] : labels_and_groups) {
        add_md5_points(points, label, groups, server++);
    }
    return points;
}

std::vector<ring_point> some_points(std::size_t servers, std::uint32_t groups) {
    std::vector<std::pair<std::string, std::uint32_t>> labels;
    for (std::size_t i = 0; i < servers; ++i) labels.emplace_back("s" + std::to_string(i), groups);
    return points_of(labels);
}

server_index locate_one(const ketama_continuum& ring, std::uint32_t hash) {
    server_index server = 0xffff;
    ring.locate({&hash, 1}, {&server, 1});
    return server;
}

TEST_CASE("a hash on a point, beside one, at both ends, or anywhere finds its server") {
    const std::uint64_t seed = testing::seed();
    INFO("KMC_SEED=" << seed);
    rng random(seed);
    const auto [servers, groups] =
        GENERATE(table<std::size_t, std::uint32_t>({{1, 1}, {2, 1}, {3, 40}, {9, 40}, {40, 7}}));
    const ketama_continuum ring(some_points(servers, groups));
    const auto points = ring.points();
    REQUIRE(points.size() == servers * groups * 4);

    std::vector<std::uint32_t> hashes = {0, 1, highest - 1, highest, points.back().value + 1};
    for (const ring_point& point : points) {
        hashes.insert(hashes.end(), {point.value - 1, point.value, point.value + 1});
    }
    for (int i = 0; i < 1000; ++i) hashes.push_back(static_cast<std::uint32_t>(random.next()));
    std::vector<server_index> found(hashes.size());
    ring.locate(hashes, found);

    for (std::size_t i = 0; i < hashes.size(); ++i) {
        if (found[i] != plainly(points, hashes[i])) FAIL("hash " << hashes[i]);
    }
    SUCCEED();
}

TEST_CASE("points that a weak hash crowded into one corner are found as well") {
    const std::uint64_t seed = testing::seed();
    INFO("KMC_SEED=" << seed);
    rng random(seed);
    const std::uint32_t lowest = GENERATE(0U, 0x7fff0000U, highest - 0x7fff);
    std::vector<ring_point> points;
    for (server_index server = 0; server < 2000; ++server) {
        points.push_back({lowest + static_cast<std::uint32_t>(random.next() % 0x8000), server});
    }
    const ketama_continuum ring(points);

    for (std::uint32_t i = 0; i < 0x8000; i += 13) {
        const std::uint32_t hash = lowest + i;
        if (locate_one(ring, hash) != plainly(ring.points(), hash)) FAIL("hash " << hash);
    }
    for (const std::uint32_t hash : {0U, 1U, lowest - 1, lowest + 0x8000, highest}) {
        CHECK(locate_one(ring, hash) == plainly(ring.points(), hash));
    }
}

TEST_CASE("points are the md5 words of label-0, label-1, ... in ascending order") {
    const ketama_continuum ring(points_of({{"a", 2}, {"b", 1}}));
    std::vector<ring_point> expected;
    for (const auto word : md5("a-0")) expected.push_back({word, 0});
    for (const auto word : md5("a-1")) expected.push_back({word, 0});
    for (const auto word : md5("b-0")) expected.push_back({word, 1});
    std::sort(expected.begin(), expected.end(),
              [](const auto& a, const auto& b) { return a.value < b.value; });

    CHECK(std::vector<ring_point>(ring.points().begin(), ring.points().end()) == expected);
}

TEST_CASE("of servers with the same points the first gets the keys") {
    const ketama_continuum ring(points_of({{"x", 3}, {"same", 5}, {"same", 8}, {"same", 5}}));

    for (const ring_point& point : ring.points()) {
        const auto server = locate_one(ring, point.value);
        CHECK(server != 3);
        CHECK(server == plainly(ring.points(), point.value));
    }
}

TEST_CASE("a server without a group gets no keys") {
    const ketama_continuum ring(points_of({{"none", 0}, {"all", 40}}));

    for (const ring_point& point : ring.points()) CHECK(locate_one(ring, point.value) == 1);
    CHECK(locate_one(ring, 0) == 1);
    CHECK(locate_one(ring, highest) == 1);
}

TEST_CASE("points of other servers with the same value can be dropped") {
    const std::vector<ring_point> points = {{7, 1}, {5, 0}, {7, 0}, {5, 0}, {9, 2}};

    const ketama_continuum kept(points);
    const ketama_continuum dropped(points, equal_points::dropped);

    const std::vector<ring_point> all = {{5, 0}, {5, 0}, {7, 1}, {7, 0}, {9, 2}};
    const std::vector<ring_point> one_each = {{5, 0}, {7, 1}, {9, 2}};
    CHECK(std::equal(all.begin(), all.end(), kept.points().begin(), kept.points().end()));
    CHECK(std::equal(one_each.begin(), one_each.end(), dropped.points().begin(),
                     dropped.points().end()));
    for (const std::uint32_t hash : {0U, 5U, 6U, 7U, 8U, 9U, 10U}) {
        CHECK(locate_one(kept, hash) == locate_one(dropped, hash));
    }
}

}  // namespace
}  // namespace kmc::detail
