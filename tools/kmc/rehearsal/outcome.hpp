// What a rehearsal came to: counts, and the few moments that a policy is judged by.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <kmc/error.hpp>
#include <kmc/events.hpp>
#include <kmc/time.hpp>

namespace kmc::rehearsal {

// Reads of one sort: all, those that began in an outage, ...
struct reads {
    std::uint64_t count = 0;
    std::uint64_t hits = 0;
    std::uint64_t errors = 0;
    std::vector<duration> times;  // sorted at the end

    [[nodiscard]] double hit_rate() const noexcept {
        return count == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(count);
    }
    // Nothing if there were none.
    [[nodiscard]] std::optional<duration> percentile(unsigned of_a_hundred) const {
        if (times.empty()) return std::nullopt;
        return times[(times.size() - 1) * of_a_hundred / 100];
    }
};

// What became of one outage. Nothing where it did not come to that.
struct outage_news {
    std::optional<duration> to_ejection;       // from its begin
    std::optional<duration> to_first_success;  // from its end, of a read that its server answered
    double dials_mean = 0;                     // a second, probes included, while it lasted
    std::uint64_t dials_peak = 0;
};

struct incident {
    duration when{};
    event_kind kind{};
    std::size_t server = 0;
    errc reason{};
    std::uint32_t failures = 0;
};

struct second {
    std::uint64_t reads = 0;
    std::uint64_t hits = 0;
    std::uint64_t errors = 0;
    std::uint64_t loads = 0;
};

struct outcome {
    reads all;
    reads in_outage;
    reads affected;  // keys of the servers that have an outage
    reads affected_in_outage;
    std::array<std::uint64_t, 256> errors{};  // of reads, by errc

    std::uint64_t loads = 0;       // asked of the source because the cache had no answer
    std::uint64_t loads_peak = 0;  // in one second
    std::uint64_t updates = 0;
    std::uint64_t updates_failed = 0;  // not acknowledged by the cache
    std::uint64_t fills_failed = 0;    // stores after a load

    // Older than what a server had acknowledged for the key before the read began.
    std::uint64_t stale = 0;
    duration stale_longest{};  // since that acknowledgement
    // Older than the source, also where the cache was never told.
    std::uint64_t outdated = 0;

    std::uint64_t ejections = 0;
    std::uint64_t ejections_refused = 0;
    std::uint64_t probes = 0;
    std::uint64_t readmissions = 0;
    std::uint64_t stand_ins = 0;  // requests

    std::vector<outage_news> outages;  // in the order of the plan
    std::vector<incident> incidents;
    std::vector<second> timeline;
    std::uint64_t trace_hash = 0;
};

}  // namespace kmc::rehearsal
