// Every knob, with its default. Plain structs with an initialiser on each member; those that are
// written inside a co_await expression own nothing (docs/gcc12.md says why).

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string_view>
#include <type_traits>

#include <kmc/events.hpp>
#include <kmc/health.hpp>
#include <kmc/ring.hpp>
#include <kmc/time.hpp>
#include <kmc/value_options.hpp>

namespace kmc {

class cancel_scope;

/// Which engine talks to the kernel.
enum class backend : std::uint8_t {
    automatic,  ///< KMC_BACKEND if set, else io_uring, else epoll.
    io_uring,
    epoll,
};

struct runtime_options {
    /// Reactor threads, each with an engine and connections of its own.
    unsigned threads = 1;
    kmc::backend backend = kmc::backend::automatic;
    /// Fail set-up when the first choice is refused, instead of falling back to epoll.
    bool require = false;
    /// Told once per runtime, in one line, which engine won and why, when a fallback happened.
    /// Null: the line goes to standard error, once per process. Called on the thread that sets up.
    void (*on_fallback)(std::string_view line) = nullptr;
    /// Where a batch is all that waits on a thread, the thread sleeps until all of its servers (of
    /// many, 16 at a time) have answered; but no longer than this when one of them is slow, since
    /// what another one said may have to be acted upon (its connection broke, or there is more to
    /// ask). Zero: it wakes up for each server. Less than a tick of the kernel (4 ms on most) costs
    /// the clock of the machine being set for each sleep. Not negative. Without effect on epoll and
    /// in an embedded_runtime, which never wait for several
    /// (docs/decisions/0016-waiting-for-answers.md).
    duration gather_limit = std::chrono::milliseconds(5);
};

/// What becomes of a call when a limit of client_options is reached.
enum class when_full : std::uint8_t {
    wait,  ///< It waits in line, under its own deadline.
    fail,  ///< It ends with errc::overloaded; nothing was sent.
};

struct client_options {
    /// A ring, or a ring and settings: `{ring::libmemcached_ketama, {.hash = key_hash::md5}}`.
    kmc::ring_spec ring = kmc::ring::libmemcached_weighted;

    /// Deadline of a single call and of a batch that name none. Covers everything: waiting for
    /// room, name lookup, connecting, sending, receiving. Not zero.
    duration call_timeout = std::chrono::milliseconds(250);
    duration batch_timeout = std::chrono::seconds(1);

    /// How long one attempt to connect may take, name lookup and first answer included.
    duration connect_timeout = std::chrono::seconds(1);
    /// A connection that owes a reply, and for this long neither sent a byte nor took one, is
    /// dropped.
    duration stall_timeout = std::chrono::seconds(1);
    /// After a connection that did not serve for a second was lost, the next attempt waits so
    /// long, and longer each time, jittered, up to health.retry_timeout.
    duration reconnect_min = std::chrono::milliseconds(50);
    /// Attempts to connect to one server at a time, on all reactors together; a process makes at
    /// most 256 at a time in all. 1 to 256.
    std::uint32_t max_dials_per_server = 8;
    /// How often the name of a server is looked up again while connected to it, besides before each
    /// attempt. When the address in use is not among the answers any more, the connection is
    /// replaced; keys do not move, since rings hash names. Zero: not at all.
    duration resolve_period = std::chrono::seconds(60);

    /// When a server counts as failed, and what becomes of its keys.
    health_options health = {};
    /// Told of every change: connections, failures, servers.
    event_hook on_event = {};

    /// The servers' item size limit (memcached -I). Larger values are refused before anything is
    /// sent; a reply that announces more is a protocol error.
    std::uint32_t item_size_max = 1024 * 1024;
    /// Requests on the wire per connection, rounded up to a power of two; the rest waits under its
    /// own deadline. 1 to 32768.
    std::uint32_t max_inflight = 1024;

