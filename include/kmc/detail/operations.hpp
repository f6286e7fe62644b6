// What the single calls of kmc::client return: descriptors, and the awaiters they turn into.
//
// A descriptor (get_op ...) holds views and numbers, can be moved, and does nothing. `co_await` on
// an rvalue of it makes the awaiter in the caller's frame: an immovable node that connections and
// timers point to. Its destructor takes it out of wherever it is, so that a suspended frame may be
// destroyed at any moment on its reactor's thread.
//
// On a thread without a reactor the awaiter sends a copy of itself, with its own key and value, to
// a reactor and waits for it (src/client/remote_call.hpp).
//
// Awaiters ask nothing of the promise and resume from the ready queue only.

#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>

#include <kmc/cancel.hpp>
#include <kmc/detail/call_spec.hpp>
#include <kmc/detail/op_node.hpp>
#include <kmc/detail/timer.hpp>
#include <kmc/options.hpp>
#include <kmc/result.hpp>
#include <kmc/stats.hpp>
#include <kmc/value.hpp>

namespace kmc {

/// What became of a store that compares first.
enum class store_outcome : std::uint8_t {
    stored,
    exists,     ///< Somebody else changed the item since the token was taken.
    not_found,  ///< The item is gone.
};

/// What became of a removal that compares first.
enum class del_outcome : std::uint8_t {
    deleted,
    exists,     ///< Somebody else changed the item since the token was taken.
    not_found,  ///< There was none.
};

/// What get_into found.
struct filled {
    std::size_t size_bytes = 0;  ///< Of the value, also when it did not fit.
    std::uint32_t flags = 0;
    cas_token token{};
    bool fits = false;  ///< False: the value is larger than the span, which was left alone.
};

namespace detail {

class client_view;
class remote_call_base;
class stop_link;
template <class Answer>
class remote_call;
struct call_kind;

/// What every single call shares: one request, one deadline, one place to resume. Timer and cancel
/// hook are bases so that they lead back to the call without a pointer.
class call : protected op_node, private timer, private cancel_hook {
public:
    call(const call&) = delete;
    call& operator=(const call&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    /// False when the call ended at once, because there was no memory to send it elsewhere.
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> waiting) noexcept;

    /// The coroutine waits for several calls: the one that brings `left` to zero resumes it.
    void join(std::atomic<unsigned>& left) noexcept { left_ = &left; }

    /// Which server was asked, once that is known.
    [[nodiscard]] std::uint16_t server_index() const noexcept { return server; }

protected:
    call(const caller& who, const call_spec& spec, const call_kind& kind) noexcept;
    ~call();

    /// What the hooks of the derived class turn `on_complete` and `on_reroute` into.
    static void complete(op_node& node) noexcept;
    [[nodiscard]] static bool reroute(op_node& node) noexcept;

    request request_;
    std::span<std::byte> into_;           ///< Of get_into.
    remote_call_base* remote_ = nullptr;  ///< Where the call runs, if not here.

private:
    template <class Answer>
    friend class remote_call;
    friend class remote_call_base;

    // Starts on the reactor of `view`. The call ends through its ready node, never in here.
    void begin(client_view& view) noexcept;
    static void resume(ready_node& node) noexcept;
    [[nodiscard]] std::optional<errc> prepare() noexcept;
    [[nodiscard]] call_spec spec() const noexcept;
    void refuse(errc why) noexcept;
    void give_up(errc why) noexcept;
    void settle() noexcept;

    counter_step step_;
    std::string_view group_;
    duration deadline_;
    const std::stop_token* stop_;
    cancel_scope* scope_;
    caller who_;
    client_view* view_ = nullptr;
    stop_link* stop_link_ = nullptr;
    char* wire_key_ = nullptr;  // the key behind the client's prefix, if it has one
    std::atomic<unsigned>* left_ = nullptr;
    std::coroutine_handle<> waiting_;
    bool needs_token_;
    bool is_large_;
    bool is_aimed_;            // at a server, not at a key
    bool is_running_ = false;  // between begin() and settle()
};

/// A call that ends with an Answer. How a reply becomes one is in src/client/answers.cpp.
template <class Answer>
class awaiter final : public call {
public:
    awaiter(const caller& who, const call_spec& spec) noexcept : call(who, spec, kind_) {}
    /// Throws std::bad_alloc, on a thread without a reactor, for a text.
    [[nodiscard]] result<Answer> await_resume() {
        if (remote_ != nullptr) fetch();
        return std::move(result_);
    }

private:
    friend class remote_call<Answer>;

    void fetch();
    void read(reply& r) noexcept;

    static const call_kind kind_;
    result<Answer> result_{error{}};
};

extern template class awaiter<std::optional<value>>;
extern template class awaiter<std::optional<filled>>;
extern template class awaiter<cas_token>;
extern template class awaiter<std::optional<cas_token>>;
extern template class awaiter<store_outcome>;
extern template class awaiter<del_outcome>;
extern template class awaiter<bool>;
extern template class awaiter<std::optional<std::uint64_t>>;
extern template class awaiter<std::string>;
extern template class awaiter<statistics>;
extern template class awaiter<void>;

template <class Answer>
class [[nodiscard]] op {
public:
    using answer_type = Answer;

    op(const caller& who, const call_spec& spec) noexcept : who_(who), spec_(spec) {}
    [[nodiscard]] awaiter<Answer> operator co_await() && noexcept { return {who_, spec_}; }

private:
    caller who_;
    call_spec spec_;
};

using get_op = op<std::optional<value>>;            ///< get, gat
using get_into_op = op<std::optional<filled>>;      ///< get_into
using store_op = op<cas_token>;                     ///< set
using try_store_op = op<std::optional<cas_token>>;  ///< add, replace, append, prepend
using cas_op = op<store_outcome>;                   ///< cas
using del_if_op = op<del_outcome>;                  ///< del with a token

using yes_no_op = op<bool>;                           ///< del, touch, exists
using counter_op = op<std::optional<std::uint64_t>>;  ///< incr, decr
using text_op = op<std::string>;                      ///< version
using stats_op = op<statistics>;                      ///< stats
using done_op = op<void>;                             ///< flush, ping

static_assert(std::is_trivially_destructible_v<get_op> && !std::is_aggregate_v<get_op>);
static_assert(sizeof(op_node) <= 88 && sizeof(awaiter<std::optional<value>>) <= 384,
              "g++ 12 gives every co_await of a function its own awaiter: keep them small");

}  // namespace detail
}  // namespace kmc
