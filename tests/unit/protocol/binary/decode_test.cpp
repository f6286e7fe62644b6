// What the codec makes of replies: captured ones, and ones no server should send.

#include <optional>

#include <catch2/catch.hpp>

#include "base/byte_order.hpp"
#include "base/bytes.hpp"
#include "captured_frames.hpp"
#include "protocol/binary/decode.hpp"
#include "support/frames.hpp"

using namespace kmc::detail;
using kmc::errc;
using kmc::testing::captured_frame;
using kmc::testing::reply_frame;
using kmc::testing::to_bytes;
using kmc::testing::to_hex;
namespace opcode = kmc::testing::opcode;

namespace {

parse_result parse(std::string_view bytes) {
    return binary::parse_head(as_bytes(bytes));
}

reply_head head_of(const reply_frame& frame) {
    const parse_result parsed = parse(to_bytes(frame));
    REQUIRE(parsed.status == parse_status::head);
    return parsed.head;
}

void check_head(const reply_head& head, const captured_frame& frame) {
    CHECK(head.opcode == frame.opcode);
    CHECK(head.status == frame.status);
    CHECK(head.sequence == frame.opaque);
    CHECK(head.cas == frame.cas);
    CHECK(head.head_size == 24);
    CHECK(head.extras_size == frame.extras.size());
    CHECK(head.key_size == frame.key.size());
    CHECK(head.value_size == frame.value.size());
    CHECK(head.frame_size() == frame.bytes.size());
}

}  // namespace

TEST_CASE("a captured head is read from 24 bytes on, and not before", "[decode]") {
    if (kmc::testing::are_captured_frames_missing()) return;
    for (const auto& exchange : kmc::testing::captured_exchanges()) {
        for (const captured_frame& frame : exchange.replies) {
            CAPTURE(exchange.id);
            for (std::size_t size = 0; size <= frame.bytes.size(); ++size) {
                CAPTURE(size);
                // A copy of just the bytes there are, so that a sanitizer sees a look beyond.
                const std::string there = frame.bytes.substr(0, size);
                const parse_result parsed = parse(there);
                REQUIRE(parsed.status ==
                        (size < 24 ? parse_status::need_more : parse_status::head));
                if (size >= 24) check_head(parsed.head, frame);
            }
        }
    }
}

TEST_CASE("a captured stream falls apart into its frames", "[decode]") {
    if (kmc::testing::are_captured_frames_missing()) return;
    std::size_t streams = 0;
    for (const auto& exchange : kmc::testing::captured_exchanges()) {
        if (exchange.replies.empty() || exchange.reply_bytes.empty()) continue;
        CAPTURE(exchange.id);
        std::string_view rest = exchange.reply_bytes;
        for (const captured_frame& frame : exchange.replies) {
            const parse_result parsed = parse(rest);
            REQUIRE(parsed.status == parse_status::head);
            check_head(parsed.head, frame);
            REQUIRE(rest.substr(0, parsed.head.frame_size()) == frame.bytes);
            rest.remove_prefix(parsed.head.frame_size());
        }
        CHECK(rest.empty());
        ++streams;
    }
    CHECK(streams >= 90);
}

TEST_CASE("captured replies answer the command that was sent, and no other", "[decode]") {
    if (kmc::testing::are_captured_frames_missing()) return;
    std::size_t read = 0;
    for (const auto& exchange : kmc::testing::captured_exchanges()) {
        for (const captured_frame& frame : exchange.replies) {
            const auto asked = kmc::testing::command_of(frame.opcode);
            if (!asked) continue;
            CAPTURE(exchange.id);
            const reply_head head = parse(frame.bytes).head;
            for (std::size_t i = 0; i < command_count; ++i) {
                const auto what = static_cast<command>(i);
                CHECK(binary::answers(head, what, asked->how) == (what == asked->what));
            }

            const std::string body = frame.extras + frame.key;
            const reply r = binary::read_reply(head, asked->what, as_bytes(body));
            CHECK(r.what == asked->what);
            CHECK(static_cast<std::uint16_t>(r.status) == frame.status);
            CHECK(r.cas == frame.cas);
            const bool has_flags = frame.extras.size() == 4;
            CHECK(has_flags == (frame.status == 0 &&
                                (gives_item(asked->what) || asked->what == command::touch)));
            const std::uint32_t flags =
                has_flags ? load_big<std::uint32_t>(as_bytes(frame.extras).data()) : 0;
            CHECK(r.flags == flags);
            CHECK(r.key == frame.key);
            CHECK(r.is_part == !frame.key.empty());
            if (is_counter(asked->what) && frame.status == 0) {
                CHECK(binary::read_number(frame.value) ==
                      load_big<std::uint64_t>(as_bytes(frame.value).data()));
            }
            ++read;
        }
    }
    CHECK(read == 117);
}

