// When a server counts as failed, and what becomes of its keys meanwhile.

#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include <kmc/time.hpp>

namespace kmc {

/// What becomes of the keys of a dead server.
enum class on_dead : std::uint8_t {
    /// Their calls end at once with errc::server_dead. Nothing moves, nothing can be stale later.
    fail_fast,
    /// They go to a stand-in, the next server in service as the ring has it; keys of other servers
    /// stay. What is stored there lives at most health_options::stand_in_ttl, and what is read
    /// there comes without a cas token: a token compares on the key's own server only. A value
    /// that was changed or deleted on a stand-in may be back as it was when the server returns
    /// with its memory.
    next_server,
    /// The ring is built anew without the dead servers, as libmemcached, pylibmc and php-memcached
    /// do it: for fleets that must agree with them. Keys of healthy servers may move as well, and
    /// nothing limits the life of what is stored meanwhile. Tokens as with next_server.
    rebuild,
};

/// Failures of a server are counted in a row: any answer from it starts the count anew. Counted
/// are refused and failed connects, and connections that broke the protocol (hard ones); calls that
/// were sent and met no sign of life until their deadline, and connections that stalled or were
/// reset with calls on the way (soft ones). Failures that began before the last counted one are not
/// counted again, so that one accident is one failure, however many calls it met; and nothing that
/// this process was late for is blamed on a server.
struct health_options {
    /// So many failures in a row make a server dead. 0: none does.
    std::uint32_t remove_failed = 3;
    /// How long a server rests after a hard failure before it is tried again; calls for it end
    /// meanwhile with errc::connect_failed. Up to a tenth less, so that clients spread.
    duration retry_timeout = std::chrono::seconds(1);
    /// How long a dead server rests before a probe asks whether it answers again. The wait grows
    /// by half with each probe that fails, up to dead_timeout_max, if that is larger; each is up
    /// to a tenth longer than it says. The server is back when a probe was answered, and never
    /// before: no call is ever the probe.
    duration dead_timeout = std::chrono::seconds(10);
    duration dead_timeout_max = std::chrono::seconds(60);
    kmc::on_dead on_dead = kmc::on_dead::fail_fast;
    /// How long an item on a stand-in lives at most, in whole seconds. Zero: dead_timeout, at
    /// most 60 s.
    duration stand_in_ttl{};
    /// The share of all weights that may be dead at a time. Beyond it servers stay in service,
    /// whatever their failures: when everything seems dead, something else is wrong. 0 to 1.
    double max_ejected = 0.5;
};

/// What a client believes about a server.
enum class server_health : std::uint8_t {
    alive,
    resting,  ///< Failed lately; tried again when retry_timeout is over.
    dead,     ///< Out of service until a probe is answered.
    probing,  ///< Dead, and a probe is under way.
};

/// The names as written here.
[[nodiscard]] std::string_view to_text(server_health health) noexcept;
[[nodiscard]] std::string_view to_text(on_dead policy) noexcept;

}  // namespace kmc
