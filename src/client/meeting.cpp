#include "client/meeting.hpp"

#include <cstddef>
#include <exception>
#include <new>
#include <utility>

#include <kmc/detail/block_pool.hpp>

#include "client/client_state.hpp"
#include "client/client_view.hpp"
#include "loop/reactor.hpp"

namespace kmc::detail {

class meeting::ticket {
public:
    struct promise_type {
        static void* operator new(std::size_t size) { return take_block(size); }
        static void operator delete(void* frame, std::size_t size) noexcept {
            return_block(frame, size);
        }
        ticket get_return_object() noexcept {
            return ticket(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
    };

    [[nodiscard]] static std::coroutine_handle<> to(meeting& m) { return run(m).self_; }

private:
    explicit ticket(std::coroutine_handle<> self) noexcept : self_(self) {}
    static ticket run(meeting& m) {
        meet(m);
        co_return;
    }

    std::coroutine_handle<> self_;
};

meeting::meeting(const caller& who) : client_(who.client->shared_from_this()) {
    if (const reactor* const here = reactor::current()) {
        return_to_ = here->mail_address();
    } else if (who.home != nullptr) {
        home_ = who.home;
        ticket_ = ticket::to(*this);
    }
}

meeting::~meeting() {
    if (ticket_) ticket_.destroy();
}

void meeting::send(meeting& self, std::coroutine_handle<> waiting,
                   std::atomic<unsigned>* left) noexcept {
    self.waiting_ = waiting;
    self.left_ = left;
    self.open = &meeting::arrive;
    self.client_->home_reactor().post(self);
}

void meeting::arrive(letter& l) noexcept {
    auto& self = static_cast<meeting&>(l);
    // From here on the reactor's view stands for the client; the last handle may go.
    const std::shared_ptr<client_state> client = std::move(self.client_);
    if (self.state_.load(std::memory_order_acquire) == state::left_alone) {
        delete &self;  // nobody waits any more, and nothing has been sent
        return;
    }
    client_view* view = nullptr;
    try {
        view = client->view();
    } catch (const std::bad_alloc&) {
        view = nullptr;
    }
    self.begin(view);
}

void meeting::end(meeting& self) noexcept {
    if (self.return_to_ != nullptr) {
        self.open = [](letter& l) noexcept { meet(static_cast<meeting&>(l)); };
        // Held by us: the letter may free the meeting before post() is over.
        const std::shared_ptr<reactor_address> back = self.return_to_;
        // Its reactor is gone, and with it every coroutine that waited there.
        if (!back->post(self)) delete &self;
        return;
    }
    if (self.home_ != nullptr) return self.home_->post(std::exchange(self.ticket_, nullptr));
    meet(self);
}

void meeting::meet(meeting& self) noexcept {
    const std::coroutine_handle<> waiting = self.waiting_;
    std::atomic<unsigned>* const left = self.left_;
    if (self.state_.exchange(state::ended, std::memory_order_acq_rel) == state::left_alone) {
        delete &self;
        return;
    }
    if (left != nullptr && left->fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    waiting.resume();
}

void meeting::leave(meeting* self) noexcept {
    if (self->state_.exchange(state::left_alone, std::memory_order_acq_rel) == state::ended) {
        delete self;
    }
}

}  // namespace kmc::detail
