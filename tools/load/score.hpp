// What the callers of one reactor have seen. Written on that reactor's thread; calls and keys may
// be read by others meanwhile, the rest when the callers are done.

#pragma once

#include <atomic>
#include <cstdint>

#include "load/plan.hpp"

namespace kmc::load {

// Counted by one thread: costs what a plain number costs.
class running_count {
public:
    void add(std::uint64_t more) noexcept {
        count_.store(count_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t read() const noexcept {
        return count_.load(std::memory_order_relaxed);
    }

private:
    std::atomic<std::uint64_t> count_{0};
};

struct alignas(64) score {
    running_count calls;
    running_count keys;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    failures errors;
    failures errors_outside;
    histogram times;
    histogram lateness;
};

}  // namespace kmc::load
