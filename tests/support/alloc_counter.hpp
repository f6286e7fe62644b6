// Counts what the calling thread allocates, and can refuse large allocations or a certain one: the
// test binary replaces the global operator new. Sanitizers bring their own, so there nothing is
// counted and nothing refused: ask available() first, and say so when a check is left out.

#pragma once

#include <cstddef>
#include <cstdint>

namespace kmc::testing {

/// Allocations of this thread while the object lives. May be nested.
class alloc_counter {
public:
    [[nodiscard]] static bool available() noexcept;
    /// Allocations of all threads since the program began.
    [[nodiscard]] static std::uint64_t calls_of_all_threads() noexcept;

    alloc_counter() noexcept;
    ~alloc_counter();
    alloc_counter(const alloc_counter&) = delete;
    alloc_counter& operator=(const alloc_counter&) = delete;

    [[nodiscard]] std::uint64_t calls() const noexcept;
    [[nodiscard]] std::uint64_t frees() const noexcept;
    [[nodiscard]] std::uint64_t bytes() const noexcept;
    [[nodiscard]] std::size_t largest() const noexcept;  ///< The largest single allocation.

private:
    std::uint64_t calls_;
    std::uint64_t frees_;
    std::uint64_t bytes_;
    std::size_t outer_largest_;
};

/// While it lives, allocations of this thread of `at_least` bytes or more fail.
class alloc_refusal {
public:
    explicit alloc_refusal(std::size_t at_least) noexcept;
    ~alloc_refusal();
    alloc_refusal(const alloc_refusal&) = delete;
    alloc_refusal& operator=(const alloc_refusal&) = delete;

private:
    std::size_t outer_;
};

/// While it lives, the kth allocation of this thread (from 1) fails, and no other. Not nested.
class alloc_failure {
public:
    explicit alloc_failure(std::uint64_t k) noexcept;
    ~alloc_failure();
    alloc_failure(const alloc_failure&) = delete;
    alloc_failure& operator=(const alloc_failure&) = delete;

    /// Whether there were k.
    [[nodiscard]] bool happened() const noexcept;
};

}  // namespace kmc::testing
