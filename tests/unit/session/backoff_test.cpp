#include "session/backoff.hpp"

#include <catch2/catch.hpp>

#include "support/seed.hpp"

using namespace std::chrono_literals;
using kmc::detail::backoff;

TEST_CASE("waits stay between the smallest and the largest, and grow on the way") {
    const std::uint64_t seed = kmc::testing::seed();
    INFO("KMC_SEED=" << seed);
    backoff b(50ms, 5s, seed);
    kmc::duration longest{};
    for (int i = 0; i < 1000; ++i) {
        const kmc::duration wait = b.next();
        REQUIRE(wait >= 50ms);
        REQUIRE(wait <= 5s);
        longest = std::max(longest, wait);
    }
    CHECK(longest > 1s);
}

TEST_CASE("after a reset the first wait is short again") {
    backoff b(50ms, 5s, 1);
    for (int i = 0; i < 100; ++i) static_cast<void>(b.next());
    b.reset();
    CHECK(b.next() <= 150ms);
}

TEST_CASE("two clients that failed together do not come back together") {
    backoff a(50ms, 5s, 1);
    backoff b(50ms, 5s, 2);
    int same = 0;
    for (int i = 0; i < 20; ++i) same += a.next() == b.next();
    CHECK(same < 10);  // the cap makes some waits equal
}

TEST_CASE("a largest wait below the smallest counts as the smallest") {
    backoff b(100ms, 10ms, 1);
    CHECK(b.next() == 100ms);
}
