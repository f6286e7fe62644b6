// A value as the server returned it: owned (value), or a view into a reply (value_view).

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace kmc {

/// Names one version of one item; changes with every store. 0 on servers that run without cas
/// (memcached -C). Tokens restart when the server restarts.
enum class cas_token : std::uint64_t {};

/// Bytes, flags and cas token of a hit. The bytes belong to the reply the view came from and die
/// with it.
struct value_view {
    const char* data = nullptr;
    std::uint32_t size_bytes = 0;
    std::uint32_t flags = 0;
    cas_token token{};

    [[nodiscard]] std::string_view bytes() const noexcept { return {data, size_bytes}; }
};

/// An owned value: one block of memory, up to 2 MiB one that the thread has used before if it has
/// one. Movable, any thread. Empty values own nothing.
class value {
public:
    value() noexcept = default;
    value(value&& other) noexcept { swap(other); }
    value& operator=(value&& other) noexcept {
        value(std::move(other)).swap(*this);
        return *this;
    }
    ~value();

    [[nodiscard]] std::string_view bytes() const noexcept { return {data_, size_}; }
    [[nodiscard]] std::uint32_t flags() const noexcept { return flags_; }
    [[nodiscard]] cas_token token() const noexcept { return token_; }

    /// A copy of the bytes.
    [[nodiscard]] std::string to_string() const { return std::string(bytes()); }

    /// Copies `bytes` into a new block.
    /// @return false when there is no memory; the value is then empty.
    [[nodiscard]] bool assign(std::string_view bytes, std::uint32_t flags,
                              cas_token token) noexcept;

    /// Takes over a block from detail::take_block(size).
    void adopt(char* block, std::uint32_t size, std::uint32_t flags, cas_token token) noexcept;

    void swap(value& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(flags_, other.flags_);
        std::swap(token_, other.token_);
    }

private:
    char* data_ = nullptr;
    std::uint32_t size_ = 0;
    std::uint32_t flags_ = 0;
    cas_token token_{};
};

}  // namespace kmc
