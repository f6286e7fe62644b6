// How much memory kmc holds: for a connection that idles, for a call that waits for its answer, for
// a key of a large batch. What is allocated, of all threads; not what the kernel keeps for a
// socket or a ring. KMC_WRITE_COUNTS=1 prints the numbers.

#include <catch2/catch.hpp>

#include <malloc.h>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "nodes.hpp"
#include "session.hpp"
#include "support/alloc_counter.hpp"
#include "waiting.hpp"

using namespace kmc::testing;
using namespace std::chrono_literals;

namespace {

// What the allocator has given out. What it keeps of what came back for the next of the same size
// counts as well, which is little, but makes numbers differ by a few bytes.
double allocated() {
    const auto now = ::mallinfo2();
    return static_cast<double>(now.uordblks + now.hblkhd);
}

bool memory_is_not_counted() {
    if (alloc_counter::available()) return false;
    WARN("LEFT OUT: a sanitizer owns the heap, so its bytes are not counted in this build");
    return true;
}

void tell(const std::string& what, double bytes) {
    if (std::getenv("KMC_WRITE_COUNTS") == nullptr) return;
    std::printf("| %s | %.0f |\n", what.c_str(), bytes);
}

// A server that stands still is no reason to give up.
kmc::client_options unmoved() {
    kmc::client_options options = patient();
    options.call_timeout = options.batch_timeout = options.stall_timeout = 120s;
    return options;
}

// ---- connections --------------------------------------------------------------------------------

kmc::task<bool> ask_for_each(kmc::client& mc, std::span<const std::string> keys) {
    bool is_right = true;
    for (const std::string& key : keys) {
        const auto got = co_await mc.get(key);
        is_right &= got && got.value();
    }
    co_return is_right;
}

double held_with_lanes(unsigned lanes, const cluster& server, std::span<const std::string> keys) {
    const double before = allocated();
    kmc::client_options options = patient();
    options.lanes = lanes;
    session s(server.servers(), options);
    REQUIRE(s.rt().block_on(ask_for_each(s.mc(), keys)));
    REQUIRE(s.mc().counters(0).connections == lanes);
    return allocated() - before;
}

// ---- calls under way ----------------------------------------------------------------------------

struct gate {
    explicit gate(std::size_t count) { waiting.reserve(count); }

    std::vector<std::coroutine_handle<>> waiting;
    std::atomic<std::size_t> arrived{0};
};

class at_gate {
public:
    explicit at_gate(gate& g) noexcept : gate_(&g) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> caller) {
        gate_->waiting.push_back(caller);
        gate_->arrived.fetch_add(1);
    }
    void await_resume() const noexcept {}

private:
    gate* gate_;
};

kmc::task<void> open(gate& g) {
    for (const std::coroutine_handle<> caller : g.waiting) caller.resume();
    co_return;
}

kmc::task<void> get_once(kmc::client& mc, std::string_view key, gate& g,
                         std::atomic<std::size_t>& hits) {
    co_await at_gate(g);
    const auto got = co_await mc.get(key);
    hits += got && got.value();
}

kmc::task<void> get_all(kmc::client& mc, std::span<const std::string_view> keys,
                        kmc::many_reply& reply, std::atomic<bool>& is_done) {
    co_await mc.get_many(keys, reply);
    is_done = true;
}

kmc::task<void> nothing() {
    co_return;
}

}  // namespace

// 64 KiB to receive to, 16 bytes for each request that may be on the wire, and what single requests
// are encoded to.
TEST_CASE("an idle connection holds its receive buffer and its slots, and little else") {
    if (memory_is_not_counted() || control_is_missing()) return;
    const cluster server({1});
    const auto keys = make_keys("idle", 400);
    session(server.servers()).write_all(keys, 1, 100);
    held_with_lanes(1, server, keys);  // what is made once

    const double one = held_with_lanes(1, server, keys);
    const double sixteen = held_with_lanes(16, server, keys);

    const double each = (sixteen - one) / 15;
    tell("a connection that idles", each);
    CHECK(each > 80 * 1024);
    CHECK(each < 84 * 1024);
}

// Its node is part of what the caller awaits, its slot is the connection's: what is left is the
// buffer that requests are encoded to.
TEST_CASE("a get under way holds hardly more than what its caller awaits") {
    if (memory_is_not_counted() || control_is_missing()) return;
    constexpr std::size_t calls = 16'384;
    const std::uint32_t on_the_wire = GENERATE(1'024U, 16'384U);
    CAPTURE(on_the_wire);
    cluster server({1});
    kmc::client_options options = unmoved();
    options.max_inflight = on_the_wire;
    gate g(calls);
    std::atomic<std::size_t> hits{0};
    session s(server.servers(), options);
    const std::string key = key_prefix() + "under way";
    s.write(key, std::string(100, 'v'));
    server[0].pause();

    for (std::size_t i = 0; i < calls; ++i) s.rt().spawn(get_once(s.mc(), key, g, hits));
    REQUIRE(comes_true([&] { return g.arrived == calls; }));
    const double before = allocated();
    s.rt().block_on(open(g));
    REQUIRE(comes_true([&] { return s.mc().counters(0).in_flight == on_the_wire; }));
    s.rt().block_on(nothing());
    const double each = (allocated() - before) / calls;
    server[0].resume();
    CHECK(comes_true([&] { return hits == calls; }));

    tell("a get under way, " + std::to_string(on_the_wire) + " of 16384 sent", each);
    tell("of the caller's own", sizeof(kmc::detail::get_op));
    CHECK(each < 32);
    CHECK(sizeof(kmc::detail::get_op) <= 176);
}

// A copy of the key, what was found out about it, room for its answer; in chunks that double, of
// which the last has room for these values.
TEST_CASE("a key of a large batch holds a bounded number of bytes, before its answer and after") {
    if (memory_is_not_counted() || control_is_missing()) return;
    constexpr std::size_t count = 100'000;
    constexpr std::size_t value_bytes = 100;
    cluster servers({1, 1, 1});
    kmc::many_reply reply;
    std::atomic<bool> is_done{false};
    session s(servers.servers(), unmoved());
    std::vector<std::string> names(count);
    for (std::size_t i = 0; i < count; ++i) names[i] = "key of a batch " + std::to_string(i);
    s.write_all(names, 1, value_bytes);
    const auto keys = views_of(names);
    for (std::size_t i = 0; i < servers.size(); ++i) servers[i].pause();

    const double before = allocated();
    s.rt().spawn(get_all(s.mc(), keys, reply, is_done));
    REQUIRE(comes_true([&] { return s.mc().counters(0).in_flight > 0; }));
    s.rt().block_on(nothing());
    REQUIRE(!is_done);
    const double asked = (allocated() - before) / count;
    for (std::size_t i = 0; i < servers.size(); ++i) servers[i].resume();
    REQUIRE(comes_true([&] { return is_done.load(); }));
    REQUIRE(reply.summary().hits == count);
    s.rt().block_on(nothing());
    const double answered = (allocated() - before) / count;

    tell("a key of a batch of 100000, asked for", asked);
    tell("the same, answered with 100 bytes", answered);
    CHECK(asked > value_bytes);
    CHECK(asked < 350);
    CHECK(answered > value_bytes);
    CHECK(answered < 350);
}
