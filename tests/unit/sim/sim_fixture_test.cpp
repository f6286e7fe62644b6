#include "support/sim_fixture.hpp"

#include <catch2/catch.hpp>

// Many seeds, since each gives another order of events.
TEST_CASE("the simulator keeps the engine contract") {
    const int seed = GENERATE(range(1, 6));
    INFO("seed " << seed);
    kmc::testing::check_engine_contract(
        [seed] { return kmc::testing::make_sim_fixture(static_cast<std::uint64_t>(seed)); });
}
