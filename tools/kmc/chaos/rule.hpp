// What a rule of the fault-injecting proxy is: which traffic it is about, and what happens to it.
// Plain data; rule_parser.hpp makes it of text, flow.hpp and gate.hpp carry it out.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kmc::chaos {

using nanoseconds = std::chrono::nanoseconds;

// Requests go from the client to the target, replies the other way. `accept` is about the
// connection as such, before the target hears of it.
enum class side : std::uint8_t { request, reply, accept };

// A part of the binary protocol's header.
struct field {
    std::uint8_t at = 0;
    std::uint8_t size = 0;
};

// All that is given has to hold.
struct condition {
    std::optional<std::uint64_t> connection;  // its number, from 1, in the order of accepting
    std::optional<std::uint64_t> frame;       // its number, from 1, on its side of its connection
    std::optional<std::uint64_t> after;       // bytes, as they arrive, of that side
    std::vector<std::uint8_t> opcodes;        // any of them; empty: whatever it is
    std::optional<std::uint16_t> status;
    std::optional<std::string> key;
    std::optional<std::uint32_t> opaque;
    double probability = 1;
    std::optional<std::uint64_t> times;  // hits, over all connections

    // Whether bytes that are no frame can never fulfil it.
    [[nodiscard]] bool asks_for_frame() const noexcept {
        return frame || !opcodes.empty() || status || key || opaque;
    }
};

enum class deed : std::uint8_t {
    delay,         // goes on `time` after it arrived; what is behind it does not overtake it
    stall,         // nothing goes on for `time`; 0: until the rules are cleared
    slice,         // goes on in pieces
    drop,          // does not go on
    drop_rest,     // nothing goes on any more on this side of this connection
    cut,           // both ends see an orderly end
    reset,         // both ends see a reset
    flip,          // one bit is turned over
    set,           // a field of the header gets another value
    duplicate,     // goes on twice
    swap,          // goes on behind the next frame
    inject,        // `bytes` go in front of it
    stop_reading,  // as stall, and nothing more is taken from the sender
    hold,          // not accepted
};

// The size of each piece is drawn from least..most.
struct slicing {
    std::uint64_t least = 0;  // 0: not sliced
    std::uint64_t most = 0;
    nanoseconds gap{};
};

struct action {
    deed what = deed::drop;
    nanoseconds time{};
    std::uint64_t at = 0;  // how much of the frame goes on before: cut, reset, stall, ...
    slicing pieces;
    std::optional<std::uint64_t> bit;  // to flip, from the first byte's highest; else drawn
    field where;                       // to set ...
    std::uint64_t value = 0;           // ... to this
    std::string bytes;                 // to inject
};

struct rule {
    side about = side::reply;
    condition when;
    action then;
    std::string text;  // as it was given
};

}  // namespace kmc::chaos
