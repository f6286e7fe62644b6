#include "ring_case.hpp"

#include <sstream>
#include <stdexcept>

#include <catch2/catch.hpp>

namespace kmc::detail {

namespace {

constexpr std::size_t longest_key = 250;

// `K <first number> <answers>`: up to 50 keys in a row.
void add_answers(ring_case& to, const testing::tsv_row& row,
                 const std::vector<testing::tsv_row>& keys) {
    std::size_t number = std::stoul(row.at(1));
    std::istringstream answers(row.at(2));
    for (std::string answer; answers >> answer; ++number) {
        if (answer == "-") continue;
        to.keys.push_back(testing::from_hex(keys.at(number).at(1)));
        to.answers.push_back(std::stoul(answer));
    }
}

std::size_t mapped(const ring_mapping& map, server_index server) {
    return map.server.empty() ? server : map.server.at(server);
}

}  // namespace

testing::tsv_row ring_case::header(std::string_view tag) const {
    for (const auto& row : headers) {
        if (row.front() == tag) return row;
    }
    return {};
}

ring_case read_ring_case(const std::filesystem::path& folder, const std::string& name) {
    ring_case out;
    out.name = name;
    std::vector<testing::tsv_row> keys;
    for (const auto& row : testing::read_tsv(folder / (name + ".tsv"))) {
        const std::string& tag = row.front();
        if (tag == "server") {
            out.servers.push_back(row);
        } else if (tag == "npoints") {
            out.point_count = std::stoul(row.at(1));
        } else if (tag == "P") {
            out.points.push_back({static_cast<std::uint32_t>(std::stoul(row.at(1))),
                                  static_cast<server_index>(std::stoul(row.at(2)))});
        } else if (tag == "keyset") {
            out.keyset = row.at(1);
            keys = testing::read_tsv(folder / "keys" / (out.keyset + ".tsv"));
        } else if (tag == "K") {
            add_answers(out, row, keys);
        } else if (tag == "X") {
            out.keys.push_back(testing::from_hex(row.at(1)));
            out.answers.push_back(std::stoul(row.at(2)));
        } else {
            out.headers.push_back(row);
        }
    }
    if (out.servers.empty() || out.keys.empty()) throw std::runtime_error(name + " is incomplete");
    return out;
}

void check_points(const ring_case& expected, const topology& ours, const ring_mapping& map) {
    INFO(expected.name);
    const auto points = ours.ring_points().points();
    REQUIRE(expected.point_count.has_value());
    REQUIRE(expected.points.size() == *expected.point_count);
    REQUIRE(points.size() == *expected.point_count);
    for (std::size_t i = 0; i < points.size(); ++i) {
        if (points[i].value != expected.points[i].value ||
            mapped(map, points[i].server) != expected.points[i].server) {
            FAIL("point " << i << " of " << points.size());
        }
    }
    SUCCEED();
}

void check_keys(const ring_case& expected, const topology& ours, const ring_mapping& map) {
    INFO(expected.name);
    std::vector<std::string> owned;
    std::vector<std::size_t> answers;
    for (std::size_t i = 0; i < expected.keys.size(); ++i) {
        std::string key = map.prefix + expected.keys[i];
        if (!map.prefix.empty() && key.size() > longest_key) continue;
        owned.push_back(std::move(key));
        answers.push_back(expected.answers[i]);
    }
    REQUIRE(owned.size() >= expected.keys.size() * 9 / 10);

    const std::vector<std::string_view> keys(owned.begin(), owned.end());
    std::vector<std::uint32_t> hashes(keys.size());
    std::vector<server_index> servers(keys.size());
    ours.locate(keys, hashes, servers);

    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (mapped(map, servers[i]) != answers[i]) FAIL("key " << i << " of the batch");
        if (ours.place_of(keys[i]).server != servers[i]) FAIL("key " << i << " alone");
    }
    SUCCEED();
}

}  // namespace kmc::detail
