// News of a client's servers: what changed, and why.

#pragma once

#include <cstdint>
#include <string_view>

#include <kmc/error.hpp>
#include <kmc/server_list.hpp>
#include <kmc/time.hpp>

namespace kmc {

enum class event_kind : std::uint8_t {
    none,              ///< Not told.
    connected,         ///< A connection answered its first request.
    connection_lost,   ///< A connection that had been in use is gone; not of those kmc closes.
    server_resting,    ///< A hard failure: not tried again for event::wait.
    server_recovered,  ///< A resting server answered.
    server_dead,       ///< Out of service; a probe follows after event::wait.
    /// It would be dead, but too large a share of the cluster is: it stays in service. Told once,
    /// until it recovers.
    ejection_refused,
    probe_failed,     ///< Still dead; the next probe follows after event::wait.
    server_back,      ///< A probe was answered: in service again.
    servers_changed,  ///< There is a new list. The event has no server.
    servers_refused,  ///< A new list cannot be used, the old one stays; event::text says why.
    server_added,
    server_removed,  ///< Calls that are under way there end first.
};

/// One change. Its views live during the call.
struct event {
    event_kind kind{};
    /// The server's number, or error::no_server.
    std::uint16_t server_number = error::no_server;
    const kmc::server* server = nullptr;  ///< Null without a server.
    /// Why: connect_failed, timed_out, connection_lost, protocol_error, not_binary, server_busy,
    /// auth_failed. errc{} where the kind says it all.
    errc reason{};
    std::uint32_t failures = 0;  ///< In a row, where that is the reason.
    duration wait{};             ///< See the kinds.
    std::string_view text{};     ///< Likewise.
    time_point when{};           ///< By the reactor's clock.
};

/// The kind in words: "server dead".
[[nodiscard]] std::string_view to_text(event_kind kind) noexcept;

/// Who is told. Called on the reactor's thread that saw the change (servers_*: on the thread that
/// called set_servers), between other work of kmc: it must not throw nor wait, and may ask the
/// client for counters but make no calls nor change it. Several reactors may call at a time.
struct event_hook {
    void (*tell)(void* context, const event& news) noexcept = nullptr;
    void* context = nullptr;
};

}  // namespace kmc
