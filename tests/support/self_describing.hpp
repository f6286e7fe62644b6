// Values that name their key, version and length, so that any value can be checked on its own:
// somebody else's value, a torn one and a stale buffer all show.

#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace kmc::testing {

inline char filler(std::string_view key, std::uint64_t version, std::size_t i) {
    return static_cast<char>('a' + (key.size() * 7 + version * 13 + i * (version % 11 + 1)) % 26);
}

/// "key|version|size|filler", `size` bytes in all, but never shorter than its head.
inline std::string make_value(std::string_view key, std::uint64_t version, std::size_t size) {
    std::string value;
    value.append(key).append("|").append(std::to_string(version)).append("|");
    value.append(std::to_string(size)).append("|");
    while (value.size() < size) value.push_back(filler(key, version, value.size()));
    return value;
}

/// The version, if `value` is a whole and unchanged value of `key`; -1 if it is anything else.
inline std::int64_t version_of(std::string_view key, std::string_view value) {
    if (!value.starts_with(key) || value.size() <= key.size() || value[key.size()] != '|') return -1;
    std::uint64_t version = 0;
    std::size_t size = 0;
    const char* end = value.data() + value.size();
    auto read = std::from_chars(value.data() + key.size() + 1, end, version);
    if (read.ec != std::errc() || read.ptr == end || *read.ptr != '|') return -1;
    read = std::from_chars(read.ptr + 1, end, size);
    if (read.ec != std::errc() || read.ptr == end || *read.ptr != '|') return -1;
    if (value.size() < size) return -1;
    return value == make_value(key, version, size) ? static_cast<std::int64_t>(version) : -1;
}

}  // namespace kmc::testing
