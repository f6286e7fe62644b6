// The ring libmemcached_weighted against libmemcached, pylibmc and php-memcached: every golden file
// in which one of them used KETAMA_WEIGHTED.

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "ring_case.hpp"
#include "routing/topology.hpp"
#include "support/vectors.hpp"

namespace kmc::detail {
namespace {

server tcp(std::string host, std::uint16_t port, std::uint32_t weight) {
    server s;
    s.host = std::move(host);
    s.port = port;
    s.weight = weight;
    return s;
}

server unix_socket(std::string path, std::uint16_t port, std::uint32_t weight) {
    server s = tcp(std::move(path), port, weight);
    s.kind = server::transport::unix_socket;
    return s;
}

std::uint32_t number(const std::string& text) {
    return static_cast<std::uint32_t>(std::stoul(text));
}

// A path that was added as if it were a host got libmemcached's default port, and its label has it
// not.
server added(const std::string& host, std::uint16_t port, std::uint32_t weight) {
    if (host.starts_with('/')) return unix_socket(host, port == 0 ? 11211 : port, weight);
    return tcp(host, port, weight);
}

// What a golden file of libmemcached did, resolved to the list of servers in its final order.
struct resolved_case {
    std::vector<server> servers;
    ring_mapping map;
};

void apply(const testing::tsv_row& op, resolved_case& to, std::vector<std::size_t>& ejected) {
    const std::string& verb = op.at(1);
    if (verb == "add") {
        const auto port = static_cast<std::uint16_t>(number(op.at(3)));
        to.servers.push_back(added(op.at(2), port, number(op.at(4))));
    } else if (verb == "unix") {
        to.servers.push_back(unix_socket(op.at(2), 0, number(op.at(3))));
    } else if (verb == "parse") {
        const auto list = server_list::parse(op.at(2)).value();
        to.servers.assign(list.servers().begin(), list.servers().end());
    } else if (verb == "behavior" && op.at(2) == "SORT_HOSTS") {
        throw std::logic_error("the sorted list is taken from the file's end");
    } else if (verb == "eject") {
        for (std::size_t i = 2; i < op.size(); ++i) ejected.push_back(std::stoul(op[i]));
    } else if (verb != "behavior" && verb != "namespace") {
        throw std::runtime_error("unknown op " + verb);
    }
}

bool has_op(const ring_case& from, std::string_view verb, std::string_view name) {
    return std::any_of(from.headers.begin(), from.headers.end(), [&](const auto& row) {
        return row.front() == "op" && row.at(1) == verb && row.at(2) == name;
    });
}

resolved_case resolve(const ring_case& from) {
    resolved_case out;
    std::vector<std::size_t> ejected;
    for (const auto& row : from.headers) {
        if (row.front() != "op") continue;
        if (row.at(1) == "behavior" && row.at(2) == "SORT_HOSTS") continue;
        apply(row, out, ejected);
        if (row.at(1) == "namespace" && has_op(from, "behavior", "HASH_WITH_PREFIX_KEY")) {
            out.map.prefix = row.at(2);
        }
    }
    if (has_op(from, "behavior", "SORT_HOSTS")) {
        std::sort(out.servers.begin(), out.servers.end(), [](const server& a, const server& b) {
            return std::tie(a.host, a.port) < std::tie(b.host, b.port);
        });
    }
    // The library rebuilt its ring over those that were left; with none left it keeps them all.
    if (!ejected.empty() && ejected.size() < out.servers.size()) {
        std::vector<server> left;
        for (std::size_t i = 0; i < out.servers.size(); ++i) {
            if (std::count(ejected.begin(), ejected.end(), i) != 0) continue;
            left.push_back(out.servers[i]);
            out.map.server.push_back(i);
        }
        out.servers = std::move(left);
    } else {
        out.map.server.resize(out.servers.size());
        std::iota(out.map.server.begin(), out.map.server.end(), std::size_t{0});
    }
    return out;
}

std::shared_ptr<const topology> build(std::vector<server> servers) {
    return topology::build(server_list::of(std::move(servers)).value(), ring::libmemcached_weighted)
        .value();
}

std::vector<std::size_t> groups_of(const std::vector<std::uint32_t>& weights) {
    std::vector<server> servers;
    for (const std::uint32_t weight : weights) {
        servers.push_back(tcp("10.0.0." + std::to_string(servers.size() + 1), 11211, weight));
    }
    std::vector<std::size_t> groups(weights.size());
    const auto ours = build(servers);
    for (const ring_point& point : ours->ring_points().points()) ++groups[point.server];
    for (std::size_t& count : groups) count /= 4;
    return groups;
}

std::vector<ring_point> points_of(std::vector<server> servers) {
    const auto ours = build(std::move(servers));
    const auto points = ours->ring_points().points();
    return {points.begin(), points.end()};
}

TEST_CASE("the ring has the points and the answers of libmemcached's KETAMA_WEIGHTED") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;

