// A deadline may pass, and a connection may be reset, at any moment. Every kind of call meets both
// after every number of steps it takes: it ends by its deadline, every answer that it gives is
// true, and the next caller gets their own.

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "base/timer_wheel.hpp"
#include "sim/sim_cluster.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;
using kmc::errc;
using kmc::sim::death;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;
using kmc::testing::make_value;

namespace {

enum class said : std::uint8_t { done, absent, wrong, failed };

struct answer {
    std::string key;
    said what;
    kmc::error why{};
};
using answers = std::vector<answer>;

// "r:" there is a value, "r:absent:" there is none, "w:" is written by the call and nobody else.
bool is_planted(const std::string& key) {
    return key.starts_with("r:") && !key.starts_with("r:absent:");
}
// Made once: they are compared some hundred thousand times.
const std::string& value_of(std::string_view key) {
    static std::map<std::string, std::string, std::less<>> made;
    const auto known = made.find(key);
    if (known != made.end()) return known->second;
    std::string value = make_value(key, 1, key.size() % 2 == 0 ? 1'000 : 40);
    return made.emplace(key, std::move(value)).first->second;
}
std::vector<std::string> some_keys(const char* prefix) {
    std::vector<std::string> keys;
    for (int i = 0; i < 40; ++i) keys.push_back(prefix + std::to_string(i));
    return keys;
}
std::vector<std::string> read_keys() {
    std::vector<std::string> keys = some_keys("r:");
    for (const std::string& key : some_keys("r:absent:")) keys.push_back(key);
    return keys;
}
std::vector<std::string_view> views_of(const std::vector<std::string>& keys) {
    return {keys.begin(), keys.end()};
}

template <class Value>
void note(answers& out, std::string_view key, const kmc::result<std::optional<Value>>& r) {
    const auto what = [&] {
        if (!r) return said::failed;
        if (!r.value()) return said::absent;
        return r.value()->bytes() == value_of(key) ? said::done : said::wrong;
    };
    out.push_back({std::string(key), what(), r ? kmc::error{} : r.error()});
}
void note(answers& out, std::string_view key, const kmc::result<bool>& r) {
    const said what = !r ? said::failed : r.value() ? said::done : said::absent;
    out.push_back({std::string(key), what, r ? kmc::error{} : r.error()});
}
void note(answers& out, std::string_view key, const kmc::result<kmc::write_answer>& r) {
    const bool is_done = r && r.value().outcome == kmc::write_outcome::done;
    out.push_back({std::string(key),
                   !r        ? said::failed
                   : is_done ? said::done
                             : said::wrong,
                   r ? kmc::error{} : r.error()});
}

kmc::task<void> get(kmc::client& mc, answers& out) {
    note(out, "r:1", co_await mc.get("r:1"));
}
kmc::task<void> get_of_nothing(kmc::client& mc, answers& out) {
    note(out, "r:absent:1", co_await mc.get("r:absent:1"));
}
kmc::task<void> touch(kmc::client& mc, answers& out) {
    note(out, "r:1", co_await mc.touch("r:1", 1h));
}
kmc::task<void> set(kmc::client& mc, answers& out) {
    const auto r = co_await mc.set("w:1", value_of("w:1"));
    out.push_back({"w:1", r ? said::done : said::failed, r ? kmc::error{} : r.error()});
}
kmc::task<void> add(kmc::client& mc, answers& out) {
    const auto r = co_await mc.add("w:1", value_of("w:1"));
    // Nobody else writes it: a loss would be an add that was sent twice.
    const said what = !r ? said::failed : r.value() ? said::done : said::wrong;
    out.push_back({"w:1", what, r ? kmc::error{} : r.error()});
}
kmc::task<void> incr(kmc::client& mc, answers& out) {
    const auto r = co_await mc.incr("w:count", 1, {.initial = 1});
    // Anything but the first number would be an increment that was sent twice.
    const said what = !r ? said::failed : r.value() == 1U ? said::done : said::wrong;
    out.push_back({"w:count", what, r ? kmc::error{} : r.error()});
}
kmc::task<void> get_many_by(kmc::client& mc, kmc::duration deadline, answers& out) {
    const auto names = read_keys();
    const auto keys = views_of(names);
    const auto reply = co_await mc.get_many(keys, {.deadline = deadline});
    for (std::size_t i = 0; i < keys.size(); ++i) note(out, keys[i], reply[i]);
}
kmc::task<void> get_many(kmc::client& mc, answers& out) {
    co_await get_many_by(mc, {}, out);  // that of the client's options
}
kmc::task<void> gat_many(kmc::client& mc, answers& out) {
    const auto names = read_keys();
    const auto keys = views_of(names);
    const auto reply = co_await mc.gat_many(keys, 1h);
    for (std::size_t i = 0; i < keys.size(); ++i) note(out, keys[i], reply[i]);
}
kmc::task<void> touch_many(kmc::client& mc, answers& out) {
    const auto names = read_keys();
    const auto keys = views_of(names);
    const auto reply = co_await mc.touch_many(keys, 1h);
    for (std::size_t i = 0; i < keys.size(); ++i) note(out, keys[i], reply[i]);
}
kmc::task<void> write(kmc::client& mc, answers& out, kmc::ack how) {
    kmc::write_batch batch;
    const auto names = some_keys("w:");
    for (const std::string& name : names) batch.add(name, value_of(name));
    const auto reply = co_await mc.write(batch, {.ack = how});
    for (std::size_t i = 0; i < names.size(); ++i) note(out, names[i], reply[i]);
}
kmc::task<void> write_quiet(kmc::client& mc, answers& out) {
    co_await write(mc, out, kmc::ack::failures);
}
kmc::task<void> write_loud(kmc::client& mc, answers& out) {
    co_await write(mc, out, kmc::ack::all);
}
kmc::task<void> stream(kmc::client& mc, answers& out) {
    const auto names = read_keys();
    const auto keys = views_of(names);
    auto entries = mc.stream_many(keys, {.max_unread = 10});
    while (const auto entry = co_await entries.next()) note(out, entry->key, entry->answer);
}

struct kind {
    const char* name;
    std::function<kmc::task<void>(kmc::client&, answers&)> start;
    std::size_t keys;
    bool only_reads;
};

const std::vector<kind> kinds = {
    {"get", get, 1, true},
    {"get of nothing", get_of_nothing, 1, true},
    {"touch", touch, 1, true},
    {"set", set, 1, false},
    {"add", add, 1, false},
    {"incr", incr, 1, false},
    {"get_many", get_many, 80, true},
    {"gat_many", gat_many, 80, true},
    {"touch_many", touch_many, 80, true},
    {"write, failures answered", write_quiet, 40, false},
    {"write, all answered", write_loud, 40, false},
    {"stream_many", stream, 80, true},
};

// Far away servers, so that no two steps are within one tick of the timers, and short steps, so
// that some end while a request or its answer is on its way.
constexpr kmc::duration step_time = 25ms;

struct far_world : sim_cluster {
    far_world(std::uint64_t seed, kmc::duration timeout) : sim_cluster(seed, 2, options(timeout)) {
        for (std::size_t i = 0; i < size(); ++i) {
            server(i).conditions().latency = {20ms, 60ms};
            server(i).conditions().connect_time = {20ms, 60ms};
            server(i).conditions().segment = 4 * 1024;
        }
        for (const std::string& key : read_keys()) {
            if (is_planted(key)) plant(key, value_of(key));
        }
    }

    // Connects, and has been answered: what is lost from now on may be sent again.
    void warm_up() {
        answers ignored;
        sim_job job = start(get_many_by(mc(), 60s, ignored));
        step();
        REQUIRE(finish(job));
    }

    void check_answers(const kind& k, const answers& all) {
        REQUIRE(all.size() == k.keys);
        for (const answer& a : all) {
            INFO(a.key << ": " << kmc::to_text(a.why.code) << ", " << kmc::to_text(a.why.at));
            REQUIRE(a.what != said::wrong);
            const auto* item = stored(a.key);
            if (a.what == said::absent) REQUIRE(a.key.starts_with("r:absent:"));
            if (a.key.starts_with("r:absent:")) REQUIRE(a.what != said::done);
            if (!a.key.starts_with("w:")) continue;
            if (a.what == said::done) REQUIRE(item != nullptr);
            if (a.what == said::failed && !a.why.maybe_executed()) REQUIRE(item == nullptr);
            if (item != nullptr) {
                REQUIRE(item->value == (a.key == "w:count" ? "1" : value_of(a.key)));
            }
        }
    }

    // The next callers get their own answers, and everything comes back.
    void check_in_step() {
        answers next;
        sim_job job = start(get_many_by(mc(), 60s, next));
        step();
        REQUIRE(finish(job));
        for (const answer& a : next) {
            INFO(a.key << ": " << kmc::to_text(a.why.code) << ", " << kmc::to_text(a.why.at));
            REQUIRE(a.what == (is_planted(a.key) ? said::done : said::absent));
        }
        run_for(5s);
        REQUIRE(at_rest());
    }

private:
    static kmc::client_options options(kmc::duration timeout) {
        kmc::client_options o;
        o.call_timeout = timeout;
        o.batch_timeout = timeout;
        o.connect_timeout = o.stall_timeout = 30s;
        return o;
    }
};

// When each step of an undisturbed call ends, from its start on.
std::vector<kmc::duration> moments_of(const kind& k, std::uint64_t seed) {
    far_world world(seed, 30s);
    answers all;
    sim_job job = world.start(k.start(world.mc(), all));
    const kmc::time_point began = world.net().now();
    std::vector<kmc::duration> moments;
    while (!job.done()) {
        world.step(step_time);
        if (world.net().now() > began) moments.push_back(world.net().now() - began);
    }
    world.check_answers(k, all);
    REQUIRE(std::all_of(all.begin(), all.end(), [](const answer& a) {
        return a.what == (a.key.starts_with("r:absent:") ? said::absent : said::done);
    }));
    return moments;
}

kmc::task<void> timed(far_world& world, const kind& k, answers& all, kmc::time_point& end) {
    co_await k.start(world.mc(), all);
    end = world.net().now();
}

// True if the deadline took answers away.
bool ends_by(const kind& k, kmc::duration deadline, std::uint64_t seed) {
    far_world world(seed, deadline);
    answers all;
    const kmc::time_point began = world.net().now();
    kmc::time_point end;
    sim_job job = world.start(timed(world, k, all, end));
    world.step();
    REQUIRE(world.finish(job, 1min));
    REQUIRE(end - began <= deadline + 2 * kmc::detail::timer_wheel::tick);
    world.run_for(1s);  // what was on its way arrives: then what is stored is known

    world.check_answers(k, all);
    world.check_in_step();
    bool took_away = false;
    for (const answer& a : all) {
        if (a.what != said::failed) continue;
        REQUIRE(a.why == errc::timed_out);
        took_away = true;
    }
    return took_away;
}

struct accident {
    death how;
    bool is_first_connection;
    bool comes_again;  // whatever is sent again is lost again
};

// The connections end after so many steps; what that took away, and whether it was under way.
std::pair<std::size_t, bool> loses(const kind& k, int steps, accident what, std::uint64_t seed) {
    far_world world(seed, 30s);
    if (!what.is_first_connection) world.warm_up();
    const auto drop = [&] {
        for (std::size_t i = 0; i < world.size(); ++i) world.server(i).drop_connections(what.how);
    };
    answers all;
    sim_job job = world.start(k.start(world.mc(), all));
    for (int i = 0; i < steps; ++i) world.step(step_time);
    const bool under_way = !job.done();
    drop();
    for (int i = 0; i < 30 && what.comes_again && !job.done(); ++i) {
        world.step(step_time);
        drop();
    }
    REQUIRE(world.finish(job, 31s));
    world.run_for(1s);

    world.check_answers(k, all);
    std::size_t failed = 0;
    for (const answer& a : all) {
        if (a.what != said::failed) continue;
        ++failed;
        INFO(kmc::to_text(a.why.code));
        REQUIRE((a.why == errc::connection_lost || a.why == errc::connect_failed ||
                 a.why == errc::server_dead));
    }
    if (what.comes_again) world.run_for(2min);  // a server that was taken for dead is asked again
    world.check_in_step();
    return {failed, under_way};
}

}  // namespace

TEST_CASE("a deadline may pass at every step of every call") {
    for (const kind& k : kinds) {
        const std::uint64_t seed = 7;
        int took_away = 0;
        for (const kmc::duration moment : moments_of(k, seed)) {
            INFO(k.name << ", " << moment.count() << " ns after its start");
            took_away += ends_by(k, moment, seed) ? 1 : 0;
        }
        INFO(k.name);
        CHECK(took_away > 2);
    }
}

TEST_CASE("connections may be lost at every step of every call") {
    const accident what = {GENERATE(death::reset, death::finish), GENERATE(true, false),
                           GENERATE(false, true)};
    CAPTURE(what.is_first_connection, what.comes_again);
    for (const kind& k : kinds) {
        INFO(k.name);
        std::size_t failed = 0;
        int steps = 1;
        for (bool under_way = true; under_way; ++steps) {
            INFO("lost after " << steps << " steps");
            const auto [lost, was_under_way] = loses(k, steps, what, 7);
            if (lost > 0 && k.only_reads && !what.is_first_connection && !what.comes_again)
                WARN(k.name << " " << steps << " lost " << lost);
            failed += lost;
            under_way = was_under_way;
        }
        CHECK(steps > 4);
        // What only reads is sent once more, if the connection ever answered.
        const bool is_saved = !what.is_first_connection && !what.comes_again && k.only_reads;
        CHECK((failed == 0) == is_saved);
    }
}
