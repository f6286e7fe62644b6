// Which reply belongs to whom, on one connection. Pure: nodes in, request bytes out; reply bytes
// in, answers out. Knows no socket and no clock.
//
// Every request on the wire has a slot, addressed by its sequence number, which travels as the
// request's opaque. Replies come in request order, so a reply may only answer the oldest slot, or
// skip quiet slots, whose silence it then proves. Everything about a reply is checked before the
// first answer is delivered; a reply that does not fit breaks the connection and answers nobody.
//
// A run of quiet requests always ends with a loud one in the same encode() call. A caller that
// leaves turns its slots into orphans: their replies are measured, skipped and forgotten.
//
// A stat is answered in parts and keeps its slot until an empty reply ends it. Servers forget that
// one after a few groups (sizes_enable, sizes_disable): once there was a part, the reply to a later
// request is an end as well.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <kmc/detail/op_node.hpp>

#include "base/outbox.hpp"
#include "base/slot_ring.hpp"
#include "pipeline/slot.hpp"
#include "protocol/codec.hpp"

namespace kmc::detail {

struct pipeline_limits {
    std::uint32_t max_slots = 1024;           // rounded up to a power of two, at most 32768
    std::uint32_t run_requests = 256;         // a quiet run is cut after so many requests
    std::uint32_t run_bytes = 64 * 1024;      // ... or bytes
    std::uint32_t landing_bytes = 32 * 1024;  // values from here on are received into their block
    std::uint32_t value_bytes_max = 1024 * 1024;
    std::uint32_t stat_bytes_max = 4 * 1024 * 1024;  // of all parts of one answer
};

class pipeline {
public:
    // @param first_sequence  best random, so that no reply to an earlier connection fits by chance.
    pipeline(const pipeline_limits& limits, std::uint32_t first_sequence);

    // Encodes as many of the node's remaining requests as slots and `room_bytes` allow, the last
    // one loud. A single request larger than room_bytes is encoded when `out` is empty.
    // Advances node.encoded; returns the number of requests encoded, 0 when there was no room.
    // When growing `out` throws, what was encoded before stands, fenced.
    std::uint32_t encode(op_node& node, outbox& out, std::size_t room_bytes);

    // Takes bytes from the front of `bytes`; delivers every answer that is complete. What is not
    // consumed is to be offered again with more behind it.
    struct fed {
        std::size_t consumed = 0;
        bool broken = false;  // close the connection; nothing from the bad frame on was delivered
        errc why = errc::protocol_error;
    };
    [[nodiscard]] fed feed(std::span<const std::byte> bytes);

    // While a large value is due: the part of its block that is still missing. The connection
    // receives straight into it and calls landed() with the number of bytes; otherwise empty.
    // The block stays valid until all of it landed or the pipeline is destroyed: drain() and
    // abandon() leave it alone, because a receive may be under way.
    [[nodiscard]] std::span<std::byte> landing() noexcept;
    void landed(std::size_t bytes) noexcept;

    // The last reply had a value that landed, or was large enough to: the next one may as well.
    [[nodiscard]] bool last_was_large() const noexcept { return last_was_large_; }

    // The node leaves: its slots become orphans. Calls none of its hooks and leaves node.open as it
    // is. Rare, so it scans the window.
    void abandon(op_node& node) noexcept;

    // The connection is gone: takes back the nodes whose unanswered requests on the wire are all
    // repeatable and were not sent twice yet, as if those had never been encoded, and puts them in
    // order before what `to` has; those that were cut by the window are there already.
    // @param budget  requests that may be taken back; counts down.
    void reclaim_repeatable(intrusive_list<op_node>& to, std::uint32_t& budget) noexcept;

    // The connection is gone: every slot with a node gets on_error({why, sent}); all slots go. The
    // nodes' on_complete is called when their last open request ended. Afterwards nothing may be
    // encoded, and feed() is broken: every connection gets a pipeline of its own.
    void drain(errc why) noexcept;

    [[nodiscard]] bool empty() const noexcept { return slots_.empty(); }
    // Slots, orphans included.
    [[nodiscard]] std::uint32_t in_flight() const noexcept { return slots_.size(); }
    // Those of them that nobody waits for.
    [[nodiscard]] std::uint32_t orphans() const noexcept { return orphans_; }
    // Free slots.
    [[nodiscard]] std::uint32_t room() const noexcept { return slots_.room(); }

private:
    // Requests that share one fence: all but the last may be quiet.
    struct run {
        std::uint32_t requests = 0;
        std::size_t bytes = 0;
        std::size_t lent_bytes = 0;  // of them, in values that are sent from where they are
        std::size_t lent_values = 0;

        void add(const request& r, std::size_t size) noexcept {
            ++requests;
            bytes += size;
            if (!r.is_shared) return;
            lent_bytes += r.value_size;
            ++lent_values;
        }
        void remove(const request& r, std::size_t size) noexcept {
            --requests;
            bytes -= size;
            if (!r.is_shared) return;
            lent_bytes -= r.value_size;
            --lent_values;
        }
    };
    // Whether the first request of a run may be larger than the room there is.
    enum class oversize : std::uint8_t { refused, allowed };

    // A reply whose value is too large to wait for in the receive buffer. Everything but the value
    // has been checked and read.
    struct large_reply {
        std::uint32_t sequence = 0;
        std::uint32_t due = 0;  // bytes of the value still to come; 0: there is no large reply
        reply answer;
        landed_block block;  // none: the value is skipped
    };

    [[nodiscard]] run next_run(const op_node& node, std::size_t room_bytes,
                               oversize) const noexcept;
    void encode_run(op_node& node, const run& next, outbox& out);

    [[nodiscard]] std::optional<errc> objection_to(const reply_head& head) const noexcept;
    [[nodiscard]] std::uint32_t size_limit(const reply_head& head) const noexcept;
    [[nodiscard]] bool is_large(const reply_head& head) const noexcept;
    void begin_large(const reply_head& head, std::span<const std::byte> extras_and_key) noexcept;
    std::size_t feed_large(std::span<const std::byte> bytes) noexcept;
    void end_large() noexcept;

    // The oldest slot, whose last answer is due now.
    [[nodiscard]] slot take_oldest() noexcept;
    void orphan(slot& s) noexcept;
    void settle_skipped(std::uint32_t until) noexcept;
    void refuse(std::uint32_t sequence, status raw) noexcept;
    fed broken(std::size_t consumed, errc why) noexcept;

    pipeline_limits limits_;
    std::array<silence, command_count> silence_of_;
    slot_ring<slot> slots_;
    large_reply large_;
    std::uint64_t parts_bytes_ = 0;  // of the parts that the oldest slot, a stat, has had so far
    std::uint32_t orphans_ = 0;
    bool last_was_large_ = false;
    std::optional<errc> broken_;
};

}  // namespace kmc::detail
