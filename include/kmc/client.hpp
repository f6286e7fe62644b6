// kmc::client: every call a user makes.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <kmc/batch.hpp>
#include <kmc/codec.hpp>
#include <kmc/counters.hpp>
#include <kmc/detail/batch_operations.hpp>
#include <kmc/detail/operations.hpp>  // get_op, store_op ...: what the calls below return
#include <kmc/detail/typed.hpp>
#include <kmc/options.hpp>
#include <kmc/result.hpp>
#include <kmc/resumer.hpp>
#include <kmc/server_list.hpp>
#include <kmc/server_snapshot.hpp>
#include <kmc/shared_bytes.hpp>
#include <kmc/stream.hpp>
#include <kmc/task.hpp>
#include <kmc/time.hpp>
#include <kmc/update.hpp>
#include <kmc/value.hpp>
#include <kmc/write_batch.hpp>

namespace kmc {

class embedded_runtime;
class runtime;

/// A memcached cluster as seen from this process.
///
/// Every call returns a small descriptor and does nothing until it is awaited, once, as an rvalue:
/// `auto v = co_await mc.get("k");`. Keys and values are views; they have to live until the await
/// ends, which temporaries inside the same expression do. Keys are 1 to 250 bytes of any kind.
///
/// Errors: every call may end with timed_out, cancelled, connect_failed, connection_lost,
/// protocol_error, not_binary, server_busy, auth_failed, server_error, overloaded or client_closed;
/// the calls list only what they add. An error says why there is no answer; what the server did
/// answer (a miss, say) is a value.
/// Threads: the handle may be copied, moved, used and destroyed on any thread, its calls awaited by
/// any coroutine type. Awaited on a reactor thread (inside runtime::spawn or block_on; or, with an
/// embedded_runtime, anywhere on its thread), a call runs and resumes there. Awaited elsewhere, it
/// is copied with its key and value to a reactor, always the same one for a thread, and resumes on
/// that reactor's thread or through resuming_on().
/// Cancelling: a deadline, call_options::stop, a cancel_scope, or destroying the suspended
/// coroutine on its reactor's thread. On a thread without a reactor a coroutine may be destroyed
/// while it waits only if its handle is a resuming_on() one whose resumer runs that thread; what
/// had reached a reactor by then is carried out all the same. Lifetime: the runtime must outlive
/// the client. Calls under way when the last handle goes end with client_closed. Exceptions: memory
/// only.
class client {
public:
    /// Never blocks and never connects: connections are made by the first calls that need them.
    /// @param servers  as server_list::parse reads it: "10.0.0.1:11211:3,10.0.0.2,/run/mc.sock".
    [[nodiscard]] static config_result<client> open(runtime& rt, std::string_view servers,
                                                    const client_options& options = {});
    [[nodiscard]] static config_result<client> open(runtime& rt, server_list servers,
                                                    const client_options& options = {});
    [[nodiscard]] static config_result<client> open(embedded_runtime& rt, std::string_view servers,
                                                    const client_options& options = {});
    [[nodiscard]] static config_result<client> open(embedded_runtime& rt, server_list servers,
                                                    const client_options& options = {});

    /// The servers in use.
    [[nodiscard]] server_snapshot servers() const;

    /// The server of a number: of error::server, locate(), server_trace, event. Also one that was
    /// removed; beyond what there ever was, the behaviour is undefined. Lives as long as the
    /// client.
    [[nodiscard]] const server& server_at(std::size_t number) const;

    /// From now on these. Calls and batches that have begun end where they began; connections to
    /// servers that stay are kept, those to others are closed when nothing is under way on them, or
    /// after batch_timeout. A server keeps its number, also when it was away for a while; a new one
    /// gets a new number. A list that cannot be used, or is the one there is, changes nothing.
    /// Any thread; on this thread the next call finds the new list.
    [[nodiscard]] config_result<void> set_servers(std::string_view servers) const;
    [[nodiscard]] config_result<void> set_servers(server_list servers) const;

    /// What was counted for the server of this number. Any thread.
    [[nodiscard]] server_counters counters(std::size_t number) const;

    /// The number of the server that the ring maps `key` to, in service or not. Any thread.
    /// @param group  as in call_options.
    [[nodiscard]] std::size_t locate(std::string_view key, std::string_view group = {}) const;

    /// A handle on the same client whose calls, when they are awaited on threads without a reactor,
    /// resume through `home`, which outlives them.
    [[nodiscard]] client resuming_on(resumer& home) const {
        client other = *this;
        other.home_ = &home;
        return other;
    }

