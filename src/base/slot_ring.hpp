// A ring of slots addressed by sequence numbers that count modulo 2^32. The live ones are
// head() .. tail() - 1; all distances are differences, so passing 0xffffffff is nothing special.
//
//   sequence   head                    tail
//              v                       v
//   ... gone | live live live live ... | free ...      (tail - head <= capacity)

#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>

#include "base/assert.hpp"

namespace kmc::detail {

template <class T>
class slot_ring {
public:
    static constexpr std::uint32_t capacity_max = 1U << 15;

    // @param capacity  rounded up to a power of two; at least 1, at most capacity_max.
    slot_ring(std::uint32_t capacity, std::uint32_t first_sequence)
        : mask_(std::bit_ceil(std::clamp(capacity, 1U, capacity_max)) - 1),
          slots_(std::make_unique<T[]>(mask_ + 1)),
          head_(first_sequence),
          tail_(first_sequence) {}

    [[nodiscard]] std::uint32_t head() const noexcept { return head_; }
    [[nodiscard]] std::uint32_t tail() const noexcept { return tail_; }
    [[nodiscard]] std::uint32_t size() const noexcept { return tail_ - head_; }
    [[nodiscard]] std::uint32_t capacity() const noexcept { return mask_ + 1; }
    [[nodiscard]] std::uint32_t room() const noexcept { return capacity() - size(); }
    [[nodiscard]] bool empty() const noexcept { return head_ == tail_; }

    [[nodiscard]] bool contains(std::uint32_t sequence) const noexcept {
        return sequence - head_ < size();
    }

    [[nodiscard]] T& operator[](std::uint32_t sequence) noexcept {
        KMC_ASSERT(contains(sequence));
        return slots_[sequence & mask_];
    }
    [[nodiscard]] const T& operator[](std::uint32_t sequence) const noexcept {
        KMC_ASSERT(contains(sequence));
        return slots_[sequence & mask_];
    }

    // The new slot's sequence number is the tail() of before.
    void push(const T& slot) noexcept {
        KMC_ASSERT(room() != 0);
        slots_[tail_++ & mask_] = slot;
    }

    [[nodiscard]] T pop() noexcept {
        KMC_ASSERT(!empty());
        return slots_[head_++ & mask_];
    }

private:
    std::uint32_t mask_;
    std::unique_ptr<T[]> slots_;
    std::uint32_t head_;
    std::uint32_t tail_;
};

}  // namespace kmc::detail
