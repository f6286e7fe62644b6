#include "chaos/rule_parser.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "chaos/frame.hpp"

using namespace kmc::chaos;
using namespace std::chrono_literals;

namespace {

rule parsed(const std::string& text) {
    auto made = parse_rule(text);
    if (!made) FAIL(made.error().message());
    return std::move(made.value());
}

std::string objection_to(const std::string& text) {
    const auto made = parse_rule(text);
    if (made) FAIL("accepted: " << text);
    return made.error().message();
}

}  // namespace

TEST_CASE("a rule says of which traffic it is, and when") {
    const rule r = parsed(
        "reply connection 2 frame 3 opcode get,getq,0x55 status 0x86 key \"a \\x41\\n\" opaque 77 "
        "probability 0.25 times 4: drop");

    CHECK(r.about == side::reply);
    CHECK(r.when.connection == 2);
    CHECK(r.when.frame == 3);
    CHECK(r.when.opcodes == std::vector<std::uint8_t>{0x00, 0x09, 0x55});
    CHECK(r.when.status == 0x86);
    CHECK(r.when.key == "a A\n");
    CHECK(r.when.opaque == 77U);
    CHECK(r.when.probability == 0.25);
    CHECK(r.when.times == 4);
    CHECK(r.then.what == deed::drop);
    CHECK(parsed("request after 0x10 bytes once:cut").when.after == 16);
    CHECK(parsed("request after 0x10 bytes once:cut").when.times == 1);
    CHECK(parsed("accept: hold").about == side::accept);
    CHECK_FALSE(parsed("request: drop").when.asks_for_frame());
}

TEST_CASE("every action is read with its numbers") {
    const auto then = [](const std::string& text) { return parsed("reply: " + text).then; };

    CHECK(then("delay 50us").time == 50us);
    CHECK(then("delay 1.5s").time == 1500ms);
    CHECK(then("delay 2m").time == 2min);
    CHECK(then("stall").what == deed::stall);
    CHECK(then("stall").time == 0ns);
    CHECK(then("stall 20ms at 5").time == 20ms);
    CHECK(then("stall 20ms at 5").at == 5);
    CHECK(then("stop reading").what == deed::stop_reading);
    CHECK(then("slice 3").pieces.least == 3);
    CHECK(then("slice 3").pieces.most == 3);
    CHECK(then("slice 1..16 gap 2ms").pieces.most == 16);
    CHECK(then("slice 1..16 gap 2ms").pieces.gap == 2ms);
    CHECK(then("drop rest at 30").what == deed::drop_rest);
    CHECK(then("drop rest at 30").at == 30);
    CHECK(then("cut at 1").what == deed::cut);
    CHECK(then("reset").what == deed::reset);
    CHECK_FALSE(then("flip").bit.has_value());
    CHECK(then("flip bit 9").bit == 9);
    CHECK(then("set length 0xffffffff").value == 0xffffffff);
    CHECK(then("set length 0xffffffff").where.at == 8);
    CHECK(then("set cas 18446744073709551615").value == ~std::uint64_t{0});
    CHECK(then("set opcode noop").value == 0x0a);
    CHECK(then("set opcode 0x55").value == 0x55);
    CHECK(then("duplicate").what == deed::duplicate);
    CHECK(then("swap").what == deed::swap);
    CHECK(then("inject \"ERROR\\r\\n\"").bytes == "ERROR\r\n");
    CHECK(then("inject hex 00ff").bytes == std::string("\0\xff", 2));
    const std::string forged = then("inject frame get opaque 9 value \"v:\"").bytes;
    CHECK(read(forged, fields::magic) == reply_magic);
    CHECK(read(forged, fields::opaque) == 9);
    CHECK(forged.substr(header_size + 4) == "v:");
}

