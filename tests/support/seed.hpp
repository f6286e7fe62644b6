// Where random tests get their seed: KMC_SEED if set, so that a failure can be run again, else a
// fresh one. Tests print it with INFO.

#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>

#include <catch2/catch.hpp>

namespace kmc::testing {

inline std::uint64_t seed() {
    if (const char* given = std::getenv("KMC_SEED")) return std::strtoull(given, nullptr, 0);
    std::random_device device;
    return device();
}

}  // namespace kmc::testing
