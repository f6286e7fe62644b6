#include "chaos/session.hpp"

#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/socket_base.hpp>
#include <utility>

namespace kmc::chaos {

void reset_now(stream_socket& s) {
    boost::system::error_code ignored;
    s.set_option(boost::asio::socket_base::linger(true, 0), ignored);
    s.close(ignored);
}

// Pieces have to leave as pieces.
void send_at_once(stream_socket& s) {
    boost::system::error_code no_tcp;
    s.set_option(boost::asio::ip::tcp::no_delay(true), no_tcp);
}

session::session(boost::asio::io_context& io, stream_socket client, std::uint64_t number,
                 std::uint64_t seed, rule_book& book, totals& counted,
                 std::function<void()> on_closed)
    : client_(std::move(client)),
      target_(io),
      counted_(counted),
      on_closed_(std::move(on_closed)),
      requests_(io, client_, target_, flow(book, side::request, number, seed), counted.requests,
                *this),
      replies_(io, target_, client_, flow(book, side::reply, number, seed), counted.replies,
               *this) {}

void session::start(const stream_endpoint& target) {
    send_at_once(client_);
    target_.async_connect(
        target, [this, keep = shared_from_this()](const boost::system::error_code& failed) {
            if (is_closed_) return;
            if (failed) {
                ++counted_.unreachable;
                return reset();
            }
            send_at_once(target_);
            if (is_cut_) return close();
            requests_.start();
            replies_.start();
        });
}

void session::refuse() {
    is_cut_ = true;
    boost::system::error_code ignored;
    client_.shutdown(stream_socket::shutdown_send, ignored);
    replies_.close();
    requests_.discard();
}

void session::resume() {
    requests_.resume();
    replies_.resume();
}

// Closing with unread bytes would be a reset: so both ends hear the end, and what they still say is
// taken until they close.
void session::cut() {
    if (is_closed_ || std::exchange(is_cut_, true)) return;
    boost::system::error_code ignored;
    client_.shutdown(stream_socket::shutdown_send, ignored);
    target_.shutdown(stream_socket::shutdown_send, ignored);
    requests_.discard();
    if (!is_closed_) replies_.discard();
    side_drained();
}

void session::reset() {
    if (is_closed_) return;
    reset_now(client_);
    reset_now(target_);
    close();
}

void session::side_ended() {
    if (requests_.has_ended() && replies_.has_ended()) close();
}

void session::side_drained() {
    const bool target_is_done = replies_.is_drained() || !target_.is_open();
    if (requests_.is_drained() && target_is_done) close();
}

void session::close() {
    if (std::exchange(is_closed_, true)) return;
    requests_.close();
    replies_.close();
    boost::system::error_code ignored;
    client_.close(ignored);
    target_.close(ignored);
    on_closed_();
}

}  // namespace kmc::chaos
