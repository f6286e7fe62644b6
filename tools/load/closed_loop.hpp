// A fixed number of callers that each begin their next call when the last one is answered, for a
// time: what a client does when its callers wait for it. Says how many calls went well and how long
// each took; the caller measures what they cost.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <kmc/client.hpp>
#include <kmc/runtime.hpp>

#include "load/data_set.hpp"
#include "load/histogram.hpp"
#include "load/window.hpp"

namespace kmc::load {

enum class workload : std::uint8_t { get, get_many, set, set_many };

struct plan {
    workload what = workload::get;
    std::size_t batch = 100;    // keys of a get_many or set_many
    std::size_t in_flight = 1;  // callers
    std::chrono::duration<double> warm_up{0.3};
    std::chrono::duration<double> time{2};
    std::uint64_t seed = 1;
    bool verify = false;  // every byte of every value
    // Something that is counted elsewhere, read at both ends of the measured time.
    unsigned long long (*counter)() = nullptr;
};

struct figures {
    std::uint64_t calls = 0;
    std::uint64_t keys = 0;
    std::uint64_t hits = 0;  // of stores: that were stored
    std::uint64_t misses = 0;
    std::uint64_t errors = 0;  // and values that were not the key's
    histogram times;
    usage used;
    unsigned long long counted = 0;
};

// Blocks until all callers are done. Calls that end in the measured time count, no others.
[[nodiscard]] figures run_closed_loop(runtime& rt, const client& mc, const data_set& data,
                                      const plan& p);

}  // namespace kmc::load
