// The third engine: io_engine over sim_net. Deterministic, single-threaded, on virtual time, and as
// nasty as the contract allows:
//   - completions of one moment are shuffled, and a reply may be delivered before the end of the
//     send that asked for it;
//   - sends end short, receives are cut anywhere from 1 byte to all;
//   - a send's bytes are read when they leave, not in the call, and their checksum is compared then
//     and at the completion: a slab written to too early is caught;
//   - the room of a receive is filled only at delivery, and until then its ends hold a pattern that
//     must stay untouched;
//   - fd numbers are reused at once, lowest first; closing one with operations outstanding, a
//   second
//     send or receive on one, or an engine that ends with operations outstanding is misuse.
// turn() waits by moving the world's clock, for as many completions as it is told to, and tells of
// a noted send as late as it may. wake() is the only member for other threads.

#pragma once

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "io/io_engine.hpp"
#include "sim/sim_net.hpp"

namespace kmc::sim {

class sim_engine final : public kmc::detail::io_engine, private sim_net::target {
public:
    explicit sim_engine(sim_net&);
    ~sim_engine() override;
    sim_engine(const sim_engine&) = delete;
    sim_engine& operator=(const sim_engine&) = delete;

    void resolve(kmc::detail::op_token, std::string_view host, std::uint16_t port) override;
    [[nodiscard]] int open_socket(const kmc::detail::address&) override;
    void close_socket(int fd) noexcept override;
    void connect(kmc::detail::op_token, int fd, const kmc::detail::address&) override;
    void send(kmc::detail::op_token, int fd, const kmc::detail::gathered& bytes,
              kmc::detail::send_end) override;
    void recv(kmc::detail::op_token, int fd, std::span<std::byte> room) override;
    void kick(int fd) noexcept override;
    void turn(const kmc::detail::patience&, kmc::detail::completion_sink&) override;
    void wake() noexcept override { woken_.store(true, std::memory_order_release); }
    // Its time does not pass by itself: no other loop can wait for it.
    [[nodiscard]] int wait_fd() override { return -ENOTSUP; }
    // The world's time, which a script or a busy coroutine may have moved on since the turn.
    [[nodiscard]] time_point read_clock() const noexcept override;
    [[nodiscard]] std::string_view name() const noexcept override { return "simulator"; }
    [[nodiscard]] const kmc::detail::engine_counters& counters() const noexcept override {
        return counters_;
    }

    // Started and not delivered, resolves included.
    [[nodiscard]] std::size_t outstanding() const noexcept { return outstanding_; }
    // Times a receive was delivered while the send before it on that socket had not ended.
    [[nodiscard]] std::uint64_t early_replies() const noexcept { return early_replies_; }
    [[nodiscard]] std::uint64_t short_sends() const noexcept { return short_sends_; }

    // The engine may be destroyed with operations outstanding, as a kernel's may.
    bool may_end_busy = false;

private:
    friend class sim_link;
    friend class sim_net;

    struct operation {
        bool active = false;
        bool done = false;         // waits for delivery
        bool poked = false;        // an event for it is scheduled
        bool may_lie = false;      // a send whose end, when all of it is gone, ends no turn
        std::uint64_t serial = 0;  // tells its events from those of an earlier one
        kmc::detail::op_token token{0};
        std::byte* data = nullptr;   // of a receive
        kmc::detail::gathered from;  // of a send
        std::size_t size = 0;
        std::size_t moved = 0;
        std::size_t stop_at = 0;  // a send ends here
        std::uint64_t checksum = 0;
        std::uint32_t tries = 0;
        kmc::detail::address where;
        std::int32_t result = 0;
    };
    struct socket {
        operation connecting;
        operation sending;
        operation receiving;
        sim_link* link = nullptr;
        bool kicked = false;
    };
    struct resolution {
        kmc::detail::op_token token{0};
        std::string host;
        std::uint16_t port = 0;
        std::int32_t error = 0;
        std::vector<kmc::detail::address> addresses;
    };
    struct completion {
        kmc::detail::op_kind kind;
        int fd = -1;
        std::size_t resolution = 0;
    };
    enum kind : std::uint32_t { answer, resolved, attempt, transmit, send_ends, poll, kicked_end };

    void on_event(std::uint32_t kind, std::uint64_t serial, std::uint64_t what) override;
    [[nodiscard]] socket* find(int fd, const char* what);
    [[nodiscard]] operation& op_of(socket&, kmc::detail::op_kind) noexcept;
    [[nodiscard]] bool start(operation&, kmc::detail::op_token, kmc::detail::op_kind, int fd);
    void later(kind, const operation&, int fd, kmc::detail::op_kind, duration);
    void finish(int fd, kmc::detail::op_kind, std::int32_t result);
    void attempt_connect(int fd, socket&);
    void do_transmit(int fd, socket&);
    void do_poll(int fd, socket&);
    void end_kicked(int fd, socket&, kmc::detail::op_kind);
    void check_unchanged(const operation&, int fd, const char* when) const;
    void poison(operation&) const noexcept;
    // Operations whose end is known and ends a turn.
    [[nodiscard]] std::size_t news() const noexcept;
    [[nodiscard]] bool has_awaited_send() const noexcept;
    void deliver(kmc::detail::completion_sink&);
    void deliver_one(const completion&, kmc::detail::completion_sink&);
    void deliver_resolved(const completion&, kmc::detail::completion_sink&);
    [[nodiscard]] std::int32_t receive(socket&);
    void note(const char* what, kmc::detail::op_token, int fd, std::int32_t result,
              std::uint64_t bytes);

    // From links: something changed for this socket.
    void on_link(int fd);

    sim_net* net_;
    std::uint32_t target_;
    time_point wanted_ = time_point::max();  // until of the last turn, for the other engines
    bool driven_ = false;
    std::uint32_t idle_spins_ = 0;
    std::atomic<bool> woken_{false};
    std::vector<std::unique_ptr<socket>> sockets_;  // by fd
    std::vector<resolution> resolutions_;
    std::vector<completion> ready_;
    std::vector<int> noted_;  // where a send was started since the last turn that may lie
    std::uint64_t serial_ = 0;
    std::size_t outstanding_ = 0;
    std::uint64_t early_replies_ = 0;
    std::uint64_t short_sends_ = 0;
    kmc::detail::engine_counters counters_;
};

}  // namespace kmc::sim
