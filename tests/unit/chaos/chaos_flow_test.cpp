#include "chaos/flow.hpp"

#include <catch2/catch.hpp>

#include <bit>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "chaos/gate.hpp"
#include "chaos/rule_parser.hpp"
#include "support/frames.hpp"
#include "support/seed.hpp"

using namespace kmc::chaos;
using namespace std::chrono_literals;
namespace frames = kmc::testing;

namespace {

rule_book book_of(std::initializer_list<const char*> rules) {
    rule_book book;
    for (const char* text : rules) {
        auto made = parse_rule(text);
        if (!made) FAIL(made.error().message());
        book.add(std::move(made.value()));
    }
    return book;
}

std::string noop(std::uint32_t opaque) {
    return frames::success(opaque, frames::opcode::noop);
}

// What a relay would do, in short: "pass 24", "wait", ...
std::string summary(const std::vector<step>& steps) {
    constexpr const char* names[] = {"pass", "wait",  "stall", "stop_reading",
                                     "cut",  "reset", "end"};
    std::string text;
    for (const step& s : steps) {
        text += text.empty() ? "" : " ";
        text += names[static_cast<std::size_t>(s.what)];
        if (s.what == step_kind::pass) text += std::to_string(s.bytes.size());
    }
    return text;
}

std::string bytes_of(const std::vector<step>& steps) {
    std::string bytes;
    for (const step& s : steps) bytes += s.bytes;
    return bytes;
}

// Everything that three noops and the end of the stream become on the given connection.
struct three_noops {
    explicit three_noops(std::initializer_list<const char*> rules, std::uint64_t connection = 1,
                         std::uint64_t seed = 1)
        : book(book_of(rules)) {
        flow f(book, side::reply, connection, seed);
        f.take(noop(1) + noop(2) + noop(3), steps);
        f.end(steps);
    }
    [[nodiscard]] std::string text() const { return summary(steps); }
    [[nodiscard]] std::string bytes() const { return bytes_of(steps); }

    rule_book book;
    std::vector<step> steps;
};

}  // namespace

TEST_CASE("without rules every byte goes on as it came") {
    const three_noops all({});

    CHECK(all.text() == "pass24 pass24 pass24 end");
    CHECK(all.bytes() == noop(1) + noop(2) + noop(3));
}

TEST_CASE("each action does its own to the frame that the rule is about") {
    const auto [rule, expected] = GENERATE(table<const char*, std::string>({
        {"reply frame 2: cut", "pass24 cut"},
        {"reply frame 2: cut at 5", "pass24 pass5 cut"},
        {"reply frame 2: cut at 5000", "pass24 pass24 cut"},
        {"reply frame 2: reset at 5", "pass24 pass5 reset"},
        {"reply frame 2: drop", "pass24 pass24 end"},
        {"reply frame 2: drop rest", "pass24"},
        {"reply frame 2: drop rest at 1", "pass24 pass1"},
        {"reply frame 2: stall", "pass24 stall pass24 pass24 end"},
        {"reply frame 2: stall 1s at 4", "pass24 pass4 wait pass20 pass24 end"},
        {"reply frame 2: stop reading", "pass24 stop_reading pass24 pass24 end"},
        {"reply frame 2: duplicate", "pass24 pass24 pass24 pass24 end"},
        {"reply frame 2: inject \"abc\"", "pass24 pass3 pass24 pass24 end"},
        {"reply frame 4: drop", "pass24 pass24 pass24 end"},
        {"reply connection 2: drop", "pass24 pass24 pass24 end"},
        {"request: drop", "pass24 pass24 pass24 end"},
        {"reply after 0 bytes: cut", "cut"},
        {"reply after 24 bytes: cut", "pass24 cut"},
        {"reply after 30 bytes: reset", "pass24 pass6 reset"},
        {"reply after 30 bytes: delay 1s", "pass24 pass6 wait pass18 pass24 end"},
        {"reply after 72 bytes: cut", "pass24 pass24 pass24 cut"},
        {"reply after 73 bytes: cut", "pass24 pass24 pass24 end"},
    }));
    CAPTURE(rule);

    CHECK(three_noops({rule}).text() == expected);
}

TEST_CASE("a swapped frame goes on behind the next, or with the end") {
    CHECK(three_noops({"reply frame 1: swap"}).bytes() == noop(2) + noop(1) + noop(3));
    CHECK(three_noops({"reply frame 3: swap"}).bytes() == noop(1) + noop(2) + noop(3));
    CHECK(three_noops({"reply: swap"}).bytes() == noop(2) + noop(1) + noop(3));
    CHECK(three_noops({"reply frame 1: swap", "reply frame 2: drop"}).bytes() == noop(3) + noop(1));

    rule_book book = book_of({"reply: swap"});
    flow f(book, side::reply, 1, 1);
    std::vector<step> steps;
    f.take(noop(1), steps);
    CHECK(steps.empty());
    f.release(steps);
    CHECK(bytes_of(steps) == noop(1));
}

TEST_CASE("delays and slices belong to the frame, and several rules add up") {
    const three_noops all({"reply frame 2: delay 1s", "reply frame 2: delay 2s",
                           "reply frame 2: slice 1..3 gap 5ms", "reply frame 2: set opaque 9",
                           "reply frame 2: duplicate"});

    REQUIRE(all.text() == "pass24 pass24 pass24 pass24 end");
    CHECK(all.steps[0].time == 0s);
    CHECK(all.steps[1].time == 3s);
    CHECK(all.steps[1].pieces.most == 3);
    CHECK(all.steps[1].pieces.gap == 5ms);
    CHECK(all.steps[1].bytes == noop(9));
    CHECK(all.steps[2].bytes == noop(9));
    CHECK(all.steps[3].pieces.least == 0);
    for (const listed_rule& r : all.book.rules()) CHECK(r.hits == 1);
}

