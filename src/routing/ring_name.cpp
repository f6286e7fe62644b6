// Rings and hashes as text, both ways. Parsing tells somebody who mistyped a name what
// names there are.

#include <kmc/ring.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "base/known_names.hpp"
#include "routing/rings.hpp"

namespace kmc {

namespace {

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
    return config_error(detail::unknown_name("ring", name, known));
}

config_result<key_hash> parse_key_hash(std::string_view name) {
    const auto at = std::find(hash_names.begin(), hash_names.end(), name);
    if (at == hash_names.end()) return config_error(detail::unknown_name("hash", name, hash_names));
    return static_cast<key_hash>(at - hash_names.begin());
}

}  // namespace kmc
