// Rings as text.

#include <string>

#include <catch2/catch.hpp>

#include <kmc/ring.hpp>

namespace kmc {
namespace {

TEST_CASE("a ring is read from the name it is written with") {
    const ring which = GENERATE(ring::libmemcached_weighted, ring::libketama);

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
          " (known: libmemcached_weighted libketama)");
}

TEST_CASE("a mistyped ring name is answered with the nearest one") {
    const auto [typed, meant] = GENERATE(table<std::string, std::string>({
        {"libketma", "libketama"},
        {"libmemcached-weighted", "libmemcached_weighted"},
        {"libmemcache_weighted", "libmemcached_weighted"},
        {"LibKetama", "libketama"},
    }));

    const auto read = parse_ring(typed);

    REQUIRE(!read);
    CHECK_THAT(read.error().message(), Catch::Contains("did you mean " + meant + "?"));
}

TEST_CASE("a name that is near to nothing gets no guess, and stays readable") {
    const std::string typed = GENERATE(as<std::string>(), "", "modula", std::string(5000, '\x01'));

    const auto read = parse_ring(typed);

    REQUIRE(!read);
    CHECK_THAT(read.error().message(), !Catch::Contains("did you mean"));
    CHECK_THAT(read.error().message(), Catch::Contains("libketama"));
    CHECK(read.error().message().size() < 400);
}

TEST_CASE("a ring of an unknown number has a text") {
    CHECK(to_text(static_cast<ring>(200)) == "an unknown ring");
}

}  // namespace
}  // namespace kmc
