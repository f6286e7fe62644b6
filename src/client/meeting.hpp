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
class reactor_address;

class meeting : public letter {
public:
    meeting(const meeting&) = delete;
    meeting& operator=(const meeting&) = delete;
    virtual ~meeting();

    // Hands it to a reactor. The waiting coroutine may resume before this returns.
    // @param left  null, or what counts the calls that the coroutine waits for.
    static void send(meeting& self, std::coroutine_handle<> waiting,
                     std::atomic<unsigned>* left) noexcept;

    // The waiter goes: frees it, or leaves that to the reactor. Work that has begun runs to its
    // end.
    static void leave(meeting* self) noexcept;

protected:
    explicit meeting(const caller& who);

    // On the reactor, whose view is null if there was no memory for it. Later, or in here, the
    // work ends with a call of end(), after which nothing may touch it.
    virtual void begin(client_view* view) noexcept = 0;
    static void end(meeting& self) noexcept;

private:
    enum class state : std::uint8_t { running, ended, left_alone };

    // A coroutine of our own that meets the waiter wherever a resumer resumes it.
    class ticket;

    static void arrive(letter& l) noexcept;
    static void meet(meeting& self) noexcept;

    // Keeps the client open until the work has reached its reactor.
    std::shared_ptr<client_state> client_;
    std::coroutine_handle<> waiting_;
    // Where the waiter lives, so that the two meet on its own thread: the reactor of another
    // runtime, or what its resumer drives. Neither: they meet on the reactor that did the work.
    std::shared_ptr<reactor_address> return_to_;
    resumer* home_ = nullptr;
    std::coroutine_handle<> ticket_;
    std::atomic<unsigned>* left_ = nullptr;
    std::atomic<state> state_{state::running};
};

}  // namespace kmc::detail
