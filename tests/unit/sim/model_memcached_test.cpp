// The model answers as the real server was seen to answer, byte for byte.

#include "sim/model_memcached.hpp"

#include <fstream>
#include <memory>
#include <set>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/frames.hpp"
#include "support/vectors.hpp"

using kmc::sim::model_options;
using kmc::sim::model_session;
using kmc::sim::model_store;
using kmc::testing::from_hex;
using kmc::testing::to_hex;

namespace {

constexpr std::uint64_t now = 1'700'000'000;

struct conversation {
    std::string said;
    bool open = true;
};

// Feeds all at once, or cut into pieces of `piece` bytes; runs until the server waits.
conversation talk(model_session& session, std::string_view bytes, std::size_t piece) {
    conversation c;
    while (!bytes.empty() && c.open) {
        session.feed(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
        for (;;) {
            const auto state = session.step(now, c.said);
            if (state == model_session::state::more) continue;
            c.open = state == model_session::state::idle;
            break;
        }
    }
    return c;
}

std::string frame(std::uint8_t opcode, std::string_view key = {}, std::string_view extras = {},
                  std::string_view value = {}, std::uint32_t opaque = 0, std::uint64_t cas = 0) {
    kmc::testing::reply_frame f;  // the two layouts differ in magic and in what is the status
    f.opcode = opcode;
    f.opaque = opaque;
    f.cas = cas;
    f.extras = extras;
    f.key = key;
    f.value = value;
    std::string bytes = to_bytes(f);
    bytes[0] = '\x80';
    return bytes;
}

const std::string no_extras(8, '\0');

std::string set(std::string_view key, std::string_view value, std::uint32_t opaque = 0) {
    return frame(0x01, key, no_extras, value, opaque);
}

// Statuses of the replies in order.
std::vector<int> statuses(std::string_view replies) {
    std::vector<int> all;
    while (replies.size() >= 24) {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(replies[i]); };
        all.push_back(byte(6) * 256 + byte(7));
        const std::size_t body =
            (std::size_t{byte(9)} << 16) + (std::size_t{byte(10)} << 8) + byte(11);
        replies.remove_prefix(24 + body);
    }
    return all;
}

nlohmann::json binary_frames(const std::filesystem::path& folder) {
    std::ifstream file(folder / "binary_frames.json");
    REQUIRE(file);
    return nlohmann::json::parse(file);
}

}  // namespace

TEST_CASE("the model answers every captured request as memcached did") {
    const auto folder = kmc::testing::vectors_dir();
    if (!folder) {
        WARN("SKIPPED: no vectors; set KMC_VECTORS to their folder");
        return;
    }
    const nlohmann::json all = binary_frames(*folder);
    const std::set<std::string> known{"basic", "rejections", "no_cas", "flush_disabled"};
    // A reply that lists what only a real process knows.
    const std::set<std::string> beyond{"stat_general"};
    const std::size_t piece = GENERATE(std::size_t{1} << 20, std::size_t{24}, std::size_t{1});
    std::size_t compared = 0;

    for (const auto& group : all.at("groups")) {
        const std::string name = group.at("group");
        if (!known.contains(name)) continue;
        model_options options;
        options.cas = name != "no_cas";
        options.flush_enabled = name != "flush_disabled";
        model_store store(options);
        auto session = std::make_unique<model_session>(store);
        for (const auto& exchange : group.at("exchanges")) {
            const std::string id = exchange.at("id");
            const bool is_volatile = exchange.value("volatile", false);
            // How much of a burst is lost with a bad magic depends on what is read at once.
            const bool by_burst = id == "bad_magic_after_good_frames" && piece < 1000;
            const std::string request = from_hex(exchange.at("request_hex").get<std::string>());
            INFO(name << "/" << id << " in pieces of " << piece);

            const conversation got = talk(*session, request, piece);

            if (!is_volatile && !beyond.contains(id) && !by_burst) {
                CHECK(to_hex(got.said) == exchange.at("reply_hex").get<std::string>());
                ++compared;
            }
            const bool stays_open = exchange.at("connection") == "open";
            CHECK(got.open == stays_open);
            if (!got.open || name == "rejections") session = std::make_unique<model_session>(store);
        }
    }
    CHECK(compared >= 86);
}

