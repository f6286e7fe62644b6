// Everything at once, for as long as one likes: callers of every kind on reactors and on threads
// that block, and a nemesis that kills, stops and restarts servers, breaks their connections,
// changes the list, and lets clients and runtimes go with calls under way. Every value names its
// key. In the end nothing is left under way, and descriptors and memory are where they were.
//
// KMC_SOAK_SECONDS says how long; ten unless said. scripts/soak runs it.

#include <catch2/catch.hpp>

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <kmc/sync_client.hpp>

#include "chaos_proxy.hpp"
#include "nodes.hpp"
#include "resident_memory.hpp"
#include "session.hpp"
#include "support/alloc_counter.hpp"
#include "support/seed.hpp"
#include "support/self_describing.hpp"
#include "waiting.hpp"

using namespace kmc::testing;
using namespace std::chrono_literals;
using kmc::errc;

namespace {

using dice = std::minstd_rand;

std::chrono::seconds how_long() {
    const char* const given = std::getenv("KMC_SOAK_SECONDS");
    return std::chrono::seconds(given == nullptr ? 10 : std::atoi(given));
}

std::size_t resident_kib() {
    return resident_bytes() / 1024;
}

// What is allocated and not freed, of all threads: without what the allocator keeps.
std::size_t allocated_kib() {
    const auto now = ::mallinfo2();
    return (now.uordblks + now.hblkhd) / 1024;
}

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// What all callers together saw.
struct tally {
    std::atomic<bool> is_over{false};
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> hits{0};
    std::atomic<std::uint64_t> misses{0};
    std::atomic<std::uint64_t> stored{0};
    std::atomic<std::uint64_t> wrong{0};
    std::array<std::atomic<std::uint64_t>, 32> errors{};

    void note(const kmc::error& e) { ++errors.at(static_cast<std::size_t>(e.code)); }
    void note_value(std::string_view key, std::optional<std::string_view> bytes) {
        if (!bytes) {
            ++misses;
        } else {
            ++(version_of(key, *bytes) >= 0 ? hits : wrong);
        }
    }
};

struct keys_and_tally {
    std::span<const std::string> keys;
    tally& seen;
};

// ---- callers ----------------------------------------------------------------------------------

const std::string& any_key(const keys_and_tally& w, dice& d) {
    return w.keys[d() % w.keys.size()];
}

std::string any_value(const std::string& key, dice& d) {
    const std::size_t size = d() % 20 == 0 ? d() % 60'000 : d() % 600;
    return make_value(key, d() % 1000, size);
}

std::vector<std::string_view> some_keys(const keys_and_tally& w, dice& d) {
    std::vector<std::string_view> some(1 + d() % 60);
    for (auto& key : some) key = any_key(w, d);
    return some;
}

kmc::task<void> one_get(kmc::client& mc, const keys_and_tally& w, dice& d,
                        kmc::call_options options) {
    const std::string& key = any_key(w, d);
    const auto got = co_await mc.get(key, options);
    if (!got) {
        w.seen.note(got.error());
    } else if (got.value()) {
        w.seen.note_value(key, got.value()->bytes());
    } else {
        ++w.seen.misses;
    }
}

kmc::task<void> one_set(kmc::client& mc, const keys_and_tally& w, dice& d,
                        kmc::store_options options) {
    const std::string& key = any_key(w, d);
    const std::string value = any_value(key, d);
    const auto done = co_await mc.set(key, value, options);
    if (!done)
        w.seen.note(done.error());
    else
        ++w.seen.stored;
}

kmc::task<void> one_batch(kmc::client& mc, const keys_and_tally& w, dice& d, kmc::many_reply& reuse,
                          kmc::call_options options) {
    const auto keys = some_keys(w, d);
    co_await mc.get_many(keys, reuse, options);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!reuse[i]) {
            w.seen.note(reuse[i].error());
        } else if (reuse[i].value()) {
            w.seen.note_value(keys[i], reuse[i].value()->bytes());
        } else {
            ++w.seen.misses;
        }
    }
}

