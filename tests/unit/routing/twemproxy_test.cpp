// twemproxy's rings against the running proxy: every golden file.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "libmemcached_case.hpp"
#include "ring_case.hpp"
#include "routing/key_routing.hpp"
#include "routing/topology.hpp"
#include "support/vectors.hpp"

namespace kmc::detail {
namespace {

// `host:port:weight [name]` or `/path:weight [name]`.
server server_of_line(const std::string& line) {
    const std::size_t blank = line.find(' ');
    const std::string address = line.substr(0, blank);
    server s = server_list::parse(address).value().servers()[0];
    if (blank != std::string::npos) s.name = line.substr(blank + 1);
    return s;
}

// twemproxy calls its crc32 what libmemcached calls crc.
key_hash hash_named(const std::string& name) {
    return name == "crc32" ? key_hash::crc : parse_key_hash(name).value();
}

server named(std::string name, std::uint32_t weight = 1) {
    server s = tcp("h", 1, weight);
    s.name = std::move(name);
    return s;
}

TEST_CASE("keys go where twemproxy sent them, whatever its hash") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;

    std::size_t files = 0;
    std::size_t keys = 0;
    for (const auto& file : testing::tsv_files(*folder / "twemproxy")) {
        auto expected = read_ring_case(*folder, "twemproxy/" + file.stem().string());
        INFO(expected.name);
        const bool is_modula = expected.header("distribution").at(1) == "modula";
        const ring_spec spec = {is_modula ? ring::twemproxy_modula : ring::twemproxy,
                                {.hash = hash_named(expected.header("hash").at(1))}};
        std::vector<server> servers;
        for (const auto& row : expected.servers) servers.push_back(server_of_line(row.at(2)));
        const auto tag = expected.header("hash_tag");
        const std::string characters = tag.empty() ? "" : tag.at(1);
        const auto routing = key_routing::of({.hash_tag = characters}).value();
        for (std::string& key : expected.keys) key = std::string(routing.hashed_part(key));

        check_keys(expected, *build(servers, spec));
        ++files;
        keys += expected.keys.size();
    }

    CHECK(files == 44);
    CHECK(keys == 86323);
}

TEST_CASE("twemproxy's hash is fnv1a_64 when none is set") {
    const auto ours = build({tcp("a", 1, 1), tcp("b", 1, 1)}, ring::twemproxy);

    CHECK(ours->place_of("foo").hash == 4275688823U);
}

TEST_CASE("for twemproxy the order of the list does not matter") {
    const ring which = GENERATE(ring::twemproxy, ring::twemproxy_modula);
    const auto one = build({named("bb"), named("a", 3), named("ca")}, which);
    const auto other = build({named("ca"), named("bb"), named("a", 3)}, which);

    for (int i = 0; i < 500; ++i) {
        const std::string key = std::to_string(i);
        CHECK(one->servers()[one->place_of(key).server].name ==
              other->servers()[other->place_of(key).server].name);
    }
}

TEST_CASE("twemproxy's modula has a slot for each unit of weight, shorter names first") {
    const auto ours = build({named("bb"), named("z", 3), named("aa", 2)}, ring::twemproxy_modula);
    const std::vector<std::size_t> slots = {1, 1, 1, 2, 2, 0};

    for (int i = 0; i < 500; ++i) {
        const auto place = ours->place_of(std::to_string(i));
        CHECK(place.server == slots[place.hash % 6]);
    }
}

TEST_CASE("huge weights need no table of slots, but must fit a hash") {
    const auto fitting = build({named("a", 4294967294U), named("b", 1)}, ring::twemproxy_modula);
    const auto over = topology::build(
        server_list::of({named("a", 4294967295U), named("b", 1)}).value(), ring::twemproxy_modula);

    CHECK(fitting->place_of("k").server == 0);
    REQUIRE(!over);
    CHECK(over.error().message() == "the weights add up to more than 4294967295");
}

TEST_CASE("what twemproxy refuses is refused") {
    const ring which = GENERATE(ring::twemproxy, ring::twemproxy_modula);
    const auto twice = topology::build(server_list::of({named("a"), named("a")}).value(), which);
    const auto zero = topology::build(server_list::of({named("a", 0)}).value(), which);

    REQUIRE(!twice);
    CHECK(twice.error().message() ==
          "server 2 \"h:1\": twemproxy refuses a second server named \"a\"");
    REQUIRE(!zero);
    CHECK_THAT(zero.error().message(), Catch::Contains("weight 0"));
}

TEST_CASE("twemproxy's labels: name, host, host and port, path and colon, no brackets") {
    const auto points = [](const server& s) {
        const auto made = build({s}, ring::twemproxy);
        const auto all = made->ring_points().points();
        return std::vector<ring_point>(all.begin(), all.end());
    };

    CHECK(points(tcp("a", 11211, 1)) == points(named("a")));
    CHECK(points(tcp("a", 11212, 1)) == points(named("a:11212")));
    CHECK(points(unix_socket("/a", 0, 1)) == points(named("/a:")));
    CHECK(points(tcp("[::1]", 11211, 1)) == points(named("::1")));
}

}  // namespace
}  // namespace kmc::detail
