// libketama's file: its list, its ring, and the list's own warnings.

#include <catch2/catch.hpp>

#include "translated.hpp"

namespace kmc::detail {
namespace {

TEST_CASE("a libketama file is a list and libketama's ring") {
    const auto t = from_libketama("a:1\t900\nb:2\t300\n", "f").value();
    const auto cut = from_libketama("a:1\t900\nb:2\t300", "f").value();
    const auto bad = from_libketama("a:1\n", "f");

    CHECK(t.ring == ring_spec(ring::libketama));
    CHECK(t.warnings.empty());
    CHECK(t.servers.servers()[1].weight == 300);
    CHECK(cut.servers.servers()[1].weight == 30);
    CHECK(cut.warnings.size() == 1);
    REQUIRE(!bad);
    CHECK_THAT(bad.error().message(), Catch::Contains("f"));
}

}  // namespace
}  // namespace kmc::detail
