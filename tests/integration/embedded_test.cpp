// kmc in the event loop of somebody else, and its calls in a coroutine type that kmc knows nothing
// of (unit/compiler/plain_coroutine.hpp).

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <kmc/embedded.hpp>

#include "dribbling_proxy.hpp"
#include "foreign_loop.hpp"
#include "nodes.hpp"
#include "session.hpp"
#include "support/seed.hpp"
#include "support/self_describing.hpp"
#include "unit/compiler/plain_coroutine.hpp"

using namespace std::chrono_literals;
using namespace kmc::testing;
using compiler::lazy;
using kmc::errc;

namespace {

kmc::embedded_runtime open_embedded() {
    auto rt = kmc::embedded_runtime::open().value();
    const char* asked = std::getenv("KMC_BACKEND");
    INFO(rt.info().reason);
    if (asked != nullptr && *asked != '\0') REQUIRE(rt.info().backend == asked);
    return rt;
}

// Stores, reads and reads many; 0, or the step that went wrong.
lazy<int> whole_round(kmc::client& mc, std::span<const std::string> keys) {
    for (const std::string& key : keys) {
        const std::string text = make_value(key, 1, 60);
        const auto stored = co_await mc.set(key, text);
        if (!stored) co_return 1;
    }
    const auto found = co_await mc.get(keys[0]);
    if (!found || !found.value()) co_return 2;
    if (version_of(keys[0], found.value()->bytes()) != 1) co_return 3;
    const std::vector<std::string_view> names = views_of(keys);
    const kmc::many_reply all = co_await mc.get_many(names);
    if (all.summary().hits != keys.size()) co_return 4;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (version_of(keys[i], all[i].value()->bytes()) != 1) co_return 5;
    }
    co_return 0;
}

// Reads its own key over and over; how many values were right.
lazy<int> reader(kmc::client& mc, std::string key, int times) {
    const std::string text = make_value(key, 1, 30);
    const auto stored = co_await mc.set(key, text);
    int right = 0;
    for (int i = 0; i < times && stored; ++i) {
        const auto found = co_await mc.get(key);
        if (found && found.value() && found.value()->bytes() == text) ++right;
    }
    co_return right;
}

lazy<kmc::error> error_of_get(kmc::client& mc, std::string key, kmc::duration deadline) {
    const auto found = co_await mc.get(key, {.deadline = deadline});
    co_return found ? kmc::error{} : found.error();
}

kmc::task<void> count_one(std::atomic<int>& count) {
    count.fetch_add(1);
    co_return;
}

}  // namespace

TEST_CASE("a foreign coroutine awaits single calls and batches in a foreign loop") {
    const watched_by how = GENERATE(watched_by::poll, watched_by::level, watched_by::edge);
    const cluster servers = any_cluster({1, 2, 3});
    auto rt = open_embedded();
    auto mc = kmc::client::open(rt, servers.servers(), patient()).value();
    foreign_loop loop(rt, how);
    const auto keys = make_keys("embedded", 100);

    lazy<int> work = whole_round(mc, keys);
    work.start();

    REQUIRE(loop.run_until([&] { return work.is_done(); }));
    CHECK(work.await_resume() == 0);
}

TEST_CASE("none of 20000 replies that come in dribbles is lost on a foreign loop") {
    const watched_by how = GENERATE(watched_by::poll, watched_by::level, watched_by::edge);
    constexpr int readers = 8;
    constexpr int times = 2500;
    if (control_is_missing()) return;
    memcached_node node;
    const std::uint64_t drawn = seed();
    CAPTURE(drawn);
    dribbling_proxy proxy(node.text(), 16, drawn);
    auto rt = open_embedded();
    auto mc = kmc::client::open(rt, proxy.text(), patient()).value();
    foreign_loop loop(rt, how);

    std::vector<lazy<int>> all;
    for (int i = 0; i < readers; ++i) {
        all.push_back(reader(mc, "dribble" + std::to_string(i), times));
        all.back().start();
    }

    for (auto& one : all) REQUIRE(loop.run_until([&] { return one.is_done(); }));
    for (auto& one : all) CHECK(one.await_resume() == times);
    CHECK(proxy.pieces() > std::uint64_t{2} * readers * times);
}