    /// An error as a sentence that names the server: for logs and people.
    [[nodiscard]] std::string describe(const error& e) const;

    // ---- reading

    /// Reads a value, its flags and its cas token ("gets" in the text protocol: the token is free
    /// here).
    /// @return  the value, or nullopt if the server has none. Adds bad_key.
    [[nodiscard]] detail::get_op get(std::string_view key,
                                     const call_options& options = {}) const noexcept {
        return {who(), detail::keyed(detail::command::get, key, options)};
    }

    /// Reads a value as a T: `co_await mc.get<int>("n")`. What it was written as, its flags say,
    /// in the dialect of client_options::values; codec.hpp says which T are built in and how to add
    /// yours.
    /// @return  the T, or nullopt if the server has none. Adds bad_key, foreign_value (the flags
    ///          tell of something that kmc does not read; describe() names it) and bad_value.
    template <readable_value T>
    [[nodiscard]] detail::typed_get_op<T> get(std::string_view key,
                                              const call_options& options = {}) const noexcept {
        return {who(), detail::keyed(detail::command::get, key, options)};
    }

    /// The same for a value that is there already, such as one of get_many. No server is asked.
    template <readable_value T>
    [[nodiscard]] result<T> decode(const value_view& stored) const {
        return decode_value<T>(stored, detail::values_of(*state_));
    }

    /// Reads a value into memory of the caller. A value of 32 KiB or more is received into a block
    /// of its own and copied.
    /// @param into  written only when the call succeeds and the value fits; lives until the await
    ///              ends.
    /// @return      size, flags and token, and whether it fits; nullopt if the server has none.
    ///              Adds bad_key.
    [[nodiscard]] detail::get_into_op get_into(std::string_view key, std::span<std::byte> into,
                                               const call_options& options = {}) const noexcept {
        detail::call_spec spec = detail::keyed(detail::command::get, key, options);
        spec.into = into;
        return {who(), spec};
    }

    /// Reads a value and gives the item a new time to live, in one step.
    /// @return  as get.
    [[nodiscard]] detail::get_op gat(std::string_view key, expiry ttl,
                                     const call_options& options = {}) const noexcept {
        return {who(), detail::keyed(detail::command::gat, key, ttl, options)};
    }

    /// Whether there is such an item, without transferring it. Costs a write on the server when
    /// there is none: the protocol has no such question, so kmc asks to add an item that is expired
    /// already. Adds bad_key.
    [[nodiscard]] detail::yes_no_op exists(std::string_view key,
                                           const call_options& options = {}) const noexcept {
        return {who(), detail::asking(key, options)};
    }

    // ---- storing

    /// Stores a value whatever is there now.
    /// @param value  may be empty.
    /// @return       the new cas token. Adds bad_key, too_large. If the server refuses a value
    ///               (too_large, server_error), the old value may be gone.
    [[nodiscard]] detail::store_op set(std::string_view key, std::string_view value,
                                       const store_options& options = {}) const noexcept {
        return {who(), detail::storing(detail::command::set, key, value, options)};
    }

    /// Stores a T in the form of client_options::values: `co_await mc.set<int>("n", 5)`. Always
    /// with the type; without it, set() stores bytes. add, replace and cas do the same.
    /// @param value    read when the await begins; by reference if it is larger than two words.
    /// @param options  `flags` may only have the application's bits of the dialect.
    /// @return         as set(). Adds bad_value: the dialect has no form for this value or flags.
    template <writable_value T>
    [[nodiscard]] detail::typed_store_op<T, cas_token> set(
        std::string_view key, const std::type_identity_t<T>& value,
        const store_options& options = {}) const noexcept {
        return {who(), detail::storing(detail::command::set, key, std::string_view(), options),
                value};
    }
    template <writable_value T>
    [[nodiscard]] detail::typed_store_op<T, std::optional<cas_token>> add(
        std::string_view key, const std::type_identity_t<T>& value,
        const store_options& options = {}) const noexcept {
        return {who(), detail::storing(detail::command::add, key, std::string_view(), options),
                value};
    }
    template <writable_value T>
    [[nodiscard]] detail::typed_store_op<T, std::optional<cas_token>> replace(
        std::string_view key, const std::type_identity_t<T>& value,
        const store_options& options = {}) const noexcept {
        return {who(), detail::storing(detail::command::replace, key, std::string_view(), options),
                value};
    }
    template <writable_value T>
    [[nodiscard]] detail::typed_store_op<T, store_outcome> cas(
        std::string_view key, const std::type_identity_t<T>& value, cas_token token,
        const store_options& options = {}) const noexcept {
        return {who(),
                detail::comparing(
                    detail::storing(detail::command::set, key, std::string_view(), options), token),
                value};
    }