TEST_CASE("lengths that do not add up and typed data break the framing", "[decode]") {
    std::string bytes = to_bytes({.opcode = opcode::get, .extras = "flag", .value = "value"});
    REQUIRE(parse(bytes).status == parse_status::head);

    SECTION("key and extras longer than the body") {
        bytes[3] = 6;  // key size: 4 + 6 > 9
    }
    SECTION("extras longer than the body") {
        bytes[4] = 10;
    }
    SECTION("a key of the largest size, whose sum with the extras must not wrap") {
        bytes[2] = bytes[3] = bytes[4] = '\xff';
    }
    SECTION("a data type") {
        bytes[5] = 1;
    }
    SECTION("a request's magic") {
        bytes[0] = '\x80';
    }
    SECTION("text") {
        bytes[0] = 'H';
    }

    const parse_result parsed = parse(bytes);
    CHECK(parsed.status == parse_status::broken);
    CHECK(parsed.why == errc::protocol_error);
}

TEST_CASE("a wrong first byte is enough, a line of text is waited for", "[decode]") {
    CHECK(parse("").status == parse_status::need_more);
    CHECK(parse("\x80").status == parse_status::broken);
    CHECK(parse("\x15").status == parse_status::broken);
    CHECK(parse("E").status == parse_status::need_more);
    CHECK(parse("ERROR\r").why == errc::not_binary);
    CHECK(parse("ERROR Too many open connections").why == errc::server_busy);
    CHECK(parse("CLIENT_ERROR unauthenticated").why == errc::auth_failed);
}

TEST_CASE("a body of 4 GiB is measured without overflow", "[decode]") {
    std::string bytes = to_bytes({.opcode = opcode::get, .extras = "flag"});
    bytes[8] = bytes[9] = bytes[10] = bytes[11] = '\xff';
    const parse_result parsed = parse(bytes);
    REQUIRE(parsed.status == parse_status::head);
    CHECK(parsed.head.value_size == 0xffffffffU - 4);
    CHECK(parsed.head.frame_size() == 0xffffffffULL + 24);
}

