// A server as its connections know it: where it is, what they tell of it, and what all reactors of
// the client share about it.

#pragma once

#include <atomic>
#include <cstdint>

#include <kmc/detail/op_node.hpp>
#include <kmc/error.hpp>
#include <kmc/events.hpp>
#include <kmc/server_list.hpp>
#include <kmc/time.hpp>

#include "base/tally.hpp"
#include "routing/health.hpp"

namespace kmc::detail {

// What the connections of one reactor count for one server. Written there, read anywhere.
struct alignas(64) link_traffic {
    std::atomic<duration::rep> heard{0};  // when bytes came last, since the clock's epoch
    tally connections;
    tally in_flight;
    tally orphans;
    tally requests;
    tally replies;
    tally retries;
    tally timed_out;
    tally bytes_out;
    tally bytes_in;
    tally dials;
    tally connect_failures;
    tally connections_lost;
    tally closed_idle;
    tally protocol_errors;
    tally stand_ins;
};

// What the reactors of a client share about one server. Any thread.
struct peer_state {
    std::atomic<bool> is_dead{false};           // out of service
    std::atomic<bool> is_suspect{false};        // whether an answer would be news
    std::atomic<duration::rep> rests_until{0};  // no dialling before, since the clock's epoch
    std::atomic<std::uint32_t> returns{0};      // grows when it came back: rests end
    std::atomic<std::uint32_t> dials{0};        // under way

    [[nodiscard]] duration rest_at(time_point now) const noexcept {
        return duration(rests_until.load(std::memory_order_relaxed)) - now.time_since_epoch();
    }
};

struct peer;

struct link_failure {
    failure kind = failure::soft;
    errc why{};
    time_point began{};       // when what failed was begun
    bool is_silence = false;  // an answer to anybody since then disproves it
};

// Who is told. None of these may call back into the connection that tells.
class link_watcher {
public:
    virtual void on_failure(const peer& where, const link_failure& what) noexcept = 0;
    // Bytes came from one that is suspect.
    virtual void on_answer(const peer& where) noexcept = 0;
    virtual void on_change(const peer& where, event_kind what, errc why) noexcept = 0;
    // The node waits for a server that cannot be reached. True if it went elsewhere.
    [[nodiscard]] virtual bool reroute(op_node& node) noexcept = 0;

protected:
    ~link_watcher() = default;
};

// Outlives the connections to it.
struct peer {
    const server& what;
    std::uint16_t number;
    link_watcher& watcher;
    link_traffic& traffic;
    peer_state& state;
};

}  // namespace kmc::detail
