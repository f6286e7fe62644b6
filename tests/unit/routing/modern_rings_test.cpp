// rendezvous and jump: shares, and what stays where it was when the list changes.

#include <cstddef>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "libmemcached_case.hpp"
#include "routing/topology.hpp"

namespace kmc::detail {
namespace {

constexpr int keys = 20000;

std::vector<double> shares_of(const topology& ring) {
    std::vector<double> shares(ring.servers().size());
    for (int i = 0; i < keys; ++i) shares[ring.place_of("key" + std::to_string(i)).server] += 1;
    for (double& share : shares) share /= keys;
    return shares;
}

TEST_CASE("rendezvous gives every server its weight's share, and none is favoured by its place") {
    const auto equal = shares_of(
        *build({tcp("a", 1, 1), tcp("b", 1, 1), tcp("c", 1, 1), tcp("d", 1, 1)}, ring::rendezvous));
    const auto unequal =
        shares_of(*build({tcp("a", 1, 1), tcp("b", 1, 3), tcp("c", 1, 6)}, ring::rendezvous));

    for (const double share : equal) CHECK(share == Approx(0.25).margin(0.015));
    CHECK(unequal[0] == Approx(0.1).margin(0.015));
    CHECK(unequal[1] == Approx(0.3).margin(0.015));
    CHECK(unequal[2] == Approx(0.6).margin(0.015));
}

TEST_CASE("equal weights of rendezvous are as none, and weights can be ignored") {
    const auto points_at = [](std::uint32_t a, std::uint32_t b, ring_weights weights) {
        const auto ours =
            build({tcp("a", 1, a), tcp("b", 1, b)}, {ring::rendezvous, {.weights = weights}});
        std::vector<server_index> found;
        for (int i = 0; i < 500; ++i) found.push_back(ours->place_of(std::to_string(i)).server);
        return found;
    };
    const auto plain = points_at(1, 1, ring_weights::automatic);

    CHECK(points_at(7, 7, ring_weights::automatic) == plain);
    CHECK(points_at(1, 9, ring_weights::ignored) == plain);
    CHECK(points_at(1, 9, ring_weights::automatic) != plain);
}

TEST_CASE("changing one weight of rendezvous moves keys from or to that server only") {
    const auto before = build({tcp("a", 1, 2), tcp("b", 1, 3), tcp("c", 1, 4)}, ring::rendezvous);
    const auto after = build({tcp("a", 1, 2), tcp("b", 1, 5), tcp("c", 1, 4)}, ring::rendezvous);

    int moved = 0;
    for (int i = 0; i < keys; ++i) {
        const std::string key = std::to_string(i);
        const auto from = before->place_of(key).server;
        const auto to = after->place_of(key).server;
        if (from == to) continue;
        ++moved;
        if (to != 1) FAIL("a key moved from " << from << " to " << to);
    }
    CHECK(moved > keys / 20);
}

TEST_CASE("rendezvous does not depend on the order of the list, and knows servers by name") {
    const auto text_at = [](const topology& t, const std::string& key) {
        return t.servers()[t.place_of(key).server].host;
    };
    server moved = tcp("elsewhere", 2, 1);
    moved.name = "a:1";
    const auto one = build({tcp("a", 1, 1), tcp("b", 1, 1), tcp("c", 1, 1)}, ring::rendezvous);
    const auto other = build({tcp("c", 1, 1), moved, tcp("b", 1, 1)}, ring::rendezvous);

    for (int i = 0; i < 500; ++i) {
        const std::string here = text_at(*one, std::to_string(i));
        const std::string there = text_at(*other, std::to_string(i));
        CHECK(there == (here == "a" ? "elsewhere" : here));
    }
}

TEST_CASE("of equal servers on rendezvous the first has the keys") {
    const auto ours = build({tcp("a", 1, 1), tcp("a", 1, 1)}, ring::rendezvous);

    for (int i = 0; i < 100; ++i) CHECK(ours->place_of(std::to_string(i)).server == 0);
}

// Lamping and Veach's function as their paper prints it, for comparison.
int published_jump(std::uint64_t key, int count) {
    std::int64_t b = -1;
    std::int64_t j = 0;
    while (j < count) {
        b = j;
        key = key * 2862933555777941757ULL + 1;
        j = static_cast<std::int64_t>(static_cast<double>(b + 1) *
                                      (double(1LL << 31) / double((key >> 33) + 1)));
    }
    return static_cast<int>(b);
}

TEST_CASE("jump is the published function of the key's hash") {
    const int count = GENERATE(1, 2, 3, 10, 1000);
    std::vector<server> servers;
    for (int i = 0; i < count; ++i) servers.push_back(tcp("s" + std::to_string(i), 1, 1));
    const auto ours = build(servers, ring::jump);

    for (int i = 0; i < 1000; ++i) {
        const auto place = ours->place_of(std::to_string(i));
        CHECK(place.server == published_jump(place.hash, count));
    }
}

TEST_CASE("jump is even, and has no weights") {
    for (const double share : shares_of(*build(
             {tcp("a", 1, 5), tcp("b", 1, 5), tcp("c", 1, 5), tcp("d", 1, 5)}, ring::jump))) {
        CHECK(share == Approx(0.25).margin(0.015));
    }
    const auto list = server_list::of({tcp("a", 1, 1), tcp("b", 1, 2)}).value();
    const ring_spec ignoring = {ring::jump, {.weights = ring_weights::ignored}};

    CHECK(topology::build(list, ring::jump).error().message() ==
          "server 2 \"b:1\": the ring jump has no weights, but this one differs from the first");
    CHECK(topology::build(list, ignoring).has_value());
}

}  // namespace
}  // namespace kmc::detail
