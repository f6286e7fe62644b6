// What the model says to STAT: real groups with fewer lines, and the real ones' ends.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/model_store.hpp"

namespace kmc::sim {

struct model_statistics {
    std::vector<std::pair<std::string, std::string>> parts;  // names and texts
    bool has_end = true;  // two groups come without the empty reply behind their parts
};

// Nothing: no such group. Some are known by their first letters, as the real server has it.
[[nodiscard]] std::optional<model_statistics> statistics_of(const model_store& store,
                                                            std::string_view group,
                                                            std::uint64_t now);

}  // namespace kmc::sim
