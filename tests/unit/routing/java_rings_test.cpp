// The rings of the two Java clients against their own classes: every golden file of spymemcached
// and java_ketama, points, keys and fall-backs.

#include <cstddef>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "libmemcached_case.hpp"
#include "ring_case.hpp"
#include "routing/java_address.hpp"
#include "routing/spymemcached_sequence.hpp"
#include "routing/topology.hpp"
#include "support/vectors.hpp"

namespace kmc::detail {
namespace {

// KETAMA_HASH, FNV1A_64_HASH, ...
key_hash hash_of_constant(const std::string& constant) {
    if (constant == "KETAMA_HASH") return key_hash::md5;
    std::string name = constant.substr(0, constant.find("_HASH"));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    return parse_key_hash(name).value();
}

// Row: index, what Java printed, host, port, weight.
server spymemcached_server(const testing::tsv_row& row) {
    server s = tcp(row.at(3), static_cast<std::uint16_t>(std::stoul(row.at(4))),
                   static_cast<std::uint32_t>(std::stoul(row.at(5))));
    const std::string& printed = row.at(2);
    // Names and literals made with a name: only Java knows what stands before the slash. Of plain
    // literals kmc finds it out by itself.
    if (!printed.starts_with('/')) s.name = printed;
    return s;
}

ring_spec spec_of(const ring_case& from) {
    const std::string locator = from.header("locator").at(1);
    ring_settings set{.hash = hash_of_constant(from.header("hash").at(1))};
    if (locator == "MOD") return {ring::spymemcached_modula, set};
    const bool is_weighted = from.header("weighted").at(1) == "1";
    set.weights = is_weighted ? ring_weights::used : ring_weights::ignored;
    if (locator == "LIB") set.labels = ring_labels::libmemcached;
    return {ring::spymemcached, set};
}

std::shared_ptr<const topology> spymemcached(const ring_case& from) {
    std::vector<server> servers;
    for (const auto& row : from.servers) servers.push_back(spymemcached_server(row));
    return build(std::move(servers), spec_of(from));
}

TEST_CASE("every ring of spymemcached has its points and its answers") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;

    std::size_t files = 0;
    std::size_t points = 0;
    for (const auto& file : testing::tsv_files(*folder / "spymemcached")) {
        const auto expected = read_ring_case(*folder, "spymemcached/" + file.stem().string());
        INFO(expected.name);
        const auto ours = spymemcached(expected);

        if (expected.point_count) check_points(expected, *ours);
        check_keys(expected, *ours);
        ++files;
        points += expected.points.size();
    }

    CHECK(files == 43);
    CHECK(points == 18646);
}

TEST_CASE("spymemcached falls back to the same servers in the same order") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;

    std::size_t checked = 0;
    for (const auto& file : testing::tsv_files(*folder / "spymemcached")) {
        const auto expected = read_ring_case(*folder, "spymemcached/" + file.stem().string());
        INFO(expected.name);
        const auto ours = spymemcached(expected);
        const auto keys = testing::read_tsv(*folder / "keys" / (expected.keyset + ".tsv"));
        for (const auto& row : expected.headers) {
            if (row.front() != "Q" || row.size() < 3 || row.at(2).empty()) continue;
            std::string found;
            const std::string key = testing::from_hex(keys.at(std::stoul(row.at(1))).at(1));
            for (const server_index server : spymemcached_sequence(*ours, key)) {
                found += (found.empty() ? "" : " ") + std::to_string(server);
            }
            if (found != row.at(2)) FAIL("key " << row.at(1) << ": " << found);
            ++checked;
        }
    }

    CHECK(checked == 771);
}

TEST_CASE("modula of spymemcached falls back to the others in turn, other rings have no rule") {
    const std::vector<server> servers = {tcp("1.1.1.1", 1, 1), tcp("1.1.1.2", 1, 1),
                                         tcp("1.1.1.3", 1, 1)};
    const auto modula = build(servers, ring::spymemcached_modula);
    const server_index own = modula->place_of("k").server;

    CHECK(spymemcached_sequence(*modula, "k") ==
          std::vector<server_index>{static_cast<server_index>((own + 1) % 3),
                                    static_cast<server_index>((own + 2) % 3)});
    CHECK(spymemcached_sequence(*build({servers[0]}, ring::spymemcached_modula), "k").empty());
    CHECK(spymemcached_sequence(*build(servers, ring::libketama), "k").empty());
}

