// The rule of waiting (docs/decisions/0016-waiting-for-answers.md) with the real client on
// simulated servers of known distances: what is saved, and who waits for whom. Every case is run
// with the rule and without it.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include <kmc/cancel.hpp>

#include "base/rng.hpp"
#include "sim/sim_cluster.hpp"
#include "support/seed.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;
using kmc::duration;
using kmc::time_point;
using kmc::detail::rng;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;
using kmc::sim::sim_nap;
using kmc::testing::make_value;

namespace {

constexpr duration gather = 1ms;
// A simulated send leaves up to 20 us after it was started; the rest is the order of pieces.
constexpr duration jitter = 25us;

kmc::client_options calm_options() {
    kmc::client_options o;
    o.call_timeout = o.batch_timeout = o.connect_timeout = o.stall_timeout = 60s;
    o.health.remove_failed = 0;
    o.resolve_period = {};
    return o;
}

kmc::task<void> read_into(kmc::client& mc, std::span<const std::string_view> keys,
                          kmc::many_reply& out) {
    out = co_await mc.get_many(keys, {.deadline = 60s});
}

// Servers that answer after twice these times, and connections that are up.
class distant_servers {
public:
    distant_servers(const std::vector<duration>& one_way, duration gathering,
                    const kmc::client_options& options = calm_options())
        : world_(1, std::vector<std::uint32_t>(one_way.size(), 1), options) {
        keys_.resize(one_way.size());
        for (std::size_t i = 0; i < one_way.size(); ++i) {
            auto& c = world_.server(i).conditions();
            c = {};
            c.connect_time = c.send_end = c.service_time = {};
            c.latency = {one_way[i], one_way[i]};
            c.short_send = c.dribble = 0;
            c.segment = 1U << 30;
            c.cuts = false;  // an answer comes in one piece, unless it fills the window
        }
        for (int i = 0; i < 100 || has_few_keys(); ++i) {
            const std::string key = "key:" + std::to_string(i);
            keys_[world_.mc().locate(key)].push_back(key);
            if (i % 5 != 0) world_.plant(key, make_value(key, 1, 50));
        }
        std::vector<std::string_view> all;
        for (const auto& of_server : keys_)
            all.insert(all.end(), of_server.begin(), of_server.end());
        kmc::many_reply reply;
        sim_job job = world_.start(read_into(world_.mc(), all, reply));
        REQUIRE(world_.finish(job));
        world_.run_for(2s);  // every connection has proven itself
        REQUIRE(world_.at_rest());
        world_.loop().gather_for(gathering);
    }

    [[nodiscard]] sim_cluster& world() noexcept { return world_; }
    // The n-th key of a server; there are at least ten.
    [[nodiscard]] const std::string& key(std::size_t server, std::size_t n = 0) const {
        return keys_[server].at(n);
    }
    [[nodiscard]] std::vector<std::string> keys_of(
        std::initializer_list<std::size_t> servers) const {
        std::vector<std::string> some;
        for (const std::size_t s : servers) {
            some.insert(some.end(), keys_[s].begin(), keys_[s].begin() + 10);
        }
        return some;
    }

private:
    [[nodiscard]] bool has_few_keys() const {
        return std::any_of(keys_.begin(), keys_.end(), [](const auto& k) { return k.size() < 10; });
    }

