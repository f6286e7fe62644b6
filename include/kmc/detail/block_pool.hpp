// Recycled small blocks for coroutine frames and received values: free lists of the calling
// thread, in classes of 64 bytes up to 2 KiB, each bounded. Larger blocks go to operator new. A
// block may be returned on another thread than it was taken on; it joins that thread's lists.
//
// Under AddressSanitizer nothing is recycled, so that a use after free stays visible.

#pragma once

#include <cstddef>

namespace kmc::detail {

/// Never returns null; throws std::bad_alloc. `size` 0 is allowed.
[[nodiscard]] void* take_block(std::size_t size);

/// As take_block, but null when there is no memory.
[[nodiscard]] void* try_take_block(std::size_t size) noexcept;

/// @param size  the size it was taken with.
void return_block(void* block, std::size_t size) noexcept;

}  // namespace kmc::detail
