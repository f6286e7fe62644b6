// What the batch calls have in common: repeated keys, prefix, tags and groups, lanes, limits, ways
// to end early, the trace.

#include <algorithm>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <kmc/when_all.hpp>

#include "sim/sim_cluster.hpp"
#include "support/alloc_counter.hpp"
#include "support/elsewhere.hpp"
#include "support/self_describing.hpp"

using namespace std::chrono_literals;
using kmc::errc;
using kmc::stage;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;
using kmc::testing::await_here;
using kmc::testing::elsewhere;
using kmc::testing::make_value;
using kmc::testing::version_of;

namespace {

using strings = std::vector<std::string>;

strings numbered(const std::string& name, std::size_t count) {
    strings all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(name + std::to_string(i));
    return all;
}

std::vector<std::string_view> views_of(const strings& keys) {
    return {keys.begin(), keys.end()};
}

void run(sim_cluster& world, kmc::task<void> work) {
    sim_job job = world.start(std::move(work));
    world.step();
    REQUIRE(world.finish(job));
}

// Each of the batch calls, told apart by what they say of one key.
enum class said : std::uint8_t { hit, miss, timed_out, cancelled, other };

said of_error(const kmc::error& e) {
    return e == errc::timed_out   ? said::timed_out
           : e == errc::cancelled ? said::cancelled
                                  : said::other;
}
said of(const kmc::get_result& r) {
    if (!r) return of_error(r.error());
    return r.value() ? said::hit : said::miss;
}
said of(const kmc::result<bool>& r) {
    if (!r) return of_error(r.error());
    return r.value() ? said::hit : said::miss;
}
said of(const kmc::result<kmc::write_answer>& r) {
    if (!r) return of_error(r.error());
    return r.value().outcome == kmc::write_outcome::done ? said::hit : said::miss;
}
template <class Reply>
void note(const Reply& reply, std::vector<said>& out) {
    out.clear();
    for (const auto& r : reply) out.push_back(of(r));
}

kmc::task<void> by_get(kmc::client& mc, std::span<const std::string_view> keys, kmc::call_options o,
                       std::vector<said>& out) {
    note(co_await mc.get_many(keys, o), out);
}
kmc::task<void> by_gat(kmc::client& mc, std::span<const std::string_view> keys, kmc::call_options o,
                       std::vector<said>& out) {
    note(co_await mc.gat_many(keys, 60s, o), out);
}
kmc::task<void> by_touch(kmc::client& mc, std::span<const std::string_view> keys,
                         kmc::call_options o, std::vector<said>& out) {
    note(co_await mc.touch_many(keys, 60s, o), out);
}
kmc::task<void> by_del(kmc::client& mc, std::span<const std::string_view> keys, kmc::call_options o,
                       std::vector<said>& out) {
    note(co_await mc.del_many(keys, o), out);
}
kmc::task<void> by_write(kmc::client& mc, std::span<const std::string_view> keys,
                         kmc::call_options o, std::vector<said>& out) {
    kmc::write_batch batch;
    for (const std::string_view key : keys) batch.append(key, "+");
    const kmc::write_options options{
        .deadline = o.deadline, .stop = o.stop, .scope = o.scope, .group = o.group};
    note(co_await mc.write(batch, options), out);
}

struct batch_kind {
    const char* name;
    kmc::task<void> (*start)(kmc::client&, std::span<const std::string_view>, kmc::call_options,
                             std::vector<said>&);
};
const batch_kind kinds[] = {{"get_many", by_get},
                            {"gat_many", by_gat},
                            {"touch_many", by_touch},
                            {"del_many", by_del},
                            {"write", by_write}};

}  // namespace

TEST_CASE("every batch call tells what was there from what was not, key by key") {
    for (const batch_kind& kind : kinds) {
        INFO(kind.name);
        sim_cluster world(3, 3);
        const strings names = numbered("k", 100);
        for (std::size_t i = 0; i < names.size(); i += 3) world.plant(names[i], "value");
        const auto keys = views_of(names);
        std::vector<said> out;
        run(world, kind.start(world.mc(), keys, {}, out));
        REQUIRE(out.size() == names.size());
        for (std::size_t i = 0; i < names.size(); ++i) {
            REQUIRE(out[i] == (i % 3 == 0 ? said::hit : said::miss));
        }
    }
}

