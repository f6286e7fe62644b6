// The thread that rings when starts are due. The loop's own timers tick in milliseconds, and a
// coroutine that spins until its time would take the processor that is measured (and perhaps that
// of the servers); this one sleeps, to the microsecond, and what it uses is measured apart.

#pragma once

#include <thread>
#include <vector>

#include "load/arrivals.hpp"
#include "load/start_line.hpp"

namespace kmc::load {

class pacer {
public:
    struct line {
        start_line* at;
        arrivals starts;  // the same that the line has
    };

    // Rings from now on until the measured time is over. The lines live until close().
    pacer(std::vector<line> lines, const period& when);
    pacer(const pacer&) = delete;
    pacer& operator=(const pacer&) = delete;
    ~pacer();

    // When the measured time is over: waits for the thread to end. What it used in that time.
    [[nodiscard]] usage close();

private:
    void live() noexcept;
    // Rings where something is due and returns when that is so next.
    [[nodiscard]] clock::time_point ring(clock::time_point now) noexcept;

    std::vector<line> lines_;
    const period& when_;
    usage used_;
    std::thread thread_;
};

}  // namespace kmc::load
