// Keys and values that every driver of a comparison makes by the same rule: key i is "kmc-bench:"
// and i in decimal with zeros in front up to the key's length; value i is the alphabet, over and
// over, from letter i mod 26 on. All keys stand in one block, so that drawing one at random costs
// one miss of the cache, as for every driver.

#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace kmc::load {

class data_set {
public:
    static constexpr std::string_view head = "kmc-bench:";

    // Of so many keys, at least one: the head, and the digits of the last one.
    [[nodiscard]] static std::size_t least_key_bytes(std::size_t keys) {
        return head.size() + std::to_string(keys - 1).size();
    }

    // Keys are longer than `key_bytes` where that is less than least_key_bytes(). At least one key.
    data_set(std::size_t keys, std::size_t key_bytes, std::size_t value_bytes)
        : size_(keys),
          key_bytes_(std::max(key_bytes, least_key_bytes(keys))),
          value_bytes_(value_bytes) {
        keys_.reserve(keys * key_bytes_);
        for (std::size_t i = 0; i < keys; ++i) {
            const std::string digits = std::to_string(i);
            keys_.append(head);
            keys_.append(key_bytes_ - head.size() - digits.size(), '0');
            keys_.append(digits);
        }
        letters_.resize(value_bytes + 26);
        for (std::size_t i = 0; i < letters_.size(); ++i) {
            letters_[i] = static_cast<char>('a' + i % 26);
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::string_view key(std::size_t i) const noexcept {
        return {keys_.data() + i * key_bytes_, key_bytes_};
    }
    [[nodiscard]] std::string_view value(std::size_t i) const noexcept {
        return {letters_.data() + i % 26, value_bytes_};
    }

private:
    std::size_t size_;
    std::size_t key_bytes_;
    std::size_t value_bytes_;
    std::string keys_;
    std::string letters_;
};

}  // namespace kmc::load
