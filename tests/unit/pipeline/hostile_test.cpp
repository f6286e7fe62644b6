// Replies that no honest server sends. None may deliver anything; none may be believed later.

#include <fstream>
#include <map>
#include <set>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/bytes.hpp"
#include "harness.hpp"
#include "pipeline/pipeline.hpp"
#include "support/alloc_counter.hpp"
#include "support/vectors.hpp"
#include "unit/protocol/binary/captured_frames.hpp"

using namespace kmc::testing;
using kmc::errc;
using kmc::stage;
using kmc::detail::status;

namespace {

// Four requests in one run from sequence 100 on: three quiet ones and the fence; then one more.
struct victims {
    spy_node batch, single;
    wire w;

    explicit victims(const kmc::detail::pipeline_limits& limits = {}) : w(100, limits) {
        batch.get("a").set("b", "v").get("c").get("d");
        w.send(batch);
        w.send(single.get("e"));
    }
};

void check_poison(const std::string& prefix, const std::string& bad, errc why) {
    const std::string stream = prefix + bad + hit(103, "late") + hit(104, "later");
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 30}) {
        CAPTURE(piece);
        victims v;
        v.w.receive(prefix);
        REQUIRE_FALSE(v.w.is_broken);
        const std::vector<outcome> before = v.batch.got;

        v.w.receive(stream.substr(prefix.size()), piece);

        CHECK(v.w.is_broken);
        CHECK(v.w.why == why);
        for (std::size_t i = 0; i < before.size(); ++i) {
            CHECK(v.batch.got[i].times == before[i].times);
        }
        CHECK(v.single.is_untouched());

        const auto again = v.w.pipeline.feed(kmc::detail::as_bytes(hit(103, "late")));
        CHECK(again.broken);
        CHECK(again.why == why);
        CHECK(again.consumed == 0);
        v.w.pipeline.drain(errc::connection_lost);
        CHECK(v.single.got[0].is_lost());
        CHECK(v.batch.completions == 1);
        CHECK(v.single.completions == 1);
    }
}

}  // namespace

TEST_CASE("a reply that fits no request poisons the connection", "[hostile]") {
    struct bad_case {
        const char* what;
        std::string prefix, bad;
    };
    const bad_case c = GENERATE(values<bad_case>({
        {"an opaque before the window", "", hit(99, "v", opcode::getq)},
        {"an opaque behind the window", "", hit(105, "v")},
        {"an opaque far away", "", hit(0x80000064, "v")},
        {"a reply that skips a loud request", "", hit(104, "v")},
        {"a second reply to the same request", hit(100, "v", opcode::getq),
         hit(100, "v", opcode::getq)},
        {"a reply behind the one that proved its silence", hit(102, "v", opcode::getq),
         hit(100, "v", opcode::getq)},
        {"the opcode of another command", "", to_bytes({.opcode = opcode::delq, .opaque = 100})},
        {"the loud opcode for a quiet request", "", hit(100, "v", opcode::get)},
        {"the quiet opcode for a loud request", "", hit(103, "v", opcode::getq)},
        {"a key nobody asked for", "",
         to_bytes({.opcode = opcode::get, .opaque = 103, .extras = "flag", .key = "d"})},
        {"a hit without flags", "", to_bytes({.opcode = opcode::get, .opaque = 103})},
        {"a value for a set", "",
         to_bytes({.opcode = opcode::setq, .opaque = 101, .value = "surprise"})},
        {"extras with an error", "",
         to_bytes({.opcode = opcode::get, .status = 1, .opaque = 103, .extras = "flag"})},
        {"a statistic for a get", "",
         to_bytes({.opcode = opcode::stat, .opaque = 103, .key = "pid", .value = "1"})},
        {"an error text of a novel's length", "",
         refusal(103, opcode::get, 0x82, std::string(4097, 't'))},
        {"a request's magic", "", "\x80"},
        {"a TLS alert", "", "\x15\x03\x01"},
    }));
    CAPTURE(c.what);
    check_poison(c.prefix, c.bad, errc::protocol_error);
}

