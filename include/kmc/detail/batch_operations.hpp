// What the batch calls of kmc::client return: descriptors, and the awaiters they turn into. A batch
// of any size is one awaiter; everything else lives in the batch's arena.
//
// On a thread without a reactor the awaiter sends the batch, with its own copies of all bytes, to a
// reactor and waits for it (src/client/meeting.hpp).

#pragma once

#include <atomic>
#include <coroutine>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include <kmc/batch.hpp>
#include <kmc/detail/call_spec.hpp>
#include <kmc/detail/request.hpp>
#include <kmc/options.hpp>
#include <kmc/write_batch.hpp>

namespace kmc::detail {

class remote_batch;

/// What one batch call needs to know, as views and numbers.
struct batch_spec {
    command what = command::get;             ///< Of every key; not for writes.
    std::span<const std::string_view> keys;  ///< Not for writes.
    const write_batch* writes = nullptr;     ///< Instead of keys.
    kmc::ack ack = kmc::ack::failures;       ///< Of writes.
    expiry ttl;                              ///< Of gat and touch.
    call_options options;
};
static_assert(std::is_trivially_destructible_v<batch_spec>);

[[nodiscard]] inline batch_spec each_of(command what, std::span<const std::string_view> keys,
                                        const call_options& options, expiry ttl = never) noexcept {
    batch_spec s;
    s.what = what;
    s.keys = keys;
    s.ttl = ttl;
    s.options = options;
    return s;
}

[[nodiscard]] inline batch_spec writing(const write_batch& writes,
                                        const write_options& o) noexcept {
    batch_spec s;
    s.writes = &writes;
    s.ack = o.ack;
    s.options = {.deadline = o.deadline, .stop = o.stop, .scope = o.scope, .group = o.group};
    return s;
}

/// What every batch call shares: the way to a reactor and back.
class batch_call {
public:
    batch_call(const batch_call&) = delete;
    batch_call& operator=(const batch_call&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return false; }

    /// The coroutine waits for several calls: the one that brings `left` to zero resumes it.
    void join(std::atomic<unsigned>& left) noexcept { left_ = &left; }

protected:
    batch_call(const caller& who, const batch_spec& spec) noexcept : who_(who), spec_(spec) {}
    ~batch_call();

    /// False when the batch ended at once. Throws std::bad_alloc.
    [[nodiscard]] bool launch(std::unique_ptr<batch> mine, std::coroutine_handle<> waiting);
    /// Lack of memory is told when the coroutine goes on: other calls that it waits for may be
    /// under way already.
    [[nodiscard]] bool failed_to_launch() noexcept {
        lacks_memory_ = true;
        return false;
    }
    /// The batch that ended. Throws std::bad_alloc if it never began.
    [[nodiscard]] std::unique_ptr<batch> land();

private:
    caller who_;
    batch_spec spec_;
    std::atomic<unsigned>* left_ = nullptr;
    batch* batch_ = nullptr;          // runs here
    remote_batch* remote_ = nullptr;  // runs there
    bool lacks_memory_ = false;
};

/// A batch that fills a reply: its own, or one that is handed in again.
template <class Answer>
class batch_awaiter : public batch_call {
public:
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> waiting) noexcept;

protected:
    batch_awaiter(const caller& who, const batch_spec& spec, batch_reply<Answer>* into) noexcept
        : batch_call(who, spec), into_(into) {}

    [[nodiscard]] batch_reply<Answer> take_reply();

    batch_reply<Answer>* into_;
};

extern template class batch_awaiter<std::optional<value_view>>;
extern template class batch_awaiter<bool>;
extern template class batch_awaiter<write_answer>;

template <class Answer>
class new_batch_awaiter final : public batch_awaiter<Answer> {
public:
    new_batch_awaiter(const caller& who, const batch_spec& spec) noexcept
        : batch_awaiter<Answer>(who, spec, nullptr) {}
    /// Throws std::bad_alloc.
    [[nodiscard]] batch_reply<Answer> await_resume() { return this->take_reply(); }
};

template <class Answer>
class again_batch_awaiter final : public batch_awaiter<Answer> {
public:
    again_batch_awaiter(const caller& who, const batch_spec& spec,
                        batch_reply<Answer>& into) noexcept
        : batch_awaiter<Answer>(who, spec, &into) {}
    /// Throws std::bad_alloc.
    void await_resume() { *this->into_ = this->take_reply(); }
};

/// A batch whose reply is a new one.
template <class Answer>
class [[nodiscard]] batch_op {
public:
    batch_op(const caller& who, const batch_spec& spec) noexcept : who_(who), spec_(spec) {}
    [[nodiscard]] new_batch_awaiter<Answer> operator co_await() && noexcept {
        return {who_, spec_};
    }

private:
    caller who_;
    batch_spec spec_;
};

/// A batch that reuses a reply.
template <class Answer>
class [[nodiscard]] batch_into_op {
public:
    batch_into_op(const caller& who, const batch_spec& spec, batch_reply<Answer>& into) noexcept
        : who_(who), spec_(spec), into_(&into) {}
    [[nodiscard]] again_batch_awaiter<Answer> operator co_await() && noexcept {
        return {who_, spec_, *into_};
    }

private:
    caller who_;
    batch_spec spec_;
    batch_reply<Answer>* into_;
};

using get_many_op = batch_op<std::optional<value_view>>;            ///< get_many, gat_many
using get_many_into_op = batch_into_op<std::optional<value_view>>;  ///< the same, again
using yes_no_many_op = batch_op<bool>;                              ///< touch_many, del_many
using yes_no_many_into_op = batch_into_op<bool>;                    ///< the same, again
using write_op = batch_op<write_answer>;                            ///< write
using write_into_op = batch_into_op<write_answer>;                  ///< the same, again

static_assert(std::is_trivially_destructible_v<get_many_into_op>);
static_assert(!std::is_aggregate_v<new_batch_awaiter<bool>>);

}  // namespace kmc::detail
