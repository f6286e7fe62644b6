// The meeting of two threads over work that was awaited on a thread without a reactor: the way to
// a reactor, and the way back to whoever waits.
//
// The waiter and the reactor share it. Whoever comes second to the meeting frees it: the reactor
// when the waiter left before the end, the waiter otherwise.

#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <memory>

#include <kmc/detail/call_spec.hpp>
#include <kmc/resumer.hpp>

#include "loop/mailbox.hpp"

namespace kmc::detail {

class client_state;
class client_view;
class reactor;

class meeting : public letter {
public:
    meeting(const meeting&) = delete;
    meeting& operator=(const meeting&) = delete;
    virtual ~meeting() = default;

    // Hands it to a reactor. The waiting coroutine may resume before this returns.
    // @param left  null, or what counts the calls that the coroutine waits for.
    static void send(meeting& self, std::coroutine_handle<> waiting, resumer* home,
                     std::atomic<unsigned>* left) noexcept;

    // The waiter goes: frees it, or leaves that to the reactor.
    static void leave(meeting* self) noexcept;

protected:
    explicit meeting(const caller& who);

    // On the reactor, whose view is null if there was no memory for it. Later, or in here, the
    // work ends with a call of end(), after which nothing may touch it.
    virtual void begin(client_view* view) noexcept = 0;
    static void end(meeting& self) noexcept;

private:
    enum class state : std::uint8_t { running, ended, left_alone };

    static void arrive(letter& l) noexcept;
    static void meet(meeting& self) noexcept;

    // Keeps the client open until the work has reached its reactor.
    std::shared_ptr<client_state> client_;
    std::coroutine_handle<> waiting_;
    resumer* home_ = nullptr;
    // The reactor of another runtime, if the work was awaited on one.
    reactor* return_to_ = nullptr;
    std::atomic<unsigned>* left_ = nullptr;
    std::atomic<state> state_{state::running};
};

}  // namespace kmc::detail
