// Keys and values that every driver of a comparison makes by the same rule: key i is "kmc-bench:"
// and i in decimal with zeros in front up to the key's length; value i is the alphabet, over and
// over, from letter i mod 26 on.

#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kmc::load {

class data_set {
public:
    static constexpr std::string_view head = "kmc-bench:";

    // `key_bytes` has room for the head and the digits of the last key.
    data_set(std::size_t keys, std::size_t key_bytes, std::size_t value_bytes)
        : value_bytes_(value_bytes) {
        keys_.reserve(keys);
        for (std::size_t i = 0; i < keys; ++i) {
            const std::string digits = std::to_string(i);
            std::string key(head);
            key.append(key_bytes - std::min(key_bytes, head.size() + digits.size()), '0');
            keys_.push_back(key + digits);
        }
        letters_.resize(value_bytes + 26);
        for (std::size_t i = 0; i < letters_.size(); ++i) {
            letters_[i] = static_cast<char>('a' + i % 26);
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
    [[nodiscard]] std::string_view key(std::size_t i) const noexcept { return keys_[i]; }
    [[nodiscard]] std::string_view value(std::size_t i) const noexcept {
        return std::string_view(letters_).substr(i % 26, value_bytes_);
    }

private:
    std::size_t value_bytes_;
    std::vector<std::string> keys_;
    std::string letters_;
};

}  // namespace kmc::load
