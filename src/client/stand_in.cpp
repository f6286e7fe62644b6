#include "client/stand_in.hpp"

#include <algorithm>
#include <chrono>

#include "io/clocks.hpp"
#include "protocol/command.hpp"

namespace kmc::detail {
namespace {

constexpr duration life_max = std::chrono::seconds(60);

// The server takes larger numbers for moments.
constexpr std::uint32_t relative_max = 30 * 24 * 3600;

std::uint32_t cut(std::uint32_t expiry, std::uint32_t life) noexcept {
    if (expiry == 0) return life;
    if (expiry <= relative_max) return std::min(expiry, life);
    const std::int64_t left = std::int64_t{expiry} - wall_clock_seconds();
    return left > std::int64_t{life} ? life : expiry;
}

bool sets_life(const request& r) noexcept {
    switch (r.what) {
        case command::set:
        case command::add:
        case command::replace:
        case command::gat:
        case command::touch:
            return true;
        case command::incr:
        case command::decr:
            return r.expiry != request::no_creation;
        default:
            return false;
    }
}

}  // namespace

std::uint32_t stand_in_life(const health_options& options) noexcept {
    // Whoever rebuilds the ring agrees with programs that know no such limit.
    if (options.on_dead != on_dead::next_server) return 0;
    const duration life = options.stand_in_ttl != duration::zero()
                              ? options.stand_in_ttl
                              : std::min(options.dead_timeout, life_max);
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(life).count();
    return static_cast<std::uint32_t>(std::min<std::int64_t>(seconds, relative_max));
}

std::optional<errc> fit_for_stand_in(request& r, std::uint32_t life) noexcept {
    if (r.cas != 0) return errc::server_dead;
    r.is_stand_in = true;
    if (life != 0 && sets_life(r)) r.expiry = cut(r.expiry, life);
    return std::nullopt;
}

}  // namespace kmc::detail
