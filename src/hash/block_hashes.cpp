// Hashes that take a key some bytes at a time: Hsieh's, Appleby's two Murmurs, Jenkins's lookup3.
// Words are little-endian wherever the key lies.

#include <bit>
#include <cstddef>

#include "hash/hash_functions.hpp"

namespace kmc::detail {

namespace {

constexpr std::uint32_t byte_at(std::string_view bytes, std::size_t at) noexcept {
    return static_cast<unsigned char>(bytes[at]);
}

// Up to four bytes from `at`, the first lowest; those behind the end are 0.
constexpr std::uint32_t word_at(std::string_view bytes, std::size_t at,
                                std::size_t size = 4) noexcept {
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < size && at + i < bytes.size(); ++i) {
        word |= byte_at(bytes, at + i) << (8 * i);
    }
    return word;
}

// libmemcached starts both Murmurs from the length of the key.
std::uint32_t seed_for(std::string_view bytes) noexcept {
    return 0xdeadbeefU * static_cast<std::uint32_t>(bytes.size());
}

}  // namespace

template <char_kind Kind>
std::uint32_t hsieh(std::string_view bytes) noexcept {
    std::uint32_t hash = 0;
    if (bytes.empty()) return hash;
    const std::size_t whole = bytes.size() & ~std::size_t{3};
    for (std::size_t at = 0; at < whole; at += 4) {
        hash += word_at(bytes, at, 2);
        hash = (hash << 16) ^ (word_at(bytes, at + 2, 2) << 11) ^ hash;
        hash += hash >> 11;
    }
    switch (bytes.size() - whole) {
        case 3: {
            const char last = bytes.back();
            const std::uint32_t widened =
                Kind == char_kind::with_sign
                    ? static_cast<std::uint32_t>(std::int32_t{static_cast<signed char>(last)})
                    : static_cast<unsigned char>(last);
            hash += word_at(bytes, whole, 2);
            hash ^= hash << 16;
            hash ^= widened << 18;
            hash += hash >> 11;
            break;
        }
        case 2:
            hash += word_at(bytes, whole, 2);
            hash ^= hash << 11;
            hash += hash >> 17;
            break;
        case 1:
            hash += byte_at(bytes, whole);
            hash ^= hash << 10;
            hash += hash >> 1;
            break;
        default:
            break;
    }
    hash ^= hash << 3;
    hash += hash >> 5;
    hash ^= hash << 4;
    hash += hash >> 17;
    hash ^= hash << 25;
    hash += hash >> 6;
    return hash;
}

template std::uint32_t hsieh<char_kind::with_sign>(std::string_view) noexcept;
template std::uint32_t hsieh<char_kind::without_sign>(std::string_view) noexcept;

std::uint32_t murmur(std::string_view bytes) noexcept {
    constexpr std::uint32_t factor = 0x5bd1e995U;
    const std::size_t whole = bytes.size() & ~std::size_t{3};
    std::uint32_t hash = seed_for(bytes) ^ static_cast<std::uint32_t>(bytes.size());
    for (std::size_t at = 0; at < whole; at += 4) {
        std::uint32_t word = word_at(bytes, at) * factor;
        word ^= word >> 24;
        hash = (hash * factor) ^ (word * factor);
    }
    if (whole != bytes.size()) hash = (hash ^ word_at(bytes, whole)) * factor;
    hash ^= hash >> 13;
    hash *= factor;
    hash ^= hash >> 15;
    return hash;
}

std::uint32_t murmur3(std::string_view bytes) noexcept {
    const auto scrambled = [](std::uint32_t word) {
        return std::rotl(word * 0xcc9e2d51U, 15) * 0x1b873593U;
    };
    const std::size_t whole = bytes.size() & ~std::size_t{3};
    std::uint32_t hash = seed_for(bytes);
    for (std::size_t at = 0; at < whole; at += 4) {
        hash = std::rotl(hash ^ scrambled(word_at(bytes, at)), 13) * 5 + 0xe6546b64U;
    }
    hash ^= scrambled(word_at(bytes, whole));  // of nothing: 0
    hash ^= static_cast<std::uint32_t>(bytes.size());
    hash ^= hash >> 16;
    hash *= 0x85ebca6bU;
    hash ^= hash >> 13;
    hash *= 0xc2b2ae35U;
    hash ^= hash >> 16;
    return hash;
}

std::uint32_t jenkins(std::string_view bytes) noexcept {
    constexpr std::uint32_t initial = 13;
    std::uint32_t a = 0xdeadbeefU + static_cast<std::uint32_t>(bytes.size()) + initial;
    std::uint32_t b = a;
    std::uint32_t c = a;
    if (bytes.empty()) return c;

    const auto mix = [](std::uint32_t& x, std::uint32_t y, std::uint32_t& z, int bits) {
        x = (x - z) ^ std::rotl(z, bits);
        z += y;
    };

    // The last block, full or not, is for the end.
    std::size_t at = 0;
    for (; bytes.size() - at > 12; at += 12) {
        a += word_at(bytes, at);
        b += word_at(bytes, at + 4);
        c += word_at(bytes, at + 8);
        mix(a, b, c, 4);
        mix(b, c, a, 6);
        mix(c, a, b, 8);
        mix(a, b, c, 16);
        mix(b, c, a, 19);
        mix(c, a, b, 4);
    }
    a += word_at(bytes, at);
    b += word_at(bytes, at + 4);
    c += word_at(bytes, at + 8);
    const auto close = [](std::uint32_t& x, std::uint32_t y, int bits) {
        x = (x ^ y) - std::rotl(y, bits);
    };
    close(c, b, 14);
    close(a, c, 11);
    close(b, a, 25);
    close(c, b, 16);
    close(a, c, 4);
    close(b, a, 14);
    close(c, b, 24);
    return c;
}

}  // namespace kmc::detail
