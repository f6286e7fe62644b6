// Where runs of requests are cut, and that each piece ends loud.

#include <catch2/catch.hpp>

#include <kmc/detail/block_pool.hpp>

#include "base/bytes.hpp"
#include "harness.hpp"
#include "pipeline/pipeline.hpp"
#include "support/alloc_counter.hpp"

using namespace kmc::testing;
using kmc::detail::pipeline_limits;
using kmc::detail::status;

namespace {

// Positions of the loud requests, counted from 1: the lengths of the runs, summed up.
std::vector<std::size_t> loud_ends(const std::vector<request_frame>& frames) {
    std::vector<std::size_t> ends;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        if (frames[i].opcode == opcode::get || frames[i].opcode == opcode::set) {
            ends.push_back(i + 1);
        }
    }
    return ends;
}

// Gets of keys of 6 bytes: frames of 30.
void add_gets(spy_node& node, int count) {
    for (int i = 0; i < count; ++i) node.get("k" + std::to_string(10'000 + i));
}

using ends = std::vector<std::size_t>;

}  // namespace

TEST_CASE("a run is cut after so many requests", "[runs]") {
    wire w;
    spy_node node;
    add_gets(node, 600);
    CHECK(loud_ends(w.send(node)) == ends{256, 512, 600});
    CHECK(node.encoded == 600);
}

TEST_CASE("a run is cut after so many bytes", "[runs]") {
    wire w(100, {.run_bytes = 301});
    spy_node node;
    add_gets(node, 25);
    CHECK(loud_ends(w.send(node)) == ends{10, 20, 25});
}

TEST_CASE("a request longer than a run may be is a run of its own", "[runs]") {
    wire w(100, {.run_bytes = 200});
    spy_node node;
    node.set("a", "1").set("b", std::string(500, 'v')).set("c", "3").set("d", "4");
    CHECK(loud_ends(w.send(node)) == ends{1, 2, 4});
}

TEST_CASE("free slots cut a run, and replies let it go on", "[runs]") {
    wire w(100, {.max_slots = 8});
    spy_node node;
    add_gets(node, 20);

    CHECK(loud_ends(w.send(node)) == ends{8});
    CHECK(w.pipeline.room() == 0);
    CHECK(w.send(node).empty());
    CHECK(node.encoded == 8);

    w.receive(hit(104, "v", opcode::getq));  // five are settled: four misses and a hit
    CHECK(w.pipeline.room() == 5);
    CHECK(loud_ends(w.send(node)) == ends{5});
    w.receive(refusal(107, opcode::get, 1) + refusal(112, opcode::get, 1));
    CHECK(node.completions == 0);
    CHECK(node.open == 7);
    CHECK(node.where != nullptr);

    CHECK(loud_ends(w.send(node)) == ends{7});
    w.receive(refusal(119, opcode::get, 1));
    CHECK(node.completions == 1);
    CHECK(node.where == nullptr);
    CHECK(node.got[4].is_hit("v"));
    for (std::size_t i = 0; i < 20; ++i) {
        if (i != 4) CHECK(node.got[i].is(status::not_found));
    }
}

TEST_CASE("room in the buffer cuts a run, exactly", "[runs]") {
    const auto [room, requests] =
        GENERATE(table<std::size_t, std::size_t>({{89, 2}, {90, 3}, {119, 3}, {120, 4}}));
    wire w;
    spy_node node;
    add_gets(node, 4);

    const std::vector<request_frame> sent = w.send(node, room);

    CHECK(sent.size() == requests);
    CHECK(loud_ends(sent) == ends{requests});
    CHECK(w.tx.size() == 30 * requests);
    CHECK(node.encoded == requests);
}

TEST_CASE("several runs share the room", "[runs]") {
    wire w(100, {.run_requests = 3});
    spy_node node;
    add_gets(node, 20);
    CHECK(loud_ends(w.send(node, 30 * 8 + 29)) == ends{3, 6, 8});
}

TEST_CASE("a request larger than the room goes alone, and only into an empty buffer", "[runs]") {
    wire w;
    spy_node node;
    node.set("a", std::string(1000, 'v')).set("b", "2");

    CHECK(loud_ends(w.send(node, 10)) == ends{1});
    CHECK(w.send(node, 10).empty());
    w.tx.clear();
    CHECK(loud_ends(w.send(node, 0)) == ends{1});
    CHECK(node.encoded == 2);
}

TEST_CASE("a buffer that cannot grow leaves no half run", "[runs]") {
    if (!alloc_counter::available()) {
        WARN("SKIPPED: allocations cannot be refused under a sanitizer");
        return;
    }
    wire w(400, {.run_requests = 100});
    spy_node node;
    add_gets(node, 300);
    kmc::detail::drop_blocks();  // none of the size that it grows to
    w.tx.reset(30 * 250);
    {
        alloc_refusal refusal(10'000);
        CHECK_THROWS_AS(w.send(node), std::bad_alloc);
    }
    CHECK(node.encoded == 200);
    CHECK(w.pipeline.in_flight() == 200);
    CHECK(loud_ends(read_requests(kmc::detail::as_text(w.tx.pending()))) == ends{100, 200});
}
