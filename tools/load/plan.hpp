// What a load is made of, and what is seen of it. One set of words for every loop.

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string_view>
#include <vector>

#include <kmc/error.hpp>
#include <kmc/time.hpp>

#include "load/histogram.hpp"
#include "load/window.hpp"

namespace kmc::load {

using clock = std::chrono::steady_clock;

enum class workload : std::uint8_t { get, get_many, set, set_many };

struct plan {
    workload what = workload::get;
    std::size_t batch = 100;    // keys of a get_many or set_many
    std::size_t in_flight = 1;  // callers
    std::chrono::duration<double> warm_up{0.3};
    std::chrono::duration<double> time{2};
    std::uint64_t seed = 1;
    bool verify = false;       // every byte of every value
    expiry ttl = never;        // of what is stored
    std::string_view group{};  // as in call_options

    // Something that is counted elsewhere, read at both ends of the measured time.
    unsigned long long (*counter)() = nullptr;
    // How often to note how far it has come; zero: not at all.
    std::chrono::duration<double> tick{0};
    // Waits until then; true if the load is to end now. Empty: waits, and never ends it.
    std::function<bool(clock::time_point)> wait = {};
};

// Errors by their reason.
struct failures {
    static constexpr std::size_t codes = static_cast<std::size_t>(errc::bad_config) + 1;

    std::array<std::uint64_t, codes> by_code{};
    std::uint64_t wrong_values = 0;  // answers with a value that is not the key's
    bool was_refused = false;        // some of them were a server's answer

    void add(const error& why) noexcept {
        ++by_code[static_cast<std::size_t>(why.code)];
        if (why.at == stage::answered) was_refused = true;
    }
    void add(const failures& more) noexcept {
        for (std::size_t i = 0; i < codes; ++i) by_code[i] += more.by_code[i];
        wrong_values += more.wrong_values;
        was_refused |= more.was_refused;
    }
    [[nodiscard]] std::uint64_t count() const noexcept {
        return std::accumulate(by_code.begin(), by_code.end(), wrong_values);
    }
};

// How much was done between the tick before and this one.
struct progress {
    double seconds = 0;  // since the measured time began
    std::uint64_t calls = 0;
    std::uint64_t keys = 0;
};

struct figures {
    // Of the calls that ended in the measured time.
    std::uint64_t calls = 0;
    std::uint64_t keys = 0;
    std::uint64_t hits = 0;  // of stores: that were stored
    std::uint64_t misses = 0;
    failures errors;

    failures errors_outside;  // before and after it
    histogram times;
    usage used;  // of the process, but for the thread that paces an open loop
    unsigned long long counted = 0;
    std::vector<progress> timeline;
    bool ended_early = false;

    // Of an open loop: how long after their time calls were begun, how many never were although
    // their time had come, and what pacing cost.
    histogram lateness;
    std::uint64_t not_begun = 0;
    usage pacing;

    [[nodiscard]] std::uint64_t all_errors() const noexcept {
        return errors.count() + errors_outside.count();
    }
};

}  // namespace kmc::load
