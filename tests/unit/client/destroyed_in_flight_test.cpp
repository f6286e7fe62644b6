// A caller may leave at any moment. Every kind of call is destroyed after every number of steps it
// takes: waiting for the name, the connect, the first answer, half a large value, the ready queue.
// The connection stays in step, and the next caller gets their own answer.

#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/sim_cluster.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;
using kmc::testing::make_value;
using kmc::testing::version_of;

namespace {

#if defined(__SANITIZE_THREAD__)
constexpr std::size_t large_bytes = 128 * 1024;  // one thread: nothing to find, only time to lose
#else
constexpr std::size_t large_bytes = 4 * 1024 * 1024;
#endif

kmc::task<void> small_get(kmc::client& mc) {
    static_cast<void>(co_await mc.get("small"));
}
kmc::task<void> large_get(kmc::client& mc) {
    static_cast<void>(co_await mc.get("large"));
}
kmc::task<void> miss(kmc::client& mc) {
    static_cast<void>(co_await mc.get("absent"));
}
kmc::task<void> bad_key(kmc::client& mc) {
    static_cast<void>(co_await mc.get(""));
}
kmc::task<void> small_set(kmc::client& mc) {
    static_cast<void>(co_await mc.set("x", "y"));
}
kmc::task<void> large_set(kmc::client& mc) {
    const std::string value(large_bytes, 'v');
    static_cast<void>(co_await mc.set("x", value));
}
kmc::task<void> del(kmc::client& mc) {
    static_cast<void>(co_await mc.del("x"));
}
kmc::task<void> version(kmc::client& mc) {
    static_cast<void>(co_await mc.version(0));
}
kmc::task<void> batch(kmc::client& mc) {
    std::vector<std::string> names;
    for (int i = 0; i < 300; ++i) names.push_back("batch:" + std::to_string(i));
    names.push_back("large");
    names.push_back("small");
    const std::vector<std::string_view> keys(names.begin(), names.end());
    static_cast<void>(co_await mc.get_many(keys));
}
kmc::task<void> batch_into(kmc::client& mc) {
    kmc::many_reply reply;
    for (int i = 0; i < 2; ++i) {
        const std::vector<std::string_view> keys = {"small", "large", "absent", "small"};
        co_await mc.get_many(keys, reply);
    }
}

std::vector<std::string> names_of_batch() {
    std::vector<std::string> names;
    for (int i = 0; i < 300; ++i) names.push_back("batch:" + std::to_string(i));
    return names;
}
kmc::task<void> gat_many(kmc::client& mc) {
    const std::vector<std::string> names = names_of_batch();
    const std::vector<std::string_view> keys(names.begin(), names.end());
    static_cast<void>(co_await mc.gat_many(keys, 1h));
}
kmc::task<void> touch_many(kmc::client& mc) {
    const std::vector<std::string> names = names_of_batch();
    const std::vector<std::string_view> keys(names.begin(), names.end());
    static_cast<void>(co_await mc.touch_many(keys, 1h));
}
kmc::task<void> del_many(kmc::client& mc) {
    const std::vector<std::string> names = names_of_batch();
    const std::vector<std::string_view> keys(names.begin(), names.end());
    static_cast<void>(co_await mc.del_many(keys));
}
kmc::task<void> write(kmc::client& mc, kmc::ack ack) {
    kmc::write_batch writes;
    const std::string value(100'000, 'v');
    for (const std::string& name : names_of_batch()) writes.append(name + "x", "more");
    writes.set("x", kmc::borrow(value));
    writes.incr("n", 1, {.initial = 1});
    static_cast<void>(co_await mc.write(writes, {.ack = ack}));
}
kmc::task<void> write_quiet(kmc::client& mc) {
    co_await write(mc, kmc::ack::failures);
}
kmc::task<void> write_loud(kmc::client& mc) {
    co_await write(mc, kmc::ack::all);
}
kmc::task<void> stream(kmc::client& mc) {
    const std::vector<std::string> names = names_of_batch();
    const std::vector<std::string_view> keys(names.begin(), names.end());
    auto entries = mc.stream_many(keys, {.max_unread = 100});
    while (const auto entry = co_await entries.next()) static_cast<void>(entry);
}

kmc::task<void> checked_get(kmc::client& mc, std::string key, bool& right) {
    const auto r = co_await mc.get(key, {.deadline = 60s});
    right = r && r.value() && version_of(key, r.value()->bytes()) == 1;
}

struct kind {
    const char* name;
    std::function<kmc::task<void>(kmc::client&)> start;
    bool is_large = false;
    bool is_refused = false;  // ends within the first step, without a server
};

const std::vector<kind> kinds = {
    {"get", small_get},
    {"get of a large value", large_get, true},
    {"get of nothing", miss},
    {"get of a bad key", bad_key, false, true},
    {"set", small_set},
    {"set of a large value", large_set, true},
    {"del", del},
    {"version", version},
    {"get_many", batch, true},
    {"get_many again", batch_into, true},
    {"gat_many", gat_many},
    {"touch_many", touch_many},
    {"del_many", del_many},
    {"write, failures answered", write_quiet},
    {"write, all answered", write_loud},
    {"stream_many", stream},
};

kmc::client_options options() {
    kmc::client_options o;
    o.item_size_max = 8 * 1024 * 1024;
    o.call_timeout = o.batch_timeout = o.connect_timeout = 30s;
    o.stall_timeout = 30s;
    return o;
}

// Destroys the call after `steps` steps; true if it was still under way.
bool destroy_after(const kind& k, int steps, std::uint64_t seed) {
    kmc::sim::model_options model;
    model.item_size_max = 8 * 1024 * 1024;
    sim_cluster world(seed, 2, options(), model);
    for (std::size_t i = 0; i < world.size(); ++i) {
        // Megabytes in pieces of a few KiB would be the same thing a thousand times.
        world.server(i).conditions().window = 1024 * 1024;
        world.server(i).conditions().segment = 512 * 1024;
        world.server(i).conditions().dribble = 20;
    }
    world.plant("small", make_value("small", 1, 30));
    static const std::string large = make_value("large", 1, large_bytes);
    world.plant("large", large);
    for (int i = 0; i < 300; i += 2) {
        const std::string key = "batch:" + std::to_string(i);
        world.plant(key, make_value(key, 1, 500));
    }
    bool under_way = false;
    {
        sim_job job = world.start(k.start(world.mc()));
        for (int i = 0; i < steps; ++i) world.step(1s);
        under_way = !job.done();
    }
    for (const char* key : {"small", "large"}) {
        if (key == std::string_view("large") && !k.is_large) continue;
        bool right = false;
        sim_job next = world.start(checked_get(world.mc(), key, right));
        world.step();
        REQUIRE(world.finish(next));
        REQUIRE(right);
    }
    world.run_for(5s);
    REQUIRE(world.at_rest());
    return under_way;
}

}  // namespace

TEST_CASE("every call may be destroyed after every number of steps") {
    for (const kind& k : kinds) {
        int steps = 1;
        while (true) {
            INFO(k.name << ", destroyed after " << steps << " steps");
            const bool under_way = destroy_after(k, steps, static_cast<std::uint64_t>(steps));
            if (!under_way) break;
            // The large ones take hundreds of steps that are alike.
            steps += steps < 40 ? 1 : steps / 8;
        }
        CHECK((steps > 1 || k.is_refused));
    }
}

TEST_CASE("a call may be destroyed while its result waits in the ready queue") {
    sim_cluster world(1, 1);
    world.plant("small", make_value("small", 1, 30));
    bool first_right = false;
    bool second_right = false;
    std::vector<sim_job> jobs;
    jobs.push_back(world.start(checked_get(world.mc(), "small", first_right)));
    jobs.push_back(world.start(checked_get(world.mc(), "small", second_right)));
    // Step until both were executed (after the greeting) and answered; nobody has resumed yet.
    const auto answered = [&] {
        const auto* const lane = world.view().connections()[0];
        return world.server(0).store().requests >= 3 && lane->in_flight() == 0;
    };
    for (int i = 0; i < 1000 && !answered(); ++i) world.step();
    REQUIRE_FALSE(jobs[1].done());
    jobs.pop_back();
    world.step();
    CHECK(jobs[0].done());
    CHECK(first_right);
    CHECK_FALSE(second_right);
}

TEST_CASE("the last handle may go with a call under way: it ends once, and the kernel lets go") {
    int closed = 0;
    for (int steps = 1; steps < 40; ++steps) {
        INFO("after " << steps << " steps");
        sim_cluster world(static_cast<std::uint64_t>(steps), 2, options());
        world.plant("small", make_value("small", 1, 30));
        kmc::result<std::optional<kmc::value>> outcome{std::nullopt};
        sim_job job = world.start([](kmc::client& mc, auto& out) -> kmc::task<void> {
            out = co_await mc.get("small");
        }(world.mc(), outcome));
        for (int i = 0; i < steps; ++i) world.step();
        const bool was_done = job.done();
        world.drop_client();
        REQUIRE(world.finish(job));
        if (was_done) {
            REQUIRE(outcome);
        } else if (!outcome) {
            REQUIRE(outcome.error() == kmc::errc::client_closed);
            ++closed;
        }
        world.run_for(1s);
        REQUIRE(world.net().open_sockets() == 0);
    }
    CHECK(closed > 3);
}
