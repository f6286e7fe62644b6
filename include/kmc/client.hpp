// kmc::client: every call a user makes.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <kmc/batch.hpp>
#include <kmc/detail/operations.hpp>  // get_op, store_op ...: what the calls below return
#include <kmc/options.hpp>
#include <kmc/result.hpp>
#include <kmc/server_list.hpp>
#include <kmc/time.hpp>
#include <kmc/value.hpp>

namespace kmc {

class runtime;

/// A memcached cluster as seen from this process.
///
/// Every call returns a small descriptor and does nothing until it is awaited, once, as an rvalue:
/// `auto v = co_await mc.get("k");`. Keys and values are views; they have to live until the await
/// ends, which temporaries inside the same expression do. Keys are 1 to 250 bytes of any kind.
///
/// Errors: every call may end with timed_out, connect_failed, connection_lost, protocol_error,
/// not_binary, server_busy, auth_failed, server_error, overloaded, client_closed or wrong_thread;
/// the calls list only what they add. An error says why there is no answer; what the server did
/// answer (a miss, say) is a value.
/// Threads: the handle may be copied, moved and destroyed on any thread. Calls are awaited on a
/// reactor thread of the runtime (that is, inside runtime::spawn or block_on), by any coroutine
/// type, and resume there. Different calls of one client may run on different reactors.
/// Cancelling: destroying a suspended coroutine, on its reactor thread, gives up its call.
/// Lifetime: the runtime must outlive the client. Calls under way when the last handle goes end
/// with client_closed.
/// Exceptions: memory only.
class client {
public:
    /// Never blocks and never connects: connections are made by the first calls that need them.
    /// @param servers  as server_list::parse reads it: "10.0.0.1:11211:3,10.0.0.2,/run/mc.sock".
    [[nodiscard]] static config_result<client> open(runtime& rt, std::string_view servers,
                                                    const client_options& options = {});
    [[nodiscard]] static config_result<client> open(runtime& rt, server_list servers,
                                                    const client_options& options = {});

    /// The servers in the order given; error::server and locate() are indexes into it.
    [[nodiscard]] std::span<const server> servers() const noexcept;

    /// The server that the ring maps `key` to. Pure arithmetic; any thread.
    [[nodiscard]] std::size_t locate(std::string_view key) const noexcept;

    /// An error as a sentence that names the server: for logs and people.
    [[nodiscard]] std::string describe(const error& e) const;

    /// Reads a value, its flags and its cas token ("gets" in the text protocol: the token is free
    /// here).
    /// @return  the value, or nullopt if the server has none. Adds bad_key.
    [[nodiscard]] detail::get_op get(std::string_view key,
                                     const call_options& options = {}) const noexcept {
        return {state_.get(), key, options};
    }

    /// Reads many keys: grouped by server, one pipeline per server, all servers at once. Never
    /// fails as a whole; each key has its own result (which adds bad_key). Duplicate keys are sent
    /// once. At the deadline, keys without an answer end with timed_out, the others keep theirs.
    /// @param keys  any number; copied when the await begins.
    /// @return      reply[i] belongs to keys[i].
    [[nodiscard]] detail::get_many_op get_many(std::span<const std::string_view> keys,
                                               const call_options& options = {}) const noexcept {
        return {state_.get(), keys, options};
    }

    /// The same, into the memory of an earlier reply, which is emptied first: reading batches of
    /// about the same size in a loop then allocates nothing, but for values of 16 KiB and more.
    /// @param keys  may not point into `into`.
    /// @param into  must live until the await ends.
    [[nodiscard]] detail::get_many_into_op get_many(
        std::span<const std::string_view> keys, many_reply& into,
        const call_options& options = {}) const noexcept {
        return {state_.get(), keys, into, options};
    }

    /// Stores a value whatever is there now.
    /// @param value  may be empty.
    /// @return       the new cas token. Adds bad_key, too_large. If the server refuses a value
    ///               (too_large, server_error), the old value may be gone.
    [[nodiscard]] detail::store_op set(std::string_view key, std::string_view value,
                                       const store_options& options = {}) const noexcept {
        return {state_.get(), key, value, options};
    }

    /// Removes an item.
    /// @return  false if there was none. Adds bad_key.
    [[nodiscard]] detail::del_op del(std::string_view key,
                                     const call_options& options = {}) const noexcept {
        return {state_.get(), key, options};
    }

    /// Asks one server for its version, such as "1.6.18".
    /// @param server  index into servers(); anything beyond ends with bad_config.
    [[nodiscard]] detail::version_op version(std::size_t server,
                                             const call_options& options = {}) const noexcept {
        return {state_.get(), server, options};
    }

private:
    explicit client(std::shared_ptr<detail::client_state> state) noexcept
        : state_(std::move(state)) {}

    friend class detail::client_state;

    std::shared_ptr<detail::client_state> state_;
};

}  // namespace kmc
