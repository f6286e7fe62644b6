#include "client/meeting.hpp"

#include <new>
#include <utility>

#include "client/client_state.hpp"
#include "client/client_view.hpp"
#include "loop/reactor.hpp"

namespace kmc::detail {

meeting::meeting(const caller& who) : client_(who.client->shared_from_this()) {}

void meeting::send(meeting& self, std::coroutine_handle<> waiting, resumer* home,
                   std::atomic<unsigned>* left) noexcept {
    self.waiting_ = waiting;
    self.home_ = home;
    self.left_ = left;
    self.return_to_ = reactor::current();
    self.open = &meeting::arrive;
    self.client_->home_reactor().post(self);
}

void meeting::arrive(letter& l) noexcept {
    auto& self = static_cast<meeting&>(l);
    // From here on the reactor's view stands for the client; the last handle may go.
    const std::shared_ptr<client_state> client = std::move(self.client_);
    client_view* view = nullptr;
    try {
        view = client->view();
    } catch (const std::bad_alloc&) {
        view = nullptr;
    }
    self.begin(view);
}

void meeting::end(meeting& self) noexcept {
    if (self.return_to_ == nullptr) return meet(self);
    // Back to where the waiter lives, so that the two meet on its own thread.
    self.open = [](letter& l) noexcept { meet(static_cast<meeting&>(l)); };
    self.return_to_->post(self);
}

void meeting::meet(meeting& self) noexcept {
    const std::coroutine_handle<> waiting = self.waiting_;
    resumer* const home = self.return_to_ == nullptr ? self.home_ : nullptr;
    std::atomic<unsigned>* const left = self.left_;
    if (self.state_.exchange(state::ended, std::memory_order_acq_rel) == state::left_alone) {
        delete &self;
        return;
    }
    if (left != nullptr && left->fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (home != nullptr) return home->post(waiting);
    waiting.resume();
}

void meeting::leave(meeting* self) noexcept {
    if (self->state_.exchange(state::left_alone, std::memory_order_acq_rel) == state::ended) {
        delete self;
    }
}

}  // namespace kmc::detail