TEST_CASE("a key that stands in a batch three times is sent once, and its places agree") {
    for (const batch_kind& kind : kinds) {
        if (kind.start == by_write) continue;  // writes are all carried out, in their order
        INFO(kind.name);
        sim_cluster world(4, 1);
        world.plant("there", "value");
        const std::vector<std::string_view> keys = {"there", "gone",  "there", "gone",
                                                    "",      "there", ""};
        std::vector<said> out;
        run(world, kind.start(world.mc(), keys, {}, out));
        CHECK(out == std::vector<said>{said::hit, said::miss, said::hit, said::miss, said::other,
                                       said::hit, said::other});
        CHECK(world.server(0).store().requests == 2 + 1);  // and the greeting
    }
}

namespace {

// Batch and single calls find the same server for the same key: what one stores the other reads.
kmc::task<void> write_single_read_many(kmc::client& mc, const strings& names,
                                       std::string_view group, kmc::many_reply& out) {
    for (const std::string& name : names) {
        const std::string text = make_value(name, 5, 40);
        const auto stored = co_await mc.set(name, text, {.group = group});
        REQUIRE(stored);
    }
    const std::vector<std::string_view> keys(names.begin(), names.end());
    out = co_await mc.get_many(keys, {.group = group});
}

}  // namespace

TEST_CASE("batches route as single calls do: prefix, hash tags, groups, lanes") {
    const bool hash_prefix = GENERATE(false, true);
    const char* const prefix = GENERATE("", "app:");
    const char* const tag = GENERATE("", "{}");
    const char* const group = GENERATE("", "g7");
    const std::uint32_t lanes = GENERATE(1U, 3U);
    CAPTURE(hash_prefix, prefix, tag, group, lanes);
    kmc::client_options options;
    options.prefix = prefix;
    options.hash_prefix = hash_prefix;
    options.hash_tag = tag;
    options.lanes = lanes;
    sim_cluster world(5, 4, options);
    strings names = numbered("plain", 40);
    for (int i = 0; i < 40; ++i)
        names.push_back("{user" + std::to_string(i % 4) + "}" + std::to_string(i));
    kmc::many_reply reply;

    run(world, write_single_read_many(world.mc(), names, group, reply));

    CHECK(reply.summary().hits == names.size());
    std::set<std::size_t> touched;
    std::size_t keys = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
        REQUIRE(version_of(names[i], reply[i].value()->bytes()) == 5);
        const std::size_t server = world.mc().locate(names[i], group);
        touched.insert(server);
        CHECK(world.server(server).store().find(prefix + names[i], 0) != nullptr);
    }
    std::set<std::size_t> traced;
    for (const kmc::server_trace& t : reply.trace()) {
        traced.insert(t.server);
        keys += t.keys;
    }
    CHECK(traced == touched);
    CHECK(keys == names.size());
    if (*group != '\0') CHECK(touched.size() == 1);
    if (lanes == 1) CHECK(reply.trace().size() == touched.size());
    if (lanes == 3) CHECK(reply.trace().size() > touched.size() - (*group != '\0'));
}

TEST_CASE("keys with the prefix of the client may have 250 bytes in all") {
    kmc::client_options options;
    options.prefix = "12345";
    sim_cluster world(6, 2, options);
    const std::string fits(245, 'k');
    const std::string over(246, 'k');
    const std::vector<std::string_view> keys = {fits, over, ""};
    for (const batch_kind& kind : kinds) {
        INFO(kind.name);
        std::vector<said> out;
        run(world, kind.start(world.mc(), keys, {}, out));
        CHECK(out == std::vector<said>{said::miss, said::other, said::other});
        const std::string long_group(251, 'g');
        run(world, kind.start(world.mc(), keys, {.group = long_group}, out));
        CHECK(out == std::vector<said>(3, said::other));
    }
}

namespace {

// Asks for all of them on one server, and for one of them twice: each is sent once, and has its own
// answer. Comparing each key with each other one would take minutes.
void check_that_keys_are_told_apart(sim_cluster& world, strings names) {
    const std::size_t unlike = names.size();
    names.push_back(names[77]);
    world.plant(names[77], "seventy-seven");
    const auto keys = views_of(names);
    std::vector<said> out;

    run(world, by_get(world.mc(), keys, {.deadline = 10min}, out));

    CHECK(out[77] == said::hit);
    CHECK(out.back() == said::hit);
    CHECK(std::count(out.begin(), out.end(), said::miss) ==
          static_cast<std::ptrdiff_t>(unlike - 1));
    const std::size_t owner = world.mc().locate(names[0]);
    CHECK(world.server(owner).store().requests == unlike + 1);
}

}  // namespace

