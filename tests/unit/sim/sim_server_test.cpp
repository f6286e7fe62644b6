// A simulated memcached: the model behind a listener, and how it dies, hangs and comes back.

#include "sim/sim_server.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "sim_probe.hpp"
#include "support/frames.hpp"

using namespace std::chrono_literals;
using kmc::sim::death;
using kmc::sim::sim_server;
using kmc::testing::sim_probe;

namespace {

std::string request(std::uint8_t opcode, std::string_view key = {}, std::string_view extras = {},
                    std::string_view value = {}, std::uint32_t opaque = 0) {
    kmc::testing::reply_frame f;
    f.opcode = opcode;
    f.opaque = opaque;
    f.extras = extras;
    f.key = key;
    f.value = value;
    std::string bytes = to_bytes(f);
    bytes[0] = '\x80';
    return bytes;
}

std::string set(std::string_view key, std::string_view value) {
    return request(0x01, key, std::string(8, '\0'), value);
}

struct client : sim_probe {
    explicit client(std::uint64_t seed) : sim_probe(seed), server(net, "cache", 11211) {}

    int dial() {
        const auto where = net.address_of("cache", 11211);
        const int fd = engine.open_socket(where);
        const auto t = token(kmc::detail::op_kind::connect);
        engine.connect(t, fd, where);
        last_result = wait(t, 1s);
        if (last_result != 0) {
            engine.close_socket(fd);
            return -1;
        }
        return fd;
    }
    // Sends everything, however short the sends are.
    bool say(int fd, std::string_view bytes) {
        while (!bytes.empty()) {
            const std::int32_t n = send(fd, bytes);
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }

    sim_server server;
};

}  // namespace

TEST_CASE("a simulated server stores and answers whatever the way is like") {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        client c(seed);
        c.server.conditions() = kmc::sim::rough_conditions(c.net.random());
        c.server.conditions().reset = c.server.conditions().finish = 0;
        const std::string value(1 + c.net.random().below(20'000), 'v');
        const int fd = c.dial();
        REQUIRE(fd >= 0);

        REQUIRE(c.say(fd, set("k", value) + request(0x00, "k")));
        const std::string got = c.read(fd, 24 + 24 + 4 + value.size());

        REQUIRE(got.size() == 24 + 24 + 4 + value.size());
        REQUIRE(got.ends_with(value));
        REQUIRE(c.server.store().requests == 2);
        c.engine.close_socket(fd);
    }
}

TEST_CASE("a killed server ends its connections, refuses, and comes back empty") {
    const death how = GENERATE(death::reset, death::finish);
    client c(1);
    const int fd = c.dial();
    REQUIRE(c.say(fd, set("k", "v")));
    REQUIRE(c.read(fd, 24).size() == 24);
    REQUIRE(c.server.store().size() == 1);

    c.server.kill(how);
    CHECK(c.read(fd, 1).empty());
    CHECK(c.last_result == (how == death::reset ? -ECONNRESET : 0));
    CHECK(c.dial() == -1);
    CHECK(c.last_result == -ECONNREFUSED);
    c.engine.close_socket(fd);

    c.server.restart();
    const int again = c.dial();
    REQUIRE(again >= 0);
    CHECK(c.server.store().size() == 0);
    CHECK(c.server.connections() == 1);
    c.engine.close_socket(again);
    c.engine.turn(c.net.now() + 1s, c.sink);
    c.engine.turn(c.net.now() + 1s, c.sink);
    CHECK(c.server.connections() == 0);
}

TEST_CASE("a paused server takes connects and requests and answers late") {
    client c(2);
    c.server.stall(3s);
    const int fd = c.dial();
    REQUIRE(fd >= 0);
    const auto before = c.net.now();
    REQUIRE(c.say(fd, set("k", "v")));

    CHECK(c.server.store().requests == 0);
    CHECK(c.read(fd, 24).size() == 24);
    CHECK(c.net.now() - before > 2900ms);
    c.engine.close_socket(fd);
}

TEST_CASE("a muted server executes and keeps its replies") {
    client c(3);
    c.server.mute();
    const int fd = c.dial();
    REQUIRE(c.say(fd, set("k", "v")));
    c.engine.turn(c.net.now() + 1s, c.sink);
    CHECK(c.server.store().requests == 1);

    c.server.unmute();
    CHECK(c.read(fd, 24).size() == 24);
    c.engine.close_socket(fd);
}

TEST_CASE("a paused server executes what a gone client sent, after it resumes") {
    client c(4);
    c.server.pause();
    const int fd = c.dial();
    REQUIRE(c.say(fd, set("k", "v")));
    c.engine.close_socket(fd);
    c.engine.turn(c.net.now() + 1s, c.sink);
    CHECK(c.server.store().requests == 0);

    c.server.resume();
    c.engine.turn(c.net.now() + 1s, c.sink);
    CHECK(c.server.store().requests == 1);
    CHECK(c.server.connections() == 0);
}

TEST_CASE("above its limit a server says so in text and hangs up") {
    client c(5);
    c.server.max_connections = 0;
    const int fd = c.dial();

    CHECK(c.read(fd, 1000) == "ERROR Too many open connections\r\n");
    CHECK(c.last_result == 0);
    c.engine.close_socket(fd);
}

TEST_CASE("a server that is not read from stops reading, and loses nothing") {
    client c(6);
    c.server.conditions().window = 2048;
    const int fd = c.dial();
    REQUIRE(c.say(fd, set("k", std::string(1000, 'v'))));
    REQUIRE(c.read(fd, 24).size() == 24);
    std::string gets;
    for (int i = 0; i < 500; ++i) gets += request(0x00, "k");

    const auto t = c.token(kmc::detail::op_kind::send);
    c.engine.send(t, fd, kmc::detail::as_bytes(gets), kmc::detail::send_end::awaited);
    CHECK(c.wait(t, 10s) == INT32_MIN);  // both sides are full

    CHECK(c.read(fd, 500 * 1028).size() == 500 * 1028);
    CHECK(c.wait(t) == static_cast<std::int32_t>(gets.size()));
    c.engine.close_socket(fd);
}

TEST_CASE("a tampered reply arrives tampered") {
    client c(7);
    c.server.tamper = [](kmc::sim::sim_link&, std::string& out) { out[0] = 'X'; };
    const int fd = c.dial();
    REQUIRE(c.say(fd, request(0x0a)));

    CHECK(c.read(fd, 24).starts_with('X'));
    c.engine.close_socket(fd);
}
