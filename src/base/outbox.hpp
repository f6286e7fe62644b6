// What a connection has to send: encoded bytes in a buffer of its own, and large values that stay
// where they are. Read from the front, one contiguous piece at a time or several.
//
//   [ plain bytes | large value | plain bytes | large value | plain bytes ]
//
// A value that is in here, even in part, has the outbox as an owner.

#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <kmc/shared_bytes.hpp>

#include "base/buffer.hpp"
#include "base/bytes.hpp"

namespace kmc::detail {

class outbox {
public:
    outbox() = default;
    outbox(const outbox&) = delete;
    outbox& operator=(const outbox&) = delete;
    ~outbox() { clear(); }

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    // Of the buffer; large values are not its business.
    [[nodiscard]] std::size_t capacity() const noexcept { return plain_.capacity(); }

    // Afterwards append() of so many bytes in all, and so many splices, do not throw. It moves what
    // pending() showed: not while the kernel reads it.
    void reserve(std::size_t bytes, std::size_t values);

    // Room for `bytes` bytes at the end, for the caller to fill in at once.
    [[nodiscard]] std::byte* append(std::size_t bytes) {
        std::byte* const at = plain_.append(bytes);
        unclaimed_ += bytes;
        size_ += bytes;
        return at;
    }

    // Puts a large value at the end.
    void splice(shared_block& value);

    // The first contiguous piece; not empty unless the outbox is.
    [[nodiscard]] std::span<const std::byte> pending() const noexcept;
    // Calls use(piece) for what is pending, contiguous piece after piece, `most` bytes in all, as
    // long as it returns true.
    template <class Use>
    void each_piece(std::size_t most, Use&& use) const;

    // So many bytes from the front have left.
    void consume(std::size_t bytes) noexcept;

    void clear() noexcept;
    // Drops the buffer's memory, and everything in it.
    void reset(std::size_t capacity);

private:
    // A large value, and the plain bytes before it.
    struct piece {
        std::size_t plain;
        shared_block* value;
        std::size_t sent;
    };

    void consume_first(std::size_t bytes) noexcept;

    buffer plain_;
    std::vector<piece> pieces_;
    std::size_t first_ = 0;      // of pieces_ that has not left
    std::size_t unclaimed_ = 0;  // plain bytes behind the last piece
    std::size_t size_ = 0;
};

template <class Use>
void outbox::each_piece(std::size_t most, Use&& use) const {
    std::span<const std::byte> plain = plain_.pending();
    const auto give = [&](std::span<const std::byte> bytes) {
        const std::size_t size = std::min(bytes.size(), most);
        most -= size;
        return size == 0 || (use(bytes.first(size)) && most != 0);
    };
    for (std::size_t i = first_; i < pieces_.size(); ++i) {
        const piece& next = pieces_[i];
        if (!give(plain.first(next.plain))) return;
        plain = plain.subspan(next.plain);
        if (!give(as_bytes(next.value->bytes()).subspan(next.sent))) return;
    }
    give(plain);
}

}  // namespace kmc::detail
