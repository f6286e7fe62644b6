// What the codec writes, against frames that a live server understood.

#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "base/bytes.hpp"
#include "captured_frames.hpp"
#include "protocol/binary/encode.hpp"
#include "support/frames.hpp"

using namespace kmc::detail;
using kmc::testing::captured_frame;

namespace {

std::string encoded(const request& r, std::uint32_t sequence, loudness how) {
    outbox out;
    binary::encode(r, sequence, how, out);
    CHECK(out.size() == binary::encoded_size(r, how));
    return std::string(as_text(out.pending()));
}

}  // namespace

TEST_CASE("requests are written byte for byte as the captured ones", "[encode]") {
    if (kmc::testing::are_captured_frames_missing()) return;
    std::size_t compared = 0;
    std::set<command> seen;
    std::map<std::string, std::size_t> left_out;
    for (const auto& exchange : kmc::testing::captured_exchanges()) {
        for (const captured_frame& frame : exchange.requests) {
            CAPTURE(exchange.id);
            if (const std::string why = kmc::testing::why_not_ours(frame); !why.empty()) {
                ++left_out[why];
                continue;
            }
            counter_step step;
            const request r = kmc::testing::request_behind(frame, step);
            const loudness how = r.is_loud ? loudness::loud : loudness::quiet;
            CHECK(kmc::testing::to_hex(encoded(r, frame.opaque, how)) ==
                  kmc::testing::to_hex(frame.bytes));
            seen.insert(r.what);
            ++compared;
        }
    }
    CHECK(compared == 107);
    CHECK(seen.size() == command_count);
    // Forms with the key in the reply, quits, logins and what no server knows are other commands;
    // a flush of kmc always names its delay, 0 included.
    CHECK(left_out == std::map<std::string, std::size_t>{{"another command", 30},
                                                         {"a flush without delay", 3},
                                                         {"a reserved field", 2},
                                                         {"a token with an unguarded command", 1},
                                                         {"malformed", 7}});
}

TEST_CASE("a request goes behind what the buffer holds, and keys may hold any byte", "[encode]") {
    outbox out;
    out.append(1)[0] = std::byte{'x'};
    const std::string key("a\0\r\n\xff", 5);
    const std::string value("\0v", 2);
    const request r{.key = key.data(),
                    .value = value.data(),
                    .value_size = 2,
                    .key_size = 5,
                    .what = command::set,
                    .flags = 0x01020304,
                    .expiry = 0xfffefdfc,
                    .cas = 0x1122334455667788};

    binary::encode(r, 0xfffffffe, loudness::quiet, out);

    CHECK(kmc::testing::to_hex(as_text(out.pending())) ==
          "78"
          "8011000508000000"
          "0000000ffffffffe"
          "1122334455667788"
          "01020304fffefdfc"
          "61000d0aff"
          "0076");
}

TEST_CASE("commands that carry no value or key leave them out", "[encode]") {
    const std::string text = "stray";
    request r{.key = text.data(), .value = text.data(), .value_size = 5, .key_size = 5};

    r.what = command::get;
    CHECK(encoded(r, 1, loudness::loud).size() == 24 + 5);
    r.what = command::noop;
    CHECK(encoded(r, 1, loudness::loud).size() == 24);
    r.what = command::version;
    CHECK(encoded(r, 1, loudness::loud).size() == 24);
    r.what = command::flush;
    CHECK(encoded(r, 1, loudness::loud).size() == 24 + 4);
    r.what = command::gat;
    CHECK(encoded(r, 1, loudness::loud).size() == 24 + 4 + 5);
}

TEST_CASE("every field of every request has its place", "[encode]") {
    const counter_step step{0x0102030405060708, 0x1112131415161718};
    struct place_case {
        command what;
        loudness how;
        const char* hex;
    };
    const auto [what, how, hex] = GENERATE(values<place_case>({
        {command::gat, loudness::quiet,
         "801e000104000000"
         "00000005"
         "a1a2a3a4"
         "0000000000000000"
         "31323334"
         "6b"},
        {command::touch, loudness::loud,
         "801c000104000000"
         "00000005"
         "a1a2a3a4"
         "0000000000000000"
         "31323334"
         "6b"},
        {command::add, loudness::quiet,
         "8012000108000000"
         "0000000a"
         "a1a2a3a4"
         "0000000000000000"
         "2122232431323334"
         "6b"
         "76"},
        {command::replace, loudness::loud,
         "8003000108000000"
         "0000000a"
         "a1a2a3a4"
         "0000000000000000"
         "2122232431323334"
         "6b"
         "76"},
        {command::append, loudness::quiet,
         "8019000100000000"
         "00000002"
         "a1a2a3a4"
         "0000000000000000"
         "6b"
         "76"},
        {command::prepend, loudness::loud,
         "800f000100000000"
         "00000002"
         "a1a2a3a4"
         "0000000000000000"
         "6b"
         "76"},
        {command::incr, loudness::loud,
         "8005000114000000"
         "00000015"
         "a1a2a3a4"
         "0000000000000000"
         "0102030405060708"
         "1112131415161718"
         "31323334"
         "6b"},
        {command::decr, loudness::quiet,
         "8016000114000000"
         "00000015"
         "a1a2a3a4"
         "0000000000000000"
         "0102030405060708"
         "1112131415161718"
         "31323334"
         "6b"},
        {command::flush, loudness::quiet,
         "8018000004000000"
         "00000004"
         "a1a2a3a4"
         "0000000000000000"
         "31323334"},
        {command::stat, loudness::loud,
         "8010000100000000"
         "00000001"
         "a1a2a3a4"
         "0000000000000000"
         "6b"},
    }));
    CAPTURE(static_cast<int>(what));
    request r{.key = "k",
              .step = &step,
              .key_size = 1,
              .what = what,
              .flags = 0x21222324,
              .expiry = 0x31323334};
    if (!is_counter(what)) {
        r.value = "v";
        r.value_size = 1;
    }

    CHECK(kmc::testing::to_hex(encoded(r, 0xa1a2a3a4, how)) == hex);
}

TEST_CASE("general statistics are asked for without a name", "[encode]") {
    request r;
    r.what = command::stat;
    CHECK(kmc::testing::to_hex(encoded(r, 1, loudness::loud)) ==
          "801000000000000000000000000000010000000000000000");
}

TEST_CASE("silence means what the command was after", "[encode]") {
    for (const command what : {command::get, command::gat}) {
        CHECK(binary::silence_of(what) == silence::miss);
    }
    for (const command what :
         {command::set, command::add, command::replace, command::append, command::prepend,
          command::del, command::incr, command::decr, command::flush}) {
        CHECK(binary::silence_of(what) == silence::success);
    }
    for (const command what : {command::touch, command::stat, command::noop, command::version}) {
        CHECK(binary::silence_of(what) == silence::never);
    }
}
