// What quiet stores, deletes and counters say, and what their silence means.

#include <catch2/catch.hpp>

#include "harness.hpp"

using namespace kmc::testing;
using kmc::errc;
using kmc::stage;
using kmc::detail::command;
using kmc::detail::status;

namespace {

struct quiet_case {
    command what;
    std::uint8_t loud, quiet;
    std::uint16_t refusal;  // one of its own
};

const std::vector<quiet_case>& quiet_cases() {
    static const std::vector<quiet_case> all{
        {command::set, opcode::set, opcode::setq, 0x82},
        {command::add, opcode::add, opcode::addq, 0x02},
        {command::replace, opcode::replace, opcode::replaceq, 0x01},
        {command::append, opcode::append, opcode::appendq, 0x05},
        {command::prepend, opcode::prepend, opcode::prependq, 0x05},
        {command::del, opcode::del, opcode::delq, 0x01},
        {command::incr, opcode::incr, opcode::incrq, 0x06},
        {command::decr, opcode::decr, opcode::decrq, 0x01},
        {command::flush, opcode::flush, opcode::flushq, 0x20},
    };
    return all;
}

void add_to(spy_node& node, command what) {
    switch (what) {
        case command::incr:
        case command::decr:
            node.change(what, "k", {.delta = 2, .initial = 1});
            return;
        case command::del:
            node.del("k");
            return;
        case command::flush:
            node.flush();
            return;
        default:
            node.store(what, "k", "v");
    }
}

std::string success_of(const quiet_case& c, std::uint32_t opaque) {
    const bool counts = c.what == command::incr || c.what == command::decr;
    return counts ? counted(opaque, c.loud, 42, 9) : success(opaque, c.loud, 9);
}

}  // namespace

TEST_CASE("a quiet request that succeeds is silent, one that fails is answered", "[quiet]") {
    for (const quiet_case& c : quiet_cases()) {
        CAPTURE(static_cast<int>(c.what));
        wire w;
        spy_node node;
        for (int i = 0; i < 3; ++i) add_to(node, c.what);
        node.get("fence");
        const auto sent = w.send(node);
        REQUIRE(sent.size() == 4);
        for (std::size_t i = 0; i < 3; ++i) REQUIRE(sent[i].opcode == c.quiet);

        w.receive(refusal(101, c.quiet, c.refusal, "why"));
        CHECK(node.got[0].is_implied_as(status::ok));
        CHECK(node.got[1].is(static_cast<status>(c.refusal)));
        CHECK(node.got[1].value == "why");
        CHECK_FALSE(node.got[1].is_implied);
        CHECK(node.got[2].times == 0);
        w.receive(refusal(103, opcode::get, 1));

        CHECK(node.got[2].is_implied_as(status::ok));
        CHECK(node.got[3].is(status::not_found));
        CHECK(node.completions == 1);
        CHECK_FALSE(w.is_broken);
    }
}

TEST_CASE("a quiet request whose fence never came is lost, and never stored", "[quiet]") {
    for (const quiet_case& c : quiet_cases()) {
        CAPTURE(static_cast<int>(c.what));
        wire w;
        spy_node node;
        for (int i = 0; i < 3; ++i) add_to(node, c.what);
        node.noop();
        w.send(node);

        w.receive(refusal(101, c.quiet, c.refusal) + success(103, opcode::noop).substr(0, 23));
        w.pipeline.drain(errc::connection_lost);

        CHECK(node.got[0].is_implied_as(status::ok));  // the refusal behind it proved it
        CHECK(node.got[1].is(static_cast<status>(c.refusal)));
        CHECK(node.got[2].is_lost());
        CHECK(node.got[2].why.maybe_executed());
        CHECK(node.got[3].is_lost());
        CHECK(node.completions == 1);
    }
}

TEST_CASE("a request may ask for its own answer inside a quiet run", "[quiet]") {
    for (const quiet_case& c : quiet_cases()) {
        CAPTURE(static_cast<int>(c.what));
        wire w;
        spy_node node;
        add_to(node, c.what);
        add_to(node, c.what);
        node.loud();
        add_to(node, c.what);
        node.get("fence");
        const auto sent = w.send(node);
        REQUIRE(sent.size() == 4);
        REQUIRE(sent[0].opcode == c.quiet);
        REQUIRE(sent[1].opcode == c.loud);
        REQUIRE(sent[2].opcode == c.quiet);

        w.receive(success_of(c, 101) + hit(103, "f"));

        CHECK(node.got[0].is_implied_as(status::ok));
        CHECK(node.got[1].is(status::ok));
        CHECK_FALSE(node.got[1].is_implied);
        CHECK(node.got[1].cas == 9);
        const bool counts = c.what == command::incr || c.what == command::decr;
        CHECK(node.got[1].number == (counts ? 42 : 0));
        CHECK(node.got[2].is_implied_as(status::ok));
        CHECK(node.completions == 1);
    }
}

