// Contiguous bytes with two areas: pending (written, not yet read) and free. Every function only
// moves a border between them.
//
//   [ already read | pending ........ | free ............ ]
//                  ^ read_            ^ written_          ^ capacity
//
// Used for what a connection sends (append, then the kernel reads) and receives (the kernel writes
// into room(), then the parser reads). Grows by need, never shrinks by itself. The memory is a
// block of the thread's pool, to which it goes back: the next buffer of that size is not far.

#pragma once

#include <cstddef>
#include <span>

namespace kmc::detail {

class buffer {
public:
    explicit buffer(std::size_t capacity = 0);
    buffer(const buffer&) = delete;
    buffer& operator=(const buffer&) = delete;
    ~buffer();

    [[nodiscard]] std::span<const std::byte> pending() const noexcept {
        return {data_ + read_, written_ - read_};
    }
    [[nodiscard]] bool empty() const noexcept { return read_ == written_; }
    [[nodiscard]] std::size_t size() const noexcept { return written_ - read_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

    // The first `bytes` of pending() were read. Starts over at the front when nothing is left.
    void consume(std::size_t bytes) noexcept;

    // All free space behind what is pending.
    [[nodiscard]] std::span<std::byte> room() noexcept {
        return {data_ + written_, capacity_ - written_};
    }
    // The first `bytes` of room() were written.
    void commit(std::size_t bytes) noexcept;

    // Makes room for at least `bytes`: moves what is pending to the front, then grows.
    void reserve(std::size_t bytes) {
        if (capacity_ - written_ < bytes) make_room(bytes);
    }

    // Appends `bytes` bytes of unspecified content for the caller to fill in; valid until the next
    // call that is not const.
    [[nodiscard]] std::byte* append(std::size_t bytes) {
        reserve(bytes);
        std::byte* at = data_ + written_;
        written_ += bytes;
        return at;
    }

    void clear() noexcept { read_ = written_ = 0; }

    // Drops the memory, and everything in it.
    void reset(std::size_t capacity);

private:
    void make_room(std::size_t bytes);

    std::byte* data_ = nullptr;
    std::size_t capacity_ = 0;
    std::size_t read_ = 0;
    std::size_t written_ = 0;
};

}  // namespace kmc::detail
