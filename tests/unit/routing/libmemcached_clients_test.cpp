// The rings of libmemcached as its clients choose them: where pylibmc stored keys, and where
// php-memcached says they are.

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "libmemcached_case.hpp"
#include "ring_case.hpp"
#include "routing/topology.hpp"
#include "support/vectors.hpp"

namespace kmc::detail {
namespace {

constexpr ring_spec ketama = ring::libmemcached_ketama;
constexpr ring_spec modula = ring::libmemcached_modula;
constexpr ring_spec weighted = ring::libmemcached_weighted;

ring_spec with(ring which, key_hash hash) {
    return {which, {.hash = hash}};
}

struct client_case {
    std::string name;
    ring_spec spec;
    std::string prefix{};
};

server_list servers_of(const ring_case& from) {
    std::string text;
    for (const auto& row : from.servers) text += (text.empty() ? "" : ",") + row.at(2);
    return server_list::parse(text).value();
}

TEST_CASE("keys go where pylibmc stored them, whatever its behaviours") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;
    const ring_spec unweighted = {ring::libmemcached_ketama, {.weights = ring_weights::ignored}};
    const ring_spec mixed = {ring::libmemcached_ketama,
                             {.hash = key_hash::md5, .point_hash = key_hash::one_at_a_time}};
    const std::vector<client_case> cases = {
        {"after-hash-then-ketama", with(ring::libmemcached_ketama, key_hash::md5)},
        {"after-ketama-then-hash", mixed},
        {"after-ketama-weights", unweighted},
        {"after-ketama_weighted-weights", weighted},
        {"after-update-both", with(ring::libmemcached_ketama, key_hash::md5)},
        {"consistent-ketama-fnv1a_32", with(ring::libmemcached_ketama, key_hash::fnv1a_32)},
        {"consistent-ketama-spy-md5", with(ring::libmemcached_spy, key_hash::md5)},
        {"consistent-md5", with(ring::libmemcached_ketama, key_hash::md5)},
        {"consistent-weighted", with(ring::libmemcached_weighted, key_hash::one_at_a_time)},
        {"docs-failover", ketama},
        {"ketama-and-weighted", weighted},
        {"ketama-hash-md5", with(ring::libmemcached_ketama, key_hash::md5)},
        {"ketama-hash-md5-weights", with(ring::libmemcached_ketama, key_hash::md5)},
        {"ketama-ketama_hash-md5", ketama},
        {"ketama-weights", ketama},
        {"ketama", ketama},
        {"ketama_weighted-false", ketama},
        {"ketama_weighted-weights", weighted},
        {"ketama_weighted", weighted},
        {"modula-crc", with(ring::libmemcached_modula, key_hash::crc)},
        {"modula-default", modula},
        {"modula-md5", with(ring::libmemcached_modula, key_hash::md5)},
        {"namespace-hashed", weighted, "app1:"},
        {"namespace", weighted},
        {"weighted-then-spy", with(ring::libmemcached_spy, key_hash::md5)},
    };
    // Two more list all copies of a key, see below.
    REQUIRE(testing::tsv_files(*folder / "pylibmc").size() == cases.size() + 2);

    for (const client_case& c : cases) {
        const auto expected = read_ring_case(*folder, "pylibmc/" + c.name);
        const auto ours = topology::build(servers_of(expected), c.spec).value();
        check_keys(expected, *ours, {.server = {}, .prefix = c.prefix});
    }
}

TEST_CASE("pylibmc's replicas are on the servers behind the key's own") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;
    const auto [name, spec, copies] = GENERATE(table<std::string, ring_spec, std::size_t>(
        {{"binary-replicas-1", ring::libmemcached_weighted, 2},
         {"binary-replicas-2", ring::libmemcached_ketama, 3}}));
    INFO(name);
    const auto rows = testing::read_tsv(*folder / "pylibmc" / (name + ".tsv"));
    const auto ours =
        topology::build(servers_of(read_ring_case(*folder, "pylibmc/" + name)), spec).value();
    const std::size_t servers = ours->servers().size();

    std::vector<testing::tsv_row> keys;
    std::size_t checked = 0;
    for (const auto& row : rows) {
        if (row.front() == "keyset") {
            keys = testing::read_tsv(*folder / "keys" / (row.at(1) + ".tsv"));
        }
        if (row.front() != "K") continue;
        std::size_t number = std::stoul(row.at(1));
        std::istringstream answers(row.at(2));
        for (std::string answer; answers >> answer; ++number) {
            const std::size_t own = ours->place_of(testing::from_hex(keys.at(number).at(1))).server;
            std::vector<std::size_t> holders;
            for (std::size_t i = 0; i < copies; ++i) holders.push_back((own + i) % servers);
            std::sort(holders.begin(), holders.end());
            std::string text;
            for (const auto holder : holders) {
                text += (text.empty() ? "" : ",") + std::to_string(holder);
            }
            if (text != answer) FAIL("key " << number << " is on " << answer << ", not " << text);
            ++checked;
        }
    }
    CHECK(checked == 2000);
}

TEST_CASE("keys go where php-memcached sends them, whatever its options") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;
    using weights = std::vector<std::uint32_t>;
    struct php_case {
        client_case what;
        weights given;
    };
    const weights five = {100, 50, 25, 400, 1};
    const weights equal(5, 1);
    const std::vector<php_case> cases = {
        {{"consistent-crc", with(ring::libmemcached_ketama, key_hash::crc)}, equal},
        {{"consistent-md5", with(ring::libmemcached_ketama, key_hash::md5)}, equal},
        {{"consistent-weights", ketama}, five},
        {{"consistent", ketama}, equal},
        {{"default-modula-weights", modula}, five},
        {{"default-modula", modula}, equal},
        {{"libketama-on-off", modula}, equal},
        {{"libketama_compatible-10", weighted}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
        {{"libketama_compatible-then-hash-default",
          with(ring::libmemcached_weighted, key_hash::one_at_a_time)},
         five},
        {{"libketama_compatible", weighted}, {900, 300, 1500}},
        {{"prefix-hashed", weighted, "app1:"}, five},
        {{"prefix-not-hashed", weighted}, five},
        {{"servers-then-libketama_compatible", weighted}, five},
        {{"unix-addServer", weighted}, {1, 3}},
        {{"unix-addServers", weighted}, {1, 3}},
    };
    REQUIRE(testing::tsv_files(*folder / "php-memcached").size() == cases.size());

    for (const auto& [c, given] : cases) {
        INFO(c.name);
        const auto expected = read_ring_case(*folder, "php-memcached/" + c.name);
        REQUIRE(expected.servers.size() == given.size());
        std::vector<server> servers;
        for (const auto& row : expected.servers) {
            const auto port = static_cast<std::uint16_t>(std::stoul(row.at(3)));
            const std::uint32_t weight = given[servers.size()];
            servers.push_back(row.at(2).starts_with('/') ? unix_socket(row.at(2), port, weight)
                                                         : tcp(row.at(2), port, weight));
        }
        check_keys(expected, *build(servers, c.spec), {.server = {}, .prefix = c.prefix});
    }
}

}  // namespace
}  // namespace kmc::detail
