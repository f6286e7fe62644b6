// Requests and replies captured from a live server, played through a pipeline.

#include <catch2/catch.hpp>

#include "base/bytes.hpp"
#include "harness.hpp"
#include "unit/protocol/binary/captured_frames.hpp"

using namespace kmc::testing;
using kmc::detail::loudness;
using kmc::detail::status;

TEST_CASE("captured requests get their captured replies, however these are cut", "[pipeline]") {
    if (are_captured_frames_missing()) return;
    std::size_t played = 0;
    for (const captured_exchange& exchange : captured_exchanges()) {
        // A request alone is all that a pipeline says in one captured write: runs are its own.
        if (exchange.requests.size() != 1 || exchange.replies.size() != 1) continue;
        const auto spoken = request_behind(exchange.requests[0]);
        const captured_frame& reply = exchange.replies[0];
        if (!spoken || spoken->how != loudness::loud || reply.status == 0x20) continue;
        CAPTURE(exchange.id);
        ++played;

        for (std::size_t cut = 0; cut <= exchange.reply_bytes.size() + 1; ++cut) {
            CAPTURE(cut);
            wire w(reply.opaque);
            spy_node node;
            w.send(node.ask(spoken->asked));
            REQUIRE(kmc::detail::as_text(w.tx.pending()) == exchange.requests[0].bytes);

            if (cut <= exchange.reply_bytes.size()) {
                w.receive(std::string_view(exchange.reply_bytes).substr(0, cut));
                w.receive(std::string_view(exchange.reply_bytes).substr(cut));
            } else {
                w.receive(exchange.reply_bytes, 1);
            }

            CHECK(node.got[0].is(static_cast<status>(reply.status)));
            CHECK(node.got[0].value == reply.value);
            CHECK(node.got[0].cas == reply.cas);
            CHECK(node.completions == 1);
            CHECK_FALSE(w.is_broken);
        }
    }
    CHECK(played == 15);
}
