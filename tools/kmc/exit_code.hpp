// What the command line tells the shell, and how the outcomes of many keys become one number.

#pragma once

#include <cstddef>

#include <kmc/error.hpp>

namespace kmc::cli {

// Part of the interface: scripts test these numbers.
enum class exit_code : int {
    ok = 0,
    miss = 1,         // everything answered, something was not there, or not as it had to be
    usage = 2,        // bad arguments, server list, ring or key, or a value over the size limit
    partial = 3,      // something answered, but not everything that was asked, or with a refusal
    unreachable = 4,  // nothing answered
};

// Counts what became of each key or server.
class tally {
public:
    void hit(std::size_t times = 1) noexcept { hits_ += times; }
    void miss(std::size_t times = 1) noexcept { misses_ += times; }
    void fail(const error& why, std::size_t times = 1) noexcept;

    [[nodiscard]] std::size_t hits() const noexcept { return hits_; }
    [[nodiscard]] std::size_t misses() const noexcept { return misses_; }
    [[nodiscard]] std::size_t errors() const noexcept { return errors_; }

    [[nodiscard]] exit_code verdict() const noexcept;

private:
    std::size_t hits_ = 0;
    std::size_t misses_ = 0;
    std::size_t errors_ = 0;
    std::size_t bad_input_ = 0;  // those of errors_ that no server could have helped
    bool refused_ = false;       // a server answered, with a refusal
};

}  // namespace kmc::cli
