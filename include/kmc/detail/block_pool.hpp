// Recycled blocks for coroutine frames, received values and buffers: free lists of the calling
// thread. Small ones in classes of 64 bytes up to 2 KiB, each bounded; a block may be returned on
// another thread than it was taken on, and joins that thread's lists. Large ones up to 2 MiB, 16
// MiB in all, by threads that call age_blocks(), as those of reactors do, and no more than the
// thread itself has taken. What is larger goes to operator new.
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

/// As return_block, but a large block is freed: of what grows, the sizes on the way are not wanted
/// again as often as the last.
void free_block(void* block, std::size_t size) noexcept;

/// Frees the large blocks that the calling thread did not need since it last called this.
void age_blocks() noexcept;

/// Frees all large blocks that the calling thread keeps. It keeps none until it calls age_blocks().
void drop_blocks() noexcept;

/// Of large blocks, by the calling thread. While there are any, a thread that calls age_blocks()
/// calls it again.
[[nodiscard]] std::size_t kept_block_bytes() noexcept;

}  // namespace kmc::detail
