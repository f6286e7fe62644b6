// A stat is the one request with many answers.

#include <memory>

#include <catch2/catch.hpp>

#include "base/bytes.hpp"
#include "harness.hpp"

using namespace kmc::testing;
using kmc::errc;
using kmc::stage;
using kmc::detail::status;

namespace {

using parts = std::vector<std::pair<std::string, std::string>>;

const parts two_parts{{"pid", "4711"}, {"version", "1.6.18"}};

std::string answer_to(std::uint32_t opaque) {
    return statistic(opaque, "pid", "4711") + statistic(opaque, "version", "1.6.18") +
           statistic(opaque);
}

// A stat between two runs of somebody else, from sequence 100 on.
struct crowd {
    spy_node before, after;
    std::unique_ptr<spy_node> stat = std::make_unique<spy_node>();
    wire w;
    std::string stream = hit(101, "b") + answer_to(102) + hit(104, "d");

    crowd() {
        w.send(before.get("a").get("b"));
        w.send(stat->stat("general"));
        w.send(after.set("c", "v").get("d"));
    }
    void check_others() const {
        CHECK(before.got[0].is(status::not_found));
        CHECK(before.got[1].is_hit("b"));
        CHECK(after.got[0].is_implied_as(status::ok));
        CHECK(after.got[1].is_hit("d"));
        CHECK(after.completions == 1);
        CHECK(w.pipeline.empty());
        CHECK_FALSE(w.is_broken);
        CHECK(w.rx.empty());
    }
};

}  // namespace

TEST_CASE("a stat is answered in parts and completed by its end", "[stat]") {
    wire w;
    spy_node node;
    w.send(node.stat());

    w.receive(statistic(100, "pid", "4711"));
    CHECK(node.got[0].times == 0);
    CHECK(node.got[0].parts.size() == 1);
    CHECK(node.open == 1);
    CHECK(w.pipeline.in_flight() == 1);

    w.receive(statistic(100, "version", "1.6.18") + statistic(100, "empty"));
    CHECK(node.completions == 0);
    w.receive(statistic(100));

    CHECK(node.got[0].is_ok());
    CHECK_FALSE(node.got[0].is_implied);
    CHECK(node.got[0].parts == parts{{"pid", "4711"}, {"version", "1.6.18"}, {"empty", ""}});
    CHECK(node.completions == 1);
    CHECK(w.pipeline.empty());
}

TEST_CASE("a stat keeps its place among quiet runs, however the stream is cut", "[stat]") {
    const std::size_t size = crowd().stream.size();
    for (std::size_t cut = 0; cut <= size + 1; ++cut) {
        CAPTURE(cut);
        crowd c;
        c.w.receive(c.stream.substr(0, cut), cut > size ? 1 : 1 << 30);
        if (cut < size) c.w.receive(c.stream.substr(cut));
        c.check_others();
        CHECK(c.stat->got[0].is_ok());
        CHECK(c.stat->got[0].parts == two_parts);
        CHECK(c.stat->completions == 1);
    }
}

TEST_CASE("a stat inside a node of other requests is loud, and proves what was before", "[stat]") {
    wire w;
    spy_node node;
    const auto sent = w.send(node.set("a", "1").stat("items").del("b").get("c"));
    REQUIRE(sent[1].opcode == opcode::stat);
    REQUIRE(sent[1].key == "items");

    w.receive(statistic(101, "items:1:number", "1"));
    CHECK(node.got[0].is_implied_as(status::ok));
    CHECK(node.got[1].times == 0);
    w.receive(statistic(101) + refusal(103, opcode::get, 1));

    CHECK(node.got[1].is_ok());
    CHECK(node.got[1].parts.size() == 1);
    CHECK(node.got[2].is_implied_as(status::ok));
    CHECK(node.got[3].is(status::not_found));
    CHECK(node.completions == 1);
}

TEST_CASE("an unknown group is one answer, and a reset is the end alone", "[stat]") {
    wire w;
    spy_node unknown, reset, next;
    w.send(unknown.stat("nosuchstat"));
    w.send(reset.stat("reset"));
    w.send(next.get("k"));

    w.receive(refusal(100, opcode::stat, 1) + statistic(101) + hit(102, "v"), 3);

    CHECK(unknown.got[0].is(status::not_found));
    CHECK(unknown.got[0].parts.empty());
    CHECK(reset.got[0].is_ok());
    CHECK(reset.got[0].parts.empty());
    CHECK(next.got[0].is_hit("v"));
    CHECK(w.pipeline.empty());
}

TEST_CASE("a stat may fail after some parts", "[stat]") {
    wire w;
    spy_node node;
    w.send(node.stat());
    w.receive(statistic(100, "pid", "1") + refusal(100, opcode::stat, 0x82, "Out of memory"));
    CHECK(node.got[0].is(status::out_of_memory));
    CHECK(node.got[0].parts.size() == 1);
    CHECK(node.completions == 1);
    CHECK_FALSE(w.is_broken);
}

TEST_CASE("a group without an end is ended by the next reply", "[stat]") {
    wire w;
    spy_node stat, next;
    w.send(stat.stat("sizes_enable"));
    w.send(next.get("a").get("b"));

    w.receive(statistic(100, "sizes_status", "enabled"));
    CHECK(stat.got[0].times == 0);
    w.receive(hit(102, "b"));

    CHECK(stat.got[0].is_implied_as(status::ok));
    CHECK(stat.got[0].parts.size() == 1);
    CHECK(stat.completions == 1);
    CHECK(next.got[0].is(status::not_found));
    CHECK(next.got[1].is_hit("b"));
    CHECK_FALSE(w.is_broken);

    // And what came for one stat is no excuse for the next.
    spy_node again, behind;
    w.send(again.stat("sizes_enable"));
    w.send(behind.get("c"));
    w.receive(hit(104, "c"));
    CHECK(w.is_broken);
    CHECK(again.is_untouched());
    CHECK(behind.is_untouched());
}

