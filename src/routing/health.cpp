#include "routing/health.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace kmc::detail {
namespace {

// Growing by half, it takes any wait past any sane maximum, and keeps the count from wrapping back
// to short waits after weeks of a dead server.
constexpr std::uint16_t most_growth = 40;

duration up_to_a_tenth_of(duration whole, rng& chance) noexcept {
    const auto tenth = static_cast<std::uint64_t>(whole.count() / 10);
    return duration(static_cast<duration::rep>(chance.below(tenth + 1)));
}

duration wait_after(std::uint16_t failed_probes, const health_options& options) noexcept {
    const duration most = std::max(options.dead_timeout, options.dead_timeout_max);
    duration wait = options.dead_timeout;
    for (std::uint16_t i = 0; i < failed_probes && wait < most; ++i) wait += wait / 2;
    return std::min(wait, most);
}

}  // namespace

verdict health::on_answer() noexcept {
    if (is_dead()) return verdict::none;
    const bool was_resting = state_ == server_health::resting;
    *this = health{};
    return was_resting ? verdict::recover : verdict::none;
}

verdict health::on_failure(failure kind, time_point began, time_point now,
                           const health_options& options, rng& chance) noexcept {
    // Connections that were open go on failing for a while after the server was ejected.
    if (is_dead()) return verdict::none;
    if (began <= counted_at_) return verdict::none;
    counted_at_ = now;
    ++failures_;
    if (options.remove_failed != 0 && failures_ >= options.remove_failed) {
        die(now, options, chance);
        return verdict::eject;
    }
    return kind == failure::hard ? rest(now, options, chance) : verdict::none;
}

verdict health::hold(failure kind, time_point now, const health_options& options,
                     rng& chance) noexcept {
    KMC_ASSERT(state_ == server_health::dead);
    state_ = server_health::alive;
    failures_ = options.remove_failed;  // the next failure asks again, an answer clears it
    if (kind == failure::hard) return rest(now, options, chance);
    return verdict::none;
}

bool health::try_begin_probe(time_point now) noexcept {
    if (state_ != server_health::dead || now < retry_at_) return false;
    state_ = server_health::probing;
    return true;
}

verdict health::on_probe_answered() noexcept {
    KMC_ASSERT(state_ == server_health::probing);
    *this = health{};
    return verdict::readmit;
}

void health::on_probe_failed(time_point now, const health_options& options, rng& chance) noexcept {
    KMC_ASSERT(state_ == server_health::probing);
    failed_probes_ = std::min<std::uint16_t>(failed_probes_ + 1, most_growth);
    die(now, options, chance);
}

verdict health::rest(time_point now, const health_options& options, rng& chance) noexcept {
    state_ = server_health::resting;
    retry_at_ = now + options.retry_timeout - up_to_a_tenth_of(options.retry_timeout, chance);
    return verdict::rest;
}

void health::die(time_point now, const health_options& options, rng& chance) noexcept {
    const duration wait = wait_after(failed_probes_, options);
    state_ = server_health::dead;
    retry_at_ = now + wait + up_to_a_tenth_of(wait, chance);
}

}  // namespace kmc::detail
