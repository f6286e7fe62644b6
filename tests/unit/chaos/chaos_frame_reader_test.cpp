#include "chaos/frame_reader.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "support/frames.hpp"

using kmc::chaos::frame_reader;
namespace frames = kmc::testing;

namespace {

struct piece {
    bool is_frame;
    std::string bytes;
    friend bool operator==(const piece&, const piece&) = default;
};

std::vector<piece> read_all(frame_reader& reader) {
    std::vector<piece> all;
    while (const auto u = reader.next()) all.push_back({u->is_frame, std::string(u->bytes)});
    return all;
}

}  // namespace

TEST_CASE("frames are found wherever the stream is split") {
    const std::string one = frames::hit(1, "value");
    const std::string two = frames::success(2, frames::opcode::noop);
    const std::string three = frames::refusal(3, frames::opcode::get, 1);
    const std::string all = one + two + three;
    const auto at = GENERATE_COPY(range(std::size_t{0}, all.size()));
    frame_reader reader(0x81);

    std::vector<piece> got;
    for (const std::string& part : {all.substr(0, at), all.substr(at)}) {
        reader.feed(part);
        for (piece& p : read_all(reader)) got.push_back(std::move(p));
    }

    CHECK(got == std::vector<piece>{{true, one}, {true, two}, {true, three}});
    CHECK(reader.take_rest().empty());
}

TEST_CASE("what is not whole at the end is not lost") {
    frame_reader reader(0x81);
    const std::string one = frames::hit(1, "value");

    reader.feed(one + one.substr(0, 27));

    CHECK(read_all(reader) == std::vector<piece>{{true, one}});
    CHECK(reader.take_rest() == one.substr(0, 27));
    CHECK(read_all(reader).empty());
}

TEST_CASE("what is no frame is bytes, for good") {
    const std::string frame = frames::hit(1, "value");
    std::string lying = frame;
    lying[3] = 'x';  // a key that is longer than the body
    const std::string garbage = GENERATE_COPY(std::string("ERROR\r\n"), std::string("\x80"), lying);
    frame_reader reader(0x81);

    reader.feed(frame);
    CHECK(read_all(reader) == std::vector<piece>{{true, frame}});
    reader.feed(garbage);
    CHECK(read_all(reader) == std::vector<piece>{{false, garbage}});
    reader.feed(frame);
    CHECK(read_all(reader) == std::vector<piece>{{false, frame}});
}

TEST_CASE("a frame that is too large goes on in pieces, and the next one is a frame again") {
    const std::string large = frames::hit(1, std::string(300, 'x'));
    const std::string small = frames::success(2, frames::opcode::noop);
    frame_reader reader(0x81, 100);

    reader.feed(large.substr(0, 50));
    CHECK(read_all(reader) == std::vector<piece>{{false, large.substr(0, 50)}});
    reader.feed(large.substr(50) + small);
    CHECK(read_all(reader) == std::vector<piece>{{false, large.substr(50)}, {true, small}});
}
