#include "pipeline/pipeline.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "protocol/binary/decode.hpp"
#include "protocol/binary/encode.hpp"
#include "protocol/status.hpp"

namespace kmc::detail {
namespace {

namespace wire = binary;

// Errors carry a short English sentence. One that needs more is no memcached.
constexpr std::uint32_t error_text_bytes_max = 4096;

// Every answer and every error of a slot ends here. After the last one nothing may touch the node.
void one_less_open(op_node& node) noexcept {
    KMC_ASSERT(node.open != 0);
    if (--node.open != 0) return;
    node.where = nullptr;
    node.hooks->on_complete(node);
}

void answer(const slot& to, reply& r) noexcept {
    if (to.node == nullptr) return;
    if (to.node->has_stand_ins && to.node->requests[to.index].is_stand_in) r.cas = 0;
    to.node->answer(to.index, r);
    one_less_open(*to.node);
}

// A part of an answer: the request stays open.
void answer_in_part(const slot& to, reply& r) noexcept {
    if (to.node != nullptr) to.node->answer(to.index, r);
}

loudness wish_of(const request& r) noexcept {
    return r.is_loud ? loudness::loud : loudness::quiet;
}

void fail(const slot& to, error why) noexcept {
    if (to.node == nullptr) return;
    to.node->fail(to.index, why);
    one_less_open(*to.node);
}

}  // namespace

pipeline::pipeline(const pipeline_limits& limits, std::uint32_t first_sequence)
    : limits_(limits), slots_(limits.max_slots, first_sequence) {
    limits_.run_requests = std::max(limits_.run_requests, 1U);
    limits_.landing_bytes = std::max(limits_.landing_bytes, 1U);
    for (std::size_t i = 0; i < silence_of_.size(); ++i) {
        silence_of_[i] = wire::silence_of(static_cast<command>(i));
    }
}

std::uint32_t pipeline::encode(op_node& node, outbox& out, std::size_t room_bytes) {
    KMC_ASSERT(!broken_);
    std::uint32_t encoded = 0;
    while (true) {
        const run next =
            next_run(node, room_bytes, out.empty() ? oversize::allowed : oversize::refused);
        if (next.requests == 0) return encoded;
        encode_run(node, next, out);
        encoded += next.requests;
        room_bytes -= std::min(room_bytes, next.bytes);
    }
}

pipeline::run pipeline::next_run(const op_node& node, std::size_t room_bytes,
                                 oversize first) const noexcept {
    const request* requests = node.requests + node.encoded;
    const std::uint32_t most =
        std::min({node.count - node.encoded, slots_.room(), limits_.run_requests});
    if (most == 0) return {};
    const std::size_t alone = wire::encoded_size(requests[0], loudness::loud);
    if (alone > room_bytes && first == oversize::refused) return {};
    run only;
    only.add(requests[0], alone);
    if (most == 1) return only;

    // As if all of them might be quiet ...
    const std::size_t budget = std::min<std::size_t>(room_bytes, limits_.run_bytes);
    run next;
    while (next.requests < most) {
        const request& r = requests[next.requests];
        const std::size_t size = wire::encoded_size(r, wish_of(r));
        if (size > budget - next.bytes) break;
        next.add(r, size);
    }
    // ... then let the last one speak, which may take more or fewer bytes.
    while (next.requests > 1) {
        const request& last = requests[next.requests - 1];
        next.remove(last, wire::encoded_size(last, wish_of(last)));
        const std::size_t size = wire::encoded_size(last, loudness::loud);
        if (size > budget - next.bytes) continue;
        next.add(last, size);
        return next;
    }
    return only;
}

void pipeline::encode_run(op_node& node, const run& next, outbox& out) {
    const std::uint32_t last = node.encoded + next.requests - 1;
    // From here on nothing throws: half a run on the wire would be a run without a fence.
    out.reserve(next.bytes - next.lent_bytes, next.lent_values);
    [[maybe_unused]] const std::size_t before = out.size();
    for (std::uint32_t index = node.encoded; index <= last; ++index) {
        const request& r = node.requests[index];
        slot s{.node = &node, .index = index, .what = r.what};
        if (index != last && !r.is_loud)
            s.quiet_means = silence_of_[static_cast<std::size_t>(r.what)];
        wire::encode(r, slots_.tail(), s.how(), out);
        slots_.push(s);
    }
    node.encoded += next.requests;
    KMC_ASSERT(out.size() - before == next.bytes);
}

// ---- replies: what follows is done for each, and inlined into feed() -------------------------

// Only items may be as large as the user says; the codec bounds what else there is.
inline std::uint32_t pipeline::size_limit(const reply_head& head) const noexcept {
    if (static_cast<status>(head.status) != status::ok) return error_text_bytes_max;
    return gives_item(slots_[head.sequence].what) ? limits_.value_bytes_max : head.value_size;
}

inline bool pipeline::is_large(const reply_head& head) const noexcept {
    return static_cast<status>(head.status) == status::ok &&
           gives_item(slots_[head.sequence].what) && head.value_size >= limits_.landing_bytes;
}

// Everything that can be wrong with a reply, asked before anything of it is believed.
inline std::optional<errc> pipeline::objection_to(const reply_head& head) const noexcept {
    if (!slots_.contains(head.sequence)) return errc::protocol_error;
    for (std::uint32_t skipped = slots_.head(); skipped != head.sequence; ++skipped) {
        const bool has_had_parts = skipped == slots_.head() && parts_bytes_ != 0;
        if (slots_[skipped].is_loud() && !has_had_parts) return errc::protocol_error;
    }
    const slot& s = slots_[head.sequence];
    if (!wire::answers(head, s.what, s.how())) return errc::protocol_error;

    if (head.value_size > size_limit(head)) return errc::protocol_error;
    const std::uint64_t before = head.sequence == slots_.head() ? parts_bytes_ : 0;
    if (s.what == command::stat && before + head.frame_size() > limits_.stat_bytes_max) {
        return errc::protocol_error;
    }
    if (aftermath_of(static_cast<status>(head.status), s.what) == aftermath::locked) {
        return errc::auth_failed;
    }
    return std::nullopt;
}

inline slot pipeline::take_oldest() noexcept {
    parts_bytes_ = 0;
    const slot s = slots_.pop();
    if (s.node == nullptr) --orphans_;
    return s;
}

// What quiet requests wanted to say by their silence, now that a later reply is complete.
inline void pipeline::settle_skipped(std::uint32_t until) noexcept {
    while (slots_.head() != until) {
        const slot s = take_oldest();
        reply r;
        r.what = s.what;
        r.is_implied = true;
        r.status = s.quiet_means == silence::miss ? status::not_found : status::ok;
        answer(s, r);
    }
}

pipeline::fed pipeline::feed(std::span<const std::byte> bytes) {
    if (broken_) return {.consumed = 0, .broken = true, .why = *broken_};
    std::size_t consumed = 0;
    while (true) {
        if (large_.due != 0) consumed += feed_large(bytes.subspan(consumed));
        const std::span<const std::byte> rest = bytes.subspan(consumed);
        if (rest.empty()) return {.consumed = consumed};

        const parse_result parsed = wire::parse_head(rest);
        if (parsed.status == parse_status::need_more) return {.consumed = consumed};
        if (parsed.status == parse_status::broken) return broken(consumed, parsed.why);
        const reply_head& head = parsed.head;
        if (const std::optional<errc> why = objection_to(head)) return broken(consumed, *why);

        const std::size_t value_at = std::size_t{head.head_size} + head.extras_size + head.key_size;
        if (rest.size() < value_at) return {.consumed = consumed};
        const auto extras_and_key = rest.subspan(head.head_size, value_at - head.head_size);
        if (rest.size() - value_at < head.value_size) {
            if (!is_large(head)) return {.consumed = consumed};
            begin_large(head, extras_and_key);
            consumed += value_at;
            continue;
        }

        reply r = wire::read_reply(head, slots_[head.sequence].what, extras_and_key);
        if (aftermath_of(r.status, r.what) != aftermath::none) {
            refuse(head.sequence, r.status);
            return broken(consumed, errc::protocol_error);
        }
        r.value = as_text(rest.subspan(value_at, head.value_size));
        if (is_counter(r.what) && r.status == status::ok) r.number = wire::read_number(r.value);
        last_was_large_ = head.value_size >= limits_.landing_bytes;
        settle_skipped(head.sequence);
        if (r.is_part) {
            parts_bytes_ += head.frame_size();
            answer_in_part(slots_[head.sequence], r);
        } else {
            answer(take_oldest(), r);
        }
        consumed += value_at + head.value_size;
    }
}

void pipeline::begin_large(const reply_head& head,
                           std::span<const std::byte> extras_and_key) noexcept {
    const slot& s = slots_[head.sequence];
    large_.sequence = head.sequence;
    large_.due = head.value_size;
    large_.answer = wire::read_reply(head, s.what, extras_and_key);
    large_.block = {};
    if (s.node == nullptr) return;
    if (void* block = try_take_block(head.value_size)) {
        large_.block = landed_block(static_cast<char*>(block), head.value_size);
    }
}

std::size_t pipeline::feed_large(std::span<const std::byte> bytes) noexcept {
    const std::size_t size = std::min<std::size_t>(bytes.size(), large_.due);
    if (large_.block) copy_bytes(landing().data(), bytes.data(), size);
    landed(size);
    return size;
}

std::span<std::byte> pipeline::landing() noexcept {
    if (large_.due == 0 || !large_.block) return {};
    const std::span<char> all(large_.block.data(), large_.block.size());
    return std::as_writable_bytes(all.last(large_.due));
}

void pipeline::landed(std::size_t bytes) noexcept {
    if (large_.due == 0) return;  // the receive outlived the connection: drain() came first
    KMC_ASSERT(bytes <= large_.due);
    large_.due -= static_cast<std::uint32_t>(bytes);
    if (large_.due == 0) end_large();
}

void pipeline::end_large() noexcept {
    last_was_large_ = true;
    settle_skipped(large_.sequence);
    const slot s = take_oldest();
    reply r = std::move(large_.answer);
    if (!large_.block) {
        fail(s, {errc::overloaded, stage::answered});
        return;
    }
    r.value = {large_.block.data(), large_.block.size()};
    r.landed = std::move(large_.block);
    answer(s, r);
}

void pipeline::orphan(slot& s) noexcept {
    s.node = nullptr;
    ++orphans_;
}

// The server misunderstood this request. Its own caller learns why; the silence of the quiet ones
// before it proves nothing any more.
void pipeline::refuse(std::uint32_t sequence, status raw) noexcept {
    const slot s = slots_[sequence];
    if (s.node == nullptr) return;
    orphan(slots_[sequence]);
    fail(s,
         {errc::server_error, stage::answered, error::no_server, static_cast<std::uint16_t>(raw)});
}

pipeline::fed pipeline::broken(std::size_t consumed, errc why) noexcept {
    broken_ = why;
    return {.consumed = consumed, .broken = true, .why = why};
}

void pipeline::abandon(op_node& node) noexcept {
    for (std::uint32_t at = slots_.head(); at != slots_.tail(); ++at) {
        if (slots_[at].node == &node) orphan(slots_[at]);
    }
}

void pipeline::reclaim_repeatable(intrusive_list<op_node>& to, std::uint32_t& budget) noexcept {
    // Newest first, so that each goes before those that came after it.
    for (std::uint32_t at = slots_.tail(); at != slots_.head();) {
        op_node* const node = slots_[--at].node;
        if (node == nullptr || node->is_resent) continue;
        // Replies come in order: what is unanswered is the end of the node.
        const std::uint32_t first_open = node->count - node->open;
        const std::uint32_t due = node->encoded - first_open;
        const auto* const begin = node->requests + first_open;
        if (due > budget || !std::all_of(begin, begin + due,
                                         [](const request& r) { return is_repeatable(r.what); })) {
            continue;
        }
        for (std::uint32_t i = 0; i < due; ++i) orphan(slots_[at - i]);
        budget -= due;
        node->encoded = first_open;
        node->is_resent = true;
        if (!node->is_linked()) to.push_front(*node);
    }
}

void pipeline::drain(errc why) noexcept {
    if (!broken_) broken_ = why;
    large_.due = 0;
    while (!slots_.empty()) fail(take_oldest(), {why, stage::sent});
}

}  // namespace kmc::detail
