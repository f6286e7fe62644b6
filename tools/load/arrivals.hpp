// When the calls of an open loop are to start: at a steady rate, or at random as independent users
// come (a Poisson process). A list without end that is made while it is read; told the time, never
// reads it.

#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>

#include "base/rng.hpp"
#include "load/plan.hpp"

namespace kmc::load {

enum class arrival : std::uint8_t { constant, poisson };

class arrivals {
public:
    // Number `part` of `parts` lists that share the rate evenly; constant ones take turns.
    arrivals(arrival how, double per_second, clock::time_point begin, std::uint64_t seed,
             unsigned part = 0, unsigned parts = 1) noexcept
        : how_(how),
          begin_(begin),
          gap_ns_(1e9 * parts / per_second),
          first_ns_(how == arrival::constant ? gap_ns_ * part / parts : 0),
          random_(seed + part) {
        if (how == arrival::poisson) first_ns_ = random_gap();
        at_ns_ = first_ns_;
    }

    [[nodiscard]] clock::time_point next() const noexcept {
        return begin_ + std::chrono::nanoseconds(std::llround(at_ns_));
    }
    void pop() noexcept {
        ++count_;
        // A product does not gather the errors that a sum of so many would.
        at_ns_ = how_ == arrival::constant ? first_ns_ + static_cast<double>(count_) * gap_ns_
                                           : at_ns_ + random_gap();
    }

private:
    [[nodiscard]] double random_gap() noexcept {
        // Above 0 and at most 1: the logarithm is finite.
        const double part = (static_cast<double>(random_.next() >> 11) + 1) * 0x1p-53;
        return -std::log(part) * gap_ns_;
    }

    arrival how_;
    clock::time_point begin_;
    double gap_ns_;
    double first_ns_;
    double at_ns_ = 0;
    std::uint64_t count_ = 0;
    detail::rng random_;
};

}  // namespace kmc::load
