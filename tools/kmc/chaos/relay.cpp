#include "chaos/relay.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <utility>
#include <vector>

namespace kmc::chaos {
namespace {

// Beyond it, nothing more is taken from the sender until something has gone on.
constexpr std::size_t queue_bytes_max = std::size_t{1} << 20;

}  // namespace

void relay::read() {
    const bool may_read = is_discarding_ || (!stopped_reading_ && queued_bytes_ < queue_bytes_max);
    if (is_closed_ || source_ended_ || is_reading_ || !may_read) return;
    is_reading_ = true;
    from_.async_read_some(
        boost::asio::buffer(arriving_),
        [this, keep = owner_.alive()](const boost::system::error_code& failed, std::size_t size) {
            is_reading_ = false;
            if (!is_closed_) arrived(failed, size);
        });
}

void relay::arrived(const boost::system::error_code& failed, std::size_t size) {
    counted_.bytes_in += size;
    if (failed) source_ended_ = true;
    if (is_discarding_) {
        if (failed) return owner_.side_drained();
        return read();
    }
    std::vector<step> steps;
    const std::uint64_t frames_before = flow_.frames();
    if (!failed) {
        flow_.take({arriving_.data(), size}, steps);
    } else if (failed == boost::asio::error::eof) {
        flow_.end(steps);
    } else {
        // In its turn: what arrived before goes on before.
        steps.push_back({.what = step_kind::reset});
    }
    counted_.frames += flow_.frames() - frames_before;
    enqueue(std::move(steps));
    advance();
    read();
}

void relay::enqueue(std::vector<step> steps) {
    const auto now = clock::now();
    for (step& s : steps) {
        queued_bytes_ += s.bytes.size();
        if (s.what == step_kind::stop_reading) stopped_reading_ = true;
        const auto due = now + s.time;
        queue_.push_back({.what = std::move(s), .due = due});
    }
}

void relay::advance() {
    while (!is_busy_ && !is_discarding_ && !is_closed_) {
        if (is_sending_) {
            if (is_waiting_for(sending_.due)) return;
            write_piece();
            return;
        }
        if (queue_.empty()) return;
        item& front = queue_.front();
        switch (front.what.what) {
            case step_kind::pass:
                if (is_waiting_for(front.due)) return;
                begin_front();
                break;
            case step_kind::wait:
                if (!std::exchange(front.has_begun, true))
                    front.due = clock::now() + front.what.time;
                if (is_waiting_for(front.due)) return;
                queue_.pop_front();
                break;
            case step_kind::stall:
            case step_kind::stop_reading:
                return;
            case step_kind::cut:
                return owner_.cut();
            case step_kind::reset:
                return owner_.reset();
            case step_kind::end: {
                boost::system::error_code ignored;
                to_.shutdown(stream_socket::shutdown_send, ignored);
                queue_.pop_front();
                has_ended_ = true;
                return owner_.side_ended();
            }
        }
    }
}

void relay::begin_front() {
    sending_ = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= sending_.what.bytes.size();
    piece_random_ = detail::rng(sending_.what.seed);
    sent_ = 0;
    is_sending_ = true;
}

bool relay::is_waiting_for(clock::time_point due) {
    if (clock::now() >= due) return false;
    is_busy_ = true;
    timer_.expires_at(due);
    timer_.async_wait([this, keep = owner_.alive()](const boost::system::error_code&) {
        is_busy_ = false;
        advance();
    });
    return true;
}

void relay::write_piece() {
    const std::string& bytes = sending_.what.bytes;
    const std::size_t size = next_piece(sending_.what.pieces, piece_random_, bytes.size() - sent_);
    is_busy_ = true;
    boost::asio::async_write(
        to_, boost::asio::buffer(bytes.data() + sent_, size),
        [this, keep = owner_.alive()](const boost::system::error_code& failed, std::size_t done) {
            is_busy_ = false;
            counted_.bytes_out += done;
            if (is_closed_ || is_discarding_) return;
            if (failed) return owner_.reset();
            sent_ += done;
            is_sending_ = sent_ < sending_.what.bytes.size();
            if (is_sending_) sending_.due = clock::now() + sending_.what.pieces.gap;
            advance();
            read();
        });
}

void relay::resume() {
    if (is_closed_ || is_discarding_) return;
    std::vector<step> released;
    flow_.release(released);
    enqueue(std::move(released));
    const auto now = clock::now();
    std::erase_if(queue_, [](const item& i) {
        return i.what.what == step_kind::wait || i.what.what == step_kind::stall ||
               i.what.what == step_kind::stop_reading;
    });
    for (item& i : queue_) {
        i.due = now;
        i.what.pieces = {};
    }
    if (is_sending_) {
        sending_.due = now;
        sending_.what.pieces = {};
    }
    stopped_reading_ = false;
    timer_.cancel();
    advance();
    read();
}

void relay::discard() {
    if (is_closed_ || std::exchange(is_discarding_, true)) return;
    queue_.clear();
    queued_bytes_ = 0;
    timer_.cancel();
    read();
}

void relay::close() {
    is_closed_ = true;
    queue_.clear();
    timer_.cancel();
}

}  // namespace kmc::chaos