    sim_cluster world_;
    std::vector<std::vector<std::string>> keys_;  // by server
};

struct ending {
    bool is_over = false;
    time_point at{};
    std::vector<std::string> answers;
    std::vector<kmc::server_trace> traces;
};

std::string in_words(const kmc::get_result& r) {
    if (!r) return "error " + std::to_string(static_cast<int>(r.error().code));
    if (!r.value()) return "miss";
    return "hit " + std::string(r.value()->bytes());
}

kmc::task<void> batch(distant_servers& s, std::vector<std::string> names, duration start,
                      duration deadline, kmc::cancel_scope* scope, ending& out) {
    std::vector<std::string_view> keys(names.begin(), names.end());
    if (start > 0ns) co_await sim_nap(s.world().loop(), start);
    kmc::call_options options{.deadline = deadline};
    options.scope = scope;
    const kmc::many_reply reply = co_await s.world().mc().get_many(keys, options);
    for (std::size_t i = 0; i < names.size(); ++i) out.answers.push_back(in_words(reply[i]));
    const auto traces = reply.trace();
    out.traces.assign(traces.begin(), traces.end());
    out.at = s.world().loop().now();
    out.is_over = true;
}

kmc::task<void> single(distant_servers& s, std::string name, duration start, duration deadline,
                       ending& out) {
    if (start > 0ns) co_await sim_nap(s.world().loop(), start);
    const auto r = co_await s.world().mc().get(name, {.deadline = deadline});
    if (!r) {
        out.answers.push_back("error " + std::to_string(static_cast<int>(r.error().code)));
    } else {
        out.answers.push_back(r.value() ? "hit " + std::string(r.value()->bytes()) : "miss");
    }
    out.at = s.world().loop().now();
    out.is_over = true;
}

// Steps until all are over.
// @return  how often the thread slept, but for the last time, when there was nothing to do.
unsigned run(sim_cluster& world, const std::vector<ending*>& all) {
    unsigned sleeps = 0;
    const time_point give_up = world.net().now() + 10min;
    const auto is_over = [](const ending* e) { return e->is_over; };
    for (bool done = false; !done;) {
        REQUIRE(world.net().now() < give_up);
        const time_point before = world.net().now();
        world.step(60s);
        done = std::all_of(all.begin(), all.end(), is_over);
        sleeps += !done && world.net().now() != before;
    }
    return sleeps;
}

}  // namespace

TEST_CASE("a batch alone on its thread sleeps once, until the slowest server has answered") {
    for (const bool gathers : {false, true}) {
        distant_servers s({100us, 200us, 300us}, gathers ? gather : 0ns);
        const time_point begin = s.world().net().now();
        ending out;
        sim_job job = s.world().start(batch(s, s.keys_of({0, 1, 2}), 0s, 60s, nullptr, out));

        const unsigned sleeps = run(s.world(), {&out});

        CHECK(sleeps == (gathers ? 1 : 3));
        CHECK(out.at - begin >= 600us);
        CHECK(out.at - begin <= 600us + jitter);
    }
}

TEST_CASE("a single call beside a batch waits for its own server and nobody else") {
    for (const bool gathers : {false, true}) {
        distant_servers s({100us, 200us, 450us}, gathers ? 10s : 0ns);
        const time_point begin = s.world().net().now();
        ending all;
        ending one;
        sim_job first = s.world().start(batch(s, s.keys_of({1, 2}), 0s, 60s, nullptr, all));
        sim_job second = s.world().start(single(s, s.key(0), 0s, 60s, one));

        run(s.world(), {&all, &one});

        CHECK(one.at - begin >= 200us);
        CHECK(one.at - begin <= 200us + jitter);
        CHECK(all.at - begin <= 900us + jitter);
    }
}

TEST_CASE("of two batches the one that needs fewer answers is on time, and then the other") {
    for (const bool gathers : {false, true}) {
        distant_servers s({100us, 200us, 300us}, gathers ? gather : 0ns);
        const time_point begin = s.world().net().now();
        ending fewer;
        ending more;
        sim_job first = s.world().start(batch(s, s.keys_of({0, 1, 2}), 0s, 60s, nullptr, more));
        sim_job second = s.world().start(batch(s, s.keys_of({0, 1}), 0s, 60s, nullptr, fewer));

        const unsigned sleeps = run(s.world(), {&fewer, &more});

        CHECK(sleeps == (gathers ? 2 : 3));
        CHECK(fewer.at - begin <= 400us + jitter);
        CHECK(more.at - begin <= 600us + jitter);
    }
}

