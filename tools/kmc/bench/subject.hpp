// What kmc bench measures: everything that was asked for, and what came of it. For the report, in
// whatever form.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <kmc/kmc.hpp>

#include "load/open_loop.hpp"
#include "load/plan.hpp"

namespace kmc::cli::bench {

// What is stored before anything is measured.
struct preparation {
    std::size_t items = 0;
    std::size_t failed = 0;
    error why = {};  // of one that failed
    double seconds = 0;
    bool ended_early = false;
};

struct subject {
    std::string workload = {};  // its name on the command line
    load::plan plan = {};
    std::optional<load::open_plan> open = {};  // of the open loop
    std::size_t keys = 0;
    std::size_t key_bytes = 0;
    std::size_t value_bytes = 0;

    std::size_t servers = 0;
    std::string ring = {};
    std::string backend = {};
    unsigned threads = 1;
    std::uint32_t connections = 1;

    std::optional<preparation> prepared = {};  // if anything was
    load::figures seen = {};

    // How many keys one call has.
    [[nodiscard]] std::size_t keys_of_call() const noexcept {
        return plan.what == load::workload::get || plan.what == load::workload::set ? 1
                                                                                    : plan.batch;
    }
    [[nodiscard]] bool stores() const noexcept {
        return plan.what == load::workload::set || plan.what == load::workload::set_many;
    }
};

}  // namespace kmc::cli::bench