kmc::task<void> one_write(kmc::client& mc, const keys_and_tally& w, dice& d,
                          kmc::write_batch& reuse) {
    reuse.clear();
    for (std::size_t i = 1 + d() % 40; i > 0; --i) {
        const std::string& key = any_key(w, d);
        if (d() % 8 == 0)
            reuse.del(key);
        else
            reuse.set(key, any_value(key, d));
    }
    const auto reply = co_await mc.write(reuse);
    for (const auto& r : reply) {
        if (!r)
            w.seen.note(r.error());
        else
            ++w.seen.stored;
    }
}

kmc::task<void> one_stream(kmc::client& mc, const keys_and_tally& w, dice& d) {
    const auto keys = some_keys(w, d);
    auto stream = mc.stream_many(keys, {.max_unread = 1 + d() % 20});
    // Some are left in the middle.
    for (auto left = d() % 100; left > 0; --left) {
        auto entry = co_await stream.next();
        if (!entry) break;
        if (!entry->answer) {
            w.seen.note(entry->answer.error());
        } else if (entry->answer.value()) {
            w.seen.note_value(entry->key, entry->answer.value()->bytes());
        } else {
            ++w.seen.misses;
        }
    }
}

// The scopes of calls that this reactor has under way.
std::vector<kmc::cancel_scope*>& scopes_here() {
    static thread_local std::vector<kmc::cancel_scope*> scopes;
    return scopes;
}

class scope_seat {
public:
    scope_seat() { scopes_here().push_back(&scope_); }
    scope_seat(const scope_seat&) = delete;
    scope_seat& operator=(const scope_seat&) = delete;
    ~scope_seat() { std::erase(scopes_here(), &scope_); }

    [[nodiscard]] kmc::cancel_scope* scope() noexcept { return &scope_; }

private:
    kmc::cancel_scope scope_;
};

// Calls that others may cancel; and it cancels somebody's, perhaps.
kmc::task<void> cancellable_calls(kmc::client& mc, const keys_and_tally& w, dice& d,
                                  kmc::many_reply& reuse) {
    if (!scopes_here().empty()) scopes_here()[d() % scopes_here().size()]->cancel();
    scope_seat seat;
    co_await one_get(mc, w, d, {.scope = seat.scope()});
    co_await one_batch(mc, w, d, reuse, {.scope = seat.scope()});
    co_await one_set(mc, w, d, {.scope = seat.scope()});
}

kmc::task<void> caller(kmc::client& mc, const keys_and_tally& w, std::uint64_t seed) {
    dice d(static_cast<dice::result_type>(seed));
    kmc::many_reply reply;
    kmc::write_batch batch;
    while (!w.seen.is_over) {
        ++w.seen.calls;
        switch (d() % 12) {
            case 0:
                co_await one_write(mc, w, d, batch);
                break;
            case 1:
                co_await one_stream(mc, w, d);
                break;
            case 2:
                co_await cancellable_calls(mc, w, d, reply);
                break;
            case 3:
            case 4:
                co_await one_batch(mc, w, d, reply, {});
                break;
            case 5:
                co_await one_batch(mc, w, d, reply, {.deadline = 1ms});
                break;
            case 6:
            case 7:
            case 8:
                co_await one_set(mc, w, d, {});
                break;
            case 9:
                co_await one_get(mc, w, d, {.deadline = 500us});
                break;
            default:
                co_await one_get(mc, w, d, {});
        }
    }
}

