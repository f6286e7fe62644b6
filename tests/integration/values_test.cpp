// What goes in comes out, byte by byte: keys, values, flags, expiry, and every size at which
// something changes hands on the way.

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "nodes.hpp"
#include "session.hpp"
#include "support/self_describing.hpp"

using namespace kmc::testing;
using kmc::errc;
using kmc::stage;

namespace {

constexpr std::size_t item_limit = 1024 * 1024;
// What memcached 1.6 adds to an item: its head, a cas token, the key's end, the value's end.
constexpr std::size_t largest_value(std::size_t key_size, bool has_flags) {
    return item_limit - 48 - 8 - (key_size + 1) - 2 - (has_flags ? 4 : 0);
}

}  // namespace

TEST_CASE("a value is read back as it was written, until it is removed") {
    const cluster servers = any_cluster({1, 2, 3});
    session s(servers.servers());
    const std::string key = key_prefix() + "plain";

    CHECK(s.read(key) == std::nullopt);
    CHECK(s.del(key).value() == false);
    const auto first = s.set(key, "Hello World");
    CHECK(s.read(key) == "Hello World");
    const auto second = s.set(key, "another");
    CHECK(s.read(key) == "another");

    CHECK(first.value() != kmc::cas_token{});
    CHECK(first.value() != second.value());
    CHECK(s.get(key).value()->token() == second.value());
    CHECK(s.del(key).value() == true);
    CHECK(s.read(key) == std::nullopt);
}

TEST_CASE("values of every interesting size come back whole") {
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    const std::size_t size = GENERATE(as<std::size_t>{}, 0, 1, 2, 1023, 32767, 32768, 32769, 65535,
                                      65536, 65537, 262143, 262144, 262145, 1000000);
    CAPTURE(size);
    const std::string key = key_prefix() + "size" + std::to_string(size);
    std::string written(size, '\0');
    for (std::size_t i = 0; i < size; ++i) written[i] = static_cast<char>(i * 131 + i / 256);

    s.write(key, written);

    const auto single = s.get(key);
    CHECK((single.value()->bytes() == written));
    const auto many = s.get_many(std::vector{key, key_prefix() + "never", key});
    REQUIRE(many.size() == 3);
    CHECK((many[0].value()->bytes() == written));
    CHECK_FALSE(many[1].value().has_value());
    CHECK((many[2].value()->bytes() == written));
}

TEST_CASE("a key may hold every byte there is") {
    const cluster servers = any_cluster({1, 1});
    session s(servers.servers());
    std::vector<std::string> keys;
    for (int byte = 0; byte < 256; ++byte) {
        keys.push_back(key_prefix() + static_cast<char>(byte));
        keys.push_back(std::string(1, static_cast<char>(byte)) + key_prefix());
    }

    s.write_all(keys, 1, 40);

    const auto reply = s.get_many(keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        CAPTURE(i);
        REQUIRE(reply[i].has_value());
        REQUIRE(reply[i].value().has_value());
        CHECK(version_of(keys[i], reply[i].value()->bytes()) == 1);
        CHECK(s.read(keys[i]) == make_value(keys[i], 1, 40));
    }
}

TEST_CASE("a key may have any length from 1 to 250") {
    if (control_is_missing()) return;  // one byte leaves no room for a key of our own
    const cluster servers({1});
    session s(servers.servers());
    std::vector<std::string> keys;
    for (std::size_t length = 1; length <= 250; ++length) {
        std::string key;
        for (std::size_t i = 0; i < length; ++i) key += static_cast<char>(length * 7 + i * 41);
        keys.push_back(key);
    }
    REQUIRE(std::set<std::string>(keys.begin(), keys.end()).size() == 250);

    s.write_all(keys, 3, 300);

    const auto reply = s.get_many(keys);
    CHECK(reply.summary().hits == 250);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        CAPTURE(i);
        CHECK(version_of(keys[i], reply[i].value()->bytes()) == 3);
        CHECK(s.del(keys[i]).value() == true);
    }
}

TEST_CASE("flags come back, all 32 bits of them") {
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    const std::string key = key_prefix() + "flags";
    const std::uint32_t flags =
        GENERATE(0U, 1U, 0x0102'0304U, 0x8000'0000U, std::numeric_limits<std::uint32_t>::max());

    s.write(key, "v", {.flags = flags});

    CHECK(s.get(key).value()->flags() == flags);
    CHECK(s.get_many(std::vector{key})[0].value()->flags == flags);
}