TEST_CASE("keys of a connection that is lost beside a silent server are read again in time") {
    duration read_again[2];
    std::vector<std::string> answers[2];
    for (const bool gathers : {false, true}) {
        distant_servers s({100us, 100us}, gathers ? gather : 0ns);
        s.world().server(1).mute();
        s.world().server(0).mute();
        const time_point begin = s.world().net().now();
        s.world().net().after(300us, [&] {
            s.world().server(0).drop_connections(kmc::sim::death::reset);
            s.world().server(0).unmute();
        });
        s.world().net().after(50ms, [&] { s.world().server(1).unmute(); });
        ending out;
        sim_job job = s.world().start(batch(s, s.keys_of({0, 1}), 0s, 60s, nullptr, out));

        run(s.world(), {&out});

        const auto of_first =
            std::find_if(out.traces.begin(), out.traces.end(),
                         [](const kmc::server_trace& t) { return t.server == 0; });
        REQUIRE(of_first != out.traces.end());
        read_again[gathers] = of_first->last_in - begin;
        answers[gathers] = out.answers;
        CHECK(out.at - begin >= 50ms);
        CHECK(out.at - begin <= 50ms + 200us + jitter);
    }
    CHECK(answers[0] == answers[1]);
    CAPTURE(read_again[0].count(), read_again[1].count());
    CHECK(read_again[1] > read_again[0]);  // or the case says nothing
    // Two round trips and the request: three sends.
    CHECK(read_again[1] <= read_again[0] + gather + 3 * jitter);
}

