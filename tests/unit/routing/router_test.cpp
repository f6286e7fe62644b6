// Where keys go while servers are out of service.

#include "routing/router.hpp"

#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "libmemcached_case.hpp"
#include "ring_case.hpp"
#include "support/vectors.hpp"

namespace kmc::detail {
namespace {

std::shared_ptr<const topology> five(ring which) {
    // Addresses that spymemcached, too, has labels for.
    return topology::build(
               server_list::parse("10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5").value(), which)
        .value();
}

std::vector<std::string> some_keys() {
    std::vector<std::string> keys;
    for (int i = 0; i < 3000; ++i) keys.push_back("key:" + std::to_string(i));
    return keys;
}

router without(const std::shared_ptr<const topology>& home, std::vector<server_index> dead,
               on_dead policy) {
    std::vector<std::uint8_t> is_out(home->servers().size(), 0);
    for (const server_index d : dead) is_out[d] = 1;
    std::shared_ptr<const topology> present;
    if (policy == on_dead::rebuild) {
        present = topology::build(home->list(), home->spec(), dead).value();
    }
    return router(home, dead.empty() ? std::vector<std::uint8_t>() : is_out, policy, present);
}

TEST_CASE("under next_server only the keys of dead servers move, on every ring") {
    for (const ring which : all_rings()) {
        INFO(to_text(which));
        const auto home = five(which);
        const router all = without(home, {}, on_dead::next_server);
        const router less = without(home, {1, 3}, on_dead::next_server);
        std::map<server_number, int> helpers;
        for (const std::string& key : some_keys()) {
            const destination before = all.of(key);
            const destination after = less.of(key);
            REQUIRE(before.how == fate::own);
            if (before.server != 1 && before.server != 3) {
                REQUIRE(after.server == before.server);
                REQUIRE(after.how == fate::own);
            } else if (after.how == fate::stand_in) {
                REQUIRE(after.server != 1);
                REQUIRE(after.server != 3);
                ++helpers[after.server];
            } else {
                // The walk of spymemcached gives up after seven tries.
                REQUIRE(which == ring::spymemcached);
                REQUIRE(after.how == fate::dead);
            }
        }
        // All of the living take part; but spymemcached_modula takes the next on the list.
        CHECK(helpers.size() == (which == ring::spymemcached_modula ? 2 : 3));
    }
}

TEST_CASE("a second death moves no stand-in's keys but its own") {
    for (const ring which : all_rings()) {
        INFO(to_text(which));
        const auto home = five(which);
        const router first = without(home, {1}, on_dead::next_server);
        const router second = without(home, {1, 3}, on_dead::next_server);
        for (const std::string& key : some_keys()) {
            const destination before = first.of(key);
            if (before.server != 3 && before.how != fate::dead) {
                REQUIRE(second.of(key).server == before.server);
            }
        }
    }
}

TEST_CASE("many keys and one by one are sent to the same servers") {
    const on_dead policy = GENERATE(on_dead::fail_fast, on_dead::next_server, on_dead::rebuild);
    const ring which = GENERATE(ring::libmemcached_weighted, ring::jump, ring::spymemcached);
    const auto home = five(which);
    for (const std::vector<server_index>& dead :
         {std::vector<server_index>{}, {2}, {0, 4}, {0, 1, 2, 3, 4}}) {
        const router r = without(home, dead, policy);
        const auto owned = some_keys();
        const std::vector<std::string_view> keys(owned.begin(), owned.end());
        std::vector<std::uint32_t> hashes(keys.size());
        std::vector<server_number> servers(keys.size());
        std::vector<fate> fates(keys.size());
        r.many(keys, hashes, servers, fates);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const destination one = r.of(keys[i]);
            REQUIRE(one.server == servers[i]);
            REQUIRE(one.how == fates[i]);
            REQUIRE(one.hash == hashes[i]);
        }
    }
}

TEST_CASE("under fail_fast nothing moves") {
    const auto home = five(ring::libmemcached_weighted);
    const router all = without(home, {}, on_dead::fail_fast);
    const router less = without(home, {2}, on_dead::fail_fast);
    for (const std::string& key : some_keys()) {
        const destination before = all.of(key);
        const destination after = less.of(key);
        CHECK(after.server == before.server);
        CHECK(after.how == (before.server == 2 ? fate::dead : fate::own));
    }
}

TEST_CASE("with every server dead there is nobody to stand in") {
    const on_dead policy = GENERATE(on_dead::fail_fast, on_dead::next_server, on_dead::rebuild);
    const auto home = five(ring::libketama);
    const router none = without(home, {0, 1, 2, 3, 4}, policy);
    for (const std::string& key : some_keys()) {
        CHECK(none.of(key).how == fate::dead);
        CHECK(none.of(key).server == home->place_of(key).server);
    }
}

TEST_CASE("under rebuild keys are where libmemcached has them without its ejected servers") {
    const auto folder = testing::find_vectors("routing");
    if (!folder) return;
    std::size_t files = 0;
    std::size_t moved = 0;
    for (const auto& file : testing::tsv_files(*folder / "libmemcached")) {
        const std::string stem = file.stem().string();
        if (!stem.starts_with("ejected-")) continue;
        const auto expected = read_ring_case(*folder, "libmemcached/" + stem);
        INFO(expected.name);
        const auto theirs = resolve(expected);
        // Where libmemcached keeps them on the ring, there is nothing to compare.
        if (theirs.ejected.empty() || theirs.ejected.size() == theirs.servers.size() ||
            theirs.spec.ring == ring::libmemcached_modula) {
            continue;
        }
        const auto home = build(theirs.servers, theirs.spec);
        const router r = without(home, theirs.ejected, on_dead::rebuild);
        for (std::size_t i = 0; i < expected.keys.size(); ++i) {
            const std::string key = theirs.map.prefix + expected.keys[i];
            if (key.size() > 250) continue;
            const destination to = r.of(key);
            const std::size_t server =
                theirs.map.server.empty() ? to.server : theirs.map.server[to.server];
            REQUIRE(server == expected.answers[i]);
            if (to.how == fate::stand_in) ++moved;
        }
        ++files;
    }
    CHECK(files >= 4);
    CHECK(moved > 1000);
}

TEST_CASE("servers are told apart by their numbers when the list is another one") {
    const auto home = topology::build(server_list::parse("a,b,c").value(),
                                      ring::libmemcached_weighted, {}, {7, 0, 9})
                          .value();
    const auto plain =
        topology::build(server_list::parse("a,b,c").value(), ring::libmemcached_weighted).value();
    const router r = without(home, {1}, on_dead::next_server);
    const server_number numbers[] = {7, 0, 9};
    for (const std::string& key : some_keys()) {
        const server_index place = plain->place_of(key).server;
        const destination to = r.of(key);
        if (place != 1) {
            CHECK(to.server == numbers[place]);
        } else {
            CHECK((to.server == 7 || to.server == 9));
        }
    }
}

}  // namespace
}  // namespace kmc::detail
