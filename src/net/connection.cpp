#include "net/connection.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/assert.hpp"
#include "net/connection_sizes.hpp"

namespace kmc::detail {

connection::connection(reactor& r, const peer& where, const client_options& options)
    : io_object(r),
      peer_(where),
      options_(options),
      backoff_(options.reconnect_min, options.health.retry_timeout, r.random().next()) {
    alarm_.owner = name_alarm_.owner = this;
    alarm_.on_fire = &connection::on_alarm;
    name_alarm_.on_fire = &connection::on_name_alarm;
    greeting_.hooks = &greeting_hooks;
    greeting_.requests = &greeting_.hello;
    greeting_.hello.what = command::noop;
}

connection::~connection() {
    KMC_ASSERT(outstanding() == 0 && fd_ < 0);
    KMC_ASSERT(pending_.empty());
}

// ---- nodes come and go ----------------------------------------------------------------------

void connection::enqueue(op_node& node) noexcept {
    node.where = this;
    pending_.push_back(node);
    switch (fsm_.phase()) {
        case link_phase::ready:
            reactor_.mark_dirty(*this);
            break;
        case link_phase::idle:
            // Another reactor may have found it down.
            if (peer_.state.rest_at(reactor_.now()) > duration::zero()) {
                end_pending(errc::connect_failed);
            } else {
                feed_event(link_event::demand);
            }
            break;
        case link_phase::resting:
            if (peer_.state.returns.load(std::memory_order_relaxed) != returns_seen_) {
                feed_event(link_event::rested);  // news that came before the end of the wait
            } else {
                end_pending(why_lost_);
            }
            break;
        case link_phase::retired:
            end_pending(errc::client_closed);
            break;
        case link_phase::resolving:
        case link_phase::connecting:
        case link_phase::greeting:
        case link_phase::closing:
            break;  // whatever comes of it looks at pending_
    }
}

void connection::abandon(op_node& node) noexcept {
    KMC_ASSERT(node.where == this);
    node.unlink();
    if (node.encoded != 0 && pipeline_) pipeline_->abandon(node);
    node.where = nullptr;
    // Slots stay taken by the orphans; whoever waits behind them is woken by their replies.
    count_slots();
    if (draining_) reactor_.mark_dirty(*this);  // we may be inside of anything
}

// A server is blamed only if it had the time: a request that waited in this process for most of its
// deadline tells nothing, and neither does one that ran out while this thread was busy.
void connection::on_timeout(const op_node& node, duration given) noexcept {
    if (node.encoded == 0 || fsm_.phase() != link_phase::ready) return;
    peer_.traffic.timed_out.add(node.open - (node.count - node.encoded));
    const time_point now = reactor_.now();
    if (blamed_ == now || reactor_.is_late() || now - node.first_out < given / 2) return;
    // A large value is on its way, and the server takes it.
    if (!tx_.empty() && now - heard_ < given / 2) return;
    blamed_ = now;
    peer_.watcher.on_failure(peer_, {.kind = failure::soft,
                                     .why = errc::timed_out,
                                     .began = node.first_out,
                                     .is_silence = true});
}

// Ends what was never sent; what was sent has ended before.
void connection::end_pending(errc why) noexcept {
    const errc code = why == errc::connection_lost ? errc::connect_failed : why;
    while (!pending_.empty()) {
        op_node& node = pending_.pop_front();
        node.where = nullptr;
        if (code == errc::connect_failed && node.encoded == 0 && peer_.watcher.reroute(node)) {
            continue;
        }
        end_unsent(node, code);
    }
}

void connection::end_unsent(op_node& node, errc why) noexcept {
    KMC_ASSERT(node.open == node.count - node.encoded);
    const errc code = node.is_resent && why == errc::connect_failed ? errc::connection_lost : why;
    for (std::uint32_t i = node.encoded; i < node.count; ++i) {
        node.fail(i, {.code = code, .at = node.stage_of(i), .server = node.server});
    }
    node.open = 0;
    node.where = nullptr;
    node.hooks->on_complete(node);
}

// What was sent of a run and is not answered may still be carried out, later than anything a new
// connection brings: the rest of it may not overtake it there. Reads have no order to lose and go
// on.
void connection::take_torn_runs(intrusive_list<op_node>& to) noexcept {
    for (op_node* node = pending_.empty() ? nullptr : &pending_.front(); node != nullptr;) {
        op_node* const next = pending_.next_of(*node);
        const std::uint32_t unsent = node->count - node->encoded;
        if (node->open != unsent && !gives_item(node->requests[0].what)) {
            node->unlink();
            to.push_back(*node);
        }
        node = next;
    }
}

// ---- the life cycle -------------------------------------------------------------------------

void connection::feed_event(link_event event) noexcept {
    act(fsm_.step(event, reactor_.now()));
    const link_phase phase = fsm_.phase();
    const bool is_moving = phase == link_phase::resolving || phase == link_phase::connecting ||
                           phase == link_phase::greeting || phase == link_phase::closing;
    if (std::exchange(is_moving_, is_moving) == is_moving) return;
    // On the way from one phase to the next, every completion is a step.
    if (is_moving) {
        reactor_.waiting().begin(1);
    } else {
        reactor_.waiting().pause(1);
    }
}

void connection::act(link_action action) noexcept {
    switch (action) {
        case link_action::none:
            break;
        case link_action::resolve:
            start_dialling();
            break;
        case link_action::connect:
            dial_next_address();
            break;
        case link_action::greet:
            try {
                greet();
            } catch (const std::exception&) {
                lose(errc::overloaded);
            }
            break;
        case link_action::open:
            alarm_.unlink();
            permit_.give_back();
            opened_ = reactor_.now();
            retry_budget_ = retries_at_start;
            is_counted_ = true;
            peer_.traffic.connections.add(1);
            peer_.watcher.on_change(peer_, event_kind::connected, errc{});
            watch_the_name();
            if (!pending_.empty()) reactor_.mark_dirty(*this);
            break;
        case link_action::close:
            close();
            break;
        case link_action::rest:
            rest();
            break;
        case link_action::revive:
            if (fsm_.proven()) backoff_.reset();
            if (!pending_.empty()) feed_event(link_event::demand);
            if (draining_) reactor_.mark_dirty(*this);
            break;
        case link_action::retire:
            alarm_.unlink();
            permit_.give_back();
            end_pending(why_lost_);
            break;
    }
}

void connection::lose(errc why) noexcept {
    why_lost_ = why;
    blame(why);
    feed_event(link_event::lost);
}

void connection::give_up_dialling(errc why) noexcept {
    why_lost_ = why;
    blame(why);
    feed_event(link_event::refused);
}

// Tells the watcher, if it was the server's fault, what kind of failure this is.
void connection::blame(errc why) noexcept {
    link_traffic& traffic = peer_.traffic;
    if (fsm_.phase() != link_phase::ready) {
        if (permit_.is_held()) traffic.connect_failures.add(1);
        if (why == errc::overloaded || reactor_.is_late()) return;
        // Somebody else's answer since then disproves it: a server may be full, and not down.
        peer_.watcher.on_failure(
            peer_, {.kind = failure::hard, .why = why, .began = dialled_, .is_silence = true});
        return;
    }
    peer_.watcher.on_change(peer_, event_kind::connection_lost, why);
    if (why == errc::overloaded) return;
    // All connections of a process that ends are one accident: it is when they were opened that
    // counts, or of a silence, when it began.
    const bool is_stalled = reactor_.now() - heard_ >= options_.stall_timeout;
    link_failure what{.kind = failure::soft,
                      .why = why,
                      .began = is_stalled ? heard_ : opened_,
                      .is_silence = is_stalled};
    if (why != errc::connection_lost) {
        traffic.protocol_errors.add(1);
        what.kind = failure::hard;
    } else if (pipeline_->empty()) {
        traffic.closed_idle.add(1);
        return;
    } else {
        traffic.connections_lost.add(1);
    }
    peer_.watcher.on_failure(peer_, what);
}

// As long as the server's health says, or until it is back; where the trouble is this connection's
// alone, longer each time.
void connection::rest() noexcept {
    permit_.give_back();
    returns_seen_ = peer_.state.returns.load(std::memory_order_relaxed);
    end_pending(why_lost_);
    if (fsm_.phase() != link_phase::resting) return;  // somebody took it out of use meanwhile
    const duration by_health = peer_.state.rest_at(reactor_.now());
    const duration pause = by_health > duration::zero() ? by_health : backoff_.next();
    reactor_.timers().add(alarm_, reactor_.now() + pause);
    if (draining_) reactor_.mark_dirty(*this);
}

void connection::retire(errc why) noexcept {
    why_lost_ = why;
    feed_event(link_event::retire);
}

void connection::on_alarm(timer& t) noexcept {
    connection& self = *static_cast<alarm&>(t).owner;
    switch (self.fsm_.phase()) {
        case link_phase::connecting:
            if (self.next_address_ < self.addresses_.size()) {
                self.reactor_.engine().kick(self.fd_);  // its end dials the next address
                break;
            }
            self.lose(errc::connect_failed);
            break;
        case link_phase::resolving:
            if (!self.permit_.is_held()) {
                self.start_dialling();
                break;
            }
            self.lose(errc::connect_failed);
            break;
        case link_phase::greeting:
            self.lose(errc::connect_failed);
            break;
        case link_phase::resting:
            self.feed_event(link_event::rested);
            break;
        case link_phase::ready:
            if (self.pipeline_->empty()) break;
            if (self.reactor_.now() - self.heard_ >= self.options_.stall_timeout) {
                self.retry_budget_ = 0;  // nothing says that asking again would help
                self.lose(errc::connection_lost);
            } else {
                self.watch_for_stall();
            }
            break;
        case link_phase::idle:
        case link_phase::closing:
        case link_phase::retired:
            break;
    }
}

// The one way out of every phase with a socket: what was sent ends now, what was not waits for the
// verdict of settle(), the socket goes when the kernel holds nothing any more.
void connection::close() noexcept {
    alarm_.unlink();
    name_alarm_.unlink();
    wants_renewal_ = false;
    if (std::exchange(is_counted_, false)) peer_.traffic.connections.take(1);
    unlink();  // from the dirty list
    if (pipeline_) {
        save_reads();
        intrusive_list<op_node> torn;
        take_torn_runs(torn);
        pipeline_->drain(why_lost_);
        count_slots();
        while (!torn.empty()) end_unsent(torn.pop_front(), errc::connection_lost);
    }
    if (fd_ >= 0 && outstanding() != 0) reactor_.engine().kick(fd_);
    settle_if_released();
}

// Reads that were on the way when the connection was lost go out once more over the next one, if
// those that went well pay for it.
void connection::save_reads() noexcept {
    if (why_lost_ != errc::connection_lost || draining_ || !greeting_.answered) return;
    const std::uint32_t before = retry_budget_;
    pipeline_->reclaim_repeatable(pending_, retry_budget_);
    peer_.traffic.retries.add(before - retry_budget_);
}

void connection::settle_if_released() noexcept {
    if (outstanding() != 0) return;
    if (fd_ >= 0) reactor_.engine().close_socket(fd_);
    fd_ = -1;
    pipeline_.reset();
    tx_.clear();
    rx_.clear();
    if (tx_.capacity() > tx_bytes) tx_.reset(0);
    feed_event(link_event::settled);
}

// ---- on the way out -------------------------------------------------------------------------

void connection::drain() noexcept {
    draining_ = true;
    reactor_.mark_dirty(*this);
}

void connection::retire_if_drained() noexcept {
    if (draining_ && is_quiet()) retire();
}

// ---- counting -------------------------------------------------------------------------------

void connection::count_slots() noexcept {
    const std::uint32_t slots = pipeline_ ? pipeline_->in_flight() : 0;
    const std::uint32_t orphans = pipeline_ ? pipeline_->orphans() : 0;
    peer_.traffic.in_flight.add(std::uint64_t{slots} - slots_counted_);
    peer_.traffic.orphans.add(std::uint64_t{orphans} - orphans_counted_);
    slots_counted_ = slots;
    orphans_counted_ = orphans;
}

}  // namespace kmc::detail
