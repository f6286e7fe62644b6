#include "io/clocks.hpp"

#include <chrono>
#include <ctime>

namespace kmc::detail {

std::int64_t wall_clock_seconds() noexcept {
    return std::time(nullptr);
}

time_point steady_clock_now() noexcept {
    return std::chrono::steady_clock::now();
}

}  // namespace kmc::detail
