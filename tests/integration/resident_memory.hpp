// How much memory this process has in use, as the kernel counts it.

#pragma once

#include <unistd.h>

#include <cstddef>
#include <fstream>

namespace kmc::testing {

[[nodiscard]] inline std::size_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::size_t all = 0;
    std::size_t resident = 0;
    file >> all >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace kmc::testing
