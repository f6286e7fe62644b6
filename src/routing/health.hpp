// What a client believes about one server.
//
// Pure: time and chance come in as arguments, nothing here reads a clock, sends a byte or takes a
// lock. The owner (client/cluster) decides which thread may call; unit tests call it directly.
//
//   alive <--answer-- resting        soft failures are only counted, hard ones also make it rest
//     |                  |
//     +--- the limit ----+--> dead --try_begin_probe--> probing --answer--> alive
//                              ^---------- no answer ------'

#pragma once

#include <cstdint>

#include <kmc/health.hpp>
#include <kmc/time.hpp>

#include "base/rng.hpp"

namespace kmc::detail {

enum class failure : std::uint8_t {
    soft,  // sent and never answered, stalled, or reset with requests on the way
    hard,  // refused, unreachable, no proper greeting, framing broken
};

// What the caller has to do about news. Each but `none` is given once per change, so that acting
// on it needs no bookkeeping.
enum class verdict : std::uint8_t {
    none,
    rest,     // no dialling until retry_at()
    eject,    // take it out of service, or overrule with hold()
    recover,  // a resting one answered
    readmit,  // a dead one answered
};

class health {
public:
    [[nodiscard]] server_health state() const noexcept { return state_; }
    // The end of the rest while resting or dead.
    [[nodiscard]] time_point retry_at() const noexcept { return retry_at_; }
    // In a row, so far.
    [[nodiscard]] std::uint32_t failures() const noexcept { return failures_; }
    // Whether an answer would change anything.
    [[nodiscard]] bool is_suspect() const noexcept {
        return failures_ != 0 &&
               (state_ == server_health::alive || state_ == server_health::resting);
    }
    [[nodiscard]] bool is_dead() const noexcept {
        return state_ == server_health::dead || state_ == server_health::probing;
    }

    // Any reply, an error reply included: the server is there and in step. One that arrives while
    // it is dead is late news and does not readmit.
    verdict on_answer() noexcept;

    // @param began  when what failed was begun: dialled, or sent.
    verdict on_failure(failure kind, time_point began, time_point now,
                       const health_options& options, rng& chance) noexcept;
    // Overrules `eject`: it stays in service, and rests if the failure was a hard one.
    verdict hold(failure kind, time_point now, const health_options& options, rng& chance) noexcept;

    // True for one caller once retry_at() has passed; that caller owns the probe and ends it with
    // one of the next two.
    [[nodiscard]] bool try_begin_probe(time_point now) noexcept;
    verdict on_probe_answered() noexcept;
    void on_probe_failed(time_point now, const health_options& options, rng& chance) noexcept;

private:
    verdict rest(time_point now, const health_options& options, rng& chance) noexcept;
    void die(time_point now, const health_options& options, rng& chance) noexcept;

    time_point retry_at_{};
    time_point counted_at_ = time_point::min();  // the last counted failure
    std::uint32_t failures_ = 0;
    std::uint16_t failed_probes_ = 0;
    server_health state_ = server_health::alive;
};

}  // namespace kmc::detail
