// What the codec writes, against frames that a live server understood.

#include <optional>

#include <catch2/catch.hpp>

#include "base/bytes.hpp"
#include "captured_frames.hpp"
#include "protocol/codec.hpp"
#include "support/frames.hpp"

using namespace kmc::detail;
using kmc::testing::captured_frame;

namespace {

std::string encoded(const request& r, std::uint32_t sequence, loudness how) {
    outbox out;
    binary_codec().encode(r, sequence, how, out);
    CHECK(out.size() == binary_codec().encoded_size(r, how));
    return std::string(as_text(out.pending()));
}

}  // namespace

TEST_CASE("requests are written byte for byte as the captured ones", "[encode]") {
    if (kmc::testing::are_captured_frames_missing()) return;
    std::size_t compared = 0;
    for (const auto& exchange : kmc::testing::captured_exchanges()) {
        for (const captured_frame& frame : exchange.requests) {
            const auto s = kmc::testing::request_behind(frame);
            if (!s) continue;
            CAPTURE(exchange.id);
            CHECK(kmc::testing::to_hex(encoded(s->asked, frame.opaque, s->how)) ==
                  kmc::testing::to_hex(frame.bytes));
            ++compared;
        }
    }
    CHECK(compared == 72);  // 79 of our commands, 7 of them malformed or marked on purpose
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

    binary_codec().encode(r, 0xfffffffe, loudness::quiet, out);

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
}

TEST_CASE("silence means what the command was after", "[encode]") {
    const codec& wire = binary_codec();
    CHECK(wire.silence_of(command::get) == silence::miss);
    CHECK(wire.silence_of(command::set) == silence::success);
    CHECK(wire.silence_of(command::del) == silence::success);
    CHECK(wire.silence_of(command::noop) == silence::never);
    CHECK(wire.silence_of(command::version) == silence::never);
}
