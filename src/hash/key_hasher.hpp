// A chosen key hash, ready to run: one key, or a batch.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <kmc/ring.hpp>

namespace kmc::detail {

// Whose idea of a string the hash works on: most take bytes, Java takes UTF-16.
enum class key_alphabet : std::uint8_t { bytes, java };

// Whether key_bytes makes a difference to this hash of bytes.
[[nodiscard]] bool depends_on_sign(key_hash which) noexcept;

class key_hasher {
public:
    using function = std::uint32_t (*)(std::string_view) noexcept;

    // md5.
    constexpr key_hasher() noexcept = default;
    // `which` is not key_hash::own.
    key_hasher(key_hash which, key_alphabet alphabet, key_bytes bytes) noexcept;

    [[nodiscard]] std::uint32_t one(std::string_view key) const noexcept;
    // out[i] = one(keys[i]). Same size. Allocates nothing.
    void many(std::span<const std::string_view> keys, std::span<std::uint32_t> out) const noexcept;

    [[nodiscard]] bool is_md5() const noexcept { return function_ == nullptr; }

private:
    function function_ = nullptr;  // null: md5, which has a way of its own for batches
};

}  // namespace kmc::detail
