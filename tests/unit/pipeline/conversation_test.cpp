// Requests and replies captured from a live server, played through a pipeline.

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

#include "base/bytes.hpp"
#include "harness.hpp"
#include "protocol/status.hpp"
#include "unit/protocol/binary/captured_frames.hpp"

using namespace kmc::testing;
using kmc::detail::command;
using kmc::detail::loudness;
using kmc::detail::status;

namespace {

constexpr std::uint32_t first_sequence = 0xfffffffe;

// Why a pipeline would not say all of it in one write; empty when it would.
std::string why_not_said(const captured_exchange& exchange) {
    if (exchange.requests.empty()) return "not captured frame by frame";
    for (const captured_frame& frame : exchange.requests) {
        if (const std::string why = why_not_ours(frame); !why.empty()) return why;
    }
    if (exchange.reply_bytes.empty() && exchange.requests.size() == 1 &&
        exchange.requests[0].opcode == opcode::stat) {
        return "a reply that was not kept";
    }
    const auto last = command_of(exchange.requests.back().opcode);
    if (last->how == loudness::quiet) return "a quiet request without a fence";
    for (const captured_frame& reply : exchange.replies) {
        const auto asked = command_of(reply.opcode);
        const auto after =
            kmc::detail::aftermath_of(static_cast<status>(reply.status), asked->what);
        if (after != kmc::detail::aftermath::none) return "the end of the connection";
    }
    return "";
}

// The exchange with the sequence numbers that a pipeline gives out: captured ones have gaps.
struct script {
    spy_node node;
    std::string request_bytes, reply_bytes;
    std::vector<std::vector<captured_frame>> replies;  // to each request, in order

    explicit script(const captured_exchange& from) : replies(from.requests.size()) {
        std::map<std::uint32_t, std::uint32_t> sequences;
        for (const captured_frame& frame : from.requests) {
            const auto index = static_cast<std::uint32_t>(sequences.size());
            sequences[frame.opaque] = index;
            kmc::detail::counter_step step;
            node.ask(request_behind(frame, step));
            request_bytes += renumbered(frame, index);
        }
        for (const captured_frame& frame : from.replies) {
            const std::uint32_t index = sequences.at(frame.opaque);
            replies[index].push_back(frame);
            reply_bytes += renumbered(frame, index);
        }
    }

    void check_answers() const {
        for (std::size_t i = 0; i < replies.size(); ++i) {
            CAPTURE(i);
            const outcome& o = node.got[i];
            if (replies[i].empty()) {
                const command what = node.requests[i].what;
                CHECK(o.is_implied_as(kmc::detail::gives_item(what) ? status::not_found
                                                                    : status::ok));
                continue;
            }
            const captured_frame& last = replies[i].back();
            CHECK(o.is(static_cast<status>(last.status)));
            CHECK(o.value == last.value);
            CHECK(o.cas == last.cas);
            CHECK_FALSE(o.is_implied);
            CHECK(o.parts.size() == replies[i].size() - 1);
            for (std::size_t part = 0; part < o.parts.size(); ++part) {
                CHECK(o.parts[part].first == replies[i][part].key);
                CHECK(o.parts[part].second == replies[i][part].value);
            }
        }
        CHECK(node.completions == 1);
    }

private:
    static std::string renumbered(const captured_frame& frame, std::uint32_t index) {
        std::string bytes = frame.bytes;
        const std::uint32_t sequence = first_sequence + index;
        for (std::size_t i = 0; i < 4; ++i) {
            bytes[12 + i] = static_cast<char>(sequence >> (24 - 8 * i));
        }
        return bytes;
    }
};

}  // namespace

TEST_CASE("captured requests get their captured replies, however these are cut", "[pipeline]") {
    if (are_captured_frames_missing()) return;
    std::size_t played = 0;
    std::map<std::string, std::size_t> left_out;
    for (const captured_exchange& exchange : captured_exchanges()) {
        if (const std::string why = why_not_said(exchange); !why.empty()) {
            ++left_out[why];
            continue;
        }
        CAPTURE(exchange.id);
        ++played;

        const std::size_t size = exchange.reply_bytes.size();
        for (std::size_t cut = 0; cut <= size + 1; ++cut) {
            CAPTURE(cut);
            script s(exchange);
            wire w(first_sequence);
            w.send(s.node);
            REQUIRE(kmc::detail::as_text(w.tx.pending()) == s.request_bytes);

            if (cut <= size) {
                w.receive(std::string_view(s.reply_bytes).substr(0, cut));
                w.receive(std::string_view(s.reply_bytes).substr(cut));
            } else {
                w.receive(s.reply_bytes, 1);
            }

            s.check_answers();
            CHECK(w.pipeline.empty());
            CHECK_FALSE(w.is_broken);
        }
    }
    CHECK(played == 57);
    CHECK(left_out == std::map<std::string, std::size_t>{
                          {"another command", 25},
                          {"a flush without delay", 3},
                          {"a reserved field", 2},
                          {"a token with an unguarded command", 1},
                          {"malformed", 7},
                          {"not captured frame by frame", 7},
                          {"a reply that was not kept", 1},
                          {"a quiet request without a fence", 2},
                          {"the end of the connection", 3},
                      });
}
