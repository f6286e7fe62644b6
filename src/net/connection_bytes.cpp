// Bytes between the pipeline and the engine, in both directions.

#include <algorithm>
#include <exception>
#include <new>

#include "base/assert.hpp"
#include "net/connection.hpp"
#include "net/connection_sizes.hpp"

namespace kmc::detail {

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
    if (draining_ && is_quiet()) return retire();
    if (fsm_.phase() != link_phase::ready || sending_ || renew()) return;
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
        peer_.traffic.requests.add(sent);
        if (sent == 0) break;  // no slots: replies will bring us back here
    }
    count_slots();
    if (was_empty && !pipeline_->empty()) {
        heard_ = now;
        watch_for_stall();
    }
}

void connection::watch_for_stall() noexcept {
    reactor_.timers().add(alarm_, heard_ + options_.stall_timeout);
}

// The end of a send is waited for only where more is to follow it: the rest of the buffer, or what
// did not fit into it.
void connection::send_pending_bytes() {
    gathered bytes;
    tx_.each_piece(tx_bytes, [&](std::span<const std::byte> piece) {
        bytes.add(piece);
        return !bytes.is_full();
    });
    const bool more_follows =
        bytes.size() < tx_.size() || (!pending_.empty() && pipeline_->room() != 0);
    end_of_send_ = more_follows ? send_end::awaited : send_end::noted;
    reactor_.engine().send(token(op_kind::send), fd_, bytes, end_of_send_);
    sending_ = true;
    send_began_ = reactor_.now();
}

void connection::on_sent(std::int32_t result) noexcept {
    sending_ = false;
    if (fsm_.phase() == link_phase::closing) return settle_if_released();
    if (result <= 0) return lose(errc::connection_lost);
    tx_.consume(static_cast<std::size_t>(result));
    peer_.traffic.bytes_out.add(static_cast<std::uint64_t>(result));
    // The peer takes bytes: it is not stalled. An end that nobody waited for may be old news.
    heard_ = std::max(heard_, end_of_send_ == send_end::awaited ? reactor_.now() : send_began_);
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
    std::span<std::byte> room = receiving_into_landing_ ? landing : rx_.room();
    if (!receiving_into_landing_ && pipeline_->last_was_large()) {
        room = room.first(std::min(room.size(), rx_before_large));
    }
    reactor_.engine().recv(token(op_kind::recv), fd_, room);
    receiving_ = true;
}

void connection::on_received(std::int32_t result) noexcept {
    receiving_ = false;
    if (fsm_.phase() == link_phase::closing) return settle_if_released();
    if (result <= 0) return lose(errc::connection_lost);
    heard_ = reactor_.now();
    peer_.traffic.bytes_in.add(static_cast<std::uint64_t>(result));
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
    if (fsm_.phase() == link_phase::ready) {
        peer_.traffic.heard.store(heard_.time_since_epoch().count(), std::memory_order_relaxed);
        if (peer_.state.is_suspect.load(std::memory_order_relaxed)) peer_.watcher.on_answer(peer_);
        if (wants_renewal_ || is_worth_flushing()) reactor_.mark_dirty(*this);
    }
    retire_if_drained();
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
    const std::uint32_t before = pipeline_->in_flight();
    pipeline::fed fed;
    try {
        fed = pipeline_->feed(rx_.pending());
    } catch (const std::bad_alloc&) {
        fed = {.broken = true, .why = errc::overloaded};
    }
    rx_.consume(fed.consumed);
    const std::uint32_t answered = before - pipeline_->in_flight();
    peer_.traffic.replies.add(answered);
    replies_to_credit_ += answered;
    retry_budget_ = std::min(retry_budget_ + replies_to_credit_ / replies_per_retry,
                             std::max(options_.max_inflight, retries_at_start));
    replies_to_credit_ %= replies_per_retry;
    count_slots();
    if (!fed.broken) return true;
    lose(fed.why);
    return false;
}

}  // namespace kmc::detail
