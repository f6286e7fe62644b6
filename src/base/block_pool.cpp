#include <kmc/detail/block_pool.hpp>

#include <array>
#include <cstdint>
#include <new>

#include "base/large_blocks.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KMC_NO_RECYCLING
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define KMC_NO_RECYCLING
#endif

namespace kmc::detail {
namespace {

#if defined(KMC_NO_RECYCLING)
constexpr bool recycles = false;
#else
constexpr bool recycles = true;
#endif

constexpr std::size_t class_bytes = 64;
constexpr std::size_t class_count = 32;
constexpr std::size_t pooled_bytes_max = class_bytes * class_count;
constexpr std::uint32_t blocks_per_class = 256;  // at most 8.3 MiB a thread, if it used them all

struct free_block {
    free_block* next;
};

struct free_list {
    free_block* first = nullptr;
    std::uint32_t count = 0;
};

// Trivially destructible on purpose: blocks may still be returned while the thread's other
// thread_local objects are being destroyed, after `sweeper` has run.
struct free_lists {
    std::array<free_list, class_count> of_class;
    large_blocks large;
    bool is_swept = false;
};
constinit thread_local free_lists lists;

// Gives the thread's blocks back when the thread ends.
struct sweeper {
    ~sweeper() {
        lists.is_swept = true;
        for (free_list& list : lists.of_class) {
            while (list.first != nullptr) {
                free_block* block = list.first;
                list.first = block->next;
                ::operator delete(block);
            }
            list.count = 0;
        }
        lists.large.drop_all();
    }
    void arm() noexcept {}
};
thread_local sweeper sweeps_at_thread_end;

std::size_t class_of(std::size_t size) noexcept {
    return size == 0 ? 0 : (size - 1) / class_bytes;
}

bool is_pooled(std::size_t size) noexcept {
    return recycles && size <= pooled_bytes_max;
}

bool is_large(std::size_t size) noexcept {
    return recycles && large_blocks::is_for(size);
}

// Null: there is none.
void* recycled(std::size_t size) noexcept {
    if (is_large(size)) return lists.large.take(size);
    if (!is_pooled(size)) return nullptr;
    free_list& list = lists.of_class[class_of(size)];
    free_block* block = list.first;
    if (block == nullptr) return nullptr;
    list.first = block->next;
    --list.count;
    return block;
}

// A pooled block has the size of its class, so that it can serve every size of the class.
std::size_t allocated_bytes(std::size_t size) noexcept {
    if (is_large(size)) return large_blocks::room_for(size);
    return is_pooled(size) ? (class_of(size) + 1) * class_bytes : size;
}

bool keep(void* block, std::size_t size) noexcept {
    if (lists.is_swept) return false;
    if (is_large(size)) return lists.large.keep(block, size);
    if (!is_pooled(size)) return false;
    free_list& list = lists.of_class[class_of(size)];
    if (list.count == blocks_per_class) return false;
    list.first = ::new (block) free_block{list.first};
    ++list.count;
    return true;
}

}  // namespace

void* take_block(std::size_t size) {
    if (void* block = recycled(size)) return block;
    return ::operator new(allocated_bytes(size));
}

void* try_take_block(std::size_t size) noexcept {
    if (void* block = recycled(size)) return block;
    return ::operator new(allocated_bytes(size), std::nothrow);
}

void return_block(void* block, std::size_t size) noexcept {
    if (block == nullptr) return;
    if (keep(block, size)) {
        sweeps_at_thread_end.arm();  // its first use on a thread registers its destructor
    } else {
        ::operator delete(block);
    }
}

void free_block(void* block, std::size_t size) noexcept {
    if (!is_large(size) || lists.is_swept) return return_block(block, size);
    lists.large.forget(size);
    ::operator delete(block);
}

void age_blocks() noexcept {
    if (!lists.is_swept) lists.large.age();
}

void drop_blocks() noexcept {
    if (!lists.is_swept) lists.large.drop_all();
}

std::size_t kept_block_bytes() noexcept {
    return lists.large.kept_bytes();
}

}  // namespace kmc::detail
