#include "base/buffer.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace kmc::detail {

buffer::buffer(std::size_t capacity) {
    reset(capacity);
}

void buffer::consume(std::size_t bytes) noexcept {
    KMC_ASSERT(bytes <= size());
    read_ += bytes;
    if (read_ == written_) clear();
}

void buffer::commit(std::size_t bytes) noexcept {
    KMC_ASSERT(bytes <= capacity_ - written_);
    written_ += bytes;
}

void buffer::make_room(std::size_t bytes) {
    const std::size_t pending_size = size();
    if (capacity_ - pending_size >= bytes) {
        std::memmove(data_.get(), data_.get() + read_, pending_size);
    } else {
        const std::size_t capacity = std::max(capacity_ * 2, pending_size + bytes);
        auto grown = std::make_unique_for_overwrite<std::byte[]>(capacity);
        copy_bytes(grown.get(), data_.get() + read_, pending_size);
        data_ = std::move(grown);
        capacity_ = capacity;
    }
    read_ = 0;
    written_ = pending_size;
}

void buffer::reset(std::size_t capacity) {
    data_ = capacity == 0 ? nullptr : std::make_unique_for_overwrite<std::byte[]>(capacity);
    capacity_ = capacity;
    clear();
}

}  // namespace kmc::detail
