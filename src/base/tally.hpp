// A number that one thread writes and any thread may read.

#pragma once

#include <atomic>
#include <cstdint>

namespace kmc::detail {

class tally {
public:
    void add(std::uint64_t n) noexcept {
        count_.store(count_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void take(std::uint64_t n) noexcept { add(std::uint64_t{0} - n); }
    [[nodiscard]] std::uint64_t read() const noexcept {
        return count_.load(std::memory_order_relaxed);
    }

private:
    std::atomic<std::uint64_t> count_{0};
};

}  // namespace kmc::detail