TEST_CASE("a deadline passes while the foreign loop sleeps without a limit") {
    const watched_by how = GENERATE(watched_by::poll, watched_by::level, watched_by::edge);
    const silent_port silent;
    auto rt = open_embedded();
    auto mc = kmc::client::open(rt, silent.text(), patient()).value();
    foreign_loop loop(rt, how);
    const auto start = std::chrono::steady_clock::now();

    // The second begins when nothing but the alarm of the first could end the sleep.
    lazy<kmc::error> late = error_of_get(mc, "k", 15s);
    late.start();
    REQUIRE(loop.turn());
    lazy<kmc::error> soon = error_of_get(mc, "k", 30ms);
    soon.start();
    REQUIRE(loop.run_until([&] { return soon.is_done(); }));

    const auto took = std::chrono::steady_clock::now() - start;
    CHECK(soon.await_resume() == errc::timed_out);
    CHECK(took >= 30ms);
    CHECK(took < 10s);
    CHECK_FALSE(late.is_done());
}

TEST_CASE("a call made outside of drive makes the descriptor readable") {
    const cluster servers = any_cluster({1});
    auto rt = open_embedded();
    auto mc = kmc::client::open(rt, servers.servers(), patient()).value();
    foreign_loop loop(rt, watched_by::level);
    for (int i = 0; i < 20; ++i) {
        lazy<int> work = reader(mc, key_prefix() + "outside", 1);
        rt.drive().value();
        while (loop.wait(5)) rt.drive().value();

        work.start();
        CHECK(loop.wait(0));

        REQUIRE(loop.run_until([&] { return work.is_done(); }));
        CHECK(work.await_resume() == 1);
    }
}

TEST_CASE("a foreign loop with nothing to do is left alone") {
    const cluster servers = any_cluster({1});
    auto rt = open_embedded();
    auto mc = kmc::client::open(rt, servers.servers(), patient()).value();
    foreign_loop loop(rt, watched_by::level);
    lazy<int> work = reader(mc, key_prefix() + "rest", 10);
    work.start();
    REQUIRE(loop.run_until([&] { return work.is_done(); }));

    // The alarms of the calls that were made may ring for nothing, each once.
    int idle_rounds = 0;
    while (idle_rounds < 20 && loop.wait(100)) {
        rt.drive().value();
        ++idle_rounds;
    }

    CHECK(idle_rounds <= 3);
}

TEST_CASE("drive returns although a coroutine never rests, and says that there is more") {
    struct endless {
        static lazy<int> run(kmc::client& mc, const bool& enough) {
            int rounds = 0;
            while (!enough) {
                const auto refused = co_await mc.get("");
                if (refused) co_return -1;
                ++rounds;
            }
            co_return rounds;
        }
    };
    const watched_by how = GENERATE(watched_by::poll, watched_by::level, watched_by::edge);
    const refusing_port nobody;
    auto rt = open_embedded();
    auto mc = kmc::client::open(rt, nobody.text()).value();
    foreign_loop loop(rt, how);
    bool enough = false;
    lazy<int> work = endless::run(mc, enough);
    work.start();

    for (int i = 0; i < 100; ++i) REQUIRE(loop.turn());
    CHECK_FALSE(work.is_done());
    enough = true;

    REQUIRE(loop.run_until([&] { return work.is_done(); }));
    CHECK(work.await_resume() >= 100);
}

TEST_CASE("another thread's tasks wake a foreign loop") {
    auto rt = open_embedded();
    foreign_loop loop(rt, watched_by::edge);
    std::atomic<int> done{0};

    std::thread other([&] {
        for (int i = 0; i < 500; ++i) {
            rt.spawn(count_one(done));
            while (i % 50 == 0 && done.load() <= i) std::this_thread::yield();
        }
    });
    const bool all_ran = loop.run_until([&] { return done.load() == 500; });
    other.join();

    CHECK(all_ran);
}

