// Rings and hashes as text, both ways. Parsing tells somebody who mistyped a name what
// names there are.

#include <kmc/ring.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/quoted.hpp"
#include "routing/rings.hpp"

namespace kmc {

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

config_error unknown_name(std::string_view what, std::string_view name,
                          std::span<const std::string_view> known) {
    std::string message = "there is no " + std::string(what) + " " + detail::quoted(name);
    if (const auto near = nearest_name(name, known); !near.empty()) {
        message.append(", did you mean ").append(near).append("?");
    }
    message += " (known:";
    for (const std::string_view each : known) message.append(" ").append(each);
    return config_error(message + ")");
}

// In the order of the enumerators.
constexpr std::array<std::string_view, 15> hash_names = {
    "own",   "one_at_a_time", "md5",     "crc",     "fnv1_64", "fnv1a_64", "fnv1_32", "fnv1a_32",
    "hsieh", "murmur",        "jenkins", "murmur3", "crc16",   "crc32a",   "native",
};

}  // namespace

std::string_view to_text(ring r) noexcept {
    for (const auto& entry : detail::ring_table()) {
        if (entry.which == r) return entry.name;
    }
    return "an unknown ring";
}

std::string_view to_text(key_hash h) noexcept {
    const auto number = static_cast<std::size_t>(h);
    return number < hash_names.size() ? hash_names[number] : "an unknown hash";
}

config_result<ring> parse_ring(std::string_view name) {
    std::vector<std::string_view> known;
    for (const auto& entry : detail::ring_table()) {
        if (entry.name == name) return entry.which;
        known.push_back(entry.name);
    }
    return unknown_name("ring", name, known);
}

config_result<key_hash> parse_key_hash(std::string_view name) {
    const auto at = std::find(hash_names.begin(), hash_names.end(), name);
    if (at == hash_names.end()) return unknown_name("hash", name, hash_names);
    return static_cast<key_hash>(at - hash_names.begin());
}

}  // namespace kmc
