// One simulated connection, as the server sees it: two byte streams with latency, windows and an
// end. What stands behind a listener is a sim_service, which is told and then reads and writes.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sim/sim_net.hpp"

namespace kmc::sim {

// The server's program. Callbacks are never nested and never come from inside a sim_link call.
class sim_service {
public:
    virtual void on_open(sim_link&) {}
    // There are bytes to read, or the client ended its stream (at_end()), or again() is due.
    virtual void on_readable(sim_link&) = 0;
    // Everything written has left; comes only after unsent() was not 0.
    virtual void on_drained(sim_link&) {}
    // The last call about this link: both ends finished, or one of them reset it.
    virtual void on_gone(sim_link&) {}

protected:
    ~sim_service() = default;
};

// Bytes in order, taken from the front.
class byte_queue {
public:
    [[nodiscard]] std::size_t size() const noexcept { return data_.size() - head_; }
    [[nodiscard]] std::string_view front(std::size_t n) const noexcept {
        return std::string_view(data_).substr(head_, n);
    }
    void append(std::string_view more) { data_.append(more); }
    void drop(std::size_t n);
    void clear() noexcept;
    // Keeps the first n bytes.
    void cut(std::size_t n) noexcept { data_.resize(head_ + n); }

private:
    std::string data_;
    std::size_t head_ = 0;
};

class sim_link final : private sim_net::target {
public:
    sim_link(sim_net&, sim_listener&, sim_engine&, int fd, std::uint64_t id);

    // Counts up over the world's life; never reused.
    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
    [[nodiscard]] sim_listener& listener() const noexcept { return *listener_; }

    // --- for the service ------------------------------------------------------------------------

    [[nodiscard]] std::size_t readable() const noexcept { return up_.arrived; }
    // Takes up to `max` bytes off the stream, which opens the window again.
    [[nodiscard]] std::string read(std::size_t max = std::string::npos);
    // The client finished and everything it sent was read.
    [[nodiscard]] bool at_end() const noexcept { return up_.ended && up_.arrived == 0; }

    void write(std::string_view bytes);
    // Written and still waiting for room in the window.
    [[nodiscard]] std::size_t unsent() const noexcept { return backlog_.size(); }

    // Ends the stream after what was written. What the client still sends is dropped.
    void finish();
    // Forgets what waits for room, as a process does that dies.
    void abort_writes();
    // Ends everything now; bytes in flight are lost, or not.
    void reset();
    // Calls on_readable after this much time even if nothing arrives.
    void again(duration delay);

    // --- for scripts ----------------------------------------------------------------------------

    // The service is not told of anything for so long; duration::max() for ever. Requests pile up
    // until the window is full, then the client's sends hang.
    void stall(duration);
    void resume();
    // Bytes that went over it, both ways.
    [[nodiscard]] std::uint64_t moved() const noexcept { return moved_; }
    [[nodiscard]] bool gone() const noexcept { return gone_; }

private:
    friend class sim_engine;
    friend class sim_net;

    // One direction. `bytes` holds what arrived and was not read, then what is in flight.
    struct stream {
        byte_queue bytes;
        std::size_t arrived = 0;
        time_point last{};    // when the last piece on its way arrives
        bool ending = false;  // the end is on its way
        bool ended = false;
        bool closed = false;  // the window was full and is not half empty yet
    };
    enum kind : std::uint32_t {
        up_arrives,
        up_ends,
        up_breaks,
        down_arrives,
        down_ends,
        down_breaks,
        serve,
        drained,
        goodbye,
        opened
    };

    // The client's side, called by its engine.
    [[nodiscard]] std::size_t room() noexcept;
    void push(std::string_view bytes);
    [[nodiscard]] std::size_t arrived() const noexcept { return down_.arrived; }
    [[nodiscard]] bool ended() const noexcept { return down_.ended; }
    [[nodiscard]] bool broken() const noexcept { return broken_; }
    std::size_t pull(std::span<std::byte> into);
    enum class farewell : std::uint8_t { orderly, abrupt };
    void leave(farewell);
    void detach() noexcept;

    void on_event(std::uint32_t kind, std::uint64_t a, std::uint64_t b) override;
    [[nodiscard]] time_point arrival(stream&);
    [[nodiscard]] std::size_t window_of(stream&) const noexcept;
    [[nodiscard]] std::size_t within_fate(std::size_t n) const noexcept;
    void count(std::size_t n);
    void meet_fate();
    void pump();
    void ask_to_serve(duration delay);
    void finish_now();
    void settle();
    void tell_client();

    sim_net* net_;
    sim_listener* listener_;
    sim_engine* engine_;  // null once the client closed its socket
    int fd_;
    std::uint64_t id_;
    std::uint32_t target_;
    stream up_;
    stream down_;
    byte_queue backlog_;
    std::uint64_t moved_ = 0;
    std::uint64_t fate_at_;  // bytes, or max
    bool fate_is_reset_ = false;
    bool serving_ = false;  // a serve event is scheduled
    bool was_backlogged_ = false;
    bool finishing_ = false;     // the service called finish()
    bool left_ = false;          // the client closed, kicked or went
    bool server_broke_ = false;  // the service (or fate) reset it
    bool broken_ = false;        // the client knows
    bool gone_ = false;
    time_point stalled_until_{};
};

}  // namespace kmc::sim
