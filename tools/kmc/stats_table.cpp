#include "stats_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <unordered_set>

#include "output.hpp"

namespace kmc::cli {
namespace {

// Groups whose numbers are amounts. "settings" are not, and of "conns" one server's connection 10
// has nothing to do with another's.
constexpr std::array<std::string_view, 4> groups_that_add_up = {"", "items", "slabs", "sizes"};

// Whole numbers that are no amounts all the same.
constexpr std::array<std::string_view, 14> alone = {"pid",
                                                    "uptime",
                                                    "time",
                                                    "pointer_size",
                                                    "hash_power_level",
                                                    "curr_time",
                                                    "accepting_conns",
                                                    "active_slabs",
                                                    "hash_is_expanding",
                                                    "chunk_size",
                                                    "chunks_per_page",
                                                    "age",
                                                    "age_hot",
                                                    "age_warm"};

// The same, for statistics of servers newer than this list.
constexpr std::array<std::string_view, 6> alone_endings = {"_time",  "_us",      "_ms",
                                                           "_ratio", "_running", "_level"};

bool adds_up(std::string_view group, std::string_view name) {
    if (std::ranges::find(groups_that_add_up, group) == groups_that_add_up.end()) return false;
    name = name.substr(name.rfind(':') + 1);  // items:3:age, 3:chunk_size
    if (std::ranges::find(alone, name) != alone.end()) return false;
    return std::ranges::none_of(alone_endings,
                                [&](std::string_view ending) { return name.ends_with(ending); });
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [rest, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (wrong != std::errc() || rest != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string cell(std::string_view text) {
    return text.empty() ? "\"\"" : printable(text);
}

using row = std::vector<std::string>;

// The first column begins at the left, the others end at the right.
std::string aligned(std::span<const row> rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const row& r : rows) {
        for (std::size_t i = 0; i < r.size(); ++i) widths[i] = std::max(widths[i], r[i].size());
    }
    std::string text;
    for (const row& r : rows) {
        text += r.front();
        text.append(widths.front() - r.front().size(), ' ');
        for (std::size_t i = 1; i < r.size(); ++i) {
            text.append(widths[i] - r[i].size() + 2, ' ');
            text += r[i];
        }
        text += '\n';
    }
    return text;
}

}  // namespace

std::vector<std::string_view> stats_names(std::span<const stats_column> columns) {
    std::vector<std::string_view> names;
    std::unordered_set<std::string_view> known;
    for (const stats_column& c : columns) {
        if (c.stats == nullptr) continue;
        for (const auto& [name, text] : c.stats->entries) {
            if (known.insert(name).second) names.push_back(name);
        }
    }
    return names;
}

std::optional<std::string> stats_sum(std::string_view group, std::string_view name,
                                     std::span<const stats_column> columns) {
    if (!adds_up(group, name)) return std::nullopt;
    std::uint64_t sum = 0;
    for (const stats_column& c : columns) {
        const auto text = c.stats == nullptr ? std::nullopt : c.stats->find(name);
        if (!text) continue;
        const auto number = whole_number(*text);
        if (!number || *number > UINT64_MAX - sum) return std::nullopt;
        sum += *number;
    }
    return std::to_string(sum);
}

std::string stats_text(std::string_view group, std::span<const stats_column> columns) {
    std::vector<row> rows = {{"", "sum"}};
    for (const stats_column& c : columns) rows.front().push_back(c.server);
    for (const std::string_view name : stats_names(columns)) {
        row& r = rows.emplace_back();
        r = {cell(name), stats_sum(group, name, columns).value_or("-")};
        for (const stats_column& c : columns) {
            const auto text = c.stats == nullptr ? std::nullopt : c.stats->find(name);
            r.push_back(text ? cell(*text) : "-");
        }
    }
    return aligned(rows);
}

}  // namespace kmc::cli
