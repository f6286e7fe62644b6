// Time in tests that meet real servers: how long something took, and waiting for what is to come.

#pragma once

#include <poll.h>

#include <chrono>

namespace kmc::testing {

class stopwatch {
public:
    [[nodiscard]] auto elapsed() const { return std::chrono::steady_clock::now() - start_; }
    [[nodiscard]] double milliseconds() const {
        return std::chrono::duration<double, std::milli>(elapsed()).count();
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Waits, as long as it takes up to 20 s, until `holds`.
template <class Predicate>
[[nodiscard]] bool comes_true(Predicate holds) {
    const stopwatch since;
    while (!holds()) {
        if (since.elapsed() > std::chrono::seconds(20)) return false;
        ::poll(nullptr, 0, 2);
    }
    return true;
}

/// For what is asked of a clock, not waited for: a nemesis' pause between two deeds.
inline void pass_time(std::chrono::milliseconds time) {
    ::poll(nullptr, 0, static_cast<int>(time.count()));
}

}  // namespace kmc::testing
