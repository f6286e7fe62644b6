// Keys to servers, in batches and one by one.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "hash/key_hash.hpp"
#include "routing/topology.hpp"
#include "support/alloc_counter.hpp"

namespace kmc::detail {
namespace {

std::shared_ptr<const topology> build(std::string_view servers, ring which) {
    return topology::build(server_list::parse(servers).value(), which).value();
}

std::vector<std::string> some_keys(std::size_t count) {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < count; ++i) {
        keys.push_back(std::string(i % 90, 'k') + std::to_string(i));
    }
    return keys;
}

TEST_CASE("a batch, its keys one by one, and their hashes agree") {
    const ring which = GENERATE(ring::libmemcached_weighted, ring::libketama);
    const std::string servers = GENERATE(as<std::string>(), "a", "a,b", "a:1:5,b,c:11211:2,/d");
    const auto ours = build(servers, which);
    const auto owned = some_keys(300);
    const std::vector<std::string_view> keys(owned.begin(), owned.end());
    std::vector<std::uint32_t> hashes(keys.size());
    std::vector<server_index> found(keys.size(), 0xffff);

    ours->locate(keys, hashes, found);

    for (std::size_t i = 0; i < keys.size(); ++i) {
        CHECK(hashes[i] == md5(keys[i])[0]);
        CHECK(found[i] == ours->place_of(keys[i]).server);
        CHECK(found[i] < ours->servers().size());
    }
}

TEST_CASE("every server of an even list gets keys") {
    const auto ours = build("a,b,c,d", ring::libmemcached_weighted);
    std::vector<int> counts(4);

    for (const std::string& key : some_keys(2000)) ++counts[ours->place_of(key).server];

    for (const int count : counts) CHECK(count > 300);
}

TEST_CASE("a single server still has a ring, and gets every key") {
    const auto ours = build("a:1:7", ring::libketama);

    CHECK(ours->ring_points().points().size() == 160);
    CHECK(ours->place_of("").server == 0);
    CHECK(ours->place_of("key").server == 0);
}

TEST_CASE("locating keys allocates nothing") {
    if (!testing::alloc_counter::available()) {
        WARN("SKIPPED: allocations cannot be counted here");
        return;
    }
    const auto ours = build("a,b,c", ring::libmemcached_weighted);
    const auto owned = some_keys(300);
    const std::vector<std::string_view> keys(owned.begin(), owned.end());
    std::vector<std::uint32_t> hashes(keys.size());
    std::vector<server_index> found(keys.size());

    const testing::alloc_counter allocations;
    ours->locate(keys, hashes, found);
    static_cast<void>(ours->place_of(keys[0]).server);

    CHECK(allocations.calls() == 0);
}

TEST_CASE("what a ring cannot hold is told by build") {
    const auto built = topology::build(server_list::parse("a:1:0").value(), ring::libketama);

    REQUIRE(!built);
    CHECK_THAT(built.error().message(), Catch::Contains("weight 0"));
}

}  // namespace
}  // namespace kmc::detail