TEST_CASE("addresses are written as Java writes them") {
    const auto [text, written] = GENERATE(table<std::string, std::string>({
        {"1.2.3.4", "1.2.3.4"},
        {"255.255.255.255", "255.255.255.255"},
        {"::1", "0:0:0:0:0:0:0:1"},
        {"[::1]", "0:0:0:0:0:0:0:1"},
        {"::", "0:0:0:0:0:0:0:0"},
        {"FE80::00aB", "fe80:0:0:0:0:0:0:ab"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    }));

    CHECK(java_address(text) == written);
}

TEST_CASE("what is no plain address has no form of Java's") {
    const std::string text =
        GENERATE(as<std::string>(), "", "name", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.",
                 "1..3.4", ":", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1::2",
                 ":::", "::g", "::12345", "fe80::1%eth0", "::1.2.3.4", "[]");
    INFO(text);

    CHECK(!java_address(text).has_value());
}

TEST_CASE("spymemcached needs to know what a name resolved to, unless its labels are others") {
    const auto list = server_list::of({tcp("cache-a", 11211, 1)}).value();
    const auto own = topology::build(list, ring::spymemcached);
    const ring_spec other = {ring::spymemcached, {.labels = ring_labels::libmemcached}};

    REQUIRE(!own);
    CHECK_THAT(own.error().message(), Catch::Contains("server 1 \"cache-a:11211\"") &&
                                          Catch::Contains("name/1.2.3.4:11211"));
    CHECK(topology::build(list, other).has_value());
    CHECK_THAT(topology::build(server_list::parse("/a").value(), other).error().message(),
               Catch::Contains("no Unix sockets"));
}

TEST_CASE("every ring of java_ketama has its points and its answers") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;

    std::size_t files = 0;
    std::size_t points = 0;
    for (const auto& file : testing::tsv_files(*folder / "java_ketama")) {
        const auto expected = read_ring_case(*folder, "java_ketama/" + file.stem().string());
        INFO(expected.name);
        std::vector<server> servers;
        for (const auto& row : expected.servers) {
            server s = server_list::parse(row.at(2)).value().servers()[0];
            s.weight = static_cast<std::uint32_t>(std::stoul(row.at(3)));
            servers.push_back(s);
        }
        const bool is_weighted = expected.header("weighted").at(1) == "1";
        ring_spec spec = ring::java_ketama;
        if (!is_weighted) spec.settings.weights = ring_weights::ignored;
        const auto ours = build(std::move(servers), spec);

        if (expected.point_count) check_points(expected, *ours);
        check_keys(expected, *ours);
        ++files;
        points += expected.points.size();
    }

    CHECK(files == 13);
    CHECK(points == 6842);
}

TEST_CASE("java_ketama has exact shares in integers that wrap") {
    const auto groups = [](std::vector<std::uint32_t> weights) {
        std::vector<server> servers;
        for (const auto w : weights) {
            servers.push_back(tcp("10.0.0." + std::to_string(servers.size()), 1, w));
        }
        std::vector<std::size_t> counts(weights.size());
        const auto ours = build(servers, ring::java_ketama);
        for (const auto& point : ours->ring_points().points()) ++counts[point.server];
        for (auto& count : counts) count /= 4;
        return counts;
    };

    CHECK(groups({21, 10, 9}) == std::vector<std::size_t>{63, 30, 27});
    CHECK(groups(std::vector<std::uint32_t>(61, 1)) == std::vector<std::size_t>(61, 40));
    // 40 * 2 * 30000000 is above 2^31 and counts as a negative number.
    CHECK(groups({30000000, 1000000}) == std::vector<std::size_t>{0, 2});
}

TEST_CASE("weights that java_ketama cannot add up, or that leave it empty, are errors") {
    const auto of = [](std::uint32_t weight) {
        return topology::build(server_list::of({tcp("a", 1, weight)}).value(), ring::java_ketama);
    };

    CHECK_THAT(of(2147483648U).error().message(), Catch::Contains("2147483647"));
    CHECK_THAT(of(60000000U).error().message(), Catch::Contains("no server a point"));
    CHECK_THAT(of(0).error().message(), Catch::Contains("weight 0"));
}

}  // namespace
}  // namespace kmc::detail