    // Rows of all files whose last state is this. Each can be said in kmc's terms: namespaces that
    // are hashed are put before the key, SORT_HOSTS is a sorted list, ejected servers are left out.
    const testing::tsv_row wanted = {"state", "dist=5", "weighted=1", "hash=1"};
    std::vector<std::string> used;
    std::size_t points = 0;
    for (const auto& file : testing::tsv_files(*folder / "libmemcached")) {
        const auto expected = read_ring_case(*folder, "libmemcached/" + file.stem().string());
        const auto state = expected.header("state");
        if (!std::equal(wanted.begin(), wanted.end(), state.begin(), state.end() - 1)) continue;
        INFO(expected.name);
        const auto [servers, map] = resolve(expected);
        const auto ours = build(servers);
        for (std::size_t i = 0; i < map.server.size(); ++i) {
            const auto& theirs = expected.servers.at(map.server[i]);
            CHECK(ours->servers()[i].host == theirs.at(2));
            CHECK(std::to_string(ours->servers()[i].port) == theirs.at(3));
        }

        if (expected.point_count) check_points(expected, *ours, map);
        check_keys(expected, *ours, map);
        used.push_back(file.stem().string());
        points += expected.points.size();
    }

    const std::vector<std::string> known = {
        "edge-collision-ab",
        "edge-collision-ba",
        "edge-dups-weighted",
        "edge-extreme-weighted",
        "edge-hostnames-weighted",
        "edge-ipv6-parse-weighted",
        "edge-ipv6-weighted",
        "edge-parse-list",
        "edge-port0-weighted",
        "edge-unix-added-as-host-weighted",
        "edge-unix-weighted",
        "edge-zero-weighted",
        "ejected-all-3",
        "ejected-weighted-10",
        "ejected-weighted-3",
        "ejected-weighted-50",
        "namespace-hashed-weighted",
        "namespace-not-hashed",
        "order-weights-then-weighted",
        "sort-hosts-weighted",
        "weighted-equal-25",
        "weighted-equal-47",
        "weighted-equal-l1",
        "weighted-equal-l10",
        "weighted-equal-l2",
        "weighted-equal-l3",
        "weighted-equal-l5",
        "weighted-equal-l50",
        "weighted-f21",
        "weighted-f29",
        "weighted-unequal-l1",
        "weighted-unequal-l10",
        "weighted-unequal-l2",
        "weighted-unequal-l3",
        "weighted-unequal-l5",
        "weighted-unequal-l50",
    };
    CHECK(used.size() == 36);
    CHECK(used == known);
    CHECK(points == 44740);  // three of the files have none
}

TEST_CASE("other ways of libmemcached to weighted md5 points have the same points") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;

    // KETAMA with weights, and CONSISTENT_WEIGHTED: their keys go by another hash.
    std::size_t files = 0;
    for (const auto& file : testing::tsv_files(*folder / "libmemcached")) {
        const std::string stem = file.stem().string();
        if (!stem.starts_with("autoweighted-") && !stem.starts_with("distweighted-")) continue;
        const auto expected = read_ring_case(*folder, "libmemcached/" + stem);
        check_points(expected, *build(resolve(expected).servers));
        ++files;
    }

    CHECK(files == 6);
}

TEST_CASE("keys go where pylibmc's ketama_weighted stored them") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;
    // Left out of the 27 files: other rings, and binary-replicas-1, which lists all copies.
    const auto [name, prefix] = GENERATE(table<std::string, std::string>({
        {"pylibmc/after-ketama_weighted-weights", ""},
        {"pylibmc/ketama-and-weighted", ""},
        {"pylibmc/ketama_weighted", ""},
        {"pylibmc/ketama_weighted-weights", ""},
        {"pylibmc/namespace", ""},
        {"pylibmc/namespace-hashed", "app1:"},
    }));
    const auto expected = read_ring_case(*folder, name);
    std::string text;
    for (const auto& row : expected.servers) text += (text.empty() ? "" : ",") + row.at(2);

    const auto ours =
        topology::build(server_list::parse(text).value(), ring::libmemcached_weighted);

    check_keys(expected, *ours.value(), {.server = {}, .prefix = prefix});
}

TEST_CASE("keys go where php-memcached's OPT_LIBKETAMA_COMPATIBLE sends them") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;
    const std::vector<std::uint32_t> five = {100, 50, 25, 400, 1};
    // Left out of the 15 files: those that turn the option off, or set another hash after it.
    const auto [name, weights, prefix] =
        GENERATE_COPY(table<std::string, std::vector<std::uint32_t>, std::string>({
            {"php-memcached/libketama_compatible", {900, 300, 1500}, ""},
            {"php-memcached/libketama_compatible-10", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, ""},
            {"php-memcached/servers-then-libketama_compatible", five, ""},
            {"php-memcached/prefix-not-hashed", five, ""},
            {"php-memcached/prefix-hashed", five, "app1:"},
            {"php-memcached/unix-addServer", {1, 3}, ""},
            {"php-memcached/unix-addServers", {1, 3}, ""},
        }));
    const auto expected = read_ring_case(*folder, name);
    REQUIRE(expected.servers.size() == weights.size());
    std::vector<server> servers;
    for (const auto& row : expected.servers) {
        const auto port = static_cast<std::uint16_t>(number(row.at(3)));
        const std::uint32_t weight = weights[servers.size()];
        servers.push_back(row.at(2).starts_with('/') ? unix_socket(row.at(2), port, weight)
                                                     : tcp(row.at(2), port, weight));
    }

    check_keys(expected, *build(servers), {.server = {}, .prefix = prefix});
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
