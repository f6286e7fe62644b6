// What the calls of kmc::client return: descriptors, and the awaiters they turn into.
//
// A descriptor (get_op ...) holds views and numbers, can be moved, and does nothing. `co_await` on
// an rvalue of it makes the awaiter in the caller's frame: an immovable node that connections and
// timers point to. Its destructor takes it out of wherever it is, so that a suspended frame may be
// destroyed at any moment on its reactor's thread.
//
// Awaiters ask nothing of the promise and resume from the ready queue only.

#pragma once

#include <coroutine>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <kmc/batch.hpp>
#include <kmc/detail/op_node.hpp>
#include <kmc/detail/timer.hpp>
#include <kmc/options.hpp>
#include <kmc/result.hpp>
#include <kmc/value.hpp>

namespace kmc::detail {

class batch;
class client_state;
class client_view;

/// What every single call shares: one request, one deadline, one place to resume.
class call : protected op_node {
public:
    call(const call&) = delete;
    call& operator=(const call&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    /// False when the call ended at once (wrong_thread): there is no reactor to resume it.
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> caller) noexcept;

protected:
    call(client_state* client, const op_hooks& own_hooks, duration deadline) noexcept;
    ~call();

    /// What a hook of the derived class turns `on_complete` into.
    static void complete(op_node& node) noexcept;

    request request_;

private:
    struct deadline_timer : timer {
        call* owner = nullptr;
    };

    static void resume(ready_node& node) noexcept;
    static void on_deadline(timer& t) noexcept;

    deadline_timer timer_;
    client_state* client_;
    client_view* view_ = nullptr;
    duration deadline_;
    std::coroutine_handle<> caller_;
};

class get_awaiter final : public call {
public:
    get_awaiter(client_state* client, std::string_view key, const call_options& options) noexcept;
    [[nodiscard]] result<std::optional<value>> await_resume() noexcept {
        return std::move(result_);
    }

private:
    static const op_hooks hooks_;
    result<std::optional<value>> result_{std::nullopt};
};

class store_awaiter final : public call {
public:
    store_awaiter(client_state* client, std::string_view key, std::string_view value,
                  const store_options& options) noexcept;
    [[nodiscard]] result<cas_token> await_resume() noexcept { return result_; }

private:
    static const op_hooks hooks_;
    result<cas_token> result_{cas_token{}};
};

class del_awaiter final : public call {
public:
    del_awaiter(client_state* client, std::string_view key, const call_options& options) noexcept;
    [[nodiscard]] result<bool> await_resume() noexcept { return result_; }

private:
    static const op_hooks hooks_;
    result<bool> result_{false};
};

class version_awaiter final : public call {
public:
    version_awaiter(client_state* client, std::size_t server, const call_options& options) noexcept;
    [[nodiscard]] result<std::string> await_resume() noexcept { return std::move(result_); }

private:
    static const op_hooks hooks_;
    result<std::string> result_{std::string()};
};

/// One awaiter for a batch of any size; everything else lives in the batch's arena.
class many_awaiter {
public:
    many_awaiter(const many_awaiter&) = delete;
    many_awaiter& operator=(const many_awaiter&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> caller);

protected:
    many_awaiter(client_state* client, std::span<const std::string_view> keys, many_reply* into,
                 const call_options& options) noexcept
        : client_(client), keys_(keys), into_(into), options_(options) {}
    ~many_awaiter();

    [[nodiscard]] many_reply take_reply() noexcept;

private:
    client_state* client_;
    std::span<const std::string_view> keys_;

protected:
    many_reply* into_;

private:
    call_options options_;
    batch* batch_ = nullptr;
};

class get_many_awaiter final : public many_awaiter {
public:
    get_many_awaiter(client_state* client, std::span<const std::string_view> keys,
                     const call_options& options) noexcept
        : many_awaiter(client, keys, nullptr, options) {}
    [[nodiscard]] many_reply await_resume() noexcept { return take_reply(); }
};

class get_many_into_awaiter final : public many_awaiter {
public:
    get_many_into_awaiter(client_state* client, std::span<const std::string_view> keys,
                          many_reply& into, const call_options& options) noexcept
        : many_awaiter(client, keys, &into, options) {}
    void await_resume() noexcept { *into_ = take_reply(); }
};

class [[nodiscard]] get_op {
public:
    get_op(client_state* client, std::string_view key, const call_options& options) noexcept
        : client_(client), key_(key), options_(options) {}
    [[nodiscard]] get_awaiter operator co_await() && noexcept { return {client_, key_, options_}; }

private:
    client_state* client_;
    std::string_view key_;
    call_options options_;
};

class [[nodiscard]] store_op {
public:
    store_op(client_state* client, std::string_view key, std::string_view value,
             const store_options& options) noexcept
        : client_(client), key_(key), value_(value), options_(options) {}
    [[nodiscard]] store_awaiter operator co_await() && noexcept {
        return {client_, key_, value_, options_};
    }

private:
    client_state* client_;
    std::string_view key_;
    std::string_view value_;
    store_options options_;
};

class [[nodiscard]] del_op {
public:
    del_op(client_state* client, std::string_view key, const call_options& options) noexcept
        : client_(client), key_(key), options_(options) {}
    [[nodiscard]] del_awaiter operator co_await() && noexcept { return {client_, key_, options_}; }

private:
    client_state* client_;
    std::string_view key_;
    call_options options_;
};

class [[nodiscard]] version_op {
public:
    version_op(client_state* client, std::size_t server, const call_options& options) noexcept
        : client_(client), server_(server), options_(options) {}
    [[nodiscard]] version_awaiter operator co_await() && noexcept {
        return {client_, server_, options_};
    }

private:
    client_state* client_;
    std::size_t server_;
    call_options options_;
};

class [[nodiscard]] get_many_op {
public:
    get_many_op(client_state* client, std::span<const std::string_view> keys,
                const call_options& options) noexcept
        : client_(client), keys_(keys), options_(options) {}
    [[nodiscard]] get_many_awaiter operator co_await() && noexcept {
        return {client_, keys_, options_};
    }

private:
    client_state* client_;
    std::span<const std::string_view> keys_;
    call_options options_;
};

class [[nodiscard]] get_many_into_op {
public:
    get_many_into_op(client_state* client, std::span<const std::string_view> keys, many_reply& into,
                     const call_options& options) noexcept
        : client_(client), keys_(keys), into_(&into), options_(options) {}
    [[nodiscard]] get_many_into_awaiter operator co_await() && noexcept {
        return {client_, keys_, *into_, options_};
    }

private:
    client_state* client_;
    std::span<const std::string_view> keys_;
    many_reply* into_;
    call_options options_;
};

static_assert(std::is_trivially_destructible_v<get_op> &&
              std::is_trivially_destructible_v<store_op> &&
              std::is_trivially_destructible_v<get_many_op>);
static_assert(!std::is_aggregate_v<get_awaiter> && !std::is_aggregate_v<get_many_awaiter>);
static_assert(sizeof(op_node) <= 72 && sizeof(get_awaiter) <= 224 && sizeof(get_many_awaiter) <= 64,
              "g++ 12 gives every co_await of a function its own awaiter: keep them small");

}  // namespace kmc::detail