TEST_CASE("a stat that was abandoned anywhere keeps the connection in step", "[stat]") {
    const std::size_t size = crowd().stream.size();
    for (std::size_t cut = 0; cut <= size; ++cut) {
        CAPTURE(cut);
        crowd c;
        c.w.receive(c.stream.substr(0, cut));
        c.w.pipeline.abandon(*c.stat);
        c.stat.reset();
        c.w.receive(c.stream.substr(cut));
        c.check_others();
    }
}

TEST_CASE("a stat that is lost in the middle of its parts says so once", "[stat]") {
    const std::size_t size = crowd().stream.size();
    for (std::size_t cut = 0; cut <= size; ++cut) {
        CAPTURE(cut);
        crowd c;
        c.w.receive(c.stream.substr(0, cut));
        const bool was_over = c.stat->completions == 1;

        c.w.pipeline.drain(errc::connection_lost);

        CHECK(c.stat->got[0].times == 1);
        CHECK((was_over ? c.stat->got[0].is_ok() : c.stat->got[0].is_lost()));
        CHECK(c.stat->completions == 1);
        CHECK(c.w.pipeline.empty());
    }
}

TEST_CASE("statistics that are larger than values that land are told as they are", "[stat]") {
    wire w(100, {.landing_bytes = 64, .value_bytes_max = 100});
    spy_node node, version;
    const std::string table(50'000, 'p');
    w.send(node.stat("detail dump"));
    w.send(version.version());

    w.receive(
        statistic(100, "detailed", table) + statistic(100) +
            to_bytes({.opcode = opcode::version, .opaque = 101, .value = std::string(200, 'v')}),
        1000);

    CHECK(node.got[0].is_ok());
    CHECK(node.got[0].parts == parts{{"detailed", table}});
    CHECK(version.got[0].value.size() == 200);
    CHECK_FALSE(version.got[0].has_landed);
    CHECK_FALSE(w.is_broken);
}

TEST_CASE("statistics that nobody could mean break the connection", "[stat]") {
    struct bad_case {
        const char* what;
        std::string prefix, bad;
    };
    const std::string one = statistic(100, "pid", "1");
    const bad_case c = GENERATE_COPY(values<bad_case>({
        {"a part after the end", one + statistic(100), one},
        {"a second end", one + statistic(100), statistic(100)},
        {"a part behind a failure", refusal(100, opcode::stat, 1), one},
        {"a part that is a miss", one,
         to_bytes({.opcode = opcode::stat, .status = 1, .opaque = 100, .key = "pid"})},
        {"a part with extras", one,
         to_bytes({.opcode = opcode::stat, .opaque = 100, .extras = "flag", .key = "pid"})},
        {"an end with a text", one,
         to_bytes({.opcode = opcode::stat, .opaque = 100, .value = "text"})},
        {"a name of a novel's length", one, statistic(100, std::string(251, 'n'), "1")},
        {"an item for a statistic", one, hit(100, "v")},
        {"a part of the next request, which is no stat", one, statistic(101, "pid", "1")},
        {"a key on another command's reply", one + statistic(100),
         to_bytes(
             {.opcode = opcode::get, .opaque = 101, .extras = "flag", .key = "d", .value = "v"})},
        {"a reply that skips a stat before its first part", "", hit(101, "v")},
        {"a reply that skips a stat and a loud request", one,
         to_bytes({.opcode = opcode::noop, .opaque = 102})},
    }));
    CAPTURE(c.what);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1} << 30}) {
        wire w;
        spy_node stat, get, noop;
        w.send(stat.stat());
        w.send(get.get("d"));
        w.send(noop.noop());
        w.receive(c.prefix);
        REQUIRE_FALSE(w.is_broken);
        const std::vector<outcome> before = stat.got;

        w.receive(c.bad + hit(101, "late"), piece);

        CHECK(w.is_broken);
        CHECK(w.why == errc::protocol_error);
        CHECK(stat.got[0].times == before[0].times);
        CHECK(stat.got[0].parts == before[0].parts);
        CHECK(get.is_untouched());
        w.pipeline.drain(errc::connection_lost);
        CHECK(stat.completions == 1);
        CHECK(get.got[0].is_lost());
    }
}

TEST_CASE("a stat without end is cut off at its limit, wanted or not", "[stat]") {
    const bool is_abandoned = GENERATE(false, true);
    wire w(100, {.stat_bytes_max = 1000});
    spy_node node;
    w.send(node.stat());
    const std::string part = statistic(100, "name", "0123456789ab");
    REQUIRE(part.size() == 40);

    for (int i = 0; i < 25; ++i) w.receive(part);
    CHECK_FALSE(w.is_broken);
    CHECK(node.got[0].parts.size() == 25);
    if (is_abandoned) w.pipeline.abandon(node);
    w.receive(part);

    CHECK(w.is_broken);
    CHECK(w.why == errc::protocol_error);
    CHECK(node.got[0].parts.size() == 25);
    CHECK(node.got[0].times == 0);
}

TEST_CASE("each stat has the whole limit", "[stat]") {
    wire w(100, {.stat_bytes_max = 1000});
    spy_node first, second;
    w.send(first.stat());
    w.send(second.stat());
    for (const std::uint32_t opaque : {100U, 101U}) {
        for (int i = 0; i < 20; ++i) w.receive(statistic(opaque, "name", "0123456789ab"));
        w.receive(statistic(opaque));
    }
    CHECK(first.got[0].parts.size() == 20);
    CHECK(second.got[0].parts.size() == 20);
    CHECK_FALSE(w.is_broken);
}
