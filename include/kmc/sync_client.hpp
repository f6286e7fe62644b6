// Calls for threads that may block: sync_wait() for any one call, sync_client for all of them.

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <kmc/client.hpp>
#include <kmc/detail/detached.hpp>
#include <kmc/runtime.hpp>

namespace kmc {

namespace detail {

/// Throws std::system_error (errc::wrong_thread) on a reactor's thread, which would wait for
/// itself.
void require_no_reactor();

template <class Awaitable>
struct awaited {
    using type = decltype(std::declval<Awaitable&&>().operator co_await().await_resume());
};

template <class Awaitable, class T>
detached wait_into(Awaitable work, outcome_slot<T>& slot) {
    try {
        // Gone, with all it holds, before the waiting thread goes on.
        Awaitable mine = std::move(work);
        if constexpr (std::is_void_v<T>) {
            co_await std::move(mine);
        } else {
            slot.value.emplace(co_await std::move(mine));
        }
    } catch (...) {
        slot.failure = std::current_exception();
    }
    slot.arrive();
}

}  // namespace detail

/// Waits for a call, a batch, a task or a when_all, on a thread that is no reactor's.
/// @return  what awaiting it would return; its exception is rethrown here.
/// A call of a client::resuming_on() handle ends only when its resumer runs, on another thread.
/// Throws std::system_error (errc::wrong_thread) on a reactor's thread.
template <class Awaitable>
requires(!std::is_lvalue_reference_v<Awaitable>) auto sync_wait(Awaitable&& work) ->
    typename detail::awaited<Awaitable>::type {
    using answer = typename detail::awaited<Awaitable>::type;
    detail::require_no_reactor();
    detail::outcome_slot<answer> slot;
    detail::wait_into(std::forward<Awaitable>(work), slot);
    slot.wait();
    if (slot.failure) std::rethrow_exception(slot.failure);
    if constexpr (!std::is_void_v<answer>) return std::move(*slot.value);
}

/// A client for threads that may block. Every call is that of kmc::client, waited for: the same
/// names, arguments, answers and errors. Cheap to copy; any number of threads may share one.
/// Throws std::system_error (errc::wrong_thread) on a reactor's thread.
class sync_client {
public:
    explicit sync_client(client mc) : mc_(std::move(mc)) { mc_.home_ = nullptr; }

    /// The client behind it.
    [[nodiscard]] const client& async() const noexcept { return mc_; }

