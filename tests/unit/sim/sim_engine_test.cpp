// The simulator's own promises: that it is deterministic, that it is nasty, and that it notices
// when the contract is broken. That it keeps the contract itself is sim_fixture_test's matter.

#include "sim/sim_engine.hpp"

#include <set>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "sim_probe.hpp"
#include "support/seed.hpp"

using namespace std::chrono_literals;
using kmc::time_point;
using kmc::detail::op_kind;
using kmc::sim::rough_conditions;
using kmc::sim::sim_engine;
using kmc::sim::sim_net;
using kmc::testing::sim_probe;

namespace {

// A conversation that uses most of what the world can do; returns its trace.
std::uint64_t converse(std::uint64_t seed) {
    sim_probe p(seed);
    p.net.pause_chance = 50;
    p.there.conditions = rough_conditions(p.net.random());
    for (int round = 0; round < 8; ++round) {
        const int fd = p.connected();
        if (fd < 0) continue;
        const std::string text(1 + p.net.random().below(3000), static_cast<char>('a' + round));
        const std::int32_t sent = p.send(fd, text);
        if (sent > 0) static_cast<void>(p.read(fd, static_cast<std::size_t>(sent)));
        p.engine.close_socket(fd);
    }
    return p.net.trace_hash();
}

}  // namespace

TEST_CASE("the same seed gives the same trace, another seed another") {
    const std::uint64_t first = kmc::testing::seed();
    INFO("KMC_SEED=" << first);
    std::set<std::uint64_t> traces;

    for (std::uint64_t i = 0; i < 50; ++i) {
        const std::uint64_t once = converse(first + i);
        REQUIRE(converse(first + i) == once);
        traces.insert(once);
    }

    CHECK(traces.size() == 50);
}

TEST_CASE("what is echoed comes back whole under gentle conditions") {
    sim_probe p(1);
    const int fd = p.connected();
    std::string text;
    for (int i = 0; i < 5000; ++i) text += std::to_string(i);

    REQUIRE(p.send(fd, text) == static_cast<std::int32_t>(text.size()));

    CHECK(p.read(fd, text.size()) == text);
    p.engine.close_socket(fd);
}

TEST_CASE("a reply may come before the end of the send that asked for it") {
    int early = 0;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        sim_probe p(seed);
        const int fd = p.connected();
        const auto send = p.token(op_kind::send);
        const auto recv = p.token(op_kind::recv);
        std::array<std::byte, 16> room{};
        const std::string text = "ping";

        p.engine.send(send, fd, kmc::detail::as_bytes(text), kmc::detail::send_end::awaited);
        p.engine.recv(recv, fd, room);
        REQUIRE(p.wait(recv) > 0);
        if (!p.sink.has(send)) ++early;
        REQUIRE(p.wait(send) == 4);
        p.engine.close_socket(fd);
    }

    CHECK(early > 0);
    CHECK(early < 50);
}

TEST_CASE("completions of one turn come in any order") {
    std::set<std::string> orders;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        sim_probe p(seed);
        for (const char* host : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) {
            p.engine.resolve(p.token(op_kind::resolve), host, 1);
        }
        p.engine.turn(p.net.now(), p.sink);
        REQUIRE(p.sink.all.size() == 3);
        std::string order;
        for (const auto& d : p.sink.all) order += std::to_string(d.token.generation());
        orders.insert(order);
    }
    CHECK(orders.size() == 6);
}

TEST_CASE("a short send says how much left, and just that arrives") {
    sim_probe p(3);
    p.there.conditions.short_send = 1000;
    const int fd = p.connected();
    const std::string text(1000, 'x');

    const std::int32_t sent = p.send(fd, text);

    CHECK(sent >= 1);
    CHECK(sent < 1000);
    CHECK(p.read(fd, static_cast<std::size_t>(sent)).size() == static_cast<std::size_t>(sent));
    CHECK(p.service.heard.size() == static_cast<std::size_t>(sent));
    p.engine.close_socket(fd);
}

TEST_CASE("receives are cut anywhere when the way dribbles") {
    sim_probe p(4);
    p.there.conditions.dribble = 900;
    const int fd = p.connected();
    REQUIRE(p.send(fd, std::string(4000, 'x')) == 4000);
    std::set<std::int32_t> sizes;

    std::array<std::byte, 4096> room{};
    for (std::size_t got = 0; got < 4000;) {
        const auto t = p.token(op_kind::recv);
        p.engine.recv(t, fd, room);
        const std::int32_t n = p.wait(t);
        REQUIRE(n > 0);
        sizes.insert(n);
        got += static_cast<std::size_t>(n);
    }

    CHECK(*sizes.begin() < 9);
    CHECK(sizes.size() > 5);
    p.engine.close_socket(fd);
}

