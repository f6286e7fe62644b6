#include "io/wall_clock.hpp"

#include <ctime>

namespace kmc::detail {

std::int64_t wall_clock_seconds() noexcept {
    return std::time(nullptr);
}

}  // namespace kmc::detail
