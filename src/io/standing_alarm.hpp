// When a wait needs a timer of the kernel. The nearest deadline of a busy client moves ahead with
// every call: nearly every wait may last longer than the one for which a timer was last set. So the
// timer is left set, and goes off, for nothing, once in the time that a call may take; a wait that
// may last longer than it is set for needs no other.
//
// This is the rule. The timer, and who is told when it goes off, is the engine's.

#pragma once

#include <cstdint>

#include <kmc/time.hpp>

namespace kmc::detail {

// What a wait that has an end needs.
enum class wait_end : std::uint8_t {
    standing,  // nothing: the alarm goes off before
    own,       // a limit of its own
    moved,     // the alarm to be set for this end
};

class standing_alarm {
public:
    // Nearer ends than this are left to the wait: an alarm that was moved there would go off every
    // few milliseconds, when calls with more time follow.
    static constexpr duration nearest = std::chrono::milliseconds(10);

    [[nodiscard]] wait_end end_of(time_point now, time_point until) const noexcept {
        if (set_for_ <= until) return wait_end::standing;
        return until - now < nearest ? wait_end::own : wait_end::moved;
    }

    [[nodiscard]] bool is_set() const noexcept { return set_for_ != time_point::max(); }
    void set(time_point when) noexcept { set_for_ = when; }
    void went_off() noexcept { set_for_ = time_point::max(); }

private:
    time_point set_for_ = time_point::max();
};

}  // namespace kmc::detail
