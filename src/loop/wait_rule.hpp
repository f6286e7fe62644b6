// After how many completions somebody who waits can go on.
//
// Whatever waits says from how many servers it still needs an answer: a single call from one, a
// batch from each that owes it something. Before the smallest of these numbers of operations has
// completed nobody can go on, and waking up earlier would only be a wake-up more. With one batch
// under way its thread sleeps once instead of once for each server; with a single call beside it
// the number is 1, and nothing waits for anything else.
//
// The number says nothing about who will answer: answers that could be worked on (a lost connection
// that is dialled again, the first part of much) may have to lie while another server is slow. So a
// wait for several has a limit, and after one that ran into it there is no other until some call
// has ended (docs/decisions/0016-waiting-for-answers.md).
//
// One reactor's; costs two counters for each that waits.

#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "base/assert.hpp"
#include "io/io_engine.hpp"

namespace kmc::detail {

class wait_rule {
public:
    // `servers` is at least 1.
    void begin(std::uint32_t servers) noexcept {
        const std::uint32_t at = place_of(servers);
        if (waiting_[at]++ == 0) any_ |= std::uint64_t{1} << at;
    }
    void change(std::uint32_t from, std::uint32_t to) noexcept {
        take(from);
        begin(to);
    }
    // A call has come to its end: what comes next may be of another kind.
    void end(std::uint32_t servers) noexcept {
        take(servers);
        is_let_down_ = false;
    }
    // Waits no more for now, and is no end of a call: a connection that is up, a reader who has an
    // answer.
    void pause(std::uint32_t servers) noexcept { take(servers); }

    // When nothing is under way nobody waits: else somebody has forgotten to say so.
    [[nodiscard]] bool anybody() const noexcept { return any_ != 0; }

    // How many completions the next wait is for.
    [[nodiscard]] unsigned completions() const noexcept {
        if (is_let_down_ || any_ == 0) return 1;
        return static_cast<unsigned>(std::countr_zero(any_)) + 1;
    }
    // A wait for several ended without them.
    void let_down() noexcept { is_let_down_ = true; }

private:
    // Those that need more are counted as if they needed so many: a wait for as many as an engine
    // waits for is not one that was let down.
    static constexpr std::uint32_t servers_max = patience::completions_max;

    static std::uint32_t place_of(std::uint32_t servers) noexcept {
        KMC_ASSERT(servers != 0);
        return std::min(servers, servers_max) - 1;
    }
    void take(std::uint32_t servers) noexcept {
        const std::uint32_t at = place_of(servers);
        KMC_ASSERT(waiting_[at] != 0);
        if (--waiting_[at] == 0) any_ &= ~(std::uint64_t{1} << at);
    }

    std::array<std::uint32_t, servers_max> waiting_{};  // by servers needed, less one
    std::uint64_t any_ = 0;                             // which of them are not 0
    bool is_let_down_ = false;
};

}  // namespace kmc::detail