TEST_CASE("a reply on an idle connection fits nobody, not even the next request", "[hostile]") {
    const std::uint32_t opaque = GENERATE(99U, 100U, 101U, 102U);
    wire w;
    spy_node node;
    w.send(node.get("k"));
    w.receive(hit(100, "v"));
    REQUIRE(w.pipeline.empty());
    w.receive(hit(opaque, "stray"));
    CHECK(w.is_broken);
    CHECK(w.why == errc::protocol_error);
    CHECK(node.got[0].is_hit("v"));
}

TEST_CASE("text where a reply was due names the peer", "[hostile]") {
    check_poison("", "ERROR Too many open connections\r\n", errc::server_busy);
    check_poison("", "CLIENT_ERROR unauthenticated\r\n", errc::auth_failed);
    check_poison("", "ERROR\r\n", errc::not_binary);
    check_poison(hit(100, "v", opcode::getq), "SERVER_ERROR\r\n", errc::protocol_error);
    check_poison(hit(100, "v", opcode::getq), "SERVER_ERROR \r\n", errc::not_binary);
}

TEST_CASE("a demand for a login ends the connection", "[hostile]") {
    check_poison("", refusal(100, opcode::getq, 0x20, "Auth failure."), errc::auth_failed);
    check_poison("", refusal(103, opcode::get, 0x20, "Auth failure."), errc::auth_failed);
}

TEST_CASE("a request the server did not understand is told so, the others are lost", "[hostile]") {
    const std::uint16_t raw = GENERATE(as<std::uint16_t>{}, 0x04, 0x81);
    victims v;

    v.w.receive(refusal(102, opcode::getq, raw, "Invalid arguments") + hit(103, "late"), 5);

    CHECK(v.w.is_broken);
    CHECK(v.w.why == errc::protocol_error);
    CHECK(v.batch.got[2].is_error(errc::server_error, stage::answered));
    CHECK(v.batch.got[2].why.status == raw);
    CHECK(v.batch.got[0].times == 0);  // its silence proves nothing on this connection
    CHECK(v.batch.got[1].times == 0);
    CHECK(v.batch.completions == 0);

    v.w.pipeline.drain(errc::connection_lost);
    CHECK(v.batch.got[0].is_lost());
    CHECK(v.batch.got[1].is_lost());
    CHECK(v.batch.got[2].times == 1);
    CHECK(v.batch.got[3].is_lost());
    CHECK(v.batch.completions == 1);
    CHECK(v.single.got[0].is_lost());
}

TEST_CASE("a refusal that is the last answer completes its node", "[hostile]") {
    wire w;
    spy_node node;
    w.send(node.get("k"));
    w.receive(refusal(100, opcode::get, 0x81, "Unknown command"));
    CHECK(w.is_broken);
    CHECK(node.completions == 1);
    CHECK(node.where == nullptr);
    w.pipeline.drain(errc::connection_lost);
    CHECK(node.got[0].times == 1);
    CHECK(node.completions == 1);
}

TEST_CASE("other statuses are answers, known or not", "[hostile]") {
    const std::uint16_t raw =
        GENERATE(as<std::uint16_t>{}, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x82, 0x86, 0x1234);
    victims v;
    v.w.receive(refusal(103, opcode::get, raw, std::string(4096, 't')) + hit(104, "v"));
    CHECK_FALSE(v.w.is_broken);
    CHECK(v.batch.got[3].is(static_cast<status>(raw)));
    CHECK(v.batch.got[3].value.size() == 4096);
    CHECK(v.single.got[0].is_hit("v"));
}

