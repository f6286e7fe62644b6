// Single calls: from the awaiter to the view and back.

#include <new>
#include <utility>

#include <kmc/detail/block_pool.hpp>
#include <kmc/detail/operations.hpp>

#include "base/bytes.hpp"
#include "client/answers.hpp"
#include "client/client_state.hpp"
#include "client/client_view.hpp"
#include "client/remote_call.hpp"
#include "client/stop_link.hpp"
#include "io/clocks.hpp"

namespace kmc::detail {

call::call(const caller& who, const call_spec& spec, const call_kind& kind) noexcept
    : request_(spec.what),
      into_(spec.into),
      step_(spec.step),
      group_(spec.options.group),
      deadline_(spec.options.deadline),
      stop_(spec.options.stop),
      scope_(spec.options.scope),
      who_(who),
      needs_token_(spec.needs_token),
      is_large_(spec.options.large),
      is_aimed_(spec.server != error::no_server) {
    hooks = &kind;
    run = &call::resume;
    requests = &request_;
    count = open = 1;
    server = static_cast<std::uint16_t>(spec.server);
    if (is_counter(request_.what)) request_.step = &step_;
    if (spec.has_ttl) request_.expiry = spec.ttl.wire(wall_clock_seconds());
    timer::on_fire = [](timer& t) noexcept { static_cast<call&>(t).give_up(errc::timed_out); };
    cancel_hook::cancel = [](cancel_hook& c) noexcept {
        static_cast<call&>(c).give_up(errc::cancelled);
    };
}

call::~call() {
    if (remote_ != nullptr && run == &call::resume) remote_call_base::leave(remote_);
    if (is_running_) settle();
    if (wire_key_ != nullptr) return_block(wire_key_, request_.key_size);
}

bool call::await_suspend(std::coroutine_handle<> waiting) noexcept {
    waiting_ = waiting;
    try {
        if (client_view* const view = who_.client->view()) {
            begin(*view);
            return true;
        }
        if (scope_ != nullptr) {
            fail(0, {.code = errc::wrong_thread});
            return false;
        }
        remote_ = static_cast<const call_kind*>(hooks)->copy(who_, spec()).release();
    } catch (const std::bad_alloc&) {
        fail(0, {.code = errc::overloaded});
        return false;
    }
    remote_call_base::send(*remote_, waiting, left_);
    return true;
}

call_spec call::spec() const noexcept {
    call_spec s;
    s.what = request_;
    s.step = step_;
    s.into = into_;
    s.needs_token = needs_token_;
    s.server = server;
    s.options.deadline = deadline_;
    s.options.stop = stop_;
    s.options.group = group_;
    s.options.large = is_large_;
    return s;
}

void call::begin(client_view& view) noexcept {
    view_ = &view;
    is_running_ = true;
    view.loop().waiting().begin(1);
    if (deadline_ < duration::zero()) return refuse(errc::timed_out);
    view.refresh();
    if (const auto objection = prepare()) return refuse(*objection);
    view.loop().timers().add(*this, view.deadline_of(deadline_, view.options().call_timeout));
    view.submit(*this);
}

// Everything that can be wrong before anything is sent, and where the request goes.
std::optional<errc> call::prepare() noexcept {
    if (stop_ != nullptr && stop_->stop_requested()) return errc::cancelled;
    if (scope_ != nullptr) {
        if (scope_->is_cancelled()) return errc::cancelled;
        scope_->enter(*this);
    }
    if (stop_ != nullptr && stop_->stop_possible()) {
        try {
            stop_link_ = stop_link::make(*stop_, view_->loop(), this, [](void* self) noexcept {
                static_cast<call*>(self)->give_up(errc::cancelled);
            });
        } catch (const std::bad_alloc&) {
            return errc::overloaded;
        }
    }
    const auto objection = is_aimed_ ? view_->aim(*this, request_)
                                     : view_->route(*this, request_, wire_key_, group_, is_large_);
    if (!objection && needs_token_ && request_.cas == 0) {
        // What a stand-in gave has no token: it is the own server that is missed.
        return has_stand_ins ? errc::server_dead : errc::no_cas;
    }
    return objection;
}

void call::refuse(errc why) noexcept {
    fail(0, {.code = why, .at = stage::not_sent});
    open = 0;
    complete(*this);
}

// A deadline or a cancel: the answer, if one comes, will be skipped.
void call::give_up(errc why) noexcept {
    if (!is_running_) return;
    const stage at = stage_of(0);
    if (why == errc::timed_out) {
        client_view::note_timeout(*this,
                                  client_view::time_for(deadline_, view_->options().call_timeout));
    }
    settle();
    fail(0, {.code = why, .at = at});
    view_->loop().make_ready(*this);
}

void call::complete(op_node& node) noexcept {
    call& self = static_cast<call&>(node);
    self.settle();
    self.view_->loop().make_ready(self);
}

// The server of the key is out, and nothing was sent: perhaps another one stands in.
bool call::reroute(op_node& node) noexcept {
    call& self = static_cast<call&>(node);
    if (self.is_aimed_) return false;
    const std::uint16_t before = self.server;
    const bool was_stand_in = std::exchange(self.has_stand_ins, false);
    self.view_->withdraw(self);
    const auto objection = self.view_->choose(self, self.request_, self.group_, self.is_large_);
    // What was cut to a stand-in's life is not for the key's own server, which may be back.
    const bool is_cut_for_another = was_stand_in && !self.has_stand_ins;
    if (objection || self.server == before || is_cut_for_another) {
        self.server = before;
        return false;
    }
    self.view_->submit(self);
    return true;
}

// Takes the call out of everything that knows it.
void call::settle() noexcept {
    is_running_ = false;
    view_->loop().waiting().end(1);
    view_->withdraw(*this);
    timer::unlink();
    cancel_hook::unlink();
    if (stop_link_ != nullptr) std::exchange(stop_link_, nullptr)->detach();
}

void call::resume(ready_node& node) noexcept {
    call& self = static_cast<call&>(node);
    if (self.left_ != nullptr && self.left_->fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    self.waiting_.resume();
}

}  // namespace kmc::detail
