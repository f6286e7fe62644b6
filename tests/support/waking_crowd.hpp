// Four threads that wake an engine, each of them again as soon as its last wake-up was seen: so
// that the engine is asleep, falling asleep and awake in turns, and one lost wake-up costs a whole
// sleep.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

#include "io/io_engine.hpp"

namespace kmc::testing {

class waking_crowd {
public:
    explicit waking_crowd(detail::io_engine& engine) {
        for (mail& m : mails_) {
            threads_.emplace_back([&m, &engine] {
                for (int i = 1; i <= rounds; ++i) {
                    m.posted.store(i, std::memory_order_release);
                    engine.wake();
                    while (m.seen.load(std::memory_order_acquire) != i) std::this_thread::yield();
                }
            });
        }
    }
    waking_crowd(const waking_crowd&) = delete;
    waking_crowd& operator=(const waking_crowd&) = delete;

    // After each turn of the engine: what was posted is seen. True when all have posted their last.
    [[nodiscard]] bool see() noexcept {
        bool all_seen = true;
        for (mail& m : mails_) {
            const int posted = m.posted.load(std::memory_order_acquire);
            m.seen.store(posted, std::memory_order_release);
            if (posted != rounds) all_seen = false;
        }
        return all_seen;
    }
    // After see() was true.
    void join() {
        for (std::thread& t : threads_) t.join();
    }

private:
    static constexpr std::size_t crowd_size = 4;
    static constexpr int rounds = 500;

    struct alignas(64) mail {
        std::atomic<int> posted{0};
        std::atomic<int> seen{0};
    };

    std::array<mail, crowd_size> mails_;
    std::vector<std::thread> threads_;
};

}  // namespace kmc::testing