// On a thread of its own that blocks; a stop comes now and then from there as well.
void blocking_caller(kmc::client mc, const keys_and_tally& w, std::uint64_t seed) {
    const kmc::sync_client blocking(std::move(mc));
    dice d(static_cast<dice::result_type>(seed));
    while (!w.seen.is_over) {
        ++w.seen.calls;
        const std::string& key = any_key(w, d);
        std::stop_source source;
        const std::stop_token token = source.get_token();
        if (d() % 3 == 0) {
            const auto stored = blocking.set(key, any_value(key, d));
            if (!stored)
                w.seen.note(stored.error());
            else
                ++w.seen.stored;
        } else {
            std::optional<std::jthread> stopper;
            if (d() % 50 == 0) stopper.emplace([&source] { source.request_stop(); });
            const auto got = blocking.get(key, {.stop = &token});
            if (!got)
                w.seen.note(got.error());
            else if (got.value())
                w.seen.note_value(key, got.value()->bytes());
            else
                ++w.seen.misses;
        }
    }
}

// ---- those that go with calls under way -------------------------------------------------------

kmc::task<void> one_call(std::shared_ptr<kmc::client> mc, const keys_and_tally& w,
                         std::uint64_t seed) {
    dice d(static_cast<dice::result_type>(seed));
    co_await one_get(*mc, w, d, {.deadline = 5s});
}

// A runtime and its client are opened, used, and gone in the middle of it.
void come_and_go(const std::string& servers, const keys_and_tally& w, std::uint64_t seed,
                 std::uint64_t& times) {
    dice d(static_cast<dice::result_type>(seed));
    while (!w.seen.is_over) {
        ++times;
        kmc::runtime rt;  // Catch's macros are for the main thread
        auto mc = std::make_shared<kmc::client>(kmc::client::open(rt, servers).value());
        for (int i = 0; i < 20; ++i) rt.spawn(one_call(mc, w, d()));
        pass_time(std::chrono::milliseconds(d() % 15));
        if (d() % 2 == 0) mc.reset();
        pass_time(std::chrono::milliseconds(d() % 5));
    }
}

// ---- the nemesis ------------------------------------------------------------------------------

class nemesis {
public:
    nemesis(cluster& nodes, chaos_proxy& proxy, session& s, std::uint64_t seed)
        : nodes_(nodes), proxy_(proxy), s_(s), dice_(static_cast<dice::result_type>(seed)) {}

    void act() {
        const std::size_t victim = dice_() % nodes_.size();
        switch (dice_() % 8) {
            case 0:
                nodes_[victim].kill();
                rest(200);
                nodes_[victim].restart();
                ++kills;
                break;
            case 1:
            case 2:
                nodes_[victim].pause();
                rest(250);
                nodes_[victim].resume();
                ++stops;
                break;
            case 3:
                dice_() % 2 == 0 ? proxy_.reset() : proxy_.cut();
                ++resets;
                break;
            case 4:
            case 5:
                proxy_.add(any_rule());
                rest(150);
                proxy_.clear();
                ++rules;
                break;
            default:
                REQUIRE(s_.mc().set_servers(list_without(victim)).has_value());
                rest(100);
                REQUIRE(s_.mc().set_servers(whole_list()).has_value());
                ++lists;
        }
        rest(100);
    }

    void make_peace() {
        proxy_.clear();
        for (std::size_t i = 0; i < nodes_.size(); ++i) nodes_[i].resume();
        REQUIRE(s_.mc().set_servers(whole_list()).has_value());
    }

    // The last node is behind the proxy.
    [[nodiscard]] std::string whole_list() const { return list_without(nodes_.size()); }

