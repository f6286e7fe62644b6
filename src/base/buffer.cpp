#include "base/buffer.hpp"

#include <algorithm>
#include <utility>

#include <kmc/detail/block_pool.hpp>

#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace kmc::detail {

buffer::buffer(std::size_t capacity) {
    reset(capacity);
}

buffer::~buffer() {
    return_block(data_, capacity_);
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
        std::memmove(data_, data_ + read_, pending_size);
    } else {
        const std::size_t capacity = std::max(capacity_ * 2, pending_size + bytes);
        auto* const grown = static_cast<std::byte*>(take_block(capacity));
        copy_bytes(grown, data_ + read_, pending_size);
        free_block(data_, capacity_);  // outgrown
        data_ = grown;
        capacity_ = capacity;
    }
    read_ = 0;
    written_ = pending_size;
}

void buffer::reset(std::size_t capacity) {
    clear();
    return_block(std::exchange(data_, nullptr), std::exchange(capacity_, 0));
    if (capacity == 0) return;
    data_ = static_cast<std::byte*>(take_block(capacity));
    capacity_ = capacity;
}

}  // namespace kmc::detail
