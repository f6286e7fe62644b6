// The blocks of large values and buffers that a thread keeps to use them again: a batch of large
// values would otherwise give its memory back to the system each time, and take it anew page by
// page, which is most of what such a batch costs.
//
// Eight classes to each doubling, so that at most an eighth of a block is not used. A thread keeps
// no more bytes than it has taken and not got back yet, of its own or of others, so that one which
// only ends what others received keeps nothing; and nothing for longer than two calls of age() that
// it does not need (after the idle count of J. Bonwick and J. Adams: Magazines and Vmem, 2001).
// Nothing at all where age() was never called.

#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace kmc::detail {

// Trivially destructible on purpose, as block_pool's lists are.
class large_blocks {
public:
    static constexpr std::size_t block_bytes_min = 2 * 1024;         // less is not large
    static constexpr std::size_t block_bytes_max = 2 * 1024 * 1024;  // more is not kept
    static constexpr std::size_t kept_bytes_max = 16 * 1024 * 1024;

    [[nodiscard]] static constexpr bool is_for(std::size_t size) noexcept {
        return size > block_bytes_min && size <= block_bytes_max;
    }
    // The bytes of a block that serves every size of the class of `size`.
    [[nodiscard]] static constexpr std::size_t room_for(std::size_t size) noexcept {
        const unsigned shift = shift_of(size);
        return (((size - 1) >> shift) + 1) << shift;
    }

    // A block of room_for(size) bytes; null when none is kept.
    [[nodiscard]] void* take(std::size_t size) noexcept;
    // False: the block of room_for(size) bytes is still the caller's, to free.
    [[nodiscard]] bool keep(void* block, std::size_t size) noexcept;

    // A block of room_for(size) bytes comes back, but not to be kept.
    void forget(std::size_t size) noexcept;

    // Frees what was not needed since the last call. Whoever calls it once calls it again while
    // something is kept.
    void age() noexcept;
    [[nodiscard]] std::size_t kept_bytes() const noexcept { return kept_; }
    // As new: nothing was taken, as far as it knows.
    void drop_all() noexcept;

private:
    static constexpr unsigned steps_bits = 3;
    static constexpr unsigned steps = 1U << steps_bits;
    static constexpr unsigned smallest_bits = std::bit_width(block_bytes_min) - 1;
    static constexpr unsigned class_count =
        steps * (std::bit_width(block_bytes_max) - 1 - smallest_bits);

    struct free_block {
        free_block* next;
    };
    struct free_list {
        free_block* first = nullptr;
        std::uint32_t count = 0;
        std::uint32_t idle = 0;  // so many at least were here all the time since the last age()
    };

    [[nodiscard]] static constexpr unsigned shift_of(std::size_t size) noexcept {
        return static_cast<unsigned>(std::bit_width(size - 1)) - 1 - steps_bits;
    }
    [[nodiscard]] static constexpr std::size_t room_of(unsigned of_class) noexcept {
        return std::size_t{steps + of_class % steps + 1}
               << (of_class / steps + smallest_bits - steps_bits);
    }
    [[nodiscard]] static constexpr unsigned class_of(std::size_t size) noexcept {
        const unsigned shift = shift_of(size);
        const unsigned doubling = shift + steps_bits - smallest_bits;
        return doubling * steps + static_cast<unsigned>((size - 1) >> shift) % steps;
    }
    void free_some(free_list& list, std::size_t room, std::uint32_t count) noexcept;

    std::array<free_list, class_count> lists_{};
    std::size_t kept_ = 0;     // bytes
    std::uint64_t taken_ = 0;  // bytes that left and did not come back to this thread
    bool ages_ = false;        // somebody calls age()
};

}  // namespace kmc::detail
