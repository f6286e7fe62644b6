// How long an item lives, as the wire says it.

#include <kmc/time.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using kmc::expiry;

namespace {

constexpr std::int64_t now = 1'800'000'000;
constexpr std::uint32_t at_once = 60 * 60 * 24 * 30 + 1;  // a moment in 1970

std::uint32_t wire(expiry e) {
    return e.wire(now);
}

}  // namespace

TEST_CASE("an expiry is what the server makes of its number") {
    CHECK(wire(kmc::never) == 0);
    CHECK(wire(10s) == 10);
    CHECK(wire(5min) == 300);
    CHECK(wire(24h * 30) == 60 * 60 * 24 * 30);
}

TEST_CASE("a short time never becomes for ever") {
    CHECK(wire(1ms) == 1);
    CHECK(wire(1001ms) == 2);
}

TEST_CASE("above thirty days a moment goes on the wire") {
    CHECK(wire(24h * 30 + 1s) == now + 60 * 60 * 24 * 30 + 1);
    CHECK(wire(expiry(24h * 365 * 1000)) == 0xfffffffe);  // as late as the field goes
    CHECK(wire(std::chrono::hours::max()) == 0xfffffffe);
    CHECK(wire(std::chrono::duration<double>(1e300)) == 0xfffffffe);
}

TEST_CASE("no time at all, a negative one and a past moment expire at once") {
    CHECK(wire(0s) == at_once);
    CHECK(wire(-5s) == at_once);
    CHECK(wire(std::chrono::hours::min()) == at_once);
    CHECK(wire(expiry::at(std::chrono::sys_seconds(10s))) == at_once);
    CHECK(wire(expiry::at(std::chrono::sys_seconds(-10s))) == at_once);
}

TEST_CASE("a moment is sent as it is") {
    CHECK(wire(expiry::at(std::chrono::sys_seconds(std::chrono::seconds(now + 5)))) == now + 5);
}