TEST_CASE("a peer that does not read takes one window and no more") {
    sim_probe p(5);
    p.service.deaf = true;
    p.there.conditions.window = 1024;
    const int fd = p.connected();
    const std::string text(5000, 'x');
    const auto t = p.token(op_kind::send);

    p.engine.send(t, fd, kmc::detail::as_bytes(text), kmc::detail::send_end::awaited);
    CHECK(p.wait(t, 10s) == INT32_MIN);
    REQUIRE(p.there.links().size() == 1);
    CHECK(p.there.links()[0]->readable() == 1024);

    p.service.deaf = false;
    p.there.links()[0]->again({});
    CHECK(p.wait(t) == 5000);
    p.engine.close_socket(fd);
}

TEST_CASE("a peer that wrote too much waits for the client to read") {
    sim_probe p(6);
    p.there.conditions.window = 1024;
    const int fd = p.connected();
    p.there.links()[0]->write(std::string(10'000, 'y'));

    p.engine.turn(p.net.now() + 1s, p.sink);

    CHECK(p.there.links()[0]->unsent() == 10'000 - 1024);
    CHECK(p.read(fd, 10'000).size() == 10'000);
    CHECK(p.there.links()[0]->unsent() == 0);
    p.engine.close_socket(fd);
}

TEST_CASE("time jumps to the deadline when nothing happens, and stands still otherwise") {
    sim_probe p(7);
    const time_point before = p.engine.now();

    p.engine.turn(before + 3h, p.sink);
    CHECK(p.engine.now() == before + 3h);
    p.engine.turn(time_point::min(), p.sink);
    CHECK(p.engine.now() == before + 3h);
    CHECK(p.sink.all.empty());
}

TEST_CASE("a simulation in which nothing can happen any more says that it is stuck") {
    sim_probe p(8);
    CHECK_THROWS_AS(p.engine.turn(time_point::max(), p.sink), kmc::sim::simulation_stuck);
}

TEST_CASE("turns without end at one moment are called stuck") {
    sim_probe p(8);
    const auto spin = [&] {
        for (;;) p.engine.turn(time_point::min(), p.sink);
    };
    CHECK_THROWS_AS(spin(), kmc::sim::simulation_stuck);
}

TEST_CASE("a wake-up ends the wait, from any thread, before or during it") {
    sim_probe p(9);
    std::thread([&] { p.engine.wake(); }).join();
    const time_point before = p.net.now();

    p.engine.turn(time_point::max(), p.sink);
    CHECK(p.net.now() == before);

    p.net.after(5ms, [&] { p.engine.wake(); });
    p.engine.turn(time_point::max(), p.sink);
    CHECK(p.net.now() == before + 5ms);
}

TEST_CASE("the lowest number is reused as soon as it is closed") {
    sim_probe p(10);
    const auto where = p.net.address_of("host", 1);

    const int a = p.engine.open_socket(where);
    const int b = p.engine.open_socket(where);
    REQUIRE(a != b);
    p.engine.close_socket(a);
    CHECK(p.engine.open_socket(where) == a);
    p.net.max_sockets = 2;
    CHECK(p.engine.open_socket(where) == -EMFILE);
    p.engine.close_socket(a);
    p.engine.close_socket(b);
    CHECK(p.net.open_sockets() == 0);
}

TEST_CASE("a reused number hears nothing of the connection before") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        sim_probe p(seed);
        const int first = p.connected();
        REQUIRE(p.send(first, "old old old") == 11);
        p.engine.close_socket(first);

        const int second = p.connected();
        REQUIRE(second == first);
        REQUIRE(p.send(second, "new") == 3);
        REQUIRE(p.read(second, 3) == "new");
        p.engine.close_socket(second);
    }
}

TEST_CASE("a pause of the client makes everything due arrive at once") {
    sim_probe p(11);
    const int a = p.connected();
    const int b = p.connected();
    const std::string text = "hello";
    std::array<std::byte, 16> rooms[2];
    p.engine.send(p.token(op_kind::send), a, kmc::detail::as_bytes(text),
                  kmc::detail::send_end::awaited);
    p.engine.send(p.token(op_kind::send), b, kmc::detail::as_bytes(text),
                  kmc::detail::send_end::awaited);
    p.engine.recv(p.token(op_kind::recv), a, rooms[0]);
    p.engine.recv(p.token(op_kind::recv), b, rooms[1]);
    const time_point before = p.net.now();

    p.net.pass(2s);
    p.engine.turn(time_point::min(), p.sink);

    CHECK(p.engine.now() == before + 2s);
    CHECK(p.sink.all.size() == 4);
    p.engine.close_socket(a);
    p.engine.close_socket(b);
}

TEST_CASE("connects are refused, lost without a word, and time out like the kernel's") {
    sim_probe p(12);
    const auto where = p.net.address_of("host", 1);
    const auto attempt = [&](kmc::duration limit) {
        const int fd = p.engine.open_socket(where);
        const auto t = p.token(op_kind::connect);
        p.engine.connect(t, fd, where);
        std::int32_t result = p.wait(t, limit);
        if (result == INT32_MIN) {
            p.engine.kick(fd);
            result = p.wait(t);
            CHECK(result < 0);
            result = INT32_MIN;
        }
        p.engine.close_socket(fd);
        return result;
    };

    p.there.conditions.connects = kmc::sim::reachability::refused;
    CHECK(attempt(1s) == -ECONNREFUSED);
    p.there.conditions.connects = kmc::sim::reachability::silent;
    CHECK(attempt(10s) == INT32_MIN);
    CHECK(attempt(5min) == -ETIMEDOUT);
    p.there.conditions.connects = kmc::sim::reachability::open;
    CHECK(attempt(1s) == 0);
    p.net.close(p.there);
    CHECK(attempt(1s) == -ECONNREFUSED);
}

TEST_CASE("names are looked up in the world's table") {
    sim_probe p(13);
    p.net.set_name("many", {"10.0.0.1", "10.0.0.2"}, {5ms, 5ms});
    p.net.fail_name("later", EAGAIN, {1s, 1s});
    const auto ask = [&](const char* host) {
        const auto t = p.token(op_kind::resolve);
        p.engine.resolve(t, host, 11211);
        const time_point before = p.net.now();
        while (!p.sink.has(t)) p.engine.turn(before + 10s, p.sink);
        kmc::testing::delivery d = p.sink.all.back();
        p.sink.all.clear();
        return std::pair(d, p.net.now() - before);
    };

    const auto [many, many_took] = ask("many");
    CHECK(many.result == 0);
    CHECK(many.addresses.size() == 2);
    CHECK(many_took == 5ms);
    const auto [later, later_took] = ask("later");
    CHECK(later.result == -EAGAIN);
    CHECK(later.addresses.empty());
    CHECK(later_took == 1s);
    CHECK(ask("nobody").first.result == -ENOENT);
    CHECK(ask("127.0.0.1").first.addresses.size() == 1);
    CHECK(ask("/run/socket").first.addresses.size() == 1);
    CHECK(ask("host").first.addresses.size() == 1);
}

TEST_CASE("a fated connection ends within its bytes, by a reset or by an end") {
    int resets = 0;
    int ends = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        sim_probe p(seed);
        p.there.conditions.reset = 500;
        p.there.conditions.finish = 1000;
        p.there.conditions.fate_within = 300;
        const int fd = p.connected();
        if (fd < 0) continue;
        std::size_t through = 0;
        for (int i = 0; i < 100; ++i) {
            const std::int32_t sent = p.send(fd, "0123456789");
            if (sent <= 0) break;
            through += static_cast<std::size_t>(sent);
            through += p.read(fd, static_cast<std::size_t>(sent)).size();
            if (p.last_result <= 0) break;
        }
        REQUIRE(through <= 330);  // at most one more send is swallowed before the end is seen
        (p.last_result == 0 ? ends : resets) += 1;
        p.engine.close_socket(fd);
    }
    CHECK(resets > 20);
    CHECK(ends > 20);
}

TEST_CASE("what a kicked operation gets is one of the results the contract allows") {
    std::set<std::int32_t> sends;
    std::set<std::int32_t> receives;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        sim_probe p(seed);
        p.service.deaf = true;
        p.there.conditions.window = 100;
        const int fd = p.connected();
        const std::string text(1000, 'x');
        std::array<std::byte, 16> room{};
        const auto send = p.token(op_kind::send);
        const auto recv = p.token(op_kind::recv);
        p.engine.send(send, fd, kmc::detail::as_bytes(text), kmc::detail::send_end::awaited);
        p.engine.recv(recv, fd, room);
        p.engine.turn(p.net.now() + 10ms, p.sink);

        p.engine.kick(fd);
        const std::int32_t sent = p.wait(send, 1s);
        sends.insert(sent > 0 ? 1 : sent);
        REQUIRE(sent <= 100);
        receives.insert(p.wait(recv, 1s));
        p.engine.close_socket(fd);
    }
    CHECK(sends == std::set<std::int32_t>{1, -EPIPE, -ECANCELED});
    CHECK(receives == std::set<std::int32_t>{0, -ECANCELED});
}

