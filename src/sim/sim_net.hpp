// The simulated world: virtual time, listeners, names, and every accident that may happen, all
// drawn from one seed. Single-threaded; real time never passes; nothing here knows memcached.
//
//   sim_net net(seed);
//   sim_server a(net, "a", 11211);            // sim_server.hpp: a memcached made of bytes
//   a.conditions().latency = {50us, 2ms};
//   net.after(3ms, [&] { a.kill(); });        // scripted accidents run as events
//   sim_engine engine(net);                   // sim_engine.hpp: give it to a reactor
//   ... drive the reactor ...
//   net.trace_hash();                         // same seed, same hash
//
// Several engines may share a world: call their turns in a circle. A turn then may come back with
// nothing (which the contract allows) so that no engine sleeps past another one's deadline.
//
// When a rule of the engine contract is broken (a send buffer changed while the kernel owned it, a
// socket closed with operations outstanding, ...) the world prints the seed and aborts, or calls
// on_misuse if that is set. When nothing can ever happen again, turn() throws simulation_stuck.
//
// Order of life: the world first, then services and engines; they must end before it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <kmc/time.hpp>

#include "base/rng.hpp"
#include "io/address.hpp"

namespace kmc::sim {

class sim_engine;
class sim_link;
class sim_net;
class sim_service;

// Both ends included; drawn evenly.
struct sim_range {
    duration min{};
    duration max{};
};

enum class reachability : std::uint8_t {
    open,     // connects are accepted
    refused,  // ECONNREFUSED (ENOENT for a path without listener)
    silent,   // a black hole: the connect is retried like a SYN and times out after two minutes
};

// What the way to one listener is like. May be changed at any time; chances are per thousand.
struct sim_conditions {
    reachability connects = reachability::open;
    sim_range connect_time{std::chrono::microseconds(20), std::chrono::microseconds(200)};
    // Of one segment, one way. Segments of one direction never overtake each other.
    sim_range latency{std::chrono::microseconds(10), std::chrono::microseconds(150)};
    // From "the bytes left" to the end of the send operation: above twice the latency, replies
    // come before the end of the send that asked for them.
    sim_range send_end{std::chrono::nanoseconds(0), std::chrono::microseconds(400)};
    // From the arrival of a request to the server's reading it.
    sim_range service_time{std::chrono::nanoseconds(0), std::chrono::microseconds(50)};

    std::size_t window = 64 * 1024;   // bytes in flight or unread, each way
    std::size_t segment = 16 * 1024;  // replies travel in pieces of 1..segment bytes

    std::uint32_t short_send = 50;  // a send ends short
    std::uint32_t dribble = 100;    // a piece is only 1..8 bytes
    bool cuts = true;               // pieces end anywhere, also where nothing asks for it

    // A new connection is fated to end by a reset, or by a clean end of stream, after
    // 0..fate_within bytes went over it (requests and replies counted together).
    std::uint32_t reset = 0;
    std::uint32_t finish = 0;
    std::uint64_t fate_within = 4096;

    // After an arrival the server stops reading this connection for a time.
    std::uint32_t stall = 0;
    sim_range stall_time{std::chrono::milliseconds(1), std::chrono::milliseconds(50)};
};

// Conditions as bad as they get, drawn anew: for property tests.
[[nodiscard]] sim_conditions rough_conditions(kmc::detail::rng&);

class simulation_stuck : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

// A (host, port), or a path, that somebody listens or listened on.
class sim_listener {
public:
    sim_conditions conditions;

    [[nodiscard]] const std::string& host() const noexcept { return host_; }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] std::size_t accepted() const noexcept { return accepted_; }
    // Live connections, oldest first.
    [[nodiscard]] std::vector<sim_link*> links() const { return links_; }

private:
    friend class sim_net;
    friend class sim_engine;

    friend class sim_link;

    std::string host_;
    std::uint16_t port_ = 0;
    sim_service* service_ = nullptr;
    bool listening_ = false;
    bool ever_ = false;
    std::size_t accepted_ = 0;
    std::vector<sim_link*> links_;
};

class sim_net {
public:
    explicit sim_net(std::uint64_t seed);
    ~sim_net();
    sim_net(const sim_net&) = delete;
    sim_net& operator=(const sim_net&) = delete;