TEST_CASE("a server that says much beside one that is late is listened to") {
    duration took[2];
    for (const bool gathers : {false, true}) {
        distant_servers s({50us, 15ms}, gathers ? gather : 0ns);
        std::vector<std::string> names = s.keys_of({0, 1});
        for (std::size_t i = 0; i < 8; ++i) {
            s.world().plant(s.key(0, i), make_value(s.key(0, i), 1, 500'000));
        }
        const time_point begin = s.world().net().now();
        ending out;
        sim_job job = s.world().start(batch(s, names, 0s, 60s, nullptr, out));

        run(s.world(), {&out});

        const auto of_first =
            std::find_if(out.traces.begin(), out.traces.end(),
                         [](const kmc::server_trace& t) { return t.server == 0; });
        REQUIRE(of_first != out.traces.end());
        CHECK(of_first->bytes_in >= 4'000'000);
        took[gathers] = of_first->last_in - begin;
        CHECK(out.at - begin <= 30ms + jitter);
    }
    CHECK(took[0] > 2 * gather);  // or the case says nothing
    // The pieces are not the same in both runs; a tenth is more than that makes.
    CHECK(took[1] <= took[0] + gather + took[0] / 10);
}

TEST_CASE("deadlines, cancels and letters end a wait for several") {
    for (const bool gathers : {false, true}) {
        distant_servers s({100us, 100us, 100us}, gathers ? 10s : 0ns);
        sim_cluster& w = s.world();
        w.server(1).mute();
        w.server(2).mute();
        const time_point begin = w.net().now();
        kmc::cancel_scope scope;
        ending late;
        ending cancelled;
        ending posted;
        sim_job first = w.start(batch(s, s.keys_of({0, 1}), 0s, 50ms, nullptr, late));
        sim_job second = w.start(batch(s, s.keys_of({1, 2}), 0s, 60s, &scope, cancelled));
        std::optional<sim_job> third;
        w.net().after(10ms, [&] { third.emplace(w.start(single(s, s.key(0), 0s, 60s, posted))); });
        struct canceller : kmc::detail::letter {
            kmc::cancel_scope* scope = nullptr;
        } cancel;
        cancel.scope = &scope;
        cancel.open = [](kmc::detail::letter& l) noexcept {
            static_cast<canceller&>(l).scope->cancel();
        };
        w.net().after(20ms, [&] { w.loop().post(cancel); });

        run(w, {&late, &cancelled, &posted});

        CHECK(posted.at - begin >= 10ms + 200us);
        CHECK(posted.at - begin <= 10ms + 200us + jitter);
        CHECK(cancelled.at - begin == 20ms);
        CHECK(late.at - begin >= 50ms);
        CHECK(late.at - begin <= 52ms);
        // What came is kept.
        CHECK(std::count_if(late.answers.begin(), late.answers.end(), [](const std::string& a) {
                  return a.starts_with("hit") || a == "miss";
              }) == 10);
    }
}

// ---- any calls at all -----------------------------------------------------------------------

namespace {

struct planned {
    bool is_batch = false;
    duration start{};
    std::vector<std::size_t> keys;  // n-th of a server: server * 10 + n
};

struct plan {
    std::vector<duration> one_way;
    std::vector<planned> calls;
};

plan make_plan(rng& random) {
    plan p;
    const std::size_t servers = 2 + random.below(4);
    for (std::size_t i = 0; i < servers; ++i) {
        p.one_way.push_back(std::chrono::microseconds(20 + random.below(3000)));
    }
    const std::size_t calls = 1 + random.below(6);
    for (std::size_t i = 0; i < calls; ++i) {
        planned c;
        c.is_batch = random.below(3) != 0;
        if (random.below(2) == 0) c.start = std::chrono::microseconds(random.below(8000));
        const std::size_t keys = c.is_batch ? 1 + random.below(30) : 1;
        for (std::size_t k = 0; k < keys; ++k) c.keys.push_back(random.below(servers * 10));
        p.calls.push_back(std::move(c));
    }
    return p;
}

std::vector<ending> play(const plan& p, duration gathering, const kmc::client_options& options,
                         unsigned& sleeps) {
    distant_servers s(p.one_way, gathering, options);
    const time_point begin = s.world().net().now();
    std::vector<ending> ends(p.calls.size());
    std::vector<ending*> all;
    std::vector<sim_job> jobs;
    for (std::size_t i = 0; i < p.calls.size(); ++i) {
        const planned& c = p.calls[i];
        std::vector<std::string> names;
        for (const std::size_t k : c.keys) names.push_back(s.key(k / 10, k % 10));
        jobs.push_back(
            s.world().start(c.is_batch ? batch(s, std::move(names), c.start, 60s, nullptr, ends[i])
                                       : single(s, names.front(), c.start, 60s, ends[i])));
        all.push_back(&ends[i]);
    }
    sleeps += run(s.world(), all);
    for (ending& e : ends) e.at = time_point(e.at - begin);
    s.world().run_for(100ms);
    CHECK(s.world().at_rest());
    return ends;
}

}  // namespace

TEST_CASE("nobody waits for anybody else: with the rule every call ends when it ends without it") {
    constexpr int worlds = 300;
    const std::uint64_t seed = kmc::testing::seed();
    INFO("KMC_SEED=" << seed);
    rng random(seed);
    unsigned sleeps[2] = {};
    duration worst{};
    for (int i = 0; i < worlds; ++i) {
        const plan p = make_plan(random);
        const auto without = play(p, 0ns, calm_options(), sleeps[0]);
        const auto with = play(p, gather, calm_options(), sleeps[1]);
        for (std::size_t k = 0; k < p.calls.size(); ++k) {
            INFO("world " << i << ", call " << k);
            REQUIRE(with[k].answers == without[k].answers);
            worst = std::max(worst, with[k].at - without[k].at);
            // Its own send, and one that it found under way before it.
            REQUIRE(with[k].at - without[k].at <= 2 * jitter);
        }
    }
    CHECK(sleeps[1] < sleeps[0]);
    INFO("the latest was " << worst.count() << " ns later");
    CHECK(worst <= 2 * jitter);
}

// Where one completion is not one server's whole answer, a call may wait: for the gathering, and
// once more for each call that ended meanwhile.
TEST_CASE(
    "a call that has to ask a server again waits at most a gathering for each call that ends") {
    constexpr int worlds = 150;
    const std::uint64_t seed = kmc::testing::seed();
    INFO("KMC_SEED=" << seed);
    rng random(seed);
    kmc::client_options options = calm_options();
    options.max_inflight = 4;
    unsigned sleeps[2] = {};
    for (int i = 0; i < worlds; ++i) {
        const plan p = make_plan(random);
        const auto without = play(p, 0ns, options, sleeps[0]);
        const auto with = play(p, gather, options, sleeps[1]);
        for (std::size_t k = 0; k < p.calls.size(); ++k) {
            INFO("world " << i << ", call " << k);
            REQUIRE(with[k].answers == without[k].answers);
            const auto round_trips = static_cast<int>(p.calls.size()) * 8;
            REQUIRE(with[k].at - without[k].at <=
                    gather * static_cast<int>(p.calls.size()) + round_trips * jitter);
        }
    }
}
