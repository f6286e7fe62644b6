// A small generator that is seeded by its owner, so that jitter repeats in tests. SplitMix64
// (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). Not for secrets.

#pragma once

#include <cstdint>

namespace kmc::detail {

class rng {
public:
    explicit constexpr rng(std::uint64_t seed) noexcept : state_(seed) {}

    [[nodiscard]] constexpr std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }

    // 0 .. bound - 1, near enough to even for jitter. `bound` is not 0.
    [[nodiscard]] constexpr std::uint64_t below(std::uint64_t bound) noexcept {
        return next() % bound;
    }

private:
    std::uint64_t state_;
};

}  // namespace kmc::detail
