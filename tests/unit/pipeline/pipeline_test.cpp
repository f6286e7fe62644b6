// Who gets which answer, and when it may be believed.

#include "pipeline/pipeline.hpp"

#include <memory>

#include <catch2/catch.hpp>

#include "base/bytes.hpp"
#include "harness.hpp"
#include "support/alloc_counter.hpp"

using namespace kmc::testing;
using kmc::errc;
using kmc::stage;
using kmc::detail::pipeline_limits;
using kmc::detail::status;

namespace {

std::vector<int> opcodes_of(const std::vector<request_frame>& frames) {
    std::vector<int> codes;
    for (const request_frame& frame : frames) codes.push_back(frame.opcode);
    return codes;
}

// Every way to cut a stream once, and byte by byte.
template <class Script>
void with_every_split(std::string_view stream, Script script) {
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        CAPTURE(cut);
        script([&](wire& w) {
            w.receive(stream.substr(0, cut));
            w.receive(stream.substr(cut));
        });
    }
    script([&](wire& w) { w.receive(stream, 1); });
}

// A batch of one of everything from sequence 100 on: get, get, set, set, del, get.
struct mixed_batch {
    spy_node node;
    wire w;
    std::vector<request_frame> sent;

    mixed_batch() {
        node.get("hit").get("miss").set("a", "1").set("b", "2").del("gone").get("last");
        sent = w.send(node);
    }
    // The first get hits, the second is silent, a set is refused, the rest is silent but the last.
    static std::string replies() {
        return hit(100, "hit's value", opcode::getq, 7, 9) +
               refusal(103, opcode::setq, 0x82, "Out of memory") + hit(105, "last's value");
    }
    void check_all_answered() const {
        CHECK(node.got[0].is_hit("hit's value"));
        CHECK(node.got[0].flags == 7);
        CHECK(node.got[0].cas == 9);
        CHECK(node.got[1].is(status::not_found));
        CHECK(node.got[2].is_ok());
        CHECK(node.got[2].cas == 0);
        CHECK(node.got[3].is(status::out_of_memory));
        CHECK(node.got[3].value == "Out of memory");
        CHECK(node.got[4].is_ok());
        CHECK(node.got[5].is_hit("last's value"));
        CHECK(node.order == std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5});
        CHECK(node.completions == 1);
        CHECK(node.open == 0);
        CHECK(node.where == nullptr);
        CHECK(w.pipeline.empty());
        CHECK_FALSE(w.is_broken);
        CHECK(w.rx.empty());
    }
};

}  // namespace

TEST_CASE("a request alone is loud, whatever its command", "[pipeline]") {
    wire w;
    spy_node get, set, del, noop, version;
    CHECK(opcodes_of(w.send(get.get("k"))) == std::vector<int>{opcode::get});
    CHECK(opcodes_of(w.send(set.set("k", "v"))) == std::vector<int>{opcode::set});
    CHECK(opcodes_of(w.send(del.del("k"))) == std::vector<int>{opcode::del});
    CHECK(opcodes_of(w.send(noop.noop())) == std::vector<int>{opcode::noop});
    CHECK(opcodes_of(w.send(version.version())) == std::vector<int>{opcode::version});
    CHECK(w.pipeline.in_flight() == 5);

    w.receive(hit(100, "v") + to_bytes({.opcode = opcode::set, .opaque = 101, .cas = 3}) +
              refusal(102, opcode::del, 1) + to_bytes({.opcode = opcode::noop, .opaque = 103}) +
              to_bytes({.opcode = opcode::version, .opaque = 104, .value = "1.6.18"}));
    CHECK(get.got[0].is_hit("v"));
    CHECK(set.got[0].is_ok());
    CHECK(set.got[0].cas == 3);
    CHECK(del.got[0].is(status::not_found));
    CHECK(noop.got[0].is_ok());
    CHECK(version.got[0].is_hit("1.6.18"));
    CHECK(w.pipeline.empty());
}

TEST_CASE("a run is quiet but for its last request and commands that cannot be", "[pipeline]") {
    wire w;
    spy_node node;
    node.get("a").noop().set("b", "v").version().del("c").get("d");

    const std::vector<request_frame> sent = w.send(node);

    CHECK(opcodes_of(sent) == std::vector<int>{opcode::getq, opcode::noop, opcode::setq,
                                               opcode::version, opcode::delq, opcode::get});
    for (std::uint32_t i = 0; i < sent.size(); ++i) CHECK(sent[i].opaque == 100 + i);
    CHECK(node.encoded == 6);
    CHECK(node.open == 6);
    CHECK(node.is_untouched());
}

TEST_CASE("each request gets its own answer, however the stream is cut", "[pipeline]") {
    with_every_split(mixed_batch::replies(), [](auto deliver) {
        mixed_batch batch;
        deliver(batch.w);
        batch.check_all_answered();
    });
}

TEST_CASE("silence is believed only when a later reply is complete", "[pipeline]") {
    mixed_batch batch;
    const std::string replies = mixed_batch::replies();
    const std::size_t refused_at = hit(100, "hit's value").size();
    const std::size_t last_at =
        refused_at + refusal(103, opcode::setq, 0x82, "Out of memory").size();

    for (std::size_t i = 0; i < replies.size(); ++i) {
        CAPTURE(i);
        CHECK(batch.node.got[0].times == (i >= refused_at));
        CHECK(batch.node.got[1].times == (i >= last_at));
        CHECK(batch.node.got[2].times == (i >= last_at));
        CHECK(batch.node.got[3].times == (i >= last_at));
        CHECK(batch.node.got[4].times == 0);
        CHECK(batch.node.got[5].times == 0);
        CHECK(batch.node.completions == 0);
        batch.w.receive(replies.substr(i, 1));
    }
    batch.check_all_answered();
}

