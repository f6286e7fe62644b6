// Rings as text.

#include <string>

#include <catch2/catch.hpp>

#include <kmc/ring.hpp>

namespace kmc {
namespace {

TEST_CASE("a ring is read from the name it is written with") {
    const auto which = static_cast<ring>(GENERATE(range(0, 14)));
    CHECK(all_rings().size() == 14);

    CHECK(parse_ring(to_text(which)).value() == which);
    CHECK(to_text(ring::libmemcached_weighted) == "libmemcached_weighted");
    CHECK(to_text(ring::libketama) == "libketama");
}

TEST_CASE("an unknown ring name is answered with the names there are") {
    const auto read = parse_ring("ketama");

    REQUIRE(!read);
    CHECK(read.error().code() == errc::bad_config);
    CHECK(read.error().message() ==
          "there is no ring \"ketama\", did you mean libketama?"
          " (known: libmemcached_weighted libketama libmemcached_ketama libmemcached_spy"
          " libmemcached_modula twemproxy twemproxy_modula java_ketama spymemcached"
          " spymemcached_modula pecl_standard pecl_consistent rendezvous jump)");
}

TEST_CASE("a mistyped ring name is answered with the nearest one") {
    const auto [typed, meant] = GENERATE(table<std::string, std::string>({
        {"libketma", "libketama"},
        {"libmemcached-weighted", "libmemcached_weighted"},
        {"libmemcache_weighted", "libmemcached_weighted"},
        {"LibKetama", "libketama"},
        {"spymemcache", "spymemcached"},
        {"twemproxy-modula", "twemproxy_modula"},
        {"rendez-vous", "rendezvous"},
    }));

    const auto read = parse_ring(typed);

    REQUIRE(!read);
    CHECK_THAT(read.error().message(), Catch::Contains("did you mean " + meant + "?"));
}

TEST_CASE("a name that is near to nothing gets no guess, and stays readable") {
    const std::string typed = GENERATE(as<std::string>(), "", "crc32", std::string(5000, '\x01'));

    const auto read = parse_ring(typed);

    REQUIRE(!read);
    CHECK_THAT(read.error().message(), !Catch::Contains("did you mean"));
    CHECK_THAT(read.error().message(), Catch::Contains("libketama"));
    CHECK(read.error().message().size() < 500);
}

TEST_CASE("a hash is read from the name it is written with") {
    const auto which = static_cast<key_hash>(GENERATE(range(0, 15)));

    CHECK(parse_key_hash(to_text(which)).value() == which);
    CHECK(to_text(key_hash::native) == "native");
    CHECK(to_text(key_hash::fnv1a_64) == "fnv1a_64");
}

TEST_CASE("an unknown hash name is answered with the nearest one and all there are") {
    const auto read = parse_key_hash("fnv1a-32");

    REQUIRE(!read);
    CHECK(read.error().message() ==
          "there is no hash \"fnv1a-32\", did you mean fnv1a_32? (known: own one_at_a_time md5 crc"
          " fnv1_64 fnv1a_64 fnv1_32 fnv1a_32 hsieh murmur jenkins murmur3 crc16 crc32a native)");
}

TEST_CASE("a ring or a hash of an unknown number has a text") {
    CHECK(to_text(static_cast<ring>(200)) == "an unknown ring");
    CHECK(to_text(static_cast<key_hash>(200)) == "an unknown hash");
}

}  // namespace
}  // namespace kmc
