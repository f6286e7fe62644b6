#include "client/batch.hpp"

#include <new>
#include <utility>

#include "client/client_view.hpp"
#include "client/remote_batch.hpp"
#include "client/stop_link.hpp"

namespace kmc::detail {

batch::batch(const op_hooks& hooks) noexcept : hooks_(hooks) {
    ready_node::run = &batch::resume;
    timer::on_fire = [](timer& t) noexcept { static_cast<batch&>(t).give_up(errc::timed_out); };
    cancel_hook::cancel = [](cancel_hook& c) noexcept {
        static_cast<batch&>(c).give_up(errc::cancelled);
    };
}

void batch::recycle() noexcept {
    arena_.recycle();
    drafts_ = {};
    keys_ = {};
    hashes_ = {};
    servers_ = {};
    fates_ = {};
    group_ = {};
    first_ = {};
    runs_ = {};
    traces_ = {};
    open_runs_ = 0;
    has_twins_ = false;
    was_rerouted_ = false;
    elsewhere_ = nullptr;
    left_ = nullptr;
}

void batch::resumes(std::coroutine_handle<> waiting, std::atomic<unsigned>* left) noexcept {
    waiting_ = waiting;
    left_ = left;
}

void batch::resumes(remote_batch& elsewhere) noexcept {
    elsewhere_ = &elsewhere;
}

time_point batch::now() const noexcept {
    return view_->loop().now();
}

// ---- under way ------------------------------------------------------------------------------

void batch::begin(client_view& view) noexcept {
    view_ = &view;
    view.refresh();  // it may have been loaded elsewhere, with servers that are new here
    is_running_ = true;
    ++open_runs_;  // held until every run was handed over
    try {
        if (const auto why = listen()) {
            fail_all_open(*why);
        } else {
            send(place());
        }
    } catch (const std::bad_alloc&) {
        fail_all_open(errc::overloaded);
    }
    if (--open_runs_ == 0) return finish();
    say_who_is_due(servers_due());
}

void batch::send(std::span<run*> fresh) noexcept {
    open_runs_ += static_cast<std::uint32_t>(fresh.size());
    const time_point start = view_->loop().engine().read_clock();
    for (run* r : fresh) {
        r->trace->queued = start;
        view_->submit(*r);
    }
}

// The server of a run is out, and nothing was sent: its keys go to those that stand in. All of them
// do, or none.
bool batch::reroute(op_node& node) noexcept {
    run& old = static_cast<run&>(node);
    batch& self = *old.owner;
    if (self.is_withdrawing_) return false;
    std::span<run*> fresh;
    try {
        fresh = self.place_again(old);
    } catch (const std::bad_alloc&) {
        return false;
    }
    if (fresh.empty()) return false;
    self.view_->withdraw(old);
    self.was_rerouted_ = true;
    for (run* r : fresh) r->is_resent = old.is_resent;
    old.count = old.open = 0;
    old.bytes = 0;
    old.trace->keys = 0;
    self.send(fresh);
    self.run_ended();
    return true;
}

// Whoever may end the batch early.
std::optional<errc> batch::listen() {
    if (options_.deadline < duration::zero()) return errc::timed_out;
    if (options_.stop != nullptr && options_.stop->stop_requested()) return errc::cancelled;
    if (options_.scope != nullptr) {
        if (options_.scope->is_cancelled()) return errc::cancelled;
        options_.scope->enter(*this);
    }
    if (options_.stop != nullptr && options_.stop->stop_possible()) {
        stop_link_ = stop_link::make(*options_.stop, view_->loop(), this, [](void* self) noexcept {
            static_cast<batch*>(self)->give_up(errc::cancelled);
        });
    }
    view_->loop().timers().add(
        *this, view_->deadline_of(options_.deadline, view_->options().batch_timeout));
    return std::nullopt;
}

void batch::on_error(op_node& node, std::uint32_t index, error e) noexcept {
    run& mine = static_cast<run&>(node);
    e.server = node.server;
    mine.owner->fail(mine.owner->entry_of(mine, index), e);
}

void batch::on_complete(op_node& node) noexcept {
    batch& self = *static_cast<run&>(node).owner;
    self.view_->withdraw(node);
    self.run_ended();
}

void batch::run_ended() noexcept {
    if (--open_runs_ == 0) return finish();
    if (due_ != 0) say_who_is_due(servers_due());
}

// Nobody, before everything was sent and after the end.
void batch::say_who_is_due(std::uint32_t servers) noexcept {
    wait_rule& rule = view_->loop().waiting();
    const std::uint32_t before = std::exchange(due_, servers);
    if (before == 0) {
        if (servers != 0) rule.begin(servers);
    } else if (servers == 0) {
        rule.end(before);
    } else {
        rule.change(before, servers);
    }
}

// The last ones first: those that wait for their turn must not get it now. `why` null: nobody
// wants to know.
void batch::withdraw_runs(const errc* why) noexcept {
    ++open_runs_;  // a run may come to its end meanwhile; the batch does not
    is_withdrawing_ = true;
    for (std::size_t i = runs_.size(); i-- > 0;) {
        run& r = *runs_[i];
        if (r.open == 0) continue;
        if (why != nullptr && *why == errc::timed_out) {
            client_view::note_timeout(
                r, client_view::time_for(options_.deadline, view_->options().batch_timeout));
        }
        view_->withdraw(r);
        if (why != nullptr) fail_open(r, *why);
    }
}

// Entries that were answered keep their answers; the others learn how far they had come.
void batch::give_up(errc why) noexcept {
    if (!is_running_) return;
    withdraw_runs(&why);
    finish();
}

void batch::leave() noexcept {
    if (!is_running_) return;  // a batch that ended may outlive the view
    withdraw_runs(nullptr);
    detach();
}

void batch::detach() noexcept {
    is_running_ = false;
    say_who_is_due(0);
    is_withdrawing_ = false;
    open_runs_ = 0;
    timer::unlink();
    cancel_hook::unlink();
    if (stop_link_ != nullptr) std::exchange(stop_link_, nullptr)->detach();
}

void batch::finish() noexcept {
    detach();
    for (run* r : runs_) {
        r->trace->first_out = r->first_out;
        r->trace->bytes_out = r->encoded == r->count ? r->bytes : 0;
        if (r->encoded == r->count) continue;
        for (std::uint32_t i = 0; i < r->encoded; ++i) {
            r->trace->bytes_out +=
                std::uint64_t{r->requests[i].key_size} + r->requests[i].value_size;
        }
    }
    if (has_twins_) copy_to_twins();
    view_->loop().make_ready(*this);
}

void batch::refuse_all(errc why) noexcept {
    fail_all_open(why);
}

void batch::resume(ready_node& node) noexcept {
    batch& self = static_cast<batch&>(node);
    if (self.elsewhere_ != nullptr) return remote_batch::inner_ended(*self.elsewhere_);
    if (self.left_ != nullptr && self.left_->fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    self.waiting_.resume();
}

}  // namespace kmc::detail
