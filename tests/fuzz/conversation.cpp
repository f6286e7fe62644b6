#include "conversation.hpp"

#include <algorithm>
#include <array>
#include <bit>

// The heap is counted where libFuzzer runs: g++ 12 has no header for it.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KMC_COUNTS_HEAP
#include <sanitizer/allocator_interface.h>
#endif
#endif

namespace kmc::fuzzing {

using detail::command;
using testing::spy_node;
using testing::wire;

namespace {

// Bytes on the heap; 0 where nobody counts them.
std::size_t heap_bytes() {
#ifdef KMC_COUNTS_HEAP
    return __sanitizer_get_current_allocated_bytes();
#else
    return 0;
#endif
}

bool is_same(const testing::outcome& got, const told& expected) {
    return got.times == expected.times && got.is_answer == expected.is_answer &&
           got.status == expected.status && got.flags == expected.flags &&
           got.cas == expected.cas && got.number == expected.number &&
           got.is_implied == expected.is_implied && got.why == expected.why &&
           got.value == expected.value && got.parts == expected.parts;
}

}  // namespace

conversation::conversation(input& program) : in_(program) {
    constexpr std::array<std::uint32_t, 4> landings = {1, 16, 64, 32 * 1024};
    constexpr std::array<std::uint32_t, 4> values = {0, 100, 600, 1024 * 1024};
    constexpr std::array<std::uint32_t, 4> stats = {60, 200, 4096, 4 * 1024 * 1024};
    const std::uint8_t sizes = in_.byte();
    limits_ = {.max_slots = 1 + in_.below(32),
               .run_requests = in_.below(10),
               .run_bytes = in_.two_bytes() % 1024U,
               .landing_bytes = landings[sizes & 3],
               .value_bytes_max = values[sizes >> 2 & 3],
               .stat_bytes_max = stats[sizes >> 4 & 3]};
    connect();
}

conversation::~conversation() = default;

void conversation::connect() {
    // Near the end of the numbers as often as not.
    const std::uint8_t first = in_.byte();
    next_sequence_ = (first & 1) != 0 ? 0xffffffffU - first / 8 : first * 0x01020304U;
    wire_ = std::make_unique<wire>(next_sequence_, limits_);
    reference_ = std::make_unique<reference_session>(limits_, next_sequence_);
    at_server_.clear();
    stream_.clear();
    is_honest_ = true;
}

bool conversation::step() {
    if (in_.empty()) return false;
    switch (in_.below(11)) {
        case 0:
        case 1:
            add_caller();
            break;
        case 2:
        case 3:
            send();
            break;
        case 4:
        case 5:
            answer_honestly(1 + in_.below(8));
            break;
        case 6:
            answer_with_mistakes();
            break;
        case 7:
        case 8:
            deliver();
            break;
        case 9:
            abandon_one();
            break;
        default:
            switch (in_.below(4)) {
                case 0:
                    lose_connection(errc::connection_lost);
                    break;
                case 1:
                    say_anything();
                    break;
                default:
                    // What a connection does at the end of a turn, all at once.
                    send();
                    answer_honestly(64);
                    deliver();
            }
    }
    check();
    return true;
}

void conversation::finish() {
    lose_connection(errc::client_closed);
    check();
}

void conversation::add_caller() {
    if (callers_.size() >= 8) return;
    const auto c = std::make_shared<caller>();
    const std::uint8_t bits = in_.byte();
    c->node.takes_blocks = (bits & 0x80) == 0;
    for (std::uint32_t i = 0; i <= bits % 9U; ++i) add_request(*c);
    c->expected.resize(c->node.count);
    c->meant.resize(c->node.count);
    callers_.push_back(c);
    unsent_.push_back(c);
}

void conversation::add_request(caller& c) {
    const std::uint8_t bits = in_.byte();
    const std::string key = "key" + std::to_string(serial_++);
    switch (const auto what = static_cast<command>(bits % detail::command_count)) {
        case command::gat:
            c.node.gat(key, 60);
            break;
        case command::touch:
            c.node.touch(key, 60);
            break;
        case command::set:
        case command::add:
        case command::replace:
        case command::append:
        case command::prepend:
            c.node.store(what, key, std::string(in_.byte(), 's'));
            break;
        case command::del:
            c.node.del(key);
            break;
        case command::incr:
        case command::decr:
            c.node.change(what, key, {.delta = 1});
            break;
        case command::flush:
            c.node.flush();
            break;
        case command::stat:
            c.node.stat(key);
            break;
        case command::noop:
            c.node.noop();
            break;
        case command::version:
            c.node.version();
            break;
        case command::get:
            c.node.get(key);
            break;
    }
    if (bits >= 225) c.node.loud();
}

void conversation::send() {
    const std::size_t room = in_.two_bytes() % 2048U;
    while (!unsent_.empty() && wire_->tx.size() <= room) {
        const std::shared_ptr<caller> c = unsent_.front();
        std::size_t index = c->node.encoded;
        const auto sent = wire_->send(c->node, room - wire_->tx.size());
        for (const testing::request_frame& frame : sent) {
            const detail::request& r = c->node.requests[index];
            require(frame.opaque == next_sequence_++, "sequence numbers follow each other");
            require(frame.key == r.key_view(), "the key of the request");
            reference_->sent(r.what, frame, &c->expected[index]);
            at_server_.push_back({.frame = frame, .from = c, .index = index});
            ++index;
        }
        require(index == c->node.encoded, "as many frames as were encoded");
        require(reference_->in_flight() <= std::bit_ceil(limits_.max_slots), "the window");
        if (c->node.encoded == c->node.count) unsent_.pop_front();
        if (sent.empty()) break;
    }
    wire_->tx.clear();
}

server_mood conversation::mood() const {
    const bool is_noop_next =
        at_server_.size() > 1 && at_server_[1].frame.opcode == testing::opcode::noop;
    return {.limits = limits_, .is_noop_next = is_noop_next};
}

void conversation::answer_honestly(std::uint32_t requests) {
    for (; requests != 0 && !at_server_.empty(); --requests) {
        const arrived& to = at_server_.front();
        told meant;
        meant.times = 1;
        meant.is_answer = true;
        stream_ += honest_answer(to.frame, in_.byte(), mood(), meant);
        if (const auto c = to.from.lock()) c->meant[to.index] = meant;
        at_server_.pop_front();
    }
}

// An answer to one of the requests that wait, and then up to three mistakes in it.
void conversation::answer_with_mistakes() {
    is_honest_ = false;
    const std::uint8_t bits = in_.byte();
    if (at_server_.empty()) {
        stream_ += testing::hit(next_sequence_ - 1 + bits % 3U, "late", testing::opcode::get);
        return;
    }
    const arrived& to = at_server_[bits % std::min<std::size_t>(at_server_.size(), 8)];
    told unused;
    std::string frame = honest_answer(to.frame, in_.byte(), mood(), unused);
    if (frame.empty()) frame = testing::success(to.frame.opaque, to.frame.opcode);
    for (std::uint32_t mistakes = in_.below(4); mistakes != 0; --mistakes) damage(in_, frame);
    stream_ += frame;
    // It forgets the request, and all before it, or will answer again.
    if ((bits & 0x40) != 0) return;
    for (std::size_t i = bits % std::min<std::size_t>(at_server_.size(), 8) + 1; i != 0; --i) {
        at_server_.pop_front();
    }
}

void conversation::say_anything() {
    is_honest_ = false;
    stream_ += in_.short_text();
}

void conversation::deliver() {
    const std::uint16_t bits = in_.two_bytes();
    constexpr std::array<std::size_t, 4> pieces = {1, 7, 100, 1 << 20};
    const std::size_t size = bits >= 0xc000 ? stream_.size() : bits % 512U;
    const std::string bytes = stream_.substr(0, size);
    stream_.erase(0, size);
    const std::size_t before = heap_bytes();
    wire_->receive(bytes, pieces[bits >> 9 & 3],
                   (bits & 0x2000) != 0 ? wire::receiving::through_feed_only
                                        : wire::receiving::as_a_connection);
    check_memory(before, bytes.size());
    reference_->received(bytes);
}

void conversation::abandon_one() {
    const std::uint8_t which = in_.byte();
    if (callers_.empty()) return;
    std::shared_ptr<caller> c = callers_[which % callers_.size()];
    const std::uint32_t in_flight = wire_->pipeline.in_flight();
    wire_->pipeline.abandon(c->node);
    require(wire_->pipeline.in_flight() == in_flight, "orphans keep their slots");
    reference_->forget(c->expected.data(), c->expected.data() + c->expected.size());
    unsent_.erase(std::remove(unsent_.begin(), unsent_.end(), c), unsent_.end());
    callers_.erase(std::remove(callers_.begin(), callers_.end(), c), callers_.end());
    // It dies here: whoever speaks to it from now on is found by the sanitizer.
}

void conversation::lose_connection(errc why) {
    if (wire_->is_broken) why = wire_->why;
    wire_->pipeline.drain(why);
    reference_->connection_gone(why);
    require(wire_->pipeline.empty() && wire_->pipeline.landing().empty(), "drained");
    require(wire_->pipeline.feed({}).broken, "nothing is read from a drained pipeline");
    wire_->pipeline.landed(1);  // a receive that was under way
    for (const auto& c : callers_) {
        check_caller(*c);
        for (std::size_t i = 0; i < c->node.count; ++i) {
            require(c->node.got[i].times == (i < c->node.encoded ? 1 : 0),
                    "exactly one end for whatever was sent");
        }
        require(c->node.completions == (c->node.encoded == c->node.count ? 1 : 0), "completed");
    }
    callers_.clear();
    unsent_.clear();
    connect();
}

void conversation::check() {
    require(wire_->is_broken == reference_->is_broken(), "broken when it has to be");
    if (wire_->is_broken) {
        require(wire_->why == reference_->why(), "broken for the right reason");
        require(!is_honest_, "an honest server breaks nothing");
        const auto again = wire_->pipeline.feed({});
        require(again.broken && again.consumed == 0, "broken for good");
        lose_connection(errc::connection_lost);
        return;
    }
    require(wire_->pipeline.in_flight() == reference_->in_flight(), "as many in flight");
    require(
        wire_->pipeline.in_flight() + wire_->pipeline.room() == std::bit_ceil(limits_.max_slots),
        "slots are neither lost nor made");
    for (auto it = callers_.begin(); it != callers_.end();) {
        check_caller(**it);
        // Complete: nobody may remember it.
        it = (*it)->node.open == 0 ? callers_.erase(it) : it + 1;
    }
}

void conversation::check_caller(const caller& c) const {
    std::size_t open = 0;
    for (std::size_t i = 0; i < c.node.count; ++i) {
        const testing::outcome& got = c.node.got[i];
        require(got.times <= 1, "at most one end");
        require(is_same(got, c.expected[i]), "what the reference says");
        if (got.times == 0) ++open;
        if (is_honest_ && got.times != 0 && got.is_answer) {
            require(is_same(got, c.meant[i]), "what the honest server meant");
        }
    }
    require(c.node.open == open, "open requests are counted");
    require(c.node.completions == (open == 0 ? 1 : 0), "completed once, at the end");
    require((c.node.where == nullptr) == (open == 0), "let go of when complete");
}

// A peer costs what it sent and one value at most, whatever it announced.
void conversation::check_memory(std::size_t before, std::size_t delivered) const {
    const std::size_t landing = wire_->pipeline.landing().size();
    require(landing <= limits_.value_bytes_max, "a landing is within the limit");
    constexpr std::size_t longest_wait = 24 + 255 + 250 + 4096;
    require(wire_->is_broken || wire_->rx.size() <= longest_wait + std::max(limits_.landing_bytes,
                                                                            limits_.stat_bytes_max),
            "what waits to be read is bounded");
    const std::size_t after = heap_bytes();
    const std::size_t grown = after > before ? after - before : 0;
    // Values, names and lists that the callers keep, each of which may have grown by doubling.
    require(grown <= limits_.value_bytes_max + 64 * 1024 + 16 * delivered, "memory is bounded");
}

}  // namespace kmc::fuzzing