TEST_CASE("a loud request inside a quiet run may not be skipped", "[quiet]") {
    wire w;
    spy_node node;
    node.set("a", "1").loud().set("b", "2").get("c");
    w.send(node);
    w.receive(hit(102, "c"));
    CHECK(w.is_broken);
    CHECK(node.is_untouched());
}

TEST_CASE("a quiet get-and-touch is silent about a miss and answers a hit", "[quiet]") {
    wire w;
    spy_node node;
    const auto sent = w.send(node.gat("a", 60).gat("b", 60).gat("c", 60).gat("d", 60));
    REQUIRE(sent[0].opcode == opcode::gatq);
    REQUIRE(sent[3].opcode == opcode::gat);

    w.receive(hit(101, "b's value", opcode::gatq, 7, 9));
    CHECK(node.got[0].is_implied_as(status::not_found));
    CHECK(node.got[1].is_hit("b's value"));
    CHECK(node.got[1].flags == 7);
    CHECK(node.got[1].cas == 9);
    CHECK(node.got[2].times == 0);
    w.receive(refusal(103, opcode::gat, 1));

    CHECK(node.got[2].is_implied_as(status::not_found));
    CHECK(node.got[3].is(status::not_found));
    CHECK(node.completions == 1);
}

TEST_CASE("a get-and-touch lands like a get", "[quiet]") {
    wire w(100, {.landing_bytes = 64});
    spy_node node;
    w.send(node.gat("a", 60).gat("b", 60));
    const std::string value(200, 'v');
    w.receive(hit(100, value, opcode::gatq) + hit(101, value, opcode::gat), 50);
    CHECK(node.got[0].is_hit(value));
    CHECK(node.got[1].is_hit(value));
    CHECK(node.got[1].has_landed);
}

TEST_CASE("touch has no quiet form and tells the item's flags", "[quiet]") {
    wire w;
    spy_node node;
    const auto sent = w.send(node.touch("a", 60).touch("b", 0).del("c").touch("d", 1));
    REQUIRE(sent.size() == 4);
    CHECK(sent[0].opcode == opcode::touch);
    CHECK(sent[1].opcode == opcode::touch);
    CHECK(sent[2].opcode == opcode::delq);

    w.receive(hit(100, "", opcode::touch, 0xdeadbeef, 5) + refusal(101, opcode::touch, 1) +
              hit(103, "", opcode::touch, 1, 6));

    CHECK(node.got[0].is_ok());
    CHECK(node.got[0].flags == 0xdeadbeef);
    CHECK(node.got[0].cas == 5);
    CHECK(node.got[1].is(status::not_found));
    CHECK(node.got[2].is_implied_as(status::ok));
    CHECK(node.got[3].is_ok());
}

TEST_CASE("a counter tells what it became, up to the last bit", "[quiet]") {
    // Smaller than a counter's answer: limits for items are none for numbers.
    wire w(100, {.landing_bytes = 4, .value_bytes_max = 4});
    spy_node incr, decr, missing;
    w.send(incr.change(command::incr, "n", {.delta = 1}));
    w.send(decr.change(command::decr, "n", {.delta = 1, .initial = 7}, 60));
    w.send(missing.change(command::incr, "m", {}, kmc::detail::request::no_creation));

    w.receive(counted(100, opcode::incr, 0xfedcba9876543210, 3) + counted(101, opcode::decr, 0, 4) +
                  refusal(102, opcode::incr, 1),
              5);

    CHECK(incr.got[0].is(status::ok));
    CHECK(incr.got[0].number == 0xfedcba9876543210);
    CHECK(incr.got[0].cas == 3);
    CHECK(decr.got[0].is(status::ok));
    CHECK(decr.got[0].number == 0);
    CHECK(missing.got[0].is(status::not_found));
    CHECK_FALSE(w.is_broken);
}

TEST_CASE("a flush that is forbidden is an answer, and the connection goes on", "[quiet]") {
    wire w;
    spy_node flush, quiet, next;
    w.send(flush.flush());
    w.send(quiet.flush(10).get("a"));
    w.send(next.get("k"));

    w.receive(refusal(100, opcode::flush, 0x20, "Auth failure.") +
              refusal(101, opcode::flushq, 0x20, "Auth failure.") + hit(102, "a") + hit(103, "v"));

    CHECK(flush.got[0].is(status::auth_error));
    CHECK(quiet.got[0].is(status::auth_error));
    CHECK(quiet.got[1].is_hit("a"));
    CHECK(next.got[0].is_hit("v"));
    CHECK_FALSE(w.is_broken);
}

TEST_CASE("any other command that is told to log in ends the connection", "[quiet]") {
    for (const quiet_case& c : quiet_cases()) {
        if (c.what == command::flush) continue;
        CAPTURE(static_cast<int>(c.what));
        wire w;
        spy_node node;
        add_to(node, c.what);
        w.send(node);
        w.receive(refusal(100, c.loud, 0x20, "Auth failure."));
        CHECK(w.is_broken);
        CHECK(w.why == errc::auth_failed);
        CHECK(node.is_untouched());
    }
}
