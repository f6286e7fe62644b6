#include "base/known_names.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "base/quoted.hpp"

namespace kmc::detail {

namespace {

// How many letters must be put in, taken out or changed to turn one text into the other
// (Levenshtein's distance, one row of the table at a time).
std::size_t edits_between(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < to.size(); ++j) {
            const std::size_t changed = diagonal + (from[i] == to[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

// The known name that differs in at most a third of its letters, or nothing.
std::string_view nearest_name(std::string_view name, std::span<const std::string_view> known) {
    std::string_view nearest;
    std::size_t fewest = std::numeric_limits<std::size_t>::max();
    // Longer than any near miss; also keeps the work small for whatever a file contains.
    if (name.size() > 64) return nearest;
    for (const std::string_view candidate : known) {
        const std::size_t edits = edits_between(name, candidate);
        if (edits <= candidate.size() / 3 && edits < fewest) {
            fewest = edits;
            nearest = candidate;
        }
    }
    return nearest;
}

}  // namespace

std::string unknown_name(std::string_view what, std::string_view name,
                         std::span<const std::string_view> known) {
    std::string message = "there is no " + std::string(what) + " " + quoted(name);
    if (const auto near = nearest_name(name, known); !near.empty()) {
        message.append(", did you mean ").append(near).append("?");
    }
    message += " (known:";
    for (const std::string_view each : known) message.append(" ").append(each);
    return message + ")";
}

}  // namespace kmc::detail
