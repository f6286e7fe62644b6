#include "support/alloc_counter.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <new>
#include <utility>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define KMC_SANITIZER_OWNS_NEW
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KMC_SANITIZER_OWNS_NEW
#endif

namespace {

struct tally {
    std::uint64_t calls = 0;
    std::uint64_t frees = 0;
    std::uint64_t bytes = 0;
    std::size_t largest = 0;
    std::size_t refused_from = std::numeric_limits<std::size_t>::max();
    std::uint64_t until_failure = 0;  // the one that makes it 0 fails
};
constinit thread_local tally here;
constinit std::atomic<std::uint64_t> calls_anywhere{0};

}  // namespace

#if !defined(KMC_SANITIZER_OWNS_NEW)

namespace {

void* allocate(std::size_t size, std::size_t alignment) noexcept {
    if (size >= here.refused_from) return nullptr;
    if (here.until_failure != 0 && --here.until_failure == 0) return nullptr;
    ++here.calls;
    calls_anywhere.fetch_add(1, std::memory_order_relaxed);
    here.bytes += size;
    here.largest = std::max(here.largest, size);
    if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return std::malloc(size == 0 ? 1 : size);
    return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* allocate_or_throw(std::size_t size, std::size_t alignment = 1) {
    if (void* block = allocate(size, alignment)) return block;
    throw std::bad_alloc();
}

void release(void* block) noexcept {
    if (block == nullptr) return;
    ++here.frees;
    std::free(block);
}

}  // namespace

// The array forms of the library call these. The nothrow form of the library would do as well, by
// way of an exception; a test that refuses allocations under a debugger is easier to read without.
void* operator new(std::size_t size) {
    return allocate_or_throw(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return allocate(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept {
    release(block);
}
void operator delete(void* block, std::size_t) noexcept {
    release(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
    release(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
    release(block);
}

#endif

namespace kmc::testing {

bool alloc_counter::available() noexcept {
#if defined(KMC_SANITIZER_OWNS_NEW)
    return false;
#else
    return true;
#endif
}

std::uint64_t alloc_counter::calls_of_all_threads() noexcept {
    return calls_anywhere.load(std::memory_order_relaxed);
}

alloc_counter::alloc_counter() noexcept
    : calls_(here.calls), frees_(here.frees), bytes_(here.bytes), outer_largest_(here.largest) {
    here.largest = 0;
}
alloc_counter::~alloc_counter() {
    here.largest = std::max(here.largest, outer_largest_);
}

std::uint64_t alloc_counter::calls() const noexcept {
    return here.calls - calls_;
}
std::uint64_t alloc_counter::frees() const noexcept {
    return here.frees - frees_;
}
std::uint64_t alloc_counter::bytes() const noexcept {
    return here.bytes - bytes_;
}
std::size_t alloc_counter::largest() const noexcept {
    return here.largest;
}

alloc_refusal::alloc_refusal(std::size_t at_least) noexcept
    : outer_(std::exchange(here.refused_from, at_least)) {}
alloc_refusal::~alloc_refusal() {
    here.refused_from = outer_;
}

alloc_failure::alloc_failure(std::uint64_t k) noexcept {
    here.until_failure = k;
}
alloc_failure::~alloc_failure() {
    here.until_failure = 0;
}

bool alloc_failure::happened() const noexcept {
    return here.until_failure == 0;
}

}  // namespace kmc::testing
