// The ring libketama against the running libketama: every golden file, its points and its keys.

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "ring_case.hpp"
#include "routing/topology.hpp"
#include "support/vectors.hpp"

namespace kmc::detail {
namespace {

// The library answers with an address: a server whose address stood there before counts as that.
ring_mapping first_of_same_address(std::span<const server> servers) {
    ring_mapping map;
    for (const server& s : servers) {
        const auto same = [&](const server& other) { return other.text == s.text; };
        const auto first = std::find_if(servers.begin(), servers.end(), same);
        map.server.push_back(static_cast<std::size_t>(first - servers.begin()));
    }
    return map;
}

std::vector<std::size_t> groups_of(const std::vector<std::uint32_t>& weights) {
    std::vector<server> servers;
    for (const std::uint32_t weight : weights) {
        server s;
        s.host = "10.0.0." + std::to_string(servers.size() + 1);
        s.weight = weight;
        servers.push_back(s);
    }
    const auto made =
        make_distribution(ring::libketama, server_list::of(std::move(servers)).value().servers());
    std::vector<std::size_t> groups(weights.size());
    for (const ring_point& point : made.value()->points()) ++groups[point.server];
    for (std::size_t& count : groups) count /= 4;
    return groups;
}

TEST_CASE("the ring libketama has the points and the answers of libketama") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;

    std::size_t files = 0;
    std::size_t points = 0;
    for (const auto& file : testing::tsv_files(*folder / "libketama")) {
        if (file.stem() == "parse") continue;
        const auto expected = read_ring_case(*folder, "libketama/" + file.stem().string());
        INFO(expected.name);
        auto list =
            server_list::parse_ketama_file(testing::from_hex(expected.header("file").at(1)), "f");
        REQUIRE(list.has_value());
        CHECK(list.value().warnings().empty());
        REQUIRE(list.value().servers().size() == expected.servers.size());
        for (std::size_t i = 0; i < expected.servers.size(); ++i) {
            CHECK(list.value().servers()[i].text == expected.servers[i].at(2));
            CHECK(std::to_string(list.value().servers()[i].weight) == expected.servers[i].at(3));
        }
        const auto map = first_of_same_address(list.value().servers());
        const auto ours = topology::build(std::move(list).value(), ring::libketama).value();

        check_points(expected, *ours, map);
        check_keys(expected, *ours, map);
        ++files;
        points += expected.points.size();
    }

    CHECK(files == 22);
    CHECK(points == 38080);
}

TEST_CASE("libketama's parser is followed for every golden file, quirks and errors included") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;

    std::size_t accepted = 0;
    std::size_t refused = 0;
    for (const auto& row : testing::read_tsv(*folder / "libketama/parse.tsv")) {
        if (row.front() != "F") continue;
        INFO(row.at(1));
        auto list = server_list::parse_ketama_file(testing::from_hex(row.at(1)), "f");
        REQUIRE(list.has_value() == (row.at(2) == "ok"));
        if (!list) {
            ++refused;
            continue;
        }
        const auto ours = topology::build(std::move(list).value(), ring::libketama).value();
        std::map<std::string, std::size_t> counts;
        for (const ring_point& point : ours->ring_points().points()) {
            ++counts[ours->servers()[point.server].text];
        }
        std::map<std::string, std::size_t> expected;
        std::string_view pairs = row.at(3);
        while (!pairs.empty()) {
            const std::string_view pair = pairs.substr(0, pairs.find(';'));
            const std::size_t equals = pair.find('=');
            expected[testing::from_hex(pair.substr(0, equals))] =
                std::stoul(std::string(pair.substr(equals + 1)));
            pairs.remove_prefix(std::min(pair.size() + 1, pairs.size()));
        }
        CHECK(counts == expected);
        ++accepted;
    }

    CHECK(accepted == 13);
    CHECK(refused == 14);
}

TEST_CASE("libketama gives equal servers 40 groups each, but 39 when there are 61") {
    const std::size_t count =
        GENERATE(as<std::size_t>(), 1, 2, 7, 14, 25, 29, 31, 41, 43, 47, 49, 50, 55, 60, 61);
    INFO(count << " servers");

    const auto groups = groups_of(std::vector<std::uint32_t>(count, 1));

    const std::size_t expected = count == 61 ? 39 : 40;
    CHECK(groups == std::vector<std::size_t>(count, expected));
}

TEST_CASE("libketama rounds shares as it does, not as mathematics would") {
    CHECK(groups_of({29, 16, 15}).front() == 58);
    CHECK(groups_of({21, 10, 9}).front() == 62);
    CHECK(groups_of({900, 300, 1500}) == std::vector<std::size_t>{40, 13, 66});
    CHECK(groups_of({1, 100000}) == std::vector<std::size_t>{0, 79});
}

TEST_CASE("libketama hashes the address as it is written, default port included") {
    const auto points_of = [](std::string_view text) {
        const auto list = server_list::parse(text).value();
        const auto made = make_distribution(ring::libketama, list.servers()).value();
        return std::vector<ring_point>(made->points().begin(), made->points().end());
    };

    CHECK(points_of("1.2.3.4:11211") != points_of("1.2.3.4"));
    CHECK(points_of("1.2.3.4:11211:7") == points_of("1.2.3.4:11211"));
    const auto points = points_of("1.2.3.4:11211");
    for (const std::uint32_t value : {1195519593U, 2884846090U, 3598226436U, 369177395U}) {
        CHECK(std::count(points.begin(), points.end(), ring_point{value, 0}) == 1);
    }
}

TEST_CASE("libketama refuses a weight of 0 and names the server") {
    const auto list = server_list::parse("10.0.0.1, 10.0.0.2:11212:0").value();

    const auto made = make_distribution(ring::libketama, list.servers());

    REQUIRE(!made);
    CHECK(made.error().message() ==
          "server 2 \"10.0.0.2:11212\": weight 0 has no meaning on the ring libketama");
}

}  // namespace
}  // namespace kmc::detail
