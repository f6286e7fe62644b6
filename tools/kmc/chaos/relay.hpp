// Carries one side of one connection from socket to socket, as its flow says. Knows time and
// sockets, and nothing of rules.

#pragma once

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "base/rng.hpp"
#include "chaos/flow.hpp"

namespace kmc::chaos {

using stream_socket = boost::asio::generic::stream_protocol::socket;

struct traffic {
    std::uint64_t frames = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
};

// What a relay wants of its connection.
class relay_owner {
public:
    virtual void cut() = 0;
    virtual void reset() = 0;
    virtual void side_ended() = 0;    // the end of stream has been passed on
    virtual void side_drained() = 0;  // after discard(): the sender has nothing more to say
    // Keeps the owner, and with it the relay, for as long as an operation is under way.
    [[nodiscard]] virtual std::shared_ptr<relay_owner> alive() = 0;

protected:
    ~relay_owner() = default;
};

class relay {
public:
    relay(boost::asio::io_context& io, stream_socket& from, stream_socket& to, flow rules,
          traffic& counted, relay_owner& owner)
        : from_(from),
          to_(to),
          flow_(std::move(rules)),
          counted_(counted),
          owner_(owner),
          timer_(io) {}

    void start() { read(); }
    // The rules were cleared: what waits goes on at once.
    void resume();
    // From now on takes what comes and throws it away, until its end.
    void discard();
    // The sockets are closed: nothing more happens, except that operations end.
    void close();

    [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }
    [[nodiscard]] bool is_drained() const noexcept { return source_ended_; }

private:
    using clock = std::chrono::steady_clock;
    struct item {
        step what;
        clock::time_point due;  // of a wait: when it began, once it has
        bool has_begun = false;
    };

    void read();
    void arrived(const boost::system::error_code& failed, std::size_t size);
    void enqueue(std::vector<step> steps);
    void advance();
    void begin_front();
    [[nodiscard]] bool is_waiting_for(clock::time_point due);
    void write_piece();

    stream_socket& from_;
    stream_socket& to_;
    flow flow_;
    traffic& counted_;
    relay_owner& owner_;
    boost::asio::steady_timer timer_;

    std::array<char, 64 * 1024> arriving_{};
    std::deque<item> queue_;
    std::size_t queued_bytes_ = 0;
    item sending_;  // what is being sent, from sent_ on
    std::size_t sent_ = 0;
    detail::rng piece_random_{0};

    bool is_reading_ = false;
    bool is_busy_ = false;     // a send or the timer is under way
    bool is_sending_ = false;  // sending_ has more
    bool stopped_reading_ = false;
    bool source_ended_ = false;
    bool is_discarding_ = false;
    bool is_closed_ = false;
    bool has_ended_ = false;
};

}  // namespace kmc::chaos