TEST_CASE("pieces have the sizes asked for and lose nothing") {
    const std::uint64_t seed = kmc::testing::seed();
    INFO("KMC_SEED=" << seed);
    kmc::detail::rng random(seed);
    const slicing pieces{.least = 2, .most = 5};

    for (std::size_t left = 1000; left > 0;) {
        const std::size_t size = next_piece(pieces, random, left);
        REQUIRE(size <= left);
        REQUIRE((size >= 2 || size == left));
        REQUIRE(size <= 5);
        left -= size;
    }
    CHECK(next_piece({}, random, 77) == 77);
}

TEST_CASE("a flip changes one bit, drawn by seed, connection and rule") {
    const std::string right = noop(1) + noop(2) + noop(3);
    const auto flipped = [&](std::uint64_t connection, std::uint64_t seed) {
        return three_noops({"reply: flip"}, connection, seed).bytes();
    };
    const std::uint64_t seed = kmc::testing::seed();
    INFO("KMC_SEED=" << seed);

    const std::string got = flipped(1, seed);
    REQUIRE(got.size() == right.size());
    int bits = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        bits += std::popcount(static_cast<unsigned>(static_cast<unsigned char>(got[i] ^ right[i])));
    }
    CHECK(bits == 3);
    CHECK(flipped(1, seed) == got);
    CHECK((flipped(2, seed) != got || flipped(3, seed) != got));
    CHECK((flipped(1, seed + 1) != got || flipped(1, seed + 2) != got));
    CHECK(three_noops({"reply after 25 bytes: flip bit 0"}).bytes()[25] == (noop(2)[1] ^ '\x80'));
    CHECK(three_noops({"reply frame 1: flip bit 192"}).bytes() == right);
    CHECK(three_noops({"reply frame 1: flip bit 192"}).book.rules()[0].hits == 0);
}

TEST_CASE("conditions look at what arrived") {
    const std::string all =
        frames::hit(7, "v") + frames::refusal(8, frames::opcode::get, 1) + noop(9);
    const auto hits = [&](const char* rule) {
        rule_book book = book_of({"reply: set opaque 0", rule});
        flow f(book, side::reply, 1, 1);
        std::vector<step> steps;
        f.take(all, steps);
        return book.rules()[1].hits;
    };

    CHECK(hits("reply opcode get: drop") == 2);
    CHECK(hits("reply opcode get,noop: drop") == 3);
    CHECK(hits("reply status 1: drop") == 1);
    CHECK(hits("reply opaque 9: drop") == 1);
    CHECK(hits("reply opaque 0: drop") == 0);
    CHECK(hits("reply times 2: drop") == 2);
    CHECK(hits("reply frame 1 opcode noop: drop") == 0);
    CHECK(hits("reply key k: drop") == 0);
}

TEST_CASE("bytes that are no frames know only the rules for bytes") {
    rule_book book = book_of({"reply frame 1: drop", "reply: set opaque 1", "reply: duplicate",
                              "reply: swap", "reply after 3 bytes: stall", "reply: delay 1s"});
    flow f(book, side::reply, 1, 1);
    std::vector<step> steps;

    f.take("ERROR\r\n", steps);

    CHECK(summary(steps) == "pass3 stall pass4");
    CHECK(bytes_of(steps) == "ERROR\r\n");
    CHECK(steps[0].time == 1s);
    CHECK(f.frames() == 0);
}

TEST_CASE("after the last step nothing comes any more") {
    rule_book book = book_of({"reply frame 2: drop rest"});
    flow f(book, side::reply, 1, 1);
    std::vector<step> steps;
    f.take(noop(1) + noop(2), steps);
    book.clear();

    f.take(noop(3), steps);
    f.end(steps);

    CHECK(summary(steps) == "pass24");
}

TEST_CASE("how often a rule draws elsewhere makes no difference here") {
    const auto dropped = [](std::size_t other_frames) {
        rule_book book = book_of({"reply probability 0.5: drop"});
        flow other(book, side::reply, 2, 42);
        flow here(book, side::reply, 1, 42);
        std::vector<step> ignored;
        std::vector<step> steps;
        for (std::size_t i = 0; i < other_frames; ++i) other.take(noop(0), ignored);
        for (std::uint32_t i = 0; i < 64; ++i) here.take(noop(i), steps);
        return bytes_of(steps);
    };

    CHECK(dropped(0) == dropped(17));
    CHECK(dropped(0).size() > 8 * 24);
    CHECK(dropped(0).size() < 56 * 24);
}

TEST_CASE("the gate judges by number, and says the same when asked again") {
    rule_book book =
        book_of({"reply: drop", "accept connection 2: reset", "accept connection 2: cut",
                 "accept probability 0.5 connection 3: hold"});

    CHECK_FALSE(judge(book, 1, 5).has_value());
    REQUIRE(judge(book, 2, 5).has_value());
    CHECK(judge(book, 2, 5)->what == deed::reset);
    CHECK(judge(book, 2, 5)->rule_id == 2);
    int held = 0;
    for (std::uint64_t seed = 0; seed < 64; ++seed) {
        held += judge(book, 3, seed).has_value() ? 1 : 0;
        CHECK(judge(book, 3, seed).has_value() == judge(book, 3, seed).has_value());
    }
    CHECK(held > 8);
    CHECK(held < 56);
}
