// What a descriptor carries: everything one call needs to know, as views and numbers.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include <kmc/detail/request.hpp>
#include <kmc/error.hpp>
#include <kmc/options.hpp>
#include <kmc/value.hpp>

namespace kmc {

class resumer;

namespace detail {

class client_state;

/// Whose call it is, and where it resumes when it is awaited on a thread without a reactor.
struct caller {
    client_state* client = nullptr;
    resumer* home = nullptr;
};

struct call_spec {
    request what;
    counter_step step;          ///< Of incr and decr.
    std::span<std::byte> into;  ///< Of get_into.
    expiry ttl;                 ///< Becomes what.expiry when the call starts, if has_ttl.
    bool has_ttl = false;
    bool needs_token = false;               ///< Without a cas token it is refused unsent.
    std::size_t server = error::no_server;  ///< no_server: the key's.
    call_options options;
};
static_assert(std::is_trivially_destructible_v<call_spec>);

// Sizes that do not fit their field are made just large enough to be refused by the checks.

inline void put_key(request& r, std::string_view key) noexcept {
    r.key = key.data();
    r.key_size = static_cast<std::uint16_t>(std::min<std::size_t>(key.size(), 0xffff));
}

inline void put_value(request& r, std::string_view value) noexcept {
    r.value = value.data();
    r.value_size = static_cast<std::uint32_t>(std::min<std::size_t>(value.size(), 0xffff'ffff));
}

[[nodiscard]] inline call_spec keyed(command what, std::string_view key,
                                     const call_options& options) noexcept {
    call_spec s;
    s.what.what = what;
    put_key(s.what, key);
    s.options = options;
    return s;
}

[[nodiscard]] inline call_spec keyed(command what, std::string_view key, expiry ttl,
                                     const call_options& options) noexcept {
    call_spec s = keyed(what, key, options);
    s.ttl = ttl;
    s.has_ttl = true;
    return s;
}

[[nodiscard]] inline call_spec guarded(command what, std::string_view key, cas_token token,
                                       const call_options& options) noexcept {
    call_spec s = keyed(what, key, options);
    s.what.cas = static_cast<std::uint64_t>(token);
    s.needs_token = true;
    return s;
}

[[nodiscard]] inline call_spec storing(command what, std::string_view key, std::string_view value,
                                       const store_options& o) noexcept {
    call_spec s = keyed(what, key, o.ttl,
                        {.deadline = o.deadline,
                         .stop = o.stop,
                         .scope = o.scope,
                         .group = o.group,
                         .large = o.large});
    put_value(s.what, value);
    s.what.flags = o.flags;
    return s;
}

[[nodiscard]] inline call_spec storing(command what, std::string_view key,
                                       const shared_bytes& value, const store_options& o) noexcept {
    call_spec s = storing(what, key, value.view(), o);
    if (value.block() != nullptr) {
        s.what.block = value.block();
        s.what.is_shared = true;
    }
    return s;
}

[[nodiscard]] inline call_spec comparing(call_spec store, cas_token token) noexcept {
    store.what.cas = static_cast<std::uint64_t>(token);
    store.needs_token = true;
    return store;
}

[[nodiscard]] inline call_spec extending(command what, std::string_view key, std::string_view value,
                                         const call_options& options) noexcept {
    call_spec s = keyed(what, key, options);
    put_value(s.what, value);
    return s;
}

/// "Is it there?": to add nothing, for no time.
[[nodiscard]] inline call_spec asking(std::string_view key, const call_options& options) noexcept {
    return keyed(command::add, key, std::chrono::seconds(0), options);
}

[[nodiscard]] inline call_spec counting(command what, std::string_view key, std::uint64_t delta,
                                        const counter_options& o) noexcept {
    call_spec s =
        keyed(what, key, o.ttl,
              {.deadline = o.deadline, .stop = o.stop, .scope = o.scope, .group = o.group});
    s.step = {.delta = delta, .initial = o.initial.value_or(0)};
    if (!o.initial) {
        s.has_ttl = false;
        s.what.expiry = request::no_creation;
    }
    return s;
}

/// A call that goes to one server, whatever its key, if it has one.
[[nodiscard]] inline call_spec to_server(command what, std::size_t server,
                                         const call_options& options) noexcept {
    call_spec s;
    s.what.what = what;
    s.server = std::min<std::size_t>(server, error::no_server - 1);
    s.options = options;
    return s;
}

[[nodiscard]] inline call_spec measuring(std::size_t server, std::string_view group,
                                         const call_options& options) noexcept {
    call_spec s = to_server(command::stat, server, options);
    put_key(s.what, group);
    return s;
}

[[nodiscard]] inline call_spec flushing(std::size_t server, const flush_options& o) noexcept {
    call_spec s = to_server(command::flush, server,
                            {.deadline = o.deadline, .stop = o.stop, .scope = o.scope});
    // What is over 30 days the server wants as a moment, as it does of expiries.
    s.has_ttl = o.delay > std::chrono::seconds(0);
    if (s.has_ttl) s.ttl = o.delay;
    return s;
}

}  // namespace detail
}  // namespace kmc
