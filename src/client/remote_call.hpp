// A call that was awaited on a thread without a reactor: a copy with bytes of its own, which runs
// on a reactor, and the meeting of the two threads at its end.
//
// The caller's awaiter and the reactor share it. Whoever comes second to the meeting frees it: the
// reactor when the awaiter left before the end, the awaiter otherwise.

#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <kmc/detail/operations.hpp>
#include <kmc/resumer.hpp>

#include "loop/mailbox.hpp"

namespace kmc::detail {

class client_state;
class reactor;

class remote_call_base : public letter {
public:
    remote_call_base(const remote_call_base&) = delete;
    remote_call_base& operator=(const remote_call_base&) = delete;
    virtual ~remote_call_base() = default;

    // Hands it to a reactor. The waiting coroutine may resume before this returns.
    static void send(remote_call_base& self, std::coroutine_handle<> waiting, resumer* home,
                     std::atomic<unsigned>* left) noexcept;

    // The awaiter goes: frees the copy, or leaves that to the reactor.
    static void leave(remote_call_base* self) noexcept;

protected:
    remote_call_base(const caller& who, const call_spec& spec);

    // The bytes that `own_spec` views.
    [[nodiscard]] const call_spec& own_spec() const noexcept { return spec_; }
    [[nodiscard]] virtual call& inner_call() noexcept = 0;

private:
    enum class state : std::uint8_t { running, ended, left_alone };

    static void arrive(letter& l) noexcept;
    static void end(ready_node& node) noexcept;
    static void meet(remote_call_base& self) noexcept;

    call_spec spec_;
    std::string bytes_;
    shared_bytes lent_;
    std::unique_ptr<std::byte[]> landing_;
    std::stop_token stop_;
    // Keeps the client open until the call has reached its reactor.
    std::shared_ptr<client_state> client_;
    std::coroutine_handle<> waiting_;
    resumer* home_ = nullptr;
    // The reactor of another runtime, if the call was awaited on one.
    reactor* return_to_ = nullptr;
    std::atomic<unsigned>* left_ = nullptr;
    std::atomic<state> state_{state::running};
};

template <class Answer>
class remote_call final : public remote_call_base {
public:
    remote_call(const caller& who, const call_spec& spec)
        : remote_call_base(who, spec), inner(who, own_spec()) {}

    awaiter<Answer> inner;

private:
    [[nodiscard]] call& inner_call() noexcept override { return inner; }
};

}  // namespace kmc::detail
