// The clock kmc counts deadlines on, and how long an item lives.

#pragma once

#include <chrono>
#include <cstdint>

namespace kmc {

/// Every timeout and deadline. Nanoseconds, so that any std::chrono literal converts.
using duration = std::chrono::nanoseconds;

/// Monotonic time. Only an engine reads the clock; everything else is told the time.
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;

/// How long the server keeps an item: for ever, for a time, or until a moment. Whole seconds, as
/// the server counts them: a shorter or broken time is rounded up, so that it never becomes 0,
/// which would mean "for ever". A time of zero or less, and a moment in the past, store an item
/// that is expired at once.
///
/// The server's own clock ticks once a second, so an item may go up to one second early.
class expiry {
public:
    /// For ever, or until evicted.
    constexpr expiry() noexcept = default;

    /// For this long from now. Above 30 days the wire needs a moment; kmc converts it with the
    /// wall clock when the call starts.
    template <class Rep, class Period>
    constexpr expiry(std::chrono::duration<Rep, Period> ttl) noexcept
        : seconds_(whole_seconds(ttl)), kind_(kind::after) {}

    /// Until this moment of the wall clock.
    [[nodiscard]] static constexpr expiry at(std::chrono::sys_seconds moment) noexcept {
        expiry e;
        e.seconds_ = moment.time_since_epoch().count();
        e.kind_ = kind::at;
        return e;
    }

    /// What goes on the wire, given the wall clock's seconds since 1970.
    [[nodiscard]] constexpr std::uint32_t wire(std::int64_t now_unix) const noexcept {
        if (kind_ == kind::never) return 0;
        if (kind_ == kind::after && seconds_ > 0 && seconds_ <= relative_max) {
            return static_cast<std::uint32_t>(seconds_);
        }
        const std::int64_t moment =
            kind_ == kind::at ? seconds_ : (seconds_ > 0 ? add_capped(now_unix, seconds_) : 0);
        if (moment <= relative_max) return static_cast<std::uint32_t>(relative_max + 1);
        return moment > 0xfffffffe ? 0xfffffffeU : static_cast<std::uint32_t>(moment);
    }

private:
    enum class kind : std::uint8_t { never, after, at };

    // Up to 30 days the server reads a number as "from now", above as seconds since 1970. The
    // first number above it is a moment long past: how "expired at once" is written.
    static constexpr std::int64_t relative_max = 60 * 60 * 24 * 30;

    // Rounded up; far beyond what the wire can say, one time is as good as another.
    template <class Rep, class Period>
    static constexpr std::int64_t whole_seconds(std::chrono::duration<Rep, Period> ttl) noexcept {
        const std::chrono::duration<double> rough = ttl;
        if (rough.count() >= 1e10) return 10'000'000'000;
        if (!(rough.count() > 0)) return 0;
        return std::chrono::ceil<std::chrono::seconds>(ttl).count();
    }

    static constexpr std::int64_t add_capped(std::int64_t a, std::int64_t b) noexcept {
        return b > 0xffffffff ? 0xffffffff : a + b;
    }

    std::int64_t seconds_ = 0;
    kind kind_ = kind::never;
};

/// The default of every store: no expiry.
inline constexpr expiry never{};

}  // namespace kmc