    [[nodiscard]] result<std::optional<value>> get(std::string_view key,
                                                   const call_options& options = {}) const {
        return sync_wait(mc_.get(key, options));
    }
    template <readable_value T>
    [[nodiscard]] result<std::optional<T>> get(std::string_view key,
                                               const call_options& options = {}) const {
        return sync_wait(mc_.get<T>(key, options));
    }
    [[nodiscard]] result<std::optional<filled>> get_into(std::string_view key,
                                                         std::span<std::byte> into,
                                                         const call_options& options = {}) const {
        return sync_wait(mc_.get_into(key, into, options));
    }
    [[nodiscard]] result<std::optional<value>> gat(std::string_view key, expiry ttl,
                                                   const call_options& options = {}) const {
        return sync_wait(mc_.gat(key, ttl, options));
    }
    [[nodiscard]] result<bool> exists(std::string_view key,
                                      const call_options& options = {}) const {
        return sync_wait(mc_.exists(key, options));
    }
    [[nodiscard]] result<cas_token> set(std::string_view key, std::string_view value,
                                        const store_options& options = {}) const {
        return sync_wait(mc_.set(key, value, options));
    }
    template <writable_value T>
    [[nodiscard]] result<cas_token> set(std::string_view key, const std::type_identity_t<T>& value,
                                        const store_options& options = {}) const {
        return sync_wait(mc_.set<T>(key, value, options));
    }
    [[nodiscard]] result<std::optional<cas_token>> add(std::string_view key, std::string_view value,
                                                       const store_options& options = {}) const {
        return sync_wait(mc_.add(key, value, options));
    }
    [[nodiscard]] result<std::optional<cas_token>> replace(
        std::string_view key, std::string_view value, const store_options& options = {}) const {
        return sync_wait(mc_.replace(key, value, options));
    }
    [[nodiscard]] result<std::optional<cas_token>> append(std::string_view key,
                                                          std::string_view value,
                                                          const call_options& options = {}) const {
        return sync_wait(mc_.append(key, value, options));
    }
    [[nodiscard]] result<std::optional<cas_token>> prepend(std::string_view key,
                                                           std::string_view value,
                                                           const call_options& options = {}) const {
        return sync_wait(mc_.prepend(key, value, options));
    }
    [[nodiscard]] result<store_outcome> cas(std::string_view key, std::string_view value,
                                            cas_token token,
                                            const store_options& options = {}) const {
        return sync_wait(mc_.cas(key, value, token, options));
    }
    [[nodiscard]] result<bool> del(std::string_view key, const call_options& options = {}) const {
        return sync_wait(mc_.del(key, options));
    }
    [[nodiscard]] result<del_outcome> del(std::string_view key, cas_token token,
                                          const call_options& options = {}) const {
        return sync_wait(mc_.del(key, token, options));
    }
    [[nodiscard]] result<bool> touch(std::string_view key, expiry ttl,
                                     const call_options& options = {}) const {
        return sync_wait(mc_.touch(key, ttl, options));
    }
    [[nodiscard]] result<std::optional<std::uint64_t>> incr(
        std::string_view key, std::uint64_t delta = 1, const counter_options& options = {}) const {
        return sync_wait(mc_.incr(key, delta, options));
    }
    [[nodiscard]] result<std::optional<std::uint64_t>> decr(
        std::string_view key, std::uint64_t delta = 1, const counter_options& options = {}) const {
        return sync_wait(mc_.decr(key, delta, options));
    }
    template <class F>
    [[nodiscard]] result<update_outcome> update(std::string_view key, F&& change,
                                                const update_options& options = {}) const {
        return sync_wait(mc_.update(key, change, options));
    }

    [[nodiscard]] result<void> flush(std::size_t server, const flush_options& options = {}) const {
        return sync_wait(mc_.flush(server, options));
    }
    [[nodiscard]] result<statistics> stats(std::size_t server, std::string_view group = {},
                                           const call_options& options = {}) const {
        return sync_wait(mc_.stats(server, group, options));
    }
    [[nodiscard]] result<std::string> version(std::size_t server,
                                              const call_options& options = {}) const {
        return sync_wait(mc_.version(server, options));
    }
    [[nodiscard]] result<void> ping(std::size_t server, const call_options& options = {}) const {
        return sync_wait(mc_.ping(server, options));
    }

    [[nodiscard]] std::vector<result<void>> flush_all(const flush_options& options = {}) const {
        return sync_wait(mc_.flush_all(options));
    }
    [[nodiscard]] std::vector<result<statistics>> stats_all(
        std::string_view group = {}, const call_options& options = {}) const {
        return sync_wait(mc_.stats_all(group, options));
    }
    [[nodiscard]] std::vector<result<std::string>> version_all(
        const call_options& options = {}) const {
        return sync_wait(mc_.version_all(options));
    }
    [[nodiscard]] std::vector<result<void>> ping_all(const call_options& options = {}) const {
        return sync_wait(mc_.ping_all(options));
    }

    [[nodiscard]] many_reply get_many(std::span<const std::string_view> keys,
                                      const call_options& options = {}) const {
        return sync_wait(mc_.get_many(keys, options));
    }
    [[nodiscard]] many_reply gat_many(std::span<const std::string_view> keys, expiry ttl,
                                      const call_options& options = {}) const {
        return sync_wait(mc_.gat_many(keys, ttl, options));
    }
    [[nodiscard]] yes_no_reply touch_many(std::span<const std::string_view> keys, expiry ttl,
                                          const call_options& options = {}) const {
        return sync_wait(mc_.touch_many(keys, ttl, options));
    }
    [[nodiscard]] yes_no_reply del_many(std::span<const std::string_view> keys,
                                        const call_options& options = {}) const {
        return sync_wait(mc_.del_many(keys, options));
    }
    [[nodiscard]] write_reply write(const write_batch& writes,
                                    const write_options& options = {}) const {
        return sync_wait(mc_.write(writes, options));
    }

private:
    client mc_;
};

}  // namespace kmc