TEST_CASE("a rule that is wrong is answered with its text, the place, and what was expected") {
    CHECK(objection_to("reply frme 3: drop") ==
          "rule \"reply frme 3: drop\", character 7 (frme): expected connection, frame, after, "
          "opcode, status, key, opaque, probability, times, once or :");
    CHECK(objection_to("reply") ==
          "rule \"reply\", at its end: expected connection, frame, after, opcode, status, key, "
          "opaque, probability, times, once or :");
    CHECK(objection_to("") == "rule \"\", at its end: expected request, reply or accept");

    const auto [text, reason] = GENERATE(table<std::string, std::string>({
        {"replies: drop", "character 1 (replies): expected request, reply or accept"},
        {"reply frame 0: drop", "character 13 (0): expected a number from 1 on"},
        {"reply frame -1: drop", "(-1): expected a number"},
        {"reply frame 18446744073709551616: drop", "expected a number"},
        {"reply frame 3 frame 4: drop", "character 15 (frame): expected connection, opcode"},
        {"reply frame 3 after 4 bytes: cut", "(after)"},
        {"reply after 4 bytes frame 3: cut", "(frame)"},
        {"reply after 4: cut", "character 14 (:): expected bytes"},
        {"reply after 4 bytes: swap", "(swap)"},
        {"reply after 4 bytes: drop", "at its end: expected rest"},
        {"reply after 4 bytes: cut at 3", "(at): expected the end of the rule"},
        {"reply after 4 bytes: flip bit 8", "(8): expected a number from 0 to 7"},
        {"reply opcode git: drop", "(git): expected opcodes such as"},
        {"reply opcode get,: drop", "(get,)"},
        {"reply opcode 256: drop", "(256)"},
        {"request status 1: drop", "(status)"},
        {"request: set status 1", "(status)"},
        {"reply probability 0: drop", "(0): expected a number above 0, at most 1"},
        {"reply probability 1.1: drop", "(1.1)"},
        {"reply probability 1e-1: drop", "(1e-1)"},
        {"reply probability nan: drop", "(nan)"},
        {"reply times 1 once: drop", "(once)"},
        {"accept frame 1: cut", "(frame): expected connection, probability, times, once or :"},
        {"accept: drop", "(drop): expected cut, reset or hold"},
        {"reply: hold", "(hold)"},
        {"reply: delay", "at its end: expected a time such as"},
        {"reply: delay 5", "(5): expected a time such as"},
        {"reply: delay 5parsecs", "(5parsecs)"},
        {"reply: delay -5ms", "(-5ms)"},
        {"reply: delay 0s", "(0s)"},
        {"reply: delay 1000000m", "(1000000m)"},
        {"reply: delay .s", "(.s)"},
        {"reply: slice 0", "(0): expected a size of pieces"},
        {"reply: slice 5..4", "(5..4)"},
        {"reply: slice ..4", "(..4)"},
        {"reply: stop", "at its end: expected reading"},
        {"reply: set size 1", "(size): expected magic, opcode"},
        {"reply: set magic 256", "(256): expected a number from 0 to 255"},
        {"reply: set opcode 256", "(256): expected an opcode such as"},
        {"reply: set length 0x100000000", "expected a number from 0 to 4294967295"},
        {"reply: inject ERROR", "(ERROR): expected a text in quotes, hex or frame"},
        {"reply: inject hex 0", "(0): expected pairs"},
        {"reply: inject hex 0g", "(0g)"},
        {"reply: inject \"ERROR", "character 15: a text in quotes that does not end"},
        {"reply: inject \"\\q\"", "escape"},
        {"reply: inject \"\\x4\"", "escape"},
        {"reply: drop # why", "(#): expected the end of the rule"},
        {"reply drop", "(drop): expected connection"},
        {"reply \"frame\" 1: drop", "(frame): expected connection"},
        {"reply key : drop", "expected a key"},
    }));
    CAPTURE(text);
    CHECK_THAT(objection_to(text), Catch::Contains(reason));
    CHECK_THAT(objection_to(text), Catch::StartsWith("rule \"" + text + "\", "));
}