TEST_CASE("200,000 keys with one hash tag are told apart in no time") {
    kmc::client_options options;
    options.hash_tag = "{}";
    sim_cluster world(7, 2, options);
    check_that_keys_are_told_apart(world, numbered("{one}", 200'000));
}

// To Java "Aa" and "BB" are one hash, and so is every text made of as many of either.
TEST_CASE("65,536 keys that a weak ring hash takes for one are told apart in no time") {
    kmc::client_options options;
    options.ring = {kmc::ring::spymemcached_modula, {.hash = kmc::key_hash::native}};
    sim_cluster world(8, 2, options);
    strings names(65'536);
    for (std::size_t i = 0; i < names.size(); ++i) {
        for (int bit = 0; bit < 16; ++bit) names[i] += (i >> bit & 1) != 0 ? "Aa" : "BB";
    }
    check_that_keys_are_told_apart(world, std::move(names));
}

// ---- ending early -----------------------------------------------------------------------------

namespace {

kmc::client_options patient_options() {
    kmc::client_options o;
    o.call_timeout = o.batch_timeout = o.connect_timeout = o.stall_timeout = 30s;
    return o;
}

// Runs a batch over three servers and calls `interrupt` after so many steps. True if the batch was
// still under way. What was answered keeps its answer; the rest says why; afterwards all is in
// step.
bool interrupt_after(const batch_kind& kind, int steps, said expected, kmc::call_options how,
                     const std::function<void(sim_cluster&)>& interrupt) {
    sim_cluster world(static_cast<std::uint64_t>(steps), 3, patient_options());
    const strings names = numbered("k", 500);
    for (const std::string& name : names) world.plant(name, "value");
    const auto keys = views_of(names);
    std::vector<said> out;
    sim_job job = world.start(kind.start(world.mc(), keys, how, out));
    for (int i = 0; i < steps; ++i) world.step();
    const bool under_way = !job.done();
    interrupt(world);
    REQUIRE(world.finish(job, 1s));
    REQUIRE(out.size() == names.size());
    for (const said one : out) REQUIRE((one == said::hit || (under_way && one == expected)));
    std::vector<said> again;
    run(world, by_get(world.mc(), keys, {}, again));
    world.run_for(1s);
    REQUIRE(world.at_rest());
    return under_way;
}

}  // namespace

TEST_CASE("a batch may be cancelled after every number of steps, by its scope or its token") {
    for (const batch_kind& kind : kinds) {
        for (const bool by_scope : {true, false}) {
            int steps = 1;
            bool under_way = true;
            for (; under_way; ++steps) {
                INFO(kind.name << (by_scope ? ", scope" : ", token") << ", " << steps << " steps");
                kmc::cancel_scope scope;
                std::stop_source source;
                const std::stop_token token = source.get_token();
                const kmc::call_options how = by_scope ? kmc::call_options{.scope = &scope}
                                                       : kmc::call_options{.stop = &token};
                under_way = interrupt_after(kind, steps, said::cancelled, how, [&](sim_cluster&) {
                    by_scope ? scope.cancel() : static_cast<void>(source.request_stop());
                });
            }
            CHECK(steps > 5);
        }
    }
}

TEST_CASE("what a batch is told before it begins ends it unsent") {
    for (const batch_kind& kind : kinds) {
        INFO(kind.name);
        sim_cluster world(8, 2);
        const strings names = numbered("k", 20);
        const auto keys = views_of(names);
        std::vector<said> out;
        kmc::cancel_scope scope;
        scope.cancel();
        run(world, kind.start(world.mc(), keys, {.scope = &scope}, out));
        CHECK(out == std::vector<said>(20, said::cancelled));
        run(world, kind.start(world.mc(), keys, {.deadline = -1ms}, out));
        CHECK(out == std::vector<said>(20, said::timed_out));
        CHECK(world.net().open_sockets() == 0);
    }
}

// ---- limits -----------------------------------------------------------------------------------

TEST_CASE("batches wait for a limit in line, or are refused whole, by server") {
    for (const batch_kind& kind : kinds) {
        for (const kmc::when_full policy : {kmc::when_full::wait, kmc::when_full::fail}) {
            INFO(kind.name);
            kmc::client_options options = patient_options();
            options.max_requests_per_connection = 10;
            options.max_requests = 25;
            options.when_full = policy;
            sim_cluster world(9, 3, options);
            const strings names = numbered("k", 60);
            for (const std::string& name : names) world.plant(name, "value");
            const auto keys = views_of(names);
            std::vector<std::vector<said>> out(5);
            std::vector<sim_job> jobs;
            for (auto& one : out)
                jobs.push_back(world.start(kind.start(world.mc(), keys, {}, one)));
            world.step();
            for (sim_job& job : jobs) REQUIRE(world.finish(job));
            std::size_t refused = 0;
            for (const auto& one : out) {
                REQUIRE(one.size() == names.size());
                refused +=
                    static_cast<std::size_t>(std::count(one.begin(), one.end(), said::other));
            }
            if (policy == kmc::when_full::wait) CHECK(refused == 0);
            if (policy == kmc::when_full::fail) CHECK(refused > names.size());
            CHECK(world.view().under_way() == 0);
        }
    }
}

TEST_CASE("a batch that waits in line may be cancelled or destroyed there") {
    for (const batch_kind& kind : kinds) {
        for (int leave = 0; leave < 2; ++leave) {
            INFO(kind.name);
            kmc::client_options options = patient_options();
            options.max_requests = 5;
            sim_cluster world(10, 3, options);
            const strings names = numbered("k", 60);
            const auto keys = views_of(names);
            std::vector<said> first;
            std::vector<said> second;
            kmc::cancel_scope scope;
            sim_job one = world.start(kind.start(world.mc(), keys, {}, first));
            {
                sim_job two = world.start(kind.start(world.mc(), keys, {.scope = &scope}, second));
                world.step();
                if (leave == 0) {
                    scope.cancel();
                    REQUIRE(world.finish(two));
                    CHECK(second == std::vector<said>(60, said::cancelled));
                }
            }
            REQUIRE(world.finish(one));
            CHECK(std::count(first.begin(), first.end(), said::miss) == 60);
            CHECK(world.view().under_way() == 0);
        }
    }
}

// ---- the trace --------------------------------------------------------------------------------

namespace {

kmc::task<void> traced(kmc::client& mc, std::span<const std::string_view> keys,
                       kmc::duration deadline, kmc::many_reply& out) {
    co_await mc.get_many(keys, out, {.deadline = deadline});
}

}  // namespace

TEST_CASE("the trace tells what went to which server, and when") {
    sim_cluster world(11, 3);
    const strings names = numbered("k", 90);
    for (std::size_t i = 0; i < names.size(); i += 2) world.plant(names[i], std::string(1000, 'v'));
    const auto keys = views_of(names);
    kmc::many_reply reply;
    const kmc::time_point begin = world.loop().now();
    run(world, traced(world.mc(), keys, 10s, reply));

    REQUIRE(reply.trace().size() == 3);
    std::uint64_t out = 0;
    std::uint64_t in = 0;
    for (const kmc::server_trace& t : reply.trace()) {
        CHECK(t.queued >= begin);
        CHECK(t.first_out > t.queued);  // it had to connect first
        CHECK(t.first_in > t.first_out);
        CHECK(t.last_in >= t.first_in);
        CHECK(t.last_in <= world.loop().now());
        out += t.bytes_out;
        in += t.bytes_in;
    }
    std::uint64_t key_bytes = 0;
    for (const std::string& name : names) key_bytes += name.size();
    CHECK(out == key_bytes);
    CHECK(in >= 45 * 1000);  // and the texts of the misses that were told loud
    CHECK(in < 45 * 1000 + 90 * 40);
}

TEST_CASE("the trace of a silent server has no answers, of an unreachable one no bytes") {
    sim_cluster world(12, 2);
    const strings names = numbered("k", 40);
    const auto keys = views_of(names);
    kmc::many_reply reply;
    run(world, traced(world.mc(), keys, 10s, reply));
    world.server(0).mute();
    world.server(1).kill();
    world.run_for(1s);
    run(world, traced(world.mc(), keys, 100ms, reply));

    REQUIRE(reply.trace().size() == 2);
    const kmc::server_trace& silent = reply.trace()[0];
    CHECK(silent.server == 0);
    CHECK(silent.bytes_out > 0);
    CHECK(silent.first_out != kmc::time_point{});
    CHECK(silent.first_in == kmc::time_point{});
    const kmc::server_trace& gone = reply.trace()[1];
    CHECK(gone.server == 1);
    CHECK(gone.bytes_out == 0);
    CHECK(gone.first_out == kmc::time_point{});
    CHECK(gone.queued != kmc::time_point{});
}

// ---- other threads, and company -----------------------------------------------------------------

namespace {}  // namespace

TEST_CASE("every batch call may be awaited where no reactor runs, and be left at every step") {
    for (const batch_kind& kind : kinds) {
        bool under_way = true;
        for (int steps = 0; under_way; ++steps) {
            INFO(kind.name << ", " << steps << " steps");
            sim_cluster world(static_cast<std::uint64_t>(steps) + 1, 3, patient_options());
            auto names = std::make_unique<strings>(numbered("k", 100));
            for (const std::string& name : *names) world.plant(name, "value");
            std::vector<said> out;
            const auto keys = views_of(*names);
            {
                elsewhere job = await_here(kind.start(world.mc(), keys, {}, out));
                for (std::string& name : *names) name.assign(name.size(), '?');
                names.reset();  // nobody looks at them any more
                for (int i = 0; i < steps; ++i) world.step();
                under_way = !job.done();
            }
            if (!under_way) CHECK(out == std::vector<said>(100, said::hit));
            world.run_for(1s);
            CHECK(world.at_rest());
        }
    }
}

TEST_CASE("a scope on a thread without a reactor is refused, key by key") {
    sim_cluster world(13, 2);
    kmc::cancel_scope scope;
    const std::vector<std::string_view> keys = {"a", "b"};
    for (const batch_kind& kind : kinds) {
        std::vector<said> out;
        elsewhere job = await_here(kind.start(world.mc(), keys, {.scope = &scope}, out));
        REQUIRE(job.done());
        CHECK(out == std::vector<said>(2, said::other));
    }
}

namespace {

kmc::task<void> everything_at_once(kmc::client& mc, std::span<const std::string_view> keys,
                                   bool& right) {
    kmc::write_batch batch;
    for (const std::string_view key : keys) batch.set(key, "v");
    kmc::write_reply into;
    const auto [stored, one, wrote] =
        co_await kmc::when_all(mc.set("single", "s"), mc.get("absent"), mc.write(batch, into));
    static_cast<void>(wrote);
    const auto [single, many, touched] = co_await kmc::when_all(
        mc.get("single"), mc.get_many(keys), mc.touch_many(keys, std::chrono::seconds(60)));
    right = stored && one && !one.value() && into.summary().done == keys.size() && single &&
            single.value() && many.summary().hits == keys.size() &&
            touched.summary().hits == keys.size();
}

}  // namespace

TEST_CASE("when_all waits for batches and single calls together, on a reactor and elsewhere") {
    for (const bool here : {true, false}) {
        sim_cluster world(14, 3);
        const strings names = numbered("k", 50);
        const auto keys = views_of(names);
        bool right = false;
        if (here) {
            run(world, everything_at_once(world.mc(), keys, right));
        } else {
            elsewhere job = await_here(everything_at_once(world.mc(), keys, right));
            for (int i = 0; i < 10'000 && !job.done(); ++i) world.step();
            REQUIRE(job.done());
        }
        CHECK(right);
    }
}

namespace {

kmc::task<void> read_without_memory(kmc::client& mc, std::span<const std::string_view> keys,
                                    bool& threw, bool& other_answered) {
    std::optional<kmc::testing::alloc_refusal> refusal;
    refusal.emplace(100'000);
    try {
        const auto both = co_await kmc::when_all(mc.get("single"), mc.get_many(keys));
        static_cast<void>(both);
    } catch (const std::bad_alloc&) {
        threw = true;
    }
    refusal.reset();
    const auto later = co_await mc.get("single");
    other_answered = later.has_value();
}

}  // namespace

TEST_CASE("a batch without memory says so when its coroutine goes on, and harms no other call") {
    if (!kmc::testing::alloc_counter::available()) return;
    sim_cluster world(15, 2);
    const strings names = numbered("k", 20'000);
    const auto keys = views_of(names);
    bool threw = false;
    bool answered = false;
    run(world, read_without_memory(world.mc(), keys, threw, answered));
    CHECK(threw);
    CHECK(answered);
    CHECK(world.at_rest());
}