    /// Stores a value only if there is none.
    /// @return  the new cas token, or nullopt if there was one. Adds bad_key, too_large.
    [[nodiscard]] detail::try_store_op add(std::string_view key, std::string_view value,
                                           const store_options& options = {}) const noexcept {
        return {who(), detail::storing(detail::command::add, key, value, options)};
    }

    /// Stores a value only if there is one.
    /// @return  the new cas token, or nullopt if there was none. Adds bad_key, too_large.
    [[nodiscard]] detail::try_store_op replace(std::string_view key, std::string_view value,
                                               const store_options& options = {}) const noexcept {
        return {who(), detail::storing(detail::command::replace, key, value, options)};
    }

    /// Puts bytes behind a value; flags and time to live stay.
    /// @return  the new cas token, or nullopt if there is no such item, or the sum would be above
    ///          the server's limit (the server does not tell which). Adds bad_key, too_large.
    [[nodiscard]] detail::try_store_op append(std::string_view key, std::string_view value,
                                              const call_options& options = {}) const noexcept {
        return {who(), detail::extending(detail::command::append, key, value, options)};
    }

    /// Puts bytes before a value; otherwise as append.
    [[nodiscard]] detail::try_store_op prepend(std::string_view key, std::string_view value,
                                               const call_options& options = {}) const noexcept {
        return {who(), detail::extending(detail::command::prepend, key, value, options)};
    }

    /// Stores only if `token` is still current.
    /// @return  stored, exists (somebody else was faster) or not_found: answers, not errors. Adds
    ///          bad_key, too_large, no_cas. With error::maybe_executed(), read again before
    ///          retrying.
    [[nodiscard]] detail::cas_op cas(std::string_view key, std::string_view value, cas_token token,
                                     const store_options& options = {}) const noexcept {
        return {who(), detail::comparing(detail::storing(detail::command::set, key, value, options),
                                         token)};
    }

    /// Reads an item, lets `change` turn its bytes into new ones, and stores them if nobody else
    /// was faster; else again. The item keeps its flags, and gets a new time to live (the server
    /// keeps no old one): options.ttl.
    /// @param change  called with the present bytes as std::optional<std::string_view> (nullopt: no
    ///                item, with options.create only), returns std::optional<std::string>: the new
    ///                bytes, or nullopt to leave the item alone. May be called several times, on
    ///                the thread where calls resume. A temporary must be trivially destructible
    ///                (g++ 12 destroys others twice inside co_await); name it otherwise, and it is
    ///                used where it stands.
    /// @return        an answer, also when others were always faster (contended). With
    ///                error::maybe_executed() the last store may have happened. Adds bad_key,
    ///                too_large, no_cas. An exception of `change` leaves through the await.
    template <class F>
    [[nodiscard]] task<result<update_outcome>> update(std::string_view key, F&& change,
                                                      const update_options& options = {}) const {
        if constexpr (std::is_function_v<std::remove_reference_t<F>>) {
            return detail::update_item_with(*this, key, std::decay_t<F>(change), options);
        } else if constexpr (std::is_lvalue_reference_v<F>) {
            return detail::update_item(*this, key, detail::change_ref(change), options);
        } else {
            static_assert(std::is_trivially_destructible_v<F>,
                          "give this function a name before the call");
            return detail::update_item_with(*this, key, std::move(change), options);
        }
    }

    /// The stores once more, of values that are sent from where they are: see shared_bytes, which
    /// lives until the await ends.
    [[nodiscard]] detail::store_op set(std::string_view key, const shared_bytes& value,
                                       const store_options& options = {}) const noexcept {
        return {who(), detail::storing(detail::command::set, key, value, options)};
    }
    [[nodiscard]] detail::try_store_op add(std::string_view key, const shared_bytes& value,
                                           const store_options& options = {}) const noexcept {
        return {who(), detail::storing(detail::command::add, key, value, options)};
    }
    [[nodiscard]] detail::try_store_op replace(std::string_view key, const shared_bytes& value,
                                               const store_options& options = {}) const noexcept {
        return {who(), detail::storing(detail::command::replace, key, value, options)};
    }
    [[nodiscard]] detail::cas_op cas(std::string_view key, const shared_bytes& value,
                                     cas_token token,
                                     const store_options& options = {}) const noexcept {
        return {who(), detail::comparing(detail::storing(detail::command::set, key, value, options),
                                         token)};
    }