TEST_CASE("two engines share a world and neither sleeps past the other's deadline") {
    sim_net net(14);
    sim_engine a(net);
    sim_engine b(net);
    kmc::testing::recording_sink sink;
    const time_point start = net.now();

    b.turn(start, sink);
    b.turn(start + 10ms, sink);  // alone: waits
    CHECK(net.now() == start + 10ms);
    // a wants a second, b again 10 ms: a comes back early, with nothing.
    b.turn(start + 10ms, sink);
    a.turn(start + 1s, sink);
    CHECK(net.now() == start + 10ms);
    b.turn(start + 20ms, sink);
    CHECK(net.now() == start + 20ms);
    a.turn(start + 1s, sink);
    CHECK(net.now() == start + 20ms);
    CHECK(sink.all.empty());
}

TEST_CASE("misuse is noticed") {
    sim_probe p(15);
    std::vector<std::string> said;
    p.net.on_misuse = [&](const std::string& what) { said.push_back(what); };
    const int fd = p.connected();
    std::string text(100, 'x');
    std::array<std::byte, 200> room{};

    SECTION("closing a socket with an operation outstanding") {
        p.engine.recv(p.token(op_kind::recv), fd, room);
        p.engine.close_socket(fd);
        REQUIRE(said.size() == 1);
        CHECK(said[0].find("outstanding") != std::string::npos);
        return;
    }
    SECTION("a send buffer that changes before it left") {
        const auto t = p.token(op_kind::send);
        p.engine.send(t, fd, kmc::detail::as_bytes(text), kmc::detail::send_end::awaited);
        text[50] = 'y';
        static_cast<void>(p.wait(t));
        REQUIRE(!said.empty());
        CHECK(said[0].find("changed before it left") != std::string::npos);
    }
    SECTION("a send buffer that changes between leaving and the completion") {
        p.there.conditions.send_end = {1ms, 1ms};
        p.there.conditions.latency = p.there.conditions.service_time = {0ms, 0ms};
        const auto t = p.token(op_kind::send);
        p.engine.send(t, fd, kmc::detail::as_bytes(text), kmc::detail::send_end::awaited);
        p.net.pass(500us);
        REQUIRE(p.service.heard == text);
        text[50] = 'y';
        static_cast<void>(p.wait(t));
        REQUIRE(said.size() == 1);
        CHECK(said[0].find("changed before its completion") != std::string::npos);
    }
    SECTION("a receive's room that is written to") {
        const auto t = p.token(op_kind::recv);
        p.engine.recv(t, fd, room);
        room[3] = std::byte{0};
        p.there.links()[0]->write("hello");
        static_cast<void>(p.wait(t));
        REQUIRE(said.size() == 1);
        CHECK(said[0].find("written to") != std::string::npos);
    }
    SECTION("a second receive") {
        p.engine.recv(p.token(op_kind::recv), fd, room);
        p.engine.recv(p.token(op_kind::recv), fd, room);
        REQUIRE(said.size() == 1);
        p.engine.kick(fd);
        p.engine.turn(p.net.now() + 1s, p.sink);
    }
    SECTION("an operation on a number that is not open") {
        p.engine.recv(p.token(op_kind::recv), 77, room);
        REQUIRE(said.size() == 1);
    }
    SECTION("an engine that ends while the kernel still owns memory") {
        auto other = std::make_unique<sim_engine>(p.net);
        const auto where = p.net.address_of("host", 1);
        other->connect(p.token(op_kind::connect), other->open_socket(where), where);
        other.reset();
        REQUIRE(said.size() == 1);
        CHECK(said[0].find("ended with 1") != std::string::npos);
    }
    p.engine.close_socket(fd);
}
