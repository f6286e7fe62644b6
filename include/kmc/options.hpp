// Every knob, with its default. Plain structs with an initialiser on each member; those that are
// written inside a co_await expression own nothing (docs/gcc12.md says why).

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <kmc/ring.hpp>
#include <kmc/time.hpp>

namespace kmc {

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
};

struct client_options {
    kmc::ring ring = kmc::ring::libmemcached_weighted;

    /// Deadline of a single call and of a batch that name none. Covers everything: waiting for
    /// room, name lookup, connecting, sending, receiving. Not zero.
    duration call_timeout = std::chrono::milliseconds(250);
    duration batch_timeout = std::chrono::seconds(1);

    /// How long one attempt to connect may take, name lookup and first answer included.
    duration connect_timeout = std::chrono::seconds(1);
    /// A connection that owes a reply, and for this long neither sent a byte nor took one, is
    /// dropped.
    duration stall_timeout = std::chrono::seconds(1);
    /// Waits between attempts to connect: grow from the first to the second, jittered.
    duration reconnect_min = std::chrono::milliseconds(50);
    duration reconnect_max = std::chrono::seconds(5);

    /// The servers' item size limit (memcached -I). Larger values are refused before anything is
    /// sent; a reply that announces more is a protocol error.
    std::uint32_t item_size_max = 1024 * 1024;
    /// Requests on the wire per connection, rounded up to a power of two; the rest waits under its
    /// own deadline. 1 to 32768.
    std::uint32_t max_inflight = 1024;
};

/// What a single call or a batch may say for itself.
struct call_options {
    /// From the await on. Zero: the client's default. Negative: it has passed already. At most a
    /// year; more is cut to that.
    duration deadline{};
};

/// What a store may say for itself.
struct store_options {
    expiry ttl = never;
    /// Stored with the value and returned with it; their meaning is the application's.
    std::uint32_t flags = 0;
    /// As in call_options.
    duration deadline{};
};

static_assert(std::is_trivially_destructible_v<client_options> &&
              std::is_trivially_destructible_v<runtime_options> &&
              std::is_trivially_destructible_v<call_options> &&
              std::is_trivially_destructible_v<store_options>);

}  // namespace kmc
