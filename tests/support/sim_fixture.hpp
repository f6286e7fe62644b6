// The simulator under the engine contract suite.

#pragma once

#include <cstdint>
#include <memory>

#include "support/engine_contract.hpp"

namespace kmc::testing {

[[nodiscard]] std::unique_ptr<engine_fixture> make_sim_fixture(std::uint64_t seed);

}  // namespace kmc::testing
