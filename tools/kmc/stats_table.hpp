// Statistics of several servers side by side: which of them add up, and how they line up.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kmc/stats.hpp>

namespace kmc::cli {

// One server's column. No statistics where the server did not give any.
struct stats_column {
    std::string server;
    const statistics* stats = nullptr;
};

// The statistics' names, in the order in which servers first name them.
[[nodiscard]] std::vector<std::string_view> stats_names(std::span<const stats_column> columns);

// The sum over the servers, if it means anything: amounts and counts add up, but not process ids,
// times, sizes of a unit, levels or settings, and no text. Nothing either where the sum would be
// 2^64 or more.
// @param group  what the server was asked for, as in client::stats.
[[nodiscard]] std::optional<std::string> stats_sum(std::string_view group, std::string_view name,
                                                   std::span<const stats_column> columns);

// A line for the names of the columns and one for each statistic; "-" where there is nothing.
[[nodiscard]] std::string stats_text(std::string_view group, std::span<const stats_column> columns);

}  // namespace kmc::cli
