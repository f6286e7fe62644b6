#include "client/remote_call.hpp"

#include "client/client_state.hpp"
#include "client/client_view.hpp"
#include "loop/reactor.hpp"

namespace kmc::detail {

remote_call_base::remote_call_base(const caller& who, const call_spec& spec)
    : spec_(spec), client_(who.client->shared_from_this()) {
    const bool has_value = !is_counter(spec.what.what) && !spec.what.is_shared;
    if (spec.what.is_shared) lent_ = shared_bytes::of(*spec.what.block);
    const std::string_view value = has_value ? spec.what.value_view() : std::string_view();
    bytes_.reserve(spec.what.key_size + value.size() + spec.options.group.size());
    bytes_.append(spec.what.key_view()).append(value).append(spec.options.group);
    spec_.what.key = bytes_.data();
    if (has_value) spec_.what.value = bytes_.data() + spec.what.key_size;
    spec_.options.group = {bytes_.data() + spec.what.key_size + value.size(),
                           spec.options.group.size()};
    if (spec.options.stop != nullptr) {
        stop_ = *spec.options.stop;
        spec_.options.stop = &stop_;
    }
    if (!spec.into.empty()) {
        landing_ = std::make_unique_for_overwrite<std::byte[]>(spec.into.size());
        spec_.into = {landing_.get(), spec.into.size()};
    }
}

void remote_call_base::send(remote_call_base& self, std::coroutine_handle<> waiting, resumer* home,
                            std::atomic<unsigned>* left) noexcept {
    self.waiting_ = waiting;
    self.home_ = home;
    self.left_ = left;
    self.return_to_ = reactor::current();
    self.open = &remote_call_base::arrive;
    self.inner_call().run = &remote_call_base::end;
    self.inner_call().remote_ = &self;
    self.client_->home_reactor().post(self);
}

void remote_call_base::arrive(letter& l) noexcept {
    auto& self = static_cast<remote_call_base&>(l);
    call& inner = self.inner_call();
    // From here on the reactor's view stands for the client; the last handle may go.
    const std::shared_ptr<client_state> client = std::move(self.client_);
    client_view* view = nullptr;
    try {
        view = client->view();
    } catch (const std::bad_alloc&) {
        inner.fail(0, {.code = errc::overloaded});
        return end(inner);
    }
    inner.begin(*view);
}

void remote_call_base::end(ready_node& node) noexcept {
    remote_call_base& self = *static_cast<call&>(node).remote_;
    if (self.return_to_ == nullptr) return meet(self);
    // Back to where the waiter lives, so that the two meet on its own thread.
    self.open = [](letter& l) noexcept { meet(static_cast<remote_call_base&>(l)); };
    self.return_to_->post(self);
}

void remote_call_base::meet(remote_call_base& self) noexcept {
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

void remote_call_base::leave(remote_call_base* self) noexcept {
    if (self->state_.exchange(state::left_alone, std::memory_order_acq_rel) == state::ended) {
        delete self;
    }
}

}  // namespace kmc::detail
