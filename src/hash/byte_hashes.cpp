// Hashes that take a key byte by byte: Jenkins's one-at-a-time, and Fowler, Noll and Vo's.

#include <type_traits>

#include "hash/hash_functions.hpp"

namespace kmc::detail {

namespace {

// A byte as the C programs add it: through their `char`, widened to the hash.
template <char_kind Kind, class Hash>
constexpr Hash widened(char byte) noexcept {
    if constexpr (Kind == char_kind::with_sign) {
        return static_cast<Hash>(
            static_cast<std::make_signed_t<Hash>>(static_cast<signed char>(byte)));
    } else {
        return static_cast<unsigned char>(byte);
    }
}

template <char_kind Kind, class Hash>
Hash fnv1(std::string_view bytes, Hash hash, Hash prime) noexcept {
    for (const char byte : bytes) hash = (hash * prime) ^ widened<Kind, Hash>(byte);
    return hash;
}

template <char_kind Kind, class Hash>
Hash fnv1a(std::string_view bytes, Hash hash, Hash prime) noexcept {
    for (const char byte : bytes) hash = (hash ^ widened<Kind, Hash>(byte)) * prime;
    return hash;
}

}  // namespace

template <char_kind Kind>
std::uint32_t one_at_a_time(std::string_view bytes) noexcept {
    std::uint32_t hash = 0;
    for (const char byte : bytes) {
        hash += widened<Kind, std::uint32_t>(byte);
        hash += hash << 10;
        hash ^= hash >> 6;
    }
    hash += hash << 3;
    hash ^= hash >> 11;
    hash += hash << 15;
    return hash;
}

template <char_kind Kind>
std::uint32_t fnv1_64(std::string_view bytes) noexcept {
    return static_cast<std::uint32_t>(
        fnv1<Kind, std::uint64_t>(bytes, 0xcbf29ce484222325U, 0x100000001b3U));
}

template <char_kind Kind>
std::uint32_t fnv1a_64(std::string_view bytes) noexcept {
    // What is left of the 64-bit constants in 32 bits.
    return fnv1a<Kind, std::uint32_t>(bytes, 0x84222325U, 0x1b3U);
}

template <char_kind Kind>
std::uint32_t fnv1_32(std::string_view bytes) noexcept {
    return fnv1<Kind, std::uint32_t>(bytes, 0x811c9dc5U, 0x01000193U);
}

template <char_kind Kind>
std::uint32_t fnv1a_32(std::string_view bytes) noexcept {
    return fnv1a<Kind, std::uint32_t>(bytes, 0x811c9dc5U, 0x01000193U);
}

template std::uint32_t one_at_a_time<char_kind::with_sign>(std::string_view) noexcept;
template std::uint32_t one_at_a_time<char_kind::without_sign>(std::string_view) noexcept;
template std::uint32_t fnv1_64<char_kind::with_sign>(std::string_view) noexcept;
template std::uint32_t fnv1_64<char_kind::without_sign>(std::string_view) noexcept;
template std::uint32_t fnv1a_64<char_kind::with_sign>(std::string_view) noexcept;
template std::uint32_t fnv1a_64<char_kind::without_sign>(std::string_view) noexcept;
template std::uint32_t fnv1_32<char_kind::with_sign>(std::string_view) noexcept;
template std::uint32_t fnv1_32<char_kind::without_sign>(std::string_view) noexcept;
template std::uint32_t fnv1a_32<char_kind::with_sign>(std::string_view) noexcept;
template std::uint32_t fnv1a_32<char_kind::without_sign>(std::string_view) noexcept;

}  // namespace kmc::detail
