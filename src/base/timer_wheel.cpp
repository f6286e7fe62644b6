#include "base/timer_wheel.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"

namespace kmc::detail {

void timer_wheel::add(timer& t, time_point due) noexcept {
    KMC_ASSERT(t.on_fire != nullptr);
    t.unlink();
    const duration from_origin = std::max(due - origin_, duration::zero());
    const auto due_tick = static_cast<std::uint64_t>(from_origin / tick) +
                          (from_origin % tick != duration::zero() ? 1 : 0);
    t.due_tick = std::max(due_tick, current_ + 1);
    place(t);
}

// A timer stands in the finest level that can tell its tick from the current one. Beyond the
// coarsest level it stands in that level's farthest slot and is placed again from there.
void timer_wheel::place(timer& t) noexcept {
    constexpr std::uint64_t horizon = std::uint64_t{1} << (bits * levels);
    const std::uint64_t distance = t.due_tick - current_;
    const std::uint64_t at = distance < horizon ? t.due_tick : current_ + horizon - 1;
    unsigned which = 0;
    while (which + 1 < levels && (at - current_) >> (bits * (which + 1)) != 0) ++which;
    const auto index = static_cast<unsigned>(at >> (bits * which)) % slots;
    slot_list& slot = level_[which].slot[index];
    slot.push_back(t);
    level_[which].occupied |= std::uint64_t{1} << index;
    const std::uint64_t begin = at >> (bits * which) << (bits * which);
    if (next_slot_ != nullptr && begin < next_) {
        next_slot_ = &slot;
        next_ = begin;
    }
}

std::uint64_t timer_wheel::next_tick() noexcept {
    if (next_slot_ == nullptr || next_slot_->empty()) next_ = look_for_next();
    return next_;
}

std::uint64_t timer_wheel::look_for_next() noexcept {
    std::uint64_t best = none;
    next_slot_ = nullptr;
    for (unsigned which = 0; which < levels; ++which) {
        level& l = level_[which];
        const std::uint64_t here = current_ >> (bits * which);
        // Slots in the order in which time reaches them: the one after `here` first, the one at
        // `here` itself last, a whole round away.
        const int turn = static_cast<int>((here + 1) % slots);
        while (l.occupied != 0) {
            const auto ahead = static_cast<unsigned>(std::countr_zero(std::rotr(l.occupied, turn)));
            const auto index = static_cast<unsigned>(here + 1 + ahead) % slots;
            if (!l.slot[index].empty()) {
                const std::uint64_t begin = (here + 1 + ahead) << (bits * which);
                if (begin < best) {
                    best = begin;
                    next_slot_ = &l.slot[index];
                }
                break;
            }
            l.occupied &= ~(std::uint64_t{1} << index);
        }
    }
    return best;
}

time_point timer_wheel::next_due() noexcept {
    const std::uint64_t next = next_tick();
    return next == none ? time_point::max() : origin_ + static_cast<std::int64_t>(next) * tick;
}

void timer_wheel::advance(time_point now) noexcept {
    if (now < origin_) return;
    const auto target = static_cast<std::uint64_t>((now - origin_) / tick);
    while (current_ < target) {
        const std::uint64_t next = next_tick();
        if (next > target) {
            current_ = target;
            return;
        }
        current_ = next;
        next_slot_ = nullptr;  // its timers move on, and others may take their place
        for (unsigned which = levels - 1; which > 0; --which) {
            const std::uint64_t below = (std::uint64_t{1} << (bits * which)) - 1;
            if ((current_ & below) == 0) cascade(which);
        }
        fire_slot();
    }
}

void timer_wheel::cascade(unsigned which) noexcept {
    const auto index = static_cast<unsigned>(current_ >> (bits * which)) % slots;
    slot_list moving;
    moving.splice_back(level_[which].slot[index]);
    while (!moving.empty()) place(moving.pop_front());
}

void timer_wheel::fire_slot() noexcept {
    slot_list due;
    due.splice_back(level_[0].slot[current_ % slots]);
    while (!due.empty()) {
        timer& t = due.pop_front();
        KMC_ASSERT(t.due_tick <= current_);
        t.on_fire(t);
    }
}

}  // namespace kmc::detail
