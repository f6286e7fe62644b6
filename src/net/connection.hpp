// One connection to one server: carries out what connection_fsm decides, moves bytes between the
// pipeline and the engine, and counts what the kernel still holds.
//
// Lives as long as its client view does, or until it is drained, and dials again on demand. Nodes
// are handed in with enqueue() and come back through their hooks; abandon() takes one back at any
// time. Nothing here runs user code: hooks only store and queue.
//
// What it learns about its server it tells the peer's watcher: failures, with the moment when what
// failed was begun, and signs of life. Only what the server did counts: lack of memory or
// descriptors and a late thread are ours.
//
// The kernel is given only memory of this object (tx_, rx_, the pipeline's landing block), and none
// of it is freed or reused while `outstanding` operations remain.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <kmc/detail/op_node.hpp>
#include <kmc/options.hpp>

#include "base/buffer.hpp"
#include "base/outbox.hpp"
#include "loop/reactor.hpp"
#include "net/dial_permit.hpp"
#include "net/peer.hpp"
#include "pipeline/pipeline.hpp"
#include "session/backoff.hpp"
#include "session/connection_fsm.hpp"

namespace kmc::detail {

class connection final : public io_object {
public:
    // `where` and `options` outlive the connection.
    connection(reactor& r, const peer& where, const client_options& options);
    // Only when settled.
    ~connection();

    // Takes a node whose requests go to this server: sent at the end of the turn when ready, else
    // after connecting; refused at once while the server rests after a failed attempt.
    void enqueue(op_node& node) noexcept;

    // Takes a node out of wherever it is, without calling its hooks. What was sent stays sent: its
    // replies will be skipped.
    void abandon(op_node& node) noexcept;

    // The node, which is here, is about to be abandoned because its deadline passed.
    // @param given  the time it had in all.
    void on_timeout(const op_node& node, duration given) noexcept;

    // No more nodes will come: retires as soon as nothing is under way, but not in here.
    void drain() noexcept;
    // Ends everything for good; is_settled() follows when the kernel lets go.
    // @param why  what calls that are under way end with.
    void retire(errc why = errc::client_closed) noexcept;

    [[nodiscard]] bool is_settled() const noexcept {
        return fsm_.phase() == link_phase::retired && outstanding() == 0;
    }
    [[nodiscard]] link_phase phase() const noexcept { return fsm_.phase(); }
    // Requests that wait for an answer or whose answer nobody waits for any more.
    [[nodiscard]] std::uint32_t in_flight() const noexcept {
        return pipeline_ ? pipeline_->in_flight() : 0;
    }
    // Operations that the kernel holds.
    [[nodiscard]] unsigned outstanding() const noexcept {
        return unsigned{connecting_} + unsigned{sending_} + unsigned{receiving_};
    }

private:
    struct alarm : timer {
        connection* owner = nullptr;
    };
    struct greeting : op_node {
        request hello;
        bool answered = false;
    };

    void on_completion(op_token token, std::int32_t result) noexcept override;
    void on_resolved(op_token token, std::int32_t error,
                     std::span<const address> addresses) noexcept override;
    void on_flush() noexcept override;
    static void on_alarm(timer& t) noexcept;
    static const op_hooks greeting_hooks;

    void feed_event(link_event event) noexcept;
    void act(link_action action) noexcept;
    void lose(errc why) noexcept;
    void give_up_dialling(errc why) noexcept;
    void blame(errc why) noexcept;
    void rest() noexcept;

    void start_dialling() noexcept;
    void start_resolving() noexcept;
    void dial_next_address() noexcept;
    void greet();
    void close() noexcept;
    void settle_if_released() noexcept;
    void end_pending(errc why) noexcept;
    void take_torn_runs(intrusive_list<op_node>& to) noexcept;
    static void end_unsent(op_node& node, errc why) noexcept;

    void on_connected(std::int32_t result) noexcept;
    void on_sent(std::int32_t result) noexcept;
    void on_received(std::int32_t result) noexcept;
    [[nodiscard]] bool digest() noexcept;
    void send_pending_bytes();
    void arm_receive();
    void encode_pending();
    [[nodiscard]] bool is_worth_flushing() const noexcept;
    void watch_for_stall() noexcept;
    // Nobody waits for anything; replies may be due all the same.
    [[nodiscard]] bool is_quiet() const noexcept {
        return pending_.empty() && (!pipeline_ || pipeline_->in_flight() == pipeline_->orphans());
    }
    void retire_if_drained() noexcept;
    void save_reads() noexcept;

    void watch_the_name() noexcept;
    static void on_name_alarm(timer& t) noexcept;
    void check_addresses(std::span<const address> addresses) noexcept;
    [[nodiscard]] bool renew() noexcept;

    void count_slots() noexcept;
    [[nodiscard]] op_token token(op_kind kind) const noexcept {
        return {kind, object_index(), generation_};
    }

    const peer& peer_;
    const client_options& options_;
    connection_fsm fsm_;
    backoff backoff_;
    intrusive_list<op_node> pending_;
    std::optional<pipeline> pipeline_;  // of the present socket
    outbox tx_;
    buffer rx_;
    alarm alarm_;
    alarm name_alarm_;  // when the name is to be looked up again
    greeting greeting_;
    dial_permit permit_;
    time_point heard_{};  // last sign of life: bytes received, bytes taken, or a first request
    time_point send_began_{};
    time_point dialled_{};
    time_point opened_{};
    time_point give_up_dialling_{};
    time_point blamed_{};

    std::vector<address> addresses_;
    std::size_t next_address_ = 0;
    std::uint64_t generation_ = 0;  // of the present attempt
    int fd_ = -1;
    errc why_lost_ = errc::connect_failed;
    std::uint32_t returns_seen_ = 0;  // of the server, when the rest began
    std::uint32_t retry_budget_ = 0;  // requests that may be sent again
    std::uint32_t replies_to_credit_ = 0;
    std::uint32_t slots_counted_ = 0;  // what of this connection is in the peer's traffic
    std::uint32_t orphans_counted_ = 0;
    bool is_moving_ = false;  // between two lasting phases
    bool connecting_ = false;
    bool sending_ = false;
    send_end end_of_send_ = send_end::awaited;  // of the last send
    bool receiving_ = false;
    bool receiving_into_landing_ = false;
    bool is_counted_ = false;  // among the peer's open connections
    bool draining_ = false;
    bool wants_renewal_ = false;  // the server's name means other addresses now
};

}  // namespace kmc::detail
