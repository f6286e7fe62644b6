// Shares, changes and digests of rings: exact ones against keys that were really looked up.

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "inspect/ring_change.hpp"
#include "inspect/ring_digest.hpp"
#include "inspect/ring_share.hpp"

namespace kmc::detail {
namespace {

ring_view view_of(const std::string& list, const ring_spec& spec,
                  const std::vector<server_index>& out = {}, on_dead policy = on_dead::fail_fast) {
    return ring_view::build(server_list::parse(list).value(), spec, out, policy).value();
}

constexpr const char* four = "10.0.0.1:11211,10.0.0.2:11211,10.0.0.3:11211:2,10.0.0.4:11212";

TEST_CASE("arcs cover every hash once, and tell what the ring answers") {
    const ring which = GENERATE(ring::libketama, ring::libmemcached_weighted, ring::twemproxy,
                                ring::spymemcached, ring::libmemcached_ketama);
    const on_dead policy = GENERATE(on_dead::fail_fast, on_dead::next_server, on_dead::rebuild);
    INFO(to_text(which) << " " << to_text(policy));
    const auto view = view_of(four, which, {2}, policy);

    std::uint64_t next = 0;
    for (const ring_arc& arc : view.arcs()) {
        REQUIRE(arc.first == next);
        REQUIRE(arc.last >= arc.first);
        next += arc.size();
        REQUIRE((arc.home == arc.now || view.is_out(arc.home) || policy == on_dead::rebuild));
        REQUIRE((arc.now == nobody) == (policy == on_dead::fail_fast && arc.home == 2));
        for (const std::uint32_t hash : {arc.first, arc.last}) {
            server_index server = 0;
            view.home().ring_points().locate({&hash, 1}, {&server, 1});
            REQUIRE(server == arc.home);
        }
    }
    CHECK(next == std::uint64_t{1} << 32);
}

TEST_CASE("exact shares are what many keys find") {
    const on_dead policy = GENERATE(on_dead::fail_fast, on_dead::next_server, on_dead::rebuild);
    const auto view = view_of(four, ring::libketama, {1}, policy);
    const ring_shares shares = shares_of(view);
    REQUIRE(shares.sampled == 0);

    std::vector<double> found(4);
    constexpr std::size_t keys = 20'000;
    for (std::size_t i = 0; i < keys; ++i) {
        const server_index at = view.owner_of(sample_key(i));
        if (at != nobody) found[at] += 1.0 / keys;
    }

    double sum = shares.unserved;
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(shares.servers[i].load == Approx(found[i]).margin(0.015));
        sum += shares.servers[i].load;
    }
    CHECK(sum == Approx(1).epsilon(1e-12));
    CHECK((shares.unserved > 0) == (policy == on_dead::fail_fast));
    CHECK(shares.servers[2].weight == Approx(0.5));
}

TEST_CASE("where arcs do not tell the load, keys are tried") {
    CHECK(shares_of(view_of("a,b", ring::libmemcached_modula), 1000).sampled == 1000);
    CHECK(shares_of(view_of("a,b", ring::pecl_consistent), 1000).sampled == 1000);
    const ring_spec narrow = {ring::libmemcached_ketama, {.hash = key_hash::crc}};
    CHECK(shares_of(view_of("a,b", narrow), 1000).sampled == 1000);
    const auto even = shares_of(view_of("a,b", ring::jump));
    CHECK(even.deviation < 0.02);
    CHECK(even.servers[0].points == 0);
}

TEST_CASE("a server more takes from all and nothing moves between the others") {
    const auto before = view_of("10.0.0.1,10.0.0.2,10.0.0.3", ring::libketama);
    const auto after = view_of("10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4", ring::libketama);
    const ring_change exact = change_between(before, after);
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < 20'000; ++i) keys.push_back(sample_key(i));
    const ring_change real = change_of_keys(before, after, keys);

    REQUIRE(exact.keys == 0);
    REQUIRE(real.keys == 20'000);
    REQUIRE(exact.servers.size() == 4);
    CHECK(exact.moved == Approx(0.25).margin(0.05));
    CHECK(exact.moved == Approx(exact.servers[3].gained()));
    CHECK(exact.moved == Approx(real.moved).margin(0.015));
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(exact.servers[i].gained() == Approx(0).margin(1e-12));
        CHECK(exact.servers[i].lost() == Approx(real.servers[i].lost()).margin(0.015));
    }
    CHECK_FALSE(exact.servers[3].is_old);
}

TEST_CASE("nothing moves between two lists of the same addresses in another form") {
    const auto before = view_of("10.0.0.1,10.0.0.2", ring::libmemcached_weighted);
    const auto after = view_of("10.0.0.2:11211,10.0.0.1:11211", ring::libmemcached_weighted);

    CHECK(change_between(before, after).moved == 0);
    CHECK(change_between(before, before).moved == 0);
}

TEST_CASE("rings with other hashes are compared by keys") {
    const auto before = view_of("10.0.0.1,10.0.0.2", ring::libmemcached_weighted);
    const auto after =
        view_of("10.0.0.1,10.0.0.2", {ring::libmemcached_weighted, {.hash = key_hash::murmur}});

    const ring_change change = change_between(before, after);

    CHECK(change.keys == sample_size);
    CHECK(change.moved == Approx(0.5).margin(0.1));
}

std::string digest(const std::string& list, const ring_spec& spec) {
    return digest_of(view_of(list, spec).home()).text;
}

TEST_CASE("a digest is the same for the same points, and another for others") {
    constexpr ring ketama = ring::libketama;
    const std::string one = digest("10.0.0.1:1,10.0.0.2:1", ketama);

    CHECK(one ==
          "21477e65fa4a8966dc61fa7e24cdb660");  // what other machines and versions have to say
    CHECK(one == digest("10.0.0.2:1,10.0.0.1:1", ketama));
    CHECK(one == digest("10.0.0.1:1:7,10.0.0.2:1:7", ketama));
    // Labels and shares agree for these two.
    CHECK(one == digest("10.0.0.1:1,10.0.0.2:1", ring::libmemcached_weighted));
    CHECK(one != digest("10.0.0.1:1,10.0.0.2:1:2", ketama));
    CHECK(one != digest("10.0.0.1:1,10.0.0.3:1", ketama));
    CHECK(one != digest("10.0.0.1:1,10.0.0.2:1",
                        {ring::libmemcached_weighted, {.hash = key_hash::murmur}}));
    CHECK(one != digest("10.0.0.1:1,10.0.0.2:1", ring::jump));
    CHECK(digest("a,b", ring::libmemcached_modula) != digest("b,a", ring::libmemcached_modula));
    CHECK(digest("a,b:11211:3", ring::libmemcached_modula) ==
          digest("a,b", ring::libmemcached_modula));
}

TEST_CASE("rings of modula that place every key alike have one digest") {
    const auto with = [](const std::string& list, ring which) {
        return digest(list, {which, {.hash = key_hash::fnv1a_64}});
    };
    const std::string one = with("a:1,b:2", ring::libmemcached_modula);

    CHECK(one == with("a:1,b:2", ring::twemproxy_modula));
    CHECK(one == with("b:2,a:1", ring::twemproxy_modula));
    CHECK(one != with("b:2,a:1", ring::libmemcached_modula));
    CHECK(one != with("a:1,b:2:3", ring::twemproxy_modula));
    CHECK(one != digest("a:1,b:2", ring::libmemcached_modula));
}

TEST_CASE("each server has a digest of its own points") {
    const auto before = digest_of(view_of("10.0.0.1:1,10.0.0.2:1", ring::libketama).home());
    const auto after = digest_of(view_of("10.0.0.1:1,10.0.0.3:1", ring::libketama).home());

    CHECK(before.servers[0].digest == after.servers[0].digest);
    CHECK(before.servers[1].digest != after.servers[1].digest);
    CHECK(before.servers[0].points == 160);
}

}  // namespace
}  // namespace kmc::detail
