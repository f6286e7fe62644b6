// What a server tells of itself: the answer of client::stats.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kmc {

/// Names and texts in the order the server sent them.
class statistics {
public:
    using entry = std::pair<std::string, std::string>;

    /// The text behind a name, or nothing.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept {
        for (const entry& e : entries) {
            if (e.first == name) return e.second;
        }
        return std::nullopt;
    }

    std::vector<entry> entries;
};

}  // namespace kmc