    /// Requests under way, sent or waiting, and the bytes of their keys and values: per connection,
    /// and for the whole client on each reactor. A single call or batch that is larger than a limit
    /// goes alone. Not zero.
    std::uint32_t max_requests_per_connection = 1U << 20;
    std::uint64_t max_bytes_per_connection = 256U << 20;
    std::uint32_t max_requests = 1U << 22;
    std::uint64_t max_bytes = 1U << 30;
    /// What becomes of a call beyond such a limit.
    kmc::when_full when_full = kmc::when_full::wait;

    /// Connections to each server and reactor; a key always uses the same one. 1 to 16.
    std::uint32_t lanes = 1;
    /// With a number here, one more connection carries the stores of values of so many bytes, and
    /// the calls that say .large, so that they hold up nobody else. Calls on one key over different
    /// connections may overtake each other. 0: no such connection.
    std::uint32_t bulk_bytes = 0;

    /// From how many bytes on a store given as shared_bytes is sent from where it is; smaller ones
    /// are copied, which costs less.
    std::uint32_t borrow_bytes = 16 * 1024;

    /// What the typed calls store and expect.
    value_options values = {};

    /// Put before every key, and counted in its 250 bytes. Copied by open().
    std::string_view prefix{};
    /// Whether the prefix is part of what the ring hashes (libmemcached's HASH_WITH_PREFIX_KEY).
    bool hash_prefix = false;
    /// Two characters, such as "{}": of a key that has them, only what stands between the first
    /// opening one and the next closing one is hashed, if that is not empty (twemproxy's hash_tag).
    /// Empty: no such thing. Copied by open().
    std::string_view hash_tag{};
};

/// What a single call or a batch may say for itself.
struct call_options {
    /// From the await on. Zero: the client's default. Negative: it has passed already. At most a
    /// year; more is cut to that.
    duration deadline{};
    /// Ends the call with errc::cancelled when a stop is requested, on any thread. Costs an
    /// allocation and a lock per call; a cancel_scope costs neither. The token lives until the
    /// await ends.
    const std::stop_token* stop = nullptr;
    /// The scope that may cancel this call; see kmc/cancel.hpp.
    cancel_scope* scope = nullptr;
    /// If not empty, this is hashed instead of the key: everything of one group is on one server.
    std::string_view group{};
    /// Sends it over the bulk connection, if client_options::bulk_bytes asks for one.
    bool large = false;
};

/// What a store may say for itself.
struct store_options {
    /// Not for append and prepend, which keep what the item has.
    expiry ttl = never;
    /// Stored with the value and returned with it; their meaning is the application's. Not for
    /// append and prepend.
    std::uint32_t flags = 0;
    /// The rest as in call_options.
    duration deadline{};
    const std::stop_token* stop = nullptr;
    cancel_scope* scope = nullptr;
    std::string_view group{};
    bool large = false;
};

/// What incr and decr may say for themselves.
struct counter_options {
    /// If set, a counter that is not there is created with this value (the delta is not applied)
    /// and `ttl`; if not, it is not created.
    std::optional<std::uint64_t> initial{};
    /// Of a counter that is created; one that is there keeps its own.
    expiry ttl = never;
    /// The rest as in call_options.
    duration deadline{};
    const std::stop_token* stop = nullptr;
    cancel_scope* scope = nullptr;
    std::string_view group{};
};

/// What a flush may say for itself.
struct flush_options {
    /// When the server is to forget its items; its clock ticks once a second and is early by up to
    /// one. For about a second after a delayed flush, memcached loses what is stored.
    std::chrono::seconds delay{};
    /// The rest as in call_options.
    duration deadline{};
    const std::stop_token* stop = nullptr;
    cancel_scope* scope = nullptr;
};

static_assert(std::is_trivially_destructible_v<client_options> &&
              std::is_trivially_destructible_v<runtime_options> &&
              std::is_trivially_destructible_v<call_options> &&
              std::is_trivially_destructible_v<store_options> &&
              std::is_trivially_destructible_v<counter_options> &&
              std::is_trivially_destructible_v<flush_options>);

}  // namespace kmc
