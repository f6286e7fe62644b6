#include "hash/key_hasher.hpp"

#include <cstddef>

#include "base/assert.hpp"
#include "hash/hash_functions.hpp"
#include "hash/key_hash.hpp"

namespace kmc::detail {

namespace {

template <char_kind Kind>
key_hasher::function function_of(key_hash which) noexcept {
    switch (which) {
        case key_hash::one_at_a_time:
            return &one_at_a_time<Kind>;
        case key_hash::crc:
            return &crc32_middle;
        case key_hash::fnv1_64:
            return &fnv1_64<Kind>;
        case key_hash::fnv1a_64:
            return &fnv1a_64<Kind>;
        case key_hash::fnv1_32:
            return &fnv1_32<Kind>;
        case key_hash::fnv1a_32:
            return &fnv1a_32<Kind>;
        case key_hash::hsieh:
            return &hsieh<Kind>;
        case key_hash::murmur:
            return &murmur;
        case key_hash::jenkins:
            return &jenkins;
        case key_hash::murmur3:
            return &murmur3;
        case key_hash::crc16:
            return &crc16;
        case key_hash::crc32a:
            return &crc32;
        case key_hash::native:
            return &java_native;
        case key_hash::own:
        case key_hash::md5:
            break;
    }
    return nullptr;
}

key_hasher::function java_function_of(key_hash which) noexcept {
    switch (which) {
        case key_hash::fnv1_64:
            return &java_fnv1_64;
        case key_hash::fnv1a_64:
            return &java_fnv1a_64;
        case key_hash::fnv1_32:
            return &java_fnv1_32;
        case key_hash::fnv1a_32:
            return &java_fnv1a_32;
        default:
            return function_of<char_kind::with_sign>(which);
    }
}

}  // namespace

bool depends_on_sign(key_hash which) noexcept {
    return function_of<char_kind::with_sign>(which) != function_of<char_kind::without_sign>(which);
}

key_hasher::key_hasher(key_hash which, key_alphabet alphabet, key_bytes bytes) noexcept {
    KMC_ASSERT(which != key_hash::own);
    if (alphabet == key_alphabet::java) {
        function_ = java_function_of(which);
    } else if (bytes == key_bytes::with_sign) {
        function_ = function_of<char_kind::with_sign>(which);
    } else {
        function_ = function_of<char_kind::without_sign>(which);
    }
}

std::uint32_t key_hasher::one(std::string_view key) const noexcept {
    if (function_ != nullptr) return function_(key);
    std::uint32_t hash = 0;
    md5_many({&key, 1}, {&hash, 1});
    return hash;
}

void key_hasher::many(std::span<const std::string_view> keys,
                      std::span<std::uint32_t> out) const noexcept {
    KMC_ASSERT(keys.size() == out.size());
    if (function_ == nullptr) return md5_many(keys, out);
    for (std::size_t i = 0; i < keys.size(); ++i) out[i] = function_(keys[i]);
}

}  // namespace kmc::detail
