// Timers of one reactor: four levels of 64 slots over a tick of one millisecond, so that adding and
// cancelling cost O(1) and the common deadlines stay in a few slots. Told the time, never reads it.
// (G. Varghese, T. Lauck: Hashed and Hierarchical Timing Wheels, 1987.)
//
// A timer fires in the first advance() at or after its due time rounded up to a tick; never early.
// Cancelling is timer::unlink(), and needs no wheel.

#pragma once

#include <array>
#include <cstdint>

#include <kmc/detail/intrusive_list.hpp>
#include <kmc/detail/timer.hpp>
#include <kmc/time.hpp>

namespace kmc::detail {

class timer_wheel {
public:
    static constexpr duration tick = std::chrono::milliseconds(1);

    explicit timer_wheel(time_point origin) noexcept : origin_(origin) {}

    // (Re)starts `t`; its on_fire must be set. Times in the past fire at the next tick.
    void add(timer& t, time_point due) noexcept;

    // No later than the earliest timer is due, and time_point::max() when there is none. May be
    // earlier, when a far timer has to move to a finer level first.
    [[nodiscard]] time_point next_due() noexcept;

    // Fires what is due by `now`, in order of ticks. Timers added meanwhile wait for a later call.
    void advance(time_point now) noexcept;

private:
    static constexpr unsigned bits = 6;
    static constexpr unsigned slots = 1U << bits;
    static constexpr unsigned levels = 4;
    static constexpr std::uint64_t none = ~std::uint64_t{0};

    using slot_list = intrusive_list<timer>;

    struct level {
        std::uint64_t occupied = 0;  // a bit may be stale: its timers have left
        std::array<slot_list, slots> slot;
    };

    void place(timer& t) noexcept;
    void cascade(unsigned which) noexcept;
    void fire_slot() noexcept;
    [[nodiscard]] std::uint64_t next_tick() noexcept;
    [[nodiscard]] std::uint64_t look_for_next() noexcept;

    time_point origin_;
    std::uint64_t current_ = 0;  // every tick up to and including this one has been fired
    std::array<level, levels> level_;
    // The first slot that has timers, as last looked for; its timers may have left since. Null: not
    // known.
    slot_list* next_slot_ = nullptr;
    std::uint64_t next_ = none;  // the tick at which that slot begins
};

}  // namespace kmc::detail
