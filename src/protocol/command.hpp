// What the commands mean, and a reply as the codecs hand it up.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <kmc/detail/block_pool.hpp>
#include <kmc/detail/request.hpp>

namespace kmc::detail {

inline constexpr std::size_t command_count = static_cast<std::size_t>(command::version) + 1;

// Whether it carries a counter_step and is answered with a number.
[[nodiscard]] constexpr bool is_counter(command what) noexcept {
    return what == command::incr || what == command::decr;
}

// Whether carrying it out twice is the same as once, for everybody.
[[nodiscard]] constexpr bool is_repeatable(command what) noexcept {
    switch (what) {
        case command::get:
        case command::gat:
        case command::touch:
        case command::noop:
        case command::version:
            return true;
        default:
            return false;
    }
}

// Whether its success carries an item's value, of any size up to the limit for items.
[[nodiscard]] constexpr bool gives_item(command what) noexcept {
    return what == command::get || what == command::gat;
}

// Raw status codes of the binary protocol that kmc tells apart; all others are server errors.
enum class status : std::uint16_t {
    ok = 0x00,
    not_found = 0x01,
    exists = 0x02,
    too_large = 0x03,
    invalid = 0x04,
    not_stored = 0x05,
    not_a_number = 0x06,
    auth_error = 0x20,
    unknown_command = 0x81,
    out_of_memory = 0x82,
};

// A block that a large value was received into. Owned by the pipeline until whoever takes the
// reply takes it over with release().
class landed_block {
public:
    landed_block() noexcept = default;
    landed_block(char* data, std::uint32_t size) noexcept : data_(data), size_(size) {}
    landed_block(landed_block&& o) noexcept
        : data_(std::exchange(o.data_, nullptr)), size_(std::exchange(o.size_, 0)) {}
    landed_block& operator=(landed_block&& o) noexcept {
        std::swap(data_, o.data_);
        std::swap(size_, o.size_);
        return *this;
    }
    ~landed_block() {
        if (data_ != nullptr) return_block(data_, size_);
    }

    explicit operator bool() const noexcept { return data_ != nullptr; }
    [[nodiscard]] char* data() const noexcept { return data_; }
    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
    // The caller now owes return_block(data, size).
    [[nodiscard]] char* release() noexcept {
        size_ = 0;
        return std::exchange(data_, nullptr);
    }

private:
    char* data_ = nullptr;
    std::uint32_t size_ = 0;
};

// One answer. Views die with the call they are passed to. `value` is the item's bytes on success
// and the server's English text on an error status (never parsed).
struct reply {
    command what = command::noop;
    detail::status status = detail::status::ok;
    bool is_part = false;     // of a stat: one statistic; the request has more answers to come
    bool is_implied = false;  // told by the silence of a quiet request: no token, no number; or
                              // a stat whose end was left out
    std::uint32_t flags = 0;
    std::uint64_t cas = 0;
    std::uint64_t number = 0;  // of incr and decr: what the counter became
    std::string_view key;      // of a stat's part: the name
    std::string_view value;
    landed_block landed;  // if set, `value` points into it and it may be taken over
};

}  // namespace kmc::detail