    // The world's own source of accidents; tests may draw from it too.
    [[nodiscard]] kmc::detail::rng& random() noexcept { return random_; }
    [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
    [[nodiscard]] time_point now() const noexcept { return now_; }

    // --- who is there ---------------------------------------------------------------------------

    // Starts to listen; a path is a host that starts with '/' and has port 0. The listener lives
    // as long as the world; close() makes connects refused, listen() again reopens the same one.
    sim_listener& listen(std::string_view host, std::uint16_t port, sim_service&);
    void close(sim_listener&) noexcept;
    // The service is about to be destroyed: closes, and resets what is left without telling it.
    void abandon(sim_listener&);

    // What resolve answers for a name. Unnamed: numeric hosts and paths are themselves, hosts with
    // a listener are themselves, everything else is ENOENT.
    void set_name(std::string host, std::vector<std::string> addresses, sim_range takes = {});
    void fail_name(std::string host, int error, sim_range takes = {});  // e.g. ENOENT, EAGAIN
    void clear_name(const std::string& host);

    // What resolve would give for that listener: for tests that skip the lookup.
    [[nodiscard]] kmc::detail::address address_of(std::string_view host, std::uint16_t port);

    // --- what happens when ----------------------------------------------------------------------

    void at(time_point when, std::function<void()>);
    void after(duration delay, std::function<void()>);

    // The client's process stands still (SIGSTOP, a long garbage collection next door) while the
    // world goes on: all that is due meanwhile is delivered in one next turn.
    void pass(duration);

    // Draws such a pause before a turn, per thousand.
    std::uint32_t pause_chance = 0;
    sim_range pause_time{std::chrono::milliseconds(1), std::chrono::milliseconds(20)};
    // A turn without completions ends up to this much after `until`.
    duration late_wake{};
    // open_socket fails with EMFILE at this many.
    std::size_t max_sockets = std::numeric_limits<std::size_t>::max();

    // --- what was seen --------------------------------------------------------------------------

    // Of everything delivered so far: time, token, result, bytes.
    [[nodiscard]] std::uint64_t trace_hash() const noexcept { return trace_; }
    [[nodiscard]] std::uint64_t events() const noexcept { return events_; }
    [[nodiscard]] std::size_t open_sockets() const noexcept { return open_sockets_; }
    // Print every delivery to stderr: for the one seed that failed. Also set by KMC_SIM_TRACE=1.
    bool verbose = false;

    // Called with a sentence when somebody breaks the contract; empty: print and abort.
    std::function<void(const std::string&)> on_misuse;

private:
    friend class sim_engine;
    friend class sim_link;

    // Whoever has events: links and engines. Gone targets are nulled, their events fall flat.
    class target {
    public:
        virtual void on_event(std::uint32_t kind, std::uint64_t a, std::uint64_t b) = 0;

    protected:
        ~target() = default;
    };
    struct event {
        time_point when;
        std::uint64_t order;  // random: events of one moment are shuffled
        std::uint32_t target;
        std::uint32_t kind;
        std::uint64_t a;
        std::uint64_t b;
    };
    struct name_entry {
        std::string host;
        std::vector<std::string> addresses;
        int error = 0;
        sim_range takes;
    };
    struct lookup {
        int error = 0;
        duration takes{};
        std::vector<kmc::detail::address> addresses;
    };

    [[nodiscard]] std::uint32_t add_target(target&);
    void remove_target(std::uint32_t) noexcept;
    void schedule(time_point when, std::uint32_t to, std::uint32_t kind, std::uint64_t a = 0,
                  std::uint64_t b = 0);
    void run_due();
    // time_point::max() when nothing is scheduled.
    [[nodiscard]] time_point next_event() const noexcept;
    void advance_to(time_point) noexcept;
    // How far `asking` may advance without passing what other engines wait for.
    [[nodiscard]] time_point limit_for(const sim_engine& asking) const noexcept;
    [[noreturn]] void stuck(const char* how) const;
    void misuse(const std::string& what) const;

    [[nodiscard]] duration draw(sim_range);
    [[nodiscard]] bool chance(std::uint32_t per_thousand);
    [[nodiscard]] std::size_t piece(std::size_t available, const sim_conditions&);
    void trace(std::uint64_t value) noexcept;

    [[nodiscard]] lookup look_up(std::string_view host, std::uint16_t port);
    [[nodiscard]] std::size_t endpoint(std::string_view host, std::uint16_t port);
    // Null for bytes that are no address of this world.
    [[nodiscard]] sim_listener* listener_at(const kmc::detail::address&) const noexcept;
    [[nodiscard]] kmc::detail::address to_address(std::size_t endpoint) const noexcept;
    sim_link& open_link(sim_listener&, sim_engine&, int fd);
    [[nodiscard]] int take_fd();
    void return_fd(int fd) noexcept;

    std::uint64_t seed_;
    kmc::detail::rng random_;
    time_point now_{};
    std::uint64_t trace_;
    std::uint64_t events_ = 0;
    std::size_t open_sockets_ = 0;
    std::vector<event> queue_;  // a heap
    std::vector<target*> targets_;
    std::vector<std::function<void()>> scripts_;
    std::vector<sim_engine*> engines_;
    std::vector<std::unique_ptr<sim_listener>> endpoints_;  // an address names one by its index
    std::vector<name_entry> names_;
    std::vector<std::unique_ptr<sim_link>> links_;
    std::vector<bool> fds_;
};

}  // namespace kmc::sim
