#include "base/arena.hpp"

#include <algorithm>

#include <kmc/detail/block_pool.hpp>

namespace kmc::detail {

void* arena::try_allocate(std::size_t bytes, std::size_t alignment) noexcept {
    void* at = next_;
    if (next_ == nullptr || std::align(alignment, bytes, at, left_) == nullptr) {
        if (!grow(bytes + alignment)) return nullptr;
        at = next_;
        std::align(alignment, bytes, at, left_);
    }
    next_ = static_cast<std::byte*>(at) + bytes;
    left_ -= bytes;
    return at;
}

bool arena::try_adopt(char* data, std::size_t size) noexcept {
    try {
        blocks_.push_back({data, size});
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

bool arena::grow(std::size_t bytes) noexcept {
    const std::size_t last = chunks_.empty() ? 0 : chunks_.back().size;
    const std::size_t size = std::max({first_chunk, 2 * last, bytes});
    try {
        chunks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
    } catch (const std::bad_alloc&) {
        return false;
    }
    next_ = chunks_.back().data.get();
    left_ = size;
    return true;
}

void arena::recycle() noexcept {
    drop_blocks();
    if (chunks_.size() > 1) {
        std::size_t total = 0;
        for (const chunk& c : chunks_) total += c.size;
        chunks_.clear();
        next_ = nullptr;
        left_ = 0;
        grow(total);  // without memory now, the next allocation tries again
    } else if (!chunks_.empty()) {
        next_ = chunks_.back().data.get();
        left_ = chunks_.back().size;
    }
}

void arena::drop_blocks() noexcept {
    for (const block& b : blocks_) return_block(b.data, b.size);
    blocks_.clear();
}

}  // namespace kmc::detail