TEST_CASE("drive on the wrong thread says so and does nothing") {
    auto rt = open_embedded();
    std::atomic<int> done{0};
    rt.spawn(count_one(done));

    kmc::error said{};
    std::thread([&] {
        const auto driven = rt.drive();
        if (!driven) said = driven.error();
    }).join();

    CHECK(said == errc::wrong_thread);
    CHECK(done.load() == 0);
    rt.drive().value();
    CHECK(done.load() == 1);
}

TEST_CASE("drive called by a coroutine that it runs does nothing") {
    struct nested {
        static kmc::task<void> run(kmc::embedded_runtime& rt, int& ran) {
            ran += rt.drive() ? 1 : 100;
            co_return;
        }
    };
    auto rt = open_embedded();
    int ran = 0;
    rt.spawn(nested::run(rt, ran));

    rt.drive().value();

    CHECK(ran == 1);
}

TEST_CASE("a thread has at most one embedded runtime, and a reactor's thread none") {
    struct opens {
        static kmc::task<bool> another() {
            const auto second = kmc::embedded_runtime::open();
            co_return second.has_value();
        }
    };
    {
        auto rt = open_embedded();
        const auto second = kmc::embedded_runtime::open();
        REQUIRE_FALSE(second);
        CHECK(second.error().code() == errc::wrong_thread);
        CHECK_FALSE(kmc::embedded_runtime::open({.threads = 2}));
        CHECK_FALSE(kmc::embedded_runtime::open({.gather_limit = std::chrono::nanoseconds(-1)}));

        // A thread that only waits for another runtime is no reactor's thread.
        kmc::runtime threaded = open_runtime();
        CHECK_FALSE(threaded.block_on(opens::another()));
    }
    CHECK(kmc::embedded_runtime::open());
}

TEST_CASE("two threads each drive a runtime of their own") {
    const cluster servers = any_cluster({1, 1});
    std::atomic<int> failures{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
        threads.emplace_back([&, t] {
            auto rt = kmc::embedded_runtime::open().value();
            auto mc = kmc::client::open(rt, servers.servers(), patient()).value();
            foreign_loop loop(rt, t == 0 ? watched_by::level : watched_by::edge);
            const auto keys = make_keys("pair" + std::to_string(t) + ":", 50);
            for (int round = 0; round < 20; ++round) {
                lazy<int> work = whole_round(mc, keys);
                work.start();
                if (!loop.run_until([&] { return work.is_done(); })) {
                    failures.fetch_add(1);
                    return;
                }
                if (work.await_resume() != 0) failures.fetch_add(1);
            }
        });
    }
    for (auto& thread : threads) thread.join();

    CHECK(failures.load() == 0);
}

TEST_CASE("the end of an embedded runtime ends calls under way, and destroys what still waits") {
    struct spawned {
        static kmc::task<void> run(kmc::client mc, std::vector<kmc::error>& heard,
                                   std::shared_ptr<int> lives) {
            while (*lives > 0) {
                const auto found = co_await mc.get("k");
                if (!found) heard.push_back(found.error());
            }
        }
    };
    const silent_port silent;
    const bool driven_before = GENERATE(true, false);
    CAPTURE(driven_before);
    std::vector<kmc::error> heard;
    const auto lives = std::make_shared<int>(1);
    std::unique_ptr<kmc::client> mc;
    std::unique_ptr<lazy<kmc::error>> foreign;
    {
        auto rt = open_embedded();
        foreign_loop loop(rt, watched_by::level);
        mc = std::make_unique<kmc::client>(kmc::client::open(rt, silent.text(), patient()).value());
        foreign = std::make_unique<lazy<kmc::error>>(error_of_get(*mc, "k", 15s));
        foreign->start();
        rt.spawn(spawned::run(*mc, heard, lives));
        if (driven_before) REQUIRE(loop.turn());
        mc.reset();
        CHECK_FALSE(foreign->is_done());
    }

    REQUIRE(foreign->is_done());
    CHECK(foreign->await_resume() == errc::client_closed);
    CHECK(lives.use_count() == 1);
    REQUIRE_FALSE(heard.empty());
    for (const kmc::error& e : heard) CHECK(e == errc::client_closed);
}
