// One side of one connection under the rules: bytes in, steps out. Pure: it reads no clock and
// touches no socket; times come out as waits, and whoever carries the steps out, a proxy or a
// simulator, has to do it in their order.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.hpp"
#include "chaos/frame_reader.hpp"
#include "chaos/rule.hpp"
#include "chaos/rule_book.hpp"

namespace kmc::chaos {

enum class step_kind : std::uint8_t {
    pass,          // send `bytes`, `time` after they arrived, in pieces if `pieces` says so
    wait,          // nothing for `time`
    stall,         // nothing until the rules are cleared
    stop_reading,  // as stall, and from when the step is made, not its turn, read no more
    cut,           // end the connection in order, in both directions; the last step
    reset,         // reset both ends; the last step
    end,           // pass the sender's end of stream on; the last step
};

struct step {
    step_kind what = step_kind::pass;
    std::string bytes{};
    nanoseconds time{};
    slicing pieces{};
    std::uint64_t seed = 0;  // of the sizes of the pieces
};

// The size of the next piece of `left` bytes.
[[nodiscard]] std::size_t next_piece(const slicing& pieces, detail::rng& random, std::size_t left);

class flow {
public:
    // @param book  outlives the flow; counts the hits, and may change between calls.
    flow(rule_book& book, side about, std::uint64_t connection, std::uint64_t seed)
        : book_(book),
          about_(about),
          connection_(connection),
          seed_(seed),
          reader_(about == side::request ? 0x80 : 0x81) {}

    // Appends what becomes of bytes that arrived.
    void take(std::string_view bytes, std::vector<step>& out);
    // The sender's end of stream.
    void end(std::vector<step>& out);
    // The rules were cleared: a frame that waits to be overtaken waits no longer.
    void release(std::vector<step>& out);

    [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }

private:
    struct mark;  // a step in the middle of a unit
    struct plan;  // what becomes of a unit

    void handle(const unit& u, std::vector<step>& out);
    [[nodiscard]] bool matches(const listed_rule& entry, const unit& u, std::uint64_t begin);
    // False if the action has nothing to act on here.
    [[nodiscard]] bool apply(const listed_rule& entry, const unit& u, std::uint64_t begin, plan& p);
    void emit(plan& p, std::vector<step>& out);
    [[nodiscard]] detail::rng& random_of(const listed_rule& entry);

    rule_book& book_;
    side about_;
    std::uint64_t connection_;
    std::uint64_t seed_;
    frame_reader reader_;
    std::uint64_t arrived_ = 0;  // bytes
    std::uint64_t frames_ = 0;
    bool is_over_ = false;  // nothing goes on any more
    std::optional<std::vector<step>> overtaken_;
    std::map<std::uint64_t, detail::rng> randoms_;  // by the rule's id
    std::set<std::uint64_t> places_passed_;         // ids of rules with `after`
};

}  // namespace kmc::chaos