    int kills = 0, stops = 0, resets = 0, rules = 0, lists = 0;

private:
    [[nodiscard]] std::string list_without(std::size_t one) const {
        std::string list;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (i == one) continue;
            list += (list.empty() ? "" : ",");
            list += i + 1 == nodes_.size() ? proxy_.text() : nodes_.text(i);
        }
        return list;
    }

    // None of them changes a value's bytes: nothing in the protocol would show that.
    std::string any_rule() {
        constexpr std::array texts = {
            "reply opcode get,getq probability 0.02: delay 120ms",
            "reply probability 0.01: reset at 30",
            "reply probability 0.01: cut at 10",
            "reply opcode get,getq once: drop rest at 30",
            "reply opcode get,getq once: set opaque 0xdeadbeef",
            "reply opcode get,getq once: duplicate",
            "reply once: stall 100ms at 13",
            "request opcode set,setq: stop reading",
            "reply: slice 1..40",
            "reply opcode get once: swap",
            "reply frame 1: inject \"ERROR Too many open connections\\r\\n\"",
        };
        return texts.at(dice_() % texts.size());
    }

    void rest(unsigned most_ms) { pass_time(std::chrono::milliseconds(1 + dice_() % most_ms)); }

    cluster& nodes_;
    chaos_proxy& proxy_;
    session& s_;
    dice dice_;
};

struct sample {
    double minutes;
    double kib;
    double allocated;
};

// Least squares: KiB a minute.
double slope(std::span<const sample> samples, double sample::*of) {
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (const sample& s : samples) {
        n += 1, x += s.minutes, y += s.*of, xx += s.minutes * s.minutes, xy += s.minutes * s.*of;
    }
    const double spread = n * xx - x * x;
    return spread == 0 ? 0 : (n * xy - x * y) / spread;
}

kmc::client_options nervous() {
    return {.call_timeout = 80ms,
            .batch_timeout = 150ms,
            .connect_timeout = 100ms,
            .stall_timeout = 150ms,
            .reconnect_min = 5ms,
            .health = {.remove_failed = 3,
                       .retry_timeout = 100ms,
                       .dead_timeout = 150ms,
                       .dead_timeout_max = 300ms,
                       .on_dead = kmc::on_dead::next_server}};
}

// Every reactor has a connection to every server, and nothing is under way.
void settle(session& s, std::span<const std::string> keys, std::size_t servers) {
    tally unseen;
    const keys_and_tally w{keys, unseen};
    const auto read_all = [](kmc::client& mc, const keys_and_tally& all) -> kmc::task<void> {
        const auto views = views_of(all.keys);
        static_cast<void>(co_await mc.get_many(views, {.deadline = 2s}));
    };
    const bool is_settled = comes_true([&] {
        run_all(s.rt(), 2 * s.rt().info().threads,
                [&](std::size_t) { return read_all(s.mc(), w); });
        for (std::size_t i = 0; i < servers; ++i) {
            const auto now = s.mc().counters(i);
            if (now.connections != s.rt().info().threads || now.in_flight != 0) return false;
        }
        return true;
    });
    for (std::size_t i = 0; i < servers; ++i) {
        const auto now = s.mc().counters(i);
        CAPTURE(i, to_text(now.health));
        CHECK(now.connections == s.rt().info().threads);
        CHECK(now.in_flight == 0);
        CHECK(now.orphans == 0);
    }
    REQUIRE(is_settled);
}

}  // namespace