    // ---- removing, touching, counting

    /// Removes an item.
    /// @return  false if there was none. Adds bad_key.
    [[nodiscard]] detail::yes_no_op del(std::string_view key,
                                        const call_options& options = {}) const noexcept {
        return {who(), detail::keyed(detail::command::del, key, options)};
    }

    /// Removes an item only if `token` is still current. Adds bad_key, no_cas.
    [[nodiscard]] detail::del_if_op del(std::string_view key, cas_token token,
                                        const call_options& options = {}) const noexcept {
        return {who(), detail::guarded(detail::command::del, key, token, options)};
    }

    /// Gives an item a new time to live.
    /// @return  false if there is none. Adds bad_key.
    [[nodiscard]] detail::yes_no_op touch(std::string_view key, expiry ttl,
                                          const call_options& options = {}) const noexcept {
        return {who(), detail::keyed(detail::command::touch, key, ttl, options)};
    }

    /// Adds to a counter, modulo 2^64. A counter is an item whose value is a decimal number.
    /// @return  what it became, or nullopt if there is none and options.initial is not set. Adds
    ///          bad_key, not_a_number.
    [[nodiscard]] detail::counter_op incr(std::string_view key, std::uint64_t delta = 1,
                                          const counter_options& options = {}) const noexcept {
        return {who(), detail::counting(detail::command::incr, key, delta, options)};
    }

    /// Subtracts from a counter; it stops at 0. memcached pads a number that lost digits with
    /// blanks: a plain get of it sees them.
    /// @return  as incr.
    [[nodiscard]] detail::counter_op decr(std::string_view key, std::uint64_t delta = 1,
                                          const counter_options& options = {}) const noexcept {
        return {who(), detail::counting(detail::command::decr, key, delta, options)};
    }

    // ---- one server: `server` is a number; that of one which is not there ends with bad_config

    /// Makes a server forget all its items. Adds auth_failed where the server forbids it
    /// (memcached -F).
    [[nodiscard]] detail::done_op flush(std::size_t server,
                                        const flush_options& options = {}) const noexcept {
        return {who(), detail::flushing(server, options)};
    }

    /// Asks a server for its statistics.
    /// @param group  "settings", "items", "slabs", "sizes" ...; empty: the general ones. "reset"
    ///               sets counters to zero and answers with none. An unknown one ends with
    ///               server_error, status 1.
    [[nodiscard]] detail::stats_op stats(std::size_t server, std::string_view group = {},
                                         const call_options& options = {}) const noexcept {
        return {who(), detail::measuring(server, group, options)};
    }

    /// Asks a server for its version, such as "1.6.18".
    [[nodiscard]] detail::text_op version(std::size_t server,
                                          const call_options& options = {}) const noexcept {
        return {who(), detail::to_server(detail::command::version, server, options)};
    }

    /// Asks a server for a sign of life.
    [[nodiscard]] detail::done_op ping(std::size_t server,
                                       const call_options& options = {}) const noexcept {
        return {who(), detail::to_server(detail::command::noop, server, options)};
    }

    // ---- batches
    //
    // Grouped by server, one pipeline per server, all servers at once. A batch never fails as a
    // whole; each key or entry has its own result (which adds bad_key), and reply[i] belongs to
    // keys[i]. At the deadline, and when the batch is cancelled, those without an answer end with
    // that reason and the others keep theirs. Keys are copied when the await begins. Limits of
    // client_options count a batch as one call per server.
    //
    // Each call may be handed an earlier reply `into`, which is emptied first: batches of about the
    // same size in a loop then allocate nothing (docs/costs.md). Nothing of the call may point into
    // it, and it must live until the await ends.

    /// Reads many keys. A key that stands there more than once is sent once, and each of its places
    /// has the same answer.
    [[nodiscard]] detail::get_many_op get_many(std::span<const std::string_view> keys,
                                               const call_options& options = {}) const noexcept {
        return {who(), detail::each_of(detail::command::get, keys, options)};
    }
    [[nodiscard]] detail::get_many_into_op get_many(
        std::span<const std::string_view> keys, many_reply& into,
        const call_options& options = {}) const noexcept {
        return {who(), detail::each_of(detail::command::get, keys, options), into};
    }