TEST_CASE("what was not answered when the connection went is lost, never a miss", "[pipeline]") {
    const std::string replies = mixed_batch::replies();
    for (std::size_t size = 0; size < replies.size(); ++size) {
        CAPTURE(size);
        mixed_batch batch;
        batch.w.receive(replies.substr(0, size));
        const std::vector<outcome> before = batch.node.got;

        batch.w.pipeline.drain(errc::connection_lost);

        for (std::size_t i = 0; i < before.size(); ++i) {
            CAPTURE(i);
            if (before[i].times == 0) {
                CHECK(batch.node.got[i].is_lost());
            } else {
                CHECK(batch.node.got[i].is_answer);
                CHECK(batch.node.got[i].times == 1);
            }
        }
        CHECK(batch.node.completions == 1);
        CHECK(batch.node.where == nullptr);
        CHECK(batch.w.pipeline.empty());
    }
}

TEST_CASE("after the end nothing more is taken in", "[pipeline]") {
    mixed_batch batch;
    batch.w.pipeline.drain(errc::client_closed);
    CHECK(batch.node.got[0].is_error(errc::client_closed, stage::sent));

    batch.w.receive(mixed_batch::replies());
    CHECK(batch.w.is_broken);
    CHECK(batch.node.got[0].times == 1);
    CHECK(batch.node.completions == 1);
}

TEST_CASE("a node that left hears nothing more, and its replies keep the step", "[pipeline]") {
    const std::string replies = mixed_batch::replies() + hit(106, "other's value");
    for (std::size_t size = 0; size <= replies.size(); ++size) {
        CAPTURE(size);
        auto batch = std::make_unique<mixed_batch>();
        wire& w = batch->w;
        spy_node other;
        w.send(other.get("other"));
        w.receive(replies.substr(0, size));
        const std::uint32_t in_flight = w.pipeline.in_flight();
        const std::uint32_t open = batch->node.open;
        const int completions = batch->node.completions;

        w.pipeline.abandon(batch->node);

        CHECK(batch->node.open == open);
        CHECK(batch->node.completions == completions);
        CHECK(w.pipeline.in_flight() == in_flight);
        w.receive(replies.substr(size));
        CHECK(other.got[0].is_hit("other's value"));
        CHECK(other.completions == 1);
        CHECK(batch->node.open == open);
        CHECK(w.pipeline.empty());
        CHECK_FALSE(w.is_broken);
    }
}

TEST_CASE("an abandoned node may be destroyed at once", "[pipeline]") {
    const std::string replies = mixed_batch::replies();
    const bool is_drained = GENERATE(false, true);
    for (std::size_t size = 0; size <= replies.size(); ++size) {
        wire w;
        auto node = std::make_unique<spy_node>();
        node->get("hit").get("miss").set("a", "1").set("b", "2").del("gone").get("last");
        w.send(*node);
        w.receive(replies.substr(0, size));

        w.pipeline.abandon(*node);
        node.reset();

        if (is_drained) {
            w.pipeline.drain(errc::connection_lost);
        } else {
            w.receive(replies.substr(size));
            CHECK_FALSE(w.is_broken);
        }
        CHECK(w.pipeline.empty());
    }
}

TEST_CASE("a pipeline may be destroyed at any time", "[pipeline]") {
    const std::string replies = mixed_batch::replies();
    for (std::size_t size = 0; size <= replies.size(); ++size) {
        auto node = std::make_unique<spy_node>();
        node->get("hit").get("miss").set("a", "1").set("b", "2").del("gone").get("last");
        wire w;
        w.send(*node);
        w.receive(replies.substr(0, size));
        node.reset();  // without a word: a pipeline that ends asks nobody
    }
}

TEST_CASE("sequence numbers pass through zero", "[pipeline]") {
    wire w(0xffffff00);
    for (std::uint32_t round = 0; round < 8; ++round) {
        spy_node node;
        for (int i = 0; i < 100; ++i) node.get("key" + std::to_string(i));
        const std::vector<request_frame> sent = w.send(node);
        REQUIRE(sent.size() == 100);
        REQUIRE(sent[0].opaque == 0xffffff00U + 100 * round);

        std::string replies;
        for (std::size_t i = 0; i < sent.size(); i += 3) {
            replies += hit(sent[i].opaque, sent[i].key, sent[i].opcode);
        }
        w.receive(replies, 997);

        for (std::size_t i = 0; i < sent.size(); ++i) {
            if (i % 3 == 0) {
                CHECK(node.got[i].is_hit(sent[i].key));
            } else {
                CHECK(node.got[i].is(status::not_found));
            }
        }
        CHECK(node.completions == 1);
        CHECK(w.pipeline.empty());
    }
    CHECK_FALSE(w.is_broken);
}

TEST_CASE("a steady stream of batches allocates nothing", "[pipeline]") {
    if (!alloc_counter::available()) {
        WARN("SKIPPED: allocations are not counted under a sanitizer");
        return;
    }
    wire w;
    spy_node node;
    for (int i = 0; i < 50; ++i) node.get("key" + std::to_string(i));
    node.order.reserve(150);
    w.tx.reserve(1 << 16, 0);
    std::uint32_t sequence = 100;

    for (int round = 0; round < 3; ++round) {
        node.encoded = 0;
        node.open = node.count;
        const std::string reply = hit(sequence + 49, "v");
        sequence += 50;

        alloc_counter counter;
        w.pipeline.encode(node, w.tx, 1 << 16);
        const auto fed = w.pipeline.feed(kmc::detail::as_bytes(reply));
        CHECK(counter.calls() == 0);

        CHECK(fed.consumed == reply.size());
        CHECK(node.open == 0);
        w.tx.clear();
    }
}
