// What a rehearsal is to be like: the fleet, its users, and what goes wrong when. Values only.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <kmc/options.hpp>
#include <kmc/result.hpp>
#include <kmc/time.hpp>

namespace kmc::rehearsal {

enum class outage_kind : std::uint8_t {
    kill,       // the process ends: refused; a new one, without memory, at the end
    hang,       // the process stands still: connects are taken, nothing is answered
    slow,       // the server reads late; what comes meanwhile is read with the rest
    flap,       // killed and started again, over and over
    partition,  // nothing gets through; the process and its memory stay
};

struct outage {
    std::size_t server = 0;
    duration begin{};
    duration end{};
    outage_kind kind = outage_kind::kill;
    duration latency{};  // of slow
    duration up{};       // of flap, which begins with being down
    duration down{};
};

// What a write does to the cache, once the source has the new version.
enum class update_kind : std::uint8_t { del, set };

struct plan {
    std::vector<std::uint32_t> weights = std::vector<std::uint32_t>(12, 1);  // of each server
    ring_spec ring{};
    std::size_t clients = 1000;
    std::size_t keys = 10'000;
    double skew = 1;  // of Zipf; 0: all keys alike
    std::size_t value_size = 100;
    double writes = 0.05;  // the share of all requests
    update_kind update = update_kind::del;
    duration ttl{};  // zero: for ever
    duration fetch_time = std::chrono::milliseconds(20);
    duration think = std::chrono::milliseconds(500);  // between two requests of a client, mean
    duration length = std::chrono::minutes(2);
    std::uint64_t seed = 1;
    duration deadline = client_options{}.call_timeout;
    health_options health{};
    std::vector<outage> outages;
};

[[nodiscard]] std::string_view to_text(outage_kind kind) noexcept;

// Reads "s3:30s", "s3:10s..40s", "s3:30s,hang", "s3:30s,slow:80ms", "s3:30s,flap:2s/1s",
// "s3:30s,partition". A length alone begins after a quarter of `whole`.
[[nodiscard]] config_result<outage> parse_outage(std::string_view text, std::size_t servers,
                                                 duration whole);

// What does not fit together, if anything: outages that overlap on one server, a ring that cannot
// hold the servers.
[[nodiscard]] config_result<void> check(const plan& p);

// A time as a person writes it: "250ms", "30s", "1m30s".
[[nodiscard]] std::string short_time(duration time);

}  // namespace kmc::rehearsal