    /// Reads many keys and gives each item that is there a new time to live. Repeated keys as in
    /// get_many.
    [[nodiscard]] detail::get_many_op gat_many(std::span<const std::string_view> keys, expiry ttl,
                                               const call_options& options = {}) const noexcept {
        return {who(), detail::each_of(detail::command::gat, keys, options, ttl)};
    }
    [[nodiscard]] detail::get_many_into_op gat_many(
        std::span<const std::string_view> keys, expiry ttl, many_reply& into,
        const call_options& options = {}) const noexcept {
        return {who(), detail::each_of(detail::command::gat, keys, options, ttl), into};
    }

    /// Gives many items a new time to live: true where there was one. Repeated keys as in get_many.
    [[nodiscard]] detail::yes_no_many_op touch_many(
        std::span<const std::string_view> keys, expiry ttl,
        const call_options& options = {}) const noexcept {
        return {who(), detail::each_of(detail::command::touch, keys, options, ttl)};
    }
    [[nodiscard]] detail::yes_no_many_into_op touch_many(
        std::span<const std::string_view> keys, expiry ttl, yes_no_reply& into,
        const call_options& options = {}) const noexcept {
        return {who(), detail::each_of(detail::command::touch, keys, options, ttl), into};
    }

    /// Removes many items: true where there was one. A key that stands there more than once is
    /// removed once, and each of its places has the same answer.
    [[nodiscard]] detail::yes_no_many_op del_many(std::span<const std::string_view> keys,
                                                  const call_options& options = {}) const noexcept {
        return {who(), detail::each_of(detail::command::del, keys, options)};
    }
    [[nodiscard]] detail::yes_no_many_into_op del_many(
        std::span<const std::string_view> keys, yes_no_reply& into,
        const call_options& options = {}) const noexcept {
        return {who(), detail::each_of(detail::command::del, keys, options), into};
    }

    /// Writes any mix of entries; kmc/write_batch.hpp says what they are, and in which order they
    /// happen. reply[i] belongs to entry i. With error::maybe_executed() the entry may have been
    /// carried out or not: what a server is silent about counts as done only once a later answer of
    /// the same connection proves it.
    /// @param writes  not changed until the await ends; sent as often as it is awaited. Adds
    ///                too_large, no_cas, not_a_number.
    [[nodiscard]] detail::write_op write(const write_batch& writes,
                                         const write_options& options = {}) const noexcept {
        return {who(), detail::writing(writes, options)};
    }
    [[nodiscard]] detail::write_into_op write(const write_batch& writes, write_reply& into,
                                              const write_options& options = {}) const noexcept {
        return {who(), detail::writing(writes, options), into};
    }

    /// Reads many keys and hands out each answer as it comes, with bounded memory for values:
    /// `auto stream = mc.stream_many(keys); while (auto entry = co_await stream.next()) ...`. Asks
    /// nobody before the first next(); kmc/stream.hpp has the rest.
    /// @param keys  any number; copied. Throws std::bad_alloc.
    [[nodiscard]] value_stream stream_many(std::span<const std::string_view> keys,
                                           const stream_options& options = {}) const;

    // ---- every server: result[i] is of servers()[i] at the start, all asked at once

    [[nodiscard]] task<std::vector<result<void>>> flush_all(flush_options options = {}) const;
    [[nodiscard]] task<std::vector<result<statistics>>> stats_all(std::string_view group = {},
                                                                  call_options options = {}) const;
    [[nodiscard]] task<std::vector<result<std::string>>> version_all(
        call_options options = {}) const;
    [[nodiscard]] task<std::vector<result<void>>> ping_all(call_options options = {}) const;

private:
    [[nodiscard]] detail::caller who() const noexcept { return {state_.get(), home_}; }

    explicit client(std::shared_ptr<detail::client_state> state) noexcept
        : state_(std::move(state)) {}

    friend class detail::client_state;
    friend class sync_client;

    std::shared_ptr<detail::client_state> state_;
    resumer* home_ = nullptr;
};

namespace detail {

template <class F>
task<result<update_outcome>> update_item_with(client mc, std::string_view key, F change,
                                              update_options options) {
    co_return co_await update_item(std::move(mc), key, change_ref(change), options);
}

}  // namespace detail
}  // namespace kmc
