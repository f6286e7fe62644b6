#include "base/large_blocks.hpp"

#include <algorithm>
#include <new>

namespace kmc::detail {

void* large_blocks::take(std::size_t size) noexcept {
    const std::size_t room = room_for(size);
    taken_ += room;
    free_list& list = lists_[class_of(size)];
    free_block* const block = list.first;
    if (block == nullptr) return nullptr;
    list.first = block->next;
    --list.count;
    list.idle = std::min(list.idle, list.count);
    kept_ -= room;
    return block;
}

bool large_blocks::keep(void* block, std::size_t size) noexcept {
    const std::size_t room = room_for(size);
    if (taken_ < room) return false;
    taken_ -= room;
    if (!ages_ || kept_ + room > kept_bytes_max) return false;
    kept_ += room;
    free_list& list = lists_[class_of(size)];
    list.first = ::new (block) free_block{list.first};
    ++list.count;
    return true;
}

void large_blocks::forget(std::size_t size) noexcept {
    taken_ -= std::min<std::uint64_t>(taken_, room_for(size));
}

void large_blocks::age() noexcept {
    ages_ = true;
    if (kept_ == 0) return;
    for (unsigned i = 0; i < class_count; ++i) {
        free_list& list = lists_[i];
        free_some(list, room_of(i), list.idle);
        list.idle = list.count;
    }
}

void large_blocks::drop_all() noexcept {
    for (unsigned i = 0; i < class_count; ++i) free_some(lists_[i], room_of(i), lists_[i].count);
    *this = large_blocks();
}

void large_blocks::free_some(free_list& list, std::size_t room, std::uint32_t count) noexcept {
    kept_ -= room * count;
    list.count -= count;
    for (; count != 0; --count) {
        free_block* const block = list.first;
        list.first = block->next;
        ::operator delete(block);
    }
}

}  // namespace kmc::detail
