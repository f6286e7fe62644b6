// The hashes of a Java client: over the UTF-16 code units of a string, not over its bytes.

#include <cstddef>

#include "hash/hash_functions.hpp"

namespace kmc::detail {

namespace {

struct decoded {
    std::uint32_t code_point;
    std::size_t bytes;
};

// The first character of `text`, which is not empty; a byte that begins none is U+FFFD.
decoded first_of(std::string_view text) noexcept {
    constexpr decoded invalid{0xfffd, 1};
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return {lead, 1};
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return invalid;

    std::uint32_t code = lead & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xc0U) != 0x80) return invalid;
        code = code << 6 | (next & 0x3fU);
    }
    const bool is_overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
    const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    if (is_overlong || is_surrogate || code > 0x10ffff) return invalid;
    return {code, size};
}

// Calls `take` with each code unit.
template <class Take>
void for_each_unit(std::string_view utf8, Take take) noexcept {
    while (!utf8.empty()) {
        const auto [code, bytes] = first_of(utf8);
        utf8.remove_prefix(bytes);
        if (code < 0x10000) {
            take(code);
        } else {
            take(0xd800 + ((code - 0x10000) >> 10));
            take(0xdc00 + ((code - 0x10000) & 0x3ff));
        }
    }
}

template <class Hash>
std::uint32_t fnv1(std::string_view utf8, Hash hash, Hash prime) noexcept {
    for_each_unit(utf8, [&](std::uint32_t unit) { hash = (hash * prime) ^ unit; });
    return static_cast<std::uint32_t>(hash);
}

template <class Hash>
std::uint32_t fnv1a(std::string_view utf8, Hash hash, Hash prime) noexcept {
    for_each_unit(utf8, [&](std::uint32_t unit) { hash = (hash ^ unit) * prime; });
    return static_cast<std::uint32_t>(hash);
}

}  // namespace

std::uint32_t java_native(std::string_view utf8) noexcept {
    std::uint32_t hash = 0;
    for_each_unit(utf8, [&](std::uint32_t unit) { hash = hash * 31 + unit; });
    return hash;
}

std::uint32_t java_fnv1_64(std::string_view utf8) noexcept {
    return fnv1<std::uint64_t>(utf8, 0xcbf29ce484222325U, 0x100000001b3U);
}

std::uint32_t java_fnv1a_64(std::string_view utf8) noexcept {
    return fnv1a<std::uint64_t>(utf8, 0xcbf29ce484222325U, 0x100000001b3U);
}

std::uint32_t java_fnv1_32(std::string_view utf8) noexcept {
    return fnv1<std::uint32_t>(utf8, 0x811c9dc5U, 0x01000193U);
}

std::uint32_t java_fnv1a_32(std::string_view utf8) noexcept {
    return fnv1a<std::uint32_t>(utf8, 0x811c9dc5U, 0x01000193U);
}

}  // namespace kmc::detail