TEST_CASE("a value that is too large is swallowed, and a set of it removes the old one") {
    model_options options;
    options.item_size_max = 128 * 1024;
    model_store store(options);
    model_session session(store);
    const std::string big(140'000, 'x');
    const std::size_t piece = GENERATE(std::size_t{1} << 20, std::size_t{1000});

    SECTION("set") {
        const auto got =
            talk(session, set("big", "old") + set("big", big) + frame(0x00, "big"), piece);
        CHECK(statuses(got.said) == std::vector<int>{0, 3, 1});
    }
    SECTION("add keeps it") {
        const auto got = talk(
            session, set("big", "old") + frame(0x12, "big", no_extras, big) + frame(0x00, "big"),
            piece);
        CHECK(statuses(got.said) == std::vector<int>{0, 3, 0});
    }
    SECTION("append keeps it") {
        const auto got = talk(
            session, set("big", "old") + frame(0x0e, "big", {}, big) + frame(0x00, "big"), piece);
        CHECK(statuses(got.said) == std::vector<int>{0, 3, 0});
    }
}

TEST_CASE("the largest value that fits is the one that was measured") {
    model_store store;
    model_session session(store);

    CHECK(statuses(talk(session, set("abc", std::string(1'048'514, 'x')), 1 << 21).said)[0] == 0);
    CHECK(statuses(talk(session, set("abc", std::string(1'048'515, 'x')), 1 << 21).said)[0] == 3);
}

TEST_CASE("replies come in bursts of twenty requests") {
    model_store store;
    model_session session(store);
    std::string requests;
    for (std::uint32_t i = 0; i < 50; ++i) requests += frame(0x0b, {}, {}, {}, i);
    session.feed(requests);

    std::vector<std::size_t> bursts;
    model_session::state state{};
    do {
        std::string out;
        state = session.step(now, out);
        bursts.push_back(statuses(out).size());
    } while (state == model_session::state::more);

    CHECK(bursts == std::vector<std::size_t>{21, 20, 9});
}

TEST_CASE("replies wait while a value is read and for an unknown command's bytes") {
    model_store store;
    model_session session(store);
    const std::string store_it = set("k", std::string(100, 'v'));

    CHECK(talk(session, frame(0x0b) + store_it.substr(0, 60), 1 << 20).said.empty());
    CHECK(statuses(talk(session, store_it.substr(60), 1 << 20).said) == std::vector<int>{0, 0});
    // A header without its key is not begun yet.
    CHECK(statuses(talk(session, frame(0x0b) + store_it.substr(0, 20), 1 << 20).said).size() == 1);
}

TEST_CASE("a key that overflows the read buffer breaks the connection without a word") {
    model_store store;
    model_session session(store);

    const auto got = talk(session, frame(0x00, std::string(16'361, 'k')), 1 << 20);

    CHECK(got.said.empty());
    CHECK(!got.open);
}

TEST_CASE("items expire by the time that is passed in") {
    model_store store;
    model_session session(store);
    std::string out;
    session.feed(frame(0x01, "k", std::string("\0\0\0\0\0\0\0\x05", 8), "v"));
    session.step(now, out);
    const auto get_at = [&](std::uint64_t when) {
        session.feed(frame(0x00, "k"));
        out.clear();
        session.step(when, out);
        return statuses(out)[0];
    };

    CHECK(get_at(now + 4) == 0);
    CHECK(get_at(now + 5) == 1);
}

TEST_CASE("a statistic has its place among replies, and two groups have no end") {
    model_store store;
    model_session session(store);
    struct group_case {
        const char* name;
        std::size_t replies;
        bool has_end;
    };
    const auto [name, replies, has_end] = GENERATE(values<group_case>({
        {"", 5, true},
        {"settings", 4, true},
        {"settingsX", 4, true},
        {"reset", 1, true},
        {"resetXYZ", 1, true},
        {"detail on", 1, true},
        {"detail off", 1, true},
        {"detail dump", 2, true},
        {"items", 2, true},
        {"slabs", 3, true},
        {"sizes", 2, true},
        {"sizes_enable", 1, false},
        {"sizes_disable", 1, false},
    }));
    CAPTURE(name);
    talk(session, set("k", "v"), 1 << 20);

    const auto got = talk(session, frame(0x10, name, {}, {}, 7) + frame(0x0a), 1 << 20).said;

    CHECK(statuses(got) == std::vector<int>(replies + 1, 0));
    const std::string end = kmc::testing::to_bytes({.opcode = 0x10, .opaque = 7}) +
                            kmc::testing::to_bytes({.opcode = 0x0a});
    CHECK(got.ends_with(end) == has_end);
}

TEST_CASE("a group that is none is a miss without an end") {
    const std::string name = GENERATE("itemsX", "conns", "detail", "detail foo", "cachedump 1 1");
    model_store store;
    model_session session(store);
    const auto got = talk(session, frame(0x10, name) + frame(0x0a), 1 << 20);
    CHECK(statuses(got.said) == std::vector<int>{1, 0});
}

TEST_CASE("a chosen request is refused with a chosen status, quiet ones too") {
    const int status = GENERATE(0x03, 0x05, 0x06, 0x81, 0x82, 0x86, 0x1234);
    model_store store;
    model_session session(store);
    talk(session, set("bad", "old") + set("good", "old"), 1 << 20);
    store.refuse({.opcode = 0x01, .key = "bad", .status = static_cast<std::uint16_t>(status)});

    const auto got = talk(session,
                          set("bad", "new") + frame(0x11, "bad", no_extras, "new") +
                              set("good", "new") + frame(0x02, "bad", no_extras, "new"),
                          7);

    // A refusal for want of room takes the old value with it.
    const bool is_gone = status == 0x03 || status == 0x82;
    CHECK(statuses(got.said) == std::vector<int>{status, status, 0, is_gone ? 0 : 2});
    CHECK(got.open);
    CHECK(store.find("good", now)->value == "new");
    store.refuse_nothing();
    CHECK(statuses(talk(session, set("bad", "new"), 7).said) == std::vector<int>{0});
}

TEST_CASE("a refusal may be for any key, any command, and only so often") {
    model_store store;
    model_session session(store);
    store.refuse({.status = 0x82, .times = 2});
    const auto got =
        talk(session, set("a", "1") + frame(0x00, "b") + set("c", "3") + frame(0x09, "c"), 1 << 20);
    CHECK(statuses(got.said) == std::vector<int>{0x82, 0x82, 0, 0});
}

TEST_CASE("a refusal that real servers hang up after ends the session") {
    const int status = GENERATE(0x04, 0x20);
    model_store store;
    model_session session(store);
    store.refuse({.opcode = 0x00, .status = static_cast<std::uint16_t>(status)});
    const auto got = talk(session, frame(0x09, "k") + frame(0x0a), 1 << 20);
    CHECK(statuses(got.said) == std::vector<int>{status});
    CHECK_FALSE(got.open);
}

TEST_CASE("a server that forbids flushing says so and goes on") {
    model_options options;
    options.flush_enabled = false;
    model_store store(options);
    model_session session(store);
    const auto got =
        talk(session, set("k", "v") + frame(0x08) + frame(0x18) + frame(0x00, "k"), 1 << 20);
    CHECK(statuses(got.said) == std::vector<int>{0, 0x20, 0x20, 0});
    CHECK(got.open);
}

TEST_CASE("a text-only server says ERROR to a binary noop") {
    model_options options;
    options.text_only = true;
    model_store store(options);
    model_session session(store);

    CHECK(talk(session, frame(0x0a), 1 << 20).said == "ERROR\r\n");
}