TEST_CASE("after kills, stops, resets and list changes under load everything is as it was") {
    if (control_is_missing()) return;
    const std::uint64_t start = seed();
    INFO("KMC_SEED=" << start);
    cluster nodes({1, 1, 1, 1, 1});
    chaos_proxy proxy(nodes.text(4), {}, start);
    std::string servers;
    for (std::size_t i = 0; i < 4; ++i) servers += nodes.text(i) + ",";
    servers += proxy.text();
    session s(servers, nervous(), 2);
    const auto keys = make_keys("soak", 500);
    settle(s, keys, nodes.size());
    const std::size_t descriptors = open_descriptors();
    const std::size_t allocated = allocated_kib();

    tally seen;
    const keys_and_tally w{keys, seen};
    std::uint64_t came_and_went = 0;
    std::vector<sample> memory;
    nemesis enemy(nodes, proxy, s, start);
    {
        std::vector<std::jthread> crowd;
        crowd.emplace_back([&] {
            run_all(s.rt(), 24, [&](std::size_t i) { return caller(s.mc(), w, start + i); });
        });
        for (std::uint64_t i = 0; i < 2; ++i) {
            crowd.emplace_back([&, i] { blocking_caller(s.mc(), w, start + 100 + i); });
        }
        crowd.emplace_back([&] { come_and_go(servers, w, start + 200, came_and_went); });
        const auto time = how_long();
        double next_look = 1;
        for (const stopwatch since; since.elapsed() < time;) {
            enemy.act();
            const double seconds = since.milliseconds() / 1000;
            if (seconds < next_look) continue;
            next_look = seconds + 1;
            memory.push_back({seconds / 60, static_cast<double>(resident_kib()),
                              static_cast<double>(allocated_kib())});
        }
        enemy.make_peace();
        seen.is_over = true;
    }
    settle(s, keys, nodes.size());
    const bool are_closed = comes_true([&] { return open_descriptors() == descriptors; });

    // The first third fills what is kept: frames, blocks, buffers.
    const std::span<const sample> later(memory.begin() + memory.size() / 3, memory.end());
    std::uint64_t errors = 0;
    for (const auto& n : seen.errors) errors += n;
    std::printf(
        "soak, seed %llu, %lld s on %s: %llu rounds of calls; values: %llu right, %llu wrong, "
        "%llu misses; %llu stored; %llu errors:",
        static_cast<unsigned long long>(start), static_cast<long long>(how_long().count()),
        s.rt().info().backend.c_str(), static_cast<unsigned long long>(seen.calls),
        static_cast<unsigned long long>(seen.hits), static_cast<unsigned long long>(seen.wrong),
        static_cast<unsigned long long>(seen.misses), static_cast<unsigned long long>(seen.stored),
        static_cast<unsigned long long>(errors));
    for (std::size_t i = 1; i < seen.errors.size(); ++i) {
        if (seen.errors[i] == 0) continue;
        std::printf(" %llu x %s;", static_cast<unsigned long long>(seen.errors[i]),
                    std::string(to_text(errc(i))).c_str());
    }
    std::printf(
        "\n  %d kills, %d stops, %d resets, %d rules, %d list changes, %llu runtimes that "
        "went in the middle\n",
        enemy.kills, enemy.stops, enemy.resets, enemy.rules, enemy.lists,
        static_cast<unsigned long long>(came_and_went));
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const auto now = s.mc().counters(i);
        std::printf(
            "  server %zu: %llu requests, %llu dials, %llu lost, %llu ejections, %llu probes; "
            "now %llu connections, %llu under way, %llu orphans\n",
            i, static_cast<unsigned long long>(now.requests),
            static_cast<unsigned long long>(now.dials),
            static_cast<unsigned long long>(now.connections_lost),
            static_cast<unsigned long long>(now.ejections),
            static_cast<unsigned long long>(now.probes),
            static_cast<unsigned long long>(now.connections),
            static_cast<unsigned long long>(now.in_flight),
            static_cast<unsigned long long>(now.orphans));
    }
    if (!later.empty()) {
        std::printf("  descriptors: %zu before, %zu after\n", descriptors, open_descriptors());
        std::printf(
            "  allocated: %zu KiB before, %zu KiB after, %+.0f KiB a minute; resident: "
            "%.0f KiB after a third, %.0f KiB in the end, %+.0f KiB a minute\n",
            allocated, allocated_kib(), slope(later, &sample::allocated), later.front().kib,
            later.back().kib, slope(later, &sample::kib));
    }

    CHECK(seen.wrong == 0);
    CHECK(seen.hits > 1000);
    CHECK(are_closed);
    CHECK(s.get_many(keys).summary().errors == 0);
    // Sanitizers keep freed memory for a while; and a few seconds are no trend.
    if (alloc_counter::available() && how_long() >= 60s) {
        CHECK(later.back().kib - later.front().kib < 8 * 1024);
    }
}