TEST_CASE("a success reply has the shape of its command", "[decode]") {
    struct shape_case {
        command what;
        reply_frame frame;
        bool fits;
    };
    const auto [what, frame, fits] = GENERATE(values<shape_case>({
        {command::get, {.opcode = opcode::get, .extras = "flag", .value = ""}, true},
        {command::get, {.opcode = opcode::get, .extras = "flag", .value = "v"}, true},
        {command::get, {.opcode = opcode::get, .value = "v"}, false},
        {command::get, {.opcode = opcode::get, .extras = "flags", .value = "v"}, false},
        {command::get, {.opcode = opcode::get, .extras = "flag", .key = "k", .value = "v"}, false},
        {command::get, {.opcode = 0x0c, .extras = "flag", .value = "v"}, false},
        {command::set, {.opcode = opcode::set, .cas = 7}, true},
        {command::set, {.opcode = opcode::set, .extras = "flag"}, false},
        {command::set, {.opcode = opcode::set, .value = "surprise"}, false},
        {command::del, {.opcode = opcode::del}, true},
        {command::del, {.opcode = opcode::del, .value = "x"}, false},
        {command::noop, {.opcode = opcode::noop}, true},
        {command::noop, {.opcode = opcode::noop, .value = "x"}, false},
        {command::version, {.opcode = opcode::version, .value = "1.6.18"}, true},
        {command::version, {.opcode = opcode::version, .extras = "flag"}, false},
        {command::version, {.opcode = opcode::version, .value = std::string(4096, 'v')}, true},
        {command::version, {.opcode = opcode::version, .value = std::string(4097, 'v')}, false},
        {command::gat, {.opcode = opcode::gat, .extras = "flag", .value = "v"}, true},
        {command::gat, {.opcode = opcode::gat, .value = "v"}, false},
        {command::gat, {.opcode = opcode::get, .extras = "flag", .value = "v"}, false},
        {command::gat, {.opcode = 0x23, .extras = "flag", .key = "k", .value = "v"}, false},
        {command::touch, {.opcode = opcode::touch, .extras = "flag"}, true},
        {command::touch, {.opcode = opcode::touch}, false},
        {command::touch, {.opcode = opcode::touch, .extras = "flag", .value = "v"}, false},
        {command::add, {.opcode = opcode::add, .cas = 7}, true},
        {command::add, {.opcode = opcode::set, .cas = 7}, false},
        {command::replace, {.opcode = opcode::replace, .value = "x"}, false},
        {command::append, {.opcode = opcode::append, .cas = 7}, true},
        {command::append, {.opcode = opcode::prepend, .cas = 7}, false},
        {command::prepend, {.opcode = opcode::prepend, .extras = "flag"}, false},
        {command::incr, {.opcode = opcode::incr, .value = "12345678"}, true},
        {command::incr, {.opcode = opcode::incr, .value = "1234567"}, false},
        {command::incr, {.opcode = opcode::incr, .value = "123456789"}, false},
        {command::incr, {.opcode = opcode::incr}, false},
        {command::decr, {.opcode = opcode::decr, .value = "12345678"}, true},
        {command::decr, {.opcode = opcode::incr, .value = "12345678"}, false},
        {command::flush, {.opcode = opcode::flush}, true},
        {command::flush, {.opcode = opcode::flush, .value = "x"}, false},
        {command::stat, {.opcode = opcode::stat}, true},
        {command::stat, {.opcode = opcode::stat, .key = "pid", .value = "7"}, true},
        {command::stat, {.opcode = opcode::stat, .key = "empty"}, true},
        {command::stat, {.opcode = opcode::stat, .value = "an end that says something"}, false},
        {command::stat, {.opcode = opcode::stat, .extras = "flag", .key = "pid"}, false},
        {command::stat, {.opcode = opcode::stat, .key = std::string(250, 'k')}, true},
        {command::stat, {.opcode = opcode::stat, .key = std::string(251, 'k')}, false},
        {command::stat,
         {.opcode = opcode::stat, .key = "k", .value = std::string(1024 * 1024, 'v')},
         true},
        {command::stat,
         {.opcode = opcode::stat, .key = "k", .value = std::string(1024 * 1024 + 1, 'v')},
         false},
        // Errors: text only, whatever the command.
        {command::get, {.opcode = opcode::get, .status = 1, .value = "Not found"}, true},
        {command::get, {.opcode = opcode::get, .status = 1}, true},
        {command::get, {.opcode = opcode::get, .status = 1, .extras = "flag"}, false},
        {command::get, {.opcode = opcode::get, .status = 1, .key = "k"}, false},
        {command::noop, {.opcode = opcode::noop, .status = 0x86, .value = "later"}, true},
        {command::incr, {.opcode = opcode::incr, .status = 6, .value = "Non-numeric"}, true},
        {command::stat, {.opcode = opcode::stat, .status = 1, .value = "Not found"}, true},
        {command::stat, {.opcode = opcode::stat, .status = 1, .key = "pid"}, false},
        {command::touch, {.opcode = opcode::touch, .status = 1, .extras = "flag"}, false},
    }));
    CAPTURE(static_cast<int>(what), to_hex(to_bytes(frame).substr(0, 60)));
    CHECK(binary::answers(head_of(frame), what, loudness::loud) == fits);
}

TEST_CASE("a reply echoes the loudness of its request", "[decode]") {
    const reply_head loud = head_of({.opcode = opcode::get, .extras = "flag"});
    const reply_head quiet = head_of({.opcode = opcode::getq, .extras = "flag"});
    CHECK(binary::answers(loud, command::get, loudness::loud));
    CHECK(binary::answers(quiet, command::get, loudness::quiet));
    CHECK_FALSE(binary::answers(loud, command::get, loudness::quiet));
    CHECK_FALSE(binary::answers(quiet, command::get, loudness::loud));
}
