// One timer of the wheel (src/base/timer_wheel.hpp). Lives in whatever waits: a call, a batch, a
// connection. Destroying or unlinking it is how it is cancelled.

#pragma once

#include <cstdint>

#include <kmc/detail/intrusive_list.hpp>

namespace kmc::detail {

struct timer : list_hook {
    std::uint64_t due_tick = 0;                  ///< Set by the wheel.
    void (*on_fire)(timer&) noexcept = nullptr;  ///< Called once, after the timer was unlinked.
};

}  // namespace kmc::detail