TEST_CASE("a value over the limit is refused before it costs anything", "[hostile]") {
    const std::uint32_t announced = GENERATE(100'001U, 0x40000000U, 0xffffffffU - 4);
    std::string head = hit(104, "", opcode::get).substr(0, 24);
    const std::uint32_t body = announced + 4;
    for (int i = 0; i < 4; ++i)
        head[8 + static_cast<std::size_t>(i)] = static_cast<char>(body >> (24 - 8 * i));
    victims v({.value_bytes_max = 100'000});
    v.w.receive(hit(103, "v"));

    alloc_counter counter;
    const auto fed = v.w.pipeline.feed(kmc::detail::as_bytes(head));
    const std::uint64_t calls = counter.calls();

    CHECK(fed.broken);
    CHECK(fed.why == errc::protocol_error);
    CHECK(fed.consumed == 0);
    CHECK(calls == 0);
    CHECK(v.single.is_untouched());
}

// ---- the collected bad replies ---------------------------------------------------------------

namespace {

struct bad_reply {
    std::string id, request, bytes, expect;
};

// A command that kmc does not send: its replies carry no keys to compare.
const std::set<std::string> not_ours{"getk_wrong_key"};

std::vector<bad_reply> bad_replies() {
    std::vector<bad_reply> all;
    const auto folder = find_vectors("");
    if (!folder) return all;
    std::ifstream file(*folder / "bad_replies.json");
    const nlohmann::json document = nlohmann::json::parse(file);
    for (const nlohmann::json& entry : document.at("cases")) {
        all.push_back(
            {entry.at("id"), from_hex(entry.at("outstanding_request_hex").get<std::string>()),
             from_hex(entry.at("server_bytes_hex").get<std::string>()), entry.at("expect")});
    }
    return all;
}

// What came of it, in the words of the vectors.
std::string reaction_to(wire& w, const spy_node& node) {
    const outcome& o = node.got[0];
    if (!w.is_broken) {
        if (o.times == 0) return "connection_lost";  // the peer is gone after these bytes
        return o.is_answer && o.status != status::ok ? "op_error_keep_connection" : "delivered";
    }
    if (o.times != 0) return o.is_hit("World") ? "first_ok_then_protocol_error_close" : "delivered";
    static const std::map<errc, std::string> words{
        {errc::protocol_error, "protocol_error_close"},
        {errc::server_busy, "server_busy_close"},
        {errc::auth_failed, "auth_error_close"},
        {errc::not_binary, "not_binary_server_close"},
    };
    const auto found = words.find(w.why);
    return found == words.end() ? "unknown" : found->second;
}

// The vectors name more classes than there are reactions.
const std::map<std::string, std::string> same_as{
    {"protocol_error_close_without_allocating", "protocol_error_close"},
    {"auth_required_close", "auth_error_close"},
    {"op_error_or_protocol_error", "protocol_error_close"},
    {"ok_ignore_body_or_protocol_error", "protocol_error_close"},
};

}  // namespace

TEST_CASE("every collected bad reply has its reaction, however it is cut", "[hostile]") {
    const std::vector<bad_reply> all = bad_replies();
    if (all.empty()) return;  // and it was said
    std::size_t tried = 0;
    std::size_t skipped = 0;
    for (const bad_reply& bad : all) {
        if (not_ours.contains(bad.id)) {
            ++skipped;
            continue;
        }
        CAPTURE(bad.id);
        ++tried;
        const std::vector<request_frame> asked = read_requests(bad.request);
        REQUIRE(asked.size() == 1);
        const auto same = same_as.find(bad.expect);
        const std::string expect = same == same_as.end() ? bad.expect : same->second;

        for (std::size_t cut = 0; cut <= bad.bytes.size() + 1; ++cut) {
            CAPTURE(cut);
            wire w(asked[0].opaque);
            spy_node node;
            kmc::detail::counter_step step;
            node.ask(request_behind({.opcode = asked[0].opcode,
                                     .extras = asked[0].extras,
                                     .key = asked[0].key,
                                     .value = asked[0].value},
                                    step));
            w.send(node);
            REQUIRE(kmc::detail::as_text(w.tx.pending()) == bad.request);

            alloc_counter counter;
            if (cut <= bad.bytes.size()) {
                w.receive(std::string_view(bad.bytes).substr(0, cut));
                w.receive(std::string_view(bad.bytes).substr(cut));
            } else {
                w.receive(bad.bytes, 1);
            }

            CHECK(reaction_to(w, node) == expect);
            CHECK(counter.largest() < 4096);
            w.pipeline.drain(w.is_broken ? w.why : errc::connection_lost);
            CHECK(node.got[0].times == 1);
            CHECK(node.completions == 1);
        }
    }
    CHECK(tried == 23);
    CHECK(skipped == not_ours.size());
}
