// The life of one connection as a table of states and events. Pure: it decides, net/connection.cpp
// carries out.
//
//   idle --demand--> resolving --> connecting --> greeting --> ready
//    ^                   |             |             |           | or renew
//    |                   +-- refused --+---- lost ---+---- lost -+
//    |                                        v
//    +------ settled, after good service -- closing
//    |                                        | settled
//    +------ rested ----------------------- resting
//
// A connection is ready only after the peer answered a first request: a server that accepts and
// then says nothing, or speaks another protocol, has not taken anybody's request with it.

#pragma once

#include <cstdint>
#include <string_view>

#include <kmc/time.hpp>

namespace kmc::detail {

enum class link_phase : std::uint8_t {
    idle,        // nothing open, nothing asked for
    resolving,   // looking the name up
    connecting,  // a connect is under way
    greeting,    // connected; the first answer is due
    ready,       // requests may be sent
    closing,     // shut down; the kernel still holds operations
    resting,     // waiting before the next attempt; demand is refused
    retired,     // closed for good
};

enum class link_event : std::uint8_t {
    demand,     // somebody wants to send
    let_be,     // nobody wants to any more, and nothing was begun
    resolved,   // addresses are there
    refused,    // the name is unknown, or the last address refused; no socket is open
    connected,  // the kernel says so
    greeted,    // the peer answered the first request
    lost,       // error, end of stream, protocol violation, or too slow
    renew,      // nothing is on the way, and another connection is wanted
    settled,    // closing, and the kernel holds nothing any more
    rested,     // the wait is over
    retire,     // the client closes
};

enum class link_action : std::uint8_t {
    none,
    resolve,
    connect,
    greet,
    open,    // start sending
    close,   // kick the socket, end what is on the wire; then wait for `settled`
    rest,    // end what waits, and wait before the next attempt
    revive,  // back to idle: demand that waits may dial at once
    retire,  // end what waits, for good
};

class connection_fsm {
public:
    // A connection has proven itself when it served this long: only then is the next attempt free
    // of waiting. Keeps a server that accepts and closes from being dialled in a loop.
    static constexpr duration proven_after = std::chrono::seconds(1);

    [[nodiscard]] link_phase phase() const noexcept { return phase_; }

    // Events that mean nothing in the current phase change nothing and return none; which ones
    // those are is spelled out in the test's table.
    [[nodiscard]] link_action step(link_event event, time_point now) noexcept;

    // Whether the connection that was just lost had proven itself.
    [[nodiscard]] bool proven() const noexcept { return proven_; }

private:
    [[nodiscard]] link_action go(link_phase next, link_action action) noexcept;
    [[nodiscard]] link_action lose(time_point now) noexcept;
    [[nodiscard]] link_action settle() noexcept;

    time_point ready_since_{};
    link_phase phase_ = link_phase::idle;
    bool proven_ = false;
    bool retiring_ = false;
};

[[nodiscard]] std::string_view to_text(link_phase phase) noexcept;

}  // namespace kmc::detail