TEST_CASE("what is stored as expired is not there; a long life is not a short one") {
    using namespace std::chrono_literals;
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    const std::string key = key_prefix() + "ttl";
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());

    s.write(key, "old");
    s.write(key, "gone", {.ttl = kmc::expiry::at(now - 100s)});
    CHECK(s.read(key) == std::nullopt);
    s.write(key, "gone too", {.ttl = -1s});
    CHECK(s.read(key) == std::nullopt);

    s.write(key, "an hour", {.ttl = 1h});
    CHECK(s.read(key) == "an hour");
    s.write(key, "sixty days", {.ttl = 24h * 60});
    CHECK(s.read(key) == "sixty days");
    s.write(key, "until then", {.ttl = kmc::expiry::at(now + 1h)});
    CHECK(s.read(key) == "until then");
}

TEST_CASE("the largest item fits, and one byte more is refused by the server") {
    if (control_is_missing()) return;
    const cluster servers({1}, {"-I", "1m"});
    session s(servers.servers());
    const std::size_t key_size = GENERATE(std::size_t{3}, std::size_t{250});
    const std::uint32_t flags = GENERATE(0U, 7U);
    CAPTURE(key_size, flags);
    const std::string key(key_size, 'k');
    const std::string largest = make_value(key, 1, largest_value(key_size, flags != 0));

    s.write(key, largest, {.flags = flags});
    CHECK((s.read(key) == largest));
    const auto refused = s.set(key, largest + "x", {.flags = flags});

    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error() == errc::too_large);
    CHECK(refused.error().at == stage::answered);
    CHECK(refused.error().status == 3);
    CHECK(refused.error().server == 0);
    CHECK(s.read(key) == std::nullopt);  // the server drops the old value when it refuses a new one
    s.write(key, "small");
    CHECK(s.read(key) == "small");
}

TEST_CASE("a value over kmc's own limit is refused before anything is sent") {
    if (control_is_missing()) return;
    const cluster servers({1});
    session s(servers.servers());
    s.write("k", "old");
    const auto stored_before = stat(servers.text(0), "cmd_set");

    const auto refused = s.set("k", std::string(item_limit, 'x'));

    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error() == errc::too_large);
    CHECK(refused.error().at == stage::not_sent);
    CHECK(stat(servers.text(0), "cmd_set") == stored_before);
    CHECK(s.read("k") == "old");
}

TEST_CASE("a Unix socket is a server like any other") {
    if (control_is_missing()) return;
    memcached_node node({}, listens_on::unix_socket);
    session s(node.text() + ":3");
    const auto keys = make_keys("unix", 500);

    s.write_all(keys, 1, 2000);

    CHECK(s.get_many(keys).summary().hits == 500);
    CHECK(s.version(0).value().starts_with("1."));
    CHECK(s.mc().servers()[0].text == node.text());
}

namespace {

struct findings {
    std::string failure;
    std::size_t reads = 0;
};

kmc::task<void> write_and_read(kmc::client& mc, std::span<const std::string> keys,
                               std::size_t rounds, findings& found) {
    for (std::size_t round = 0; round < rounds; ++round) {
        const std::string& key = keys[round % keys.size()];
        const std::string written = make_value(key, round, 20 + (round * 977) % 40000);
        const auto stored = co_await mc.set(key, written);
        if (!stored) found.failure = mc.describe(stored.error());
        const auto got = co_await mc.get(key);
        if (!got) {
            found.failure = mc.describe(got.error());
        } else if (!got.value()) {
            found.failure = "a miss on " + key;
        } else if (version_of(key, got.value()->bytes()) != static_cast<std::int64_t>(round)) {
            found.failure = "somebody else's value on " + key;
        }
        ++found.reads;
    }
}

}  // namespace

TEST_CASE("64 coroutines at once each read what they wrote, and nobody else's value") {
    const cluster servers = any_cluster({1, 2, 3, 4, 5});
    session s(servers.servers());
    constexpr std::size_t workers = 64;
    constexpr std::size_t rounds = 30;
    std::vector<std::vector<std::string>> keys;
    for (std::size_t w = 0; w < workers; ++w) {
        keys.push_back(make_keys("w" + std::to_string(w) + "-", 7));
    }
    std::vector<findings> found(workers);

    run_all(s.rt(), workers,
            [&](std::size_t w) { return write_and_read(s.mc(), keys[w], rounds, found[w]); });

    for (const findings& f : found) {
        CHECK(f.failure == "");
        CHECK(f.reads == rounds);
    }
}
