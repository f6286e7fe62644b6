#include "net/connection.hpp"

#include <algorithm>
#include <exception>
#include <new>

#include "base/assert.hpp"

namespace kmc::detail {
namespace {

constexpr std::size_t rx_bytes = 64 * 1024;
// A frame that is not landed (16 KiB and its head) must always fit behind a moved-up rest.
constexpr std::size_t rx_room_min = 20 * 1024;
// So much is encoded at once, unless a single request is larger; and a send carries at most so
// much, so that the end of each shows that a large value is moving.
constexpr std::size_t tx_bytes = 256 * 1024;

pipeline_limits limits_of(const client_options& options) {
    return {.max_slots = options.max_inflight, .value_bytes_max = options.item_size_max};
}

}  // namespace

connection::connection(reactor& r, const server& where, const client_options& options)
    : io_object(r),
      server_(where),
      options_(options),
      backoff_(options.reconnect_min, options.reconnect_max, r.random().next()) {
    alarm_.owner = this;
    alarm_.on_fire = &connection::on_alarm;
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
            feed_event(link_event::demand);
            break;
        case link_phase::resting:
            end_pending(why_lost_);
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
}

// Ends what was never sent; what was sent has ended before.
void connection::end_pending(errc why) noexcept {
    const errc code = why == errc::connection_lost ? errc::connect_failed : why;
    while (!pending_.empty()) {
        end_unsent(pending_.pop_front(), code);
    }
}

void connection::end_unsent(op_node& node, errc why) noexcept {
    KMC_ASSERT(node.open == node.count - node.encoded);
    for (std::uint32_t i = node.encoded; i < node.count; ++i) {
        node.fail(i, {.code = why, .at = stage::not_sent, .server = node.server});
    }
    node.open = 0;
    node.where = nullptr;
    node.hooks->on_complete(node);
}

// What was sent of a run may still be carried out, later than anything a new connection brings: the
// rest of it may not overtake it there. Reads have no order to lose and go on.
void connection::end_torn_runs() noexcept {
    for (op_node* node = pending_.empty() ? nullptr : &pending_.front(); node != nullptr;) {
        op_node* const next = pending_.next_of(*node);
        if (node->encoded != 0 && !gives_item(node->requests[0].what)) {
            node->unlink();
            end_unsent(*node, errc::connection_lost);
        }
        node = next;
    }
}

// ---- the life cycle -------------------------------------------------------------------------

void connection::feed_event(link_event event) noexcept {
    act(fsm_.step(event, reactor_.now()));
}

void connection::act(link_action action) noexcept {
    switch (action) {
        case link_action::none:
            break;
        case link_action::resolve:
            start_resolving();
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
            if (!pending_.empty()) reactor_.mark_dirty(*this);
            break;
        case link_action::close:
            close();
            break;
        case link_action::rest:
            end_pending(why_lost_);
            reactor_.timers().add(alarm_, reactor_.now() + backoff_.next());
            break;
        case link_action::revive:
            if (fsm_.proven()) backoff_.reset();
            if (!pending_.empty()) feed_event(link_event::demand);
            break;
        case link_action::retire:
            alarm_.unlink();
            end_pending(errc::client_closed);
            break;
    }
}

void connection::lose(errc why) noexcept {
    why_lost_ = why;
    feed_event(link_event::lost);
}

void connection::retire() noexcept {
    why_lost_ = errc::client_closed;
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
        case link_phase::greeting:
            self.lose(errc::connect_failed);
            break;
        case link_phase::resting:
            self.feed_event(link_event::rested);
            break;
        case link_phase::ready:
            if (self.pipeline_->empty()) break;
            if (self.reactor_.now() - self.heard_ >= self.options_.stall_timeout) {
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

void connection::start_resolving() noexcept {
    generation_ = reactor_.next_generation();
    why_lost_ = errc::connect_failed;
    give_up_dialling_ = reactor_.engine().read_clock() + options_.connect_timeout;
    reactor_.timers().add(alarm_, give_up_dialling_);
    try {
        reactor_.engine().resolve(token(op_kind::resolve), server_.host, server_.port);
    } catch (const std::exception&) {
        feed_event(link_event::refused);
    }
}

void connection::on_resolved(op_token token, std::int32_t error,
                             std::span<const address> addresses) noexcept {
    // A look-up that outlived its attempt answers nobody.
    if (token.generation() != generation_ || fsm_.phase() != link_phase::resolving) return;
    try {
        addresses_.assign(addresses.begin(), addresses.end());
    } catch (const std::bad_alloc&) {
        error = -1;
    }
    next_address_ = 0;
    feed_event(error == 0 && !addresses_.empty() ? link_event::resolved : link_event::refused);
}

// Tries the addresses in order, within the one deadline of the attempt: each gets an even share of
// the time that is left, so that one which swallows connects does not hide those behind it.
void connection::dial_next_address() noexcept {
    while (next_address_ < addresses_.size()) {
        const auto left = static_cast<duration::rep>(addresses_.size() - next_address_);
        const address& to = addresses_[next_address_++];
        fd_ = reactor_.engine().open_socket(to);
        if (fd_ < 0) continue;
        try {
            reactor_.engine().connect(token(op_kind::connect), fd_, to);
        } catch (const std::exception&) {
            reactor_.engine().close_socket(fd_);
            continue;
        }
        connecting_ = true;
        const time_point now = reactor_.now();
        reactor_.timers().add(alarm_, now + (give_up_dialling_ - now) / left);
        return;
    }
    fd_ = -1;
    feed_event(link_event::refused);
}

void connection::on_connected(std::int32_t result) noexcept {
    connecting_ = false;
    if (fsm_.phase() == link_phase::closing) return settle_if_released();
    if (result == 0) {
        reactor_.timers().add(alarm_, give_up_dialling_);
        return feed_event(link_event::connected);
    }
    reactor_.engine().close_socket(fd_);
    fd_ = -1;
    dial_next_address();
}

// The first request of a connection: a NOOP, which every binary server answers at once and a text
// server answers with a line of text (its opcode is a newline).
void connection::greet() {
    pipeline_.emplace(binary_codec(), limits_of(options_),
                      static_cast<std::uint32_t>(reactor_.random().next()));
    tx_.clear();
    if (rx_.capacity() < rx_bytes) rx_.reset(rx_bytes);
    rx_.clear();
    greeting_.count = greeting_.open = 1;
    greeting_.encoded = 0;
    greeting_.answered = false;
    pipeline_->encode(greeting_, tx_, tx_bytes);
    send_pending_bytes();
    arm_receive();
}

const op_hooks connection::greeting_hooks = {
    .on_reply =
        [](op_node& node, std::uint32_t, reply& r) noexcept {
            static_cast<greeting&>(node).answered = r.status == status::ok;
        },
    .on_error = [](op_node&, std::uint32_t, error) noexcept {},
    .on_complete = [](op_node&) noexcept {},
};

// The one way out of every phase with a socket: what was sent ends now, what was not waits for the
// verdict of settle(), the socket goes when the kernel holds nothing any more.
void connection::close() noexcept {
    alarm_.unlink();
    unlink();  // from the dirty list
    if (pipeline_) pipeline_->drain(why_lost_);
    end_torn_runs();
    if (fd_ >= 0 && outstanding() != 0) reactor_.engine().kick(fd_);
    settle_if_released();
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

// ---- bytes ----------------------------------------------------------------------------------

void connection::on_completion(op_token token, std::int32_t result) noexcept {
    KMC_ASSERT(token.generation() == generation_);
    switch (token.kind()) {
        case op_kind::connect:
            return on_connected(result);
        case op_kind::send:
            return on_sent(result);
        case op_kind::recv:
            return on_received(result);
        case op_kind::resolve:
            break;
    }
}

void connection::on_flush() noexcept {
    if (fsm_.phase() != link_phase::ready || sending_) return;
    try {
        encode_pending();
        if (!tx_.empty()) send_pending_bytes();
    } catch (const std::exception&) {
        // Part of a run may be half encoded: nothing of it may reach the server.
        lose(errc::overloaded);
    }
}

void connection::encode_pending() {
    const bool was_empty = pipeline_->empty();
    const time_point now = reactor_.engine().read_clock();
    while (!pending_.empty() && tx_.size() < tx_bytes) {
        op_node& node = pending_.front();
        const std::uint32_t sent = pipeline_->encode(node, tx_, tx_bytes - tx_.size());
        if (sent != 0 && node.encoded == sent) node.first_out = now;
        if (node.encoded == node.count) node.unlink();
        if (sent == 0) break;  // no slots: replies will bring us back here
    }
    if (was_empty && !pipeline_->empty()) {
        heard_ = now;
        watch_for_stall();
    }
}

void connection::watch_for_stall() noexcept {
    reactor_.timers().add(alarm_, heard_ + options_.stall_timeout);
}

void connection::send_pending_bytes() {
    const auto bytes = tx_.pending();
    reactor_.engine().send(token(op_kind::send), fd_,
                           bytes.first(std::min(bytes.size(), tx_bytes)));
    sending_ = true;
}

void connection::on_sent(std::int32_t result) noexcept {
    sending_ = false;
    if (fsm_.phase() == link_phase::closing) return settle_if_released();
    if (result <= 0) return lose(errc::connection_lost);
    tx_.consume(static_cast<std::size_t>(result));
    heard_ = reactor_.now();  // the peer takes bytes: it is not stalled
    if (!tx_.empty()) {
        try {
            send_pending_bytes();
        } catch (const std::exception&) {
            lose(errc::overloaded);
        }
        return;
    }
    if (tx_.capacity() > 2 * tx_bytes) tx_.reset(0);  // one huge value does not cost us for ever
    if (!pending_.empty()) reactor_.mark_dirty(*this);
}

// A receive is armed whenever the connection is up, busy or idle, whatever the send side does: the
// peer may block on us, so we never block on the peer.
void connection::arm_receive() {
    const std::span<std::byte> landing = pipeline_->landing();
    receiving_into_landing_ = !landing.empty();
    if (!receiving_into_landing_ && rx_.room().size() < rx_room_min) rx_.reserve(rx_room_min);
    reactor_.engine().recv(token(op_kind::recv), fd_,
                           receiving_into_landing_ ? landing : rx_.room());
    receiving_ = true;
}

void connection::on_received(std::int32_t result) noexcept {
    receiving_ = false;
    if (fsm_.phase() == link_phase::closing) return settle_if_released();
    if (result <= 0) return lose(errc::connection_lost);
    heard_ = reactor_.now();
    if (receiving_into_landing_) {
        pipeline_->landed(static_cast<std::size_t>(result));
    } else {
        rx_.commit(static_cast<std::size_t>(result));
    }
    if (!digest()) return;
    try {
        arm_receive();
    } catch (const std::exception&) {
        return lose(errc::overloaded);
    }
    if (fsm_.phase() == link_phase::greeting && greeting_.answered) {
        feed_event(link_event::greeted);
    }
    if (fsm_.phase() == link_phase::ready && is_worth_flushing()) reactor_.mark_dirty(*this);
}

// What waits behind a full window is sent when a quarter of it is free: replies come some twenty at
// a time, and following each of them up with as many requests makes a send out of every burst.
bool connection::is_worth_flushing() const noexcept {
    if (pending_.empty()) return false;
    const std::uint32_t window = pipeline_->in_flight() + pipeline_->room();
    return 4 * pipeline_->room() >= window;
}

// False when the connection was lost over what came in.
bool connection::digest() noexcept {
    pipeline::fed fed;
    try {
        fed = pipeline_->feed(rx_.pending());
    } catch (const std::bad_alloc&) {
        fed = {.broken = true, .why = errc::overloaded};
    }
    rx_.consume(fed.consumed);
    if (!fed.broken) return true;
    lose(fed.why);
    return false;
}

}  // namespace kmc::detail
