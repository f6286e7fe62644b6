// Threads, coroutines and ends: who may wait for whom, and what happens to calls under way when a
// client or a runtime goes.

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <cstdlib>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "nodes.hpp"
#include "session.hpp"
#include "support/self_describing.hpp"

using namespace kmc::testing;
using kmc::errc;

namespace {

// Sets an environment variable for a while. No other thread may be reading the environment.
class variable {
public:
    variable(const char* name, const char* value) : name_(name) {
        if (const char* old = std::getenv(name)) old_ = old;
        ::setenv(name, value, 1);
    }
    ~variable() {
        if (old_) {
            ::setenv(name_, old_->c_str(), 1);
        } else {
            ::unsetenv(name_);
        }
    }
    variable(const variable&) = delete;
    variable& operator=(const variable&) = delete;

private:
    const char* name_;
    std::optional<std::string> old_;
};

// Says when it is destroyed: stands in a coroutine's frame.
class witness {
public:
    explicit witness(std::atomic<int>& gone) noexcept : gone_(&gone) {}
    witness(const witness&) = delete;
    witness& operator=(const witness&) = delete;
    ~witness() { gone_->fetch_add(1); }

private:
    std::atomic<int>* gone_;
};

kmc::task<std::thread::id> thread_of_reactor() {
    co_return std::this_thread::get_id();
}

kmc::task<int> fails() {
    throw std::invalid_argument("as asked");
    co_return 1;  // makes it a coroutine
}

kmc::task<void> passes_on(int depth) {
    if (depth == 0) throw std::out_of_range("from the bottom");
    co_await passes_on(depth - 1);
}

kmc::task<int> owns_its_argument(std::unique_ptr<witness> argument, bool throws) {
    if (throws) throw std::invalid_argument("as asked");
    co_return argument == nullptr ? 0 : 1;
}

kmc::task<std::size_t> count_hits(kmc::client& mc, std::span<const std::string_view> keys) {
    const auto reply = co_await mc.get_many(keys);
    co_return reply.summary().hits;
}

}  // namespace

TEST_CASE("one to three reactors serve several threads at once") {
    const unsigned threads = GENERATE(1U, 2U, 3U);
    CAPTURE(threads);
    const cluster servers = any_cluster({1, 2, 3});
    session s(servers.servers(), patient(), threads);
    const auto keys = make_keys("threads", 200);
    s.write_all(keys, 1, 60);
    const auto all = views_of(keys);

    std::vector<std::future<std::size_t>> askers;
    for (int i = 0; i < 4; ++i) {
        askers.push_back(std::async(std::launch::async, [&] {
            std::size_t hits = 0;
            for (int round = 0; round < 25; ++round) {
                hits += s.rt().block_on(count_hits(s.mc(), all));
            }
            return hits;
        }));
    }

    for (auto& asker : askers) CHECK(asker.get() == 25 * keys.size());
}

TEST_CASE("work is spread over the reactors, and none of it runs on the thread that asks") {
    kmc::runtime rt = open_runtime(3);
    std::vector<std::thread::id> ids;
    for (int i = 0; i < 6; ++i) ids.push_back(rt.block_on(thread_of_reactor()));

    for (const auto id : ids) CHECK(id != std::this_thread::get_id());
    CHECK(ids[0] != ids[1]);
    CHECK(ids[1] != ids[2]);
    CHECK(ids[0] != ids[2]);
    CHECK(ids[0] == ids[3]);
}

TEST_CASE("an exception comes out of block_on as it went in") {
    kmc::runtime rt = open_runtime();

    CHECK_THROWS_WITH(rt.block_on(fails()), "as asked");
    CHECK_THROWS_AS(rt.block_on(passes_on(50)), std::out_of_range);
    CHECK(rt.block_on(thread_of_reactor()) != std::this_thread::get_id());  // it lives on
}

TEST_CASE("what a task held is gone when block_on returns") {
    kmc::runtime rt = open_runtime();
    std::atomic<int> gone{0};

    for (int i = 1; i <= 200; ++i) {
        const bool throws = i % 2 == 0;
        try {
            rt.block_on(owns_its_argument(std::make_unique<witness>(gone), throws));
        } catch (const std::invalid_argument&) {
            CHECK(throws);
        }
        REQUIRE(gone == i);
    }
}

// ---- any coroutine type ---------------------------------------------------------------------

namespace {

// A coroutine type that kmc knows nothing of: starts at once, is owned by nobody, calls back.
struct fire_and_forget {
    struct promise_type {
        fire_and_forget get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

struct foreign_result {
    std::promise<void> done;
    std::string text;
    std::size_t hits = 0;
    std::thread::id resumed_on;
};

fire_and_forget foreign(kmc::client& mc, std::span<const std::string_view> keys,
                        foreign_result& out) {
    const std::string value = make_value(keys[0], 7, 3000);
    const auto stored = co_await mc.set(keys[0], value);
    const auto got = co_await mc.get(keys[0]);
    const auto many = co_await mc.get_many(keys);
    if (stored && got && got.value()) out.text = got.value()->to_string();
    out.hits = many.summary().hits;
    out.resumed_on = std::this_thread::get_id();
    out.done.set_value();
}

kmc::task<std::thread::id> start_foreign(kmc::client& mc, std::span<const std::string_view> keys,
                                         foreign_result& out) {
    foreign(mc, keys, out);
    co_return std::this_thread::get_id();
}

struct far_result {
    std::promise<void> done;
    bool all_right = false;
    std::thread::id resumed_on;
};

fire_and_forget ask_on_this_thread(kmc::client mc, far_result& out) {
    const std::string value = make_value("far", 1, 40'000);
    const auto stored = co_await mc.set("far", value);
    const auto got = co_await mc.get("far");
    const auto counted = co_await mc.incr("far count", 3, {.initial = 7});
    const auto version = co_await mc.version(0);
    const auto removed = co_await mc.del("far");
    const auto gone = co_await mc.get("far");
    out.all_right = stored && got && got.value() && got.value()->bytes() == value && counted &&
                    counted.value() == 7 && version && !version.value().empty() && removed &&
                    removed.value() && gone && !gone.value();
    out.resumed_on = std::this_thread::get_id();
    out.done.set_value();
}

// Resumes coroutines on the thread that calls run_one().
class hand_driven final : public kmc::resumer {
public:
    void post(std::coroutine_handle<> waiting) noexcept override {
        const std::lock_guard lock(mutex_);
        ready_.push_back(waiting);
        changed_.notify_one();
    }
    void run_one() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !ready_.empty(); });
        const std::coroutine_handle<> next = ready_.back();
        ready_.pop_back();
        lock.unlock();
        next.resume();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::coroutine_handle<>> ready_;
};

kmc::task<bool> ask_from_elsewhere(const kmc::client& mc) {
    const std::thread::id before = std::this_thread::get_id();
    const auto stored = co_await mc.set("elsewhere", "v");
    const auto got = co_await mc.get("elsewhere");
    co_return stored&& got&& got.value() && got.value()->bytes() == "v" &&
        std::this_thread::get_id() == before;
}

}  // namespace

TEST_CASE("a coroutine type of somebody else awaits every call, and resumes on the reactor") {
    const cluster servers = any_cluster({1, 2});
    session s(servers.servers());
    const auto keys = make_keys("foreign", 3);
    foreign_result out;
    auto done = out.done.get_future();

    const auto all = views_of(keys);
    const auto reactor = s.rt().block_on(start_foreign(s.mc(), all, out));
    done.get();

    CHECK(out.text == make_value(keys[0], 7, 3000));
    CHECK(out.hits == 1);
    CHECK(out.resumed_on == reactor);
}

TEST_CASE("a call awaited on a thread without a reactor is served by one") {
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    far_result out;
    auto done = out.done.get_future();

    ask_on_this_thread(s.mc(), out);
    done.get();

    CHECK(out.all_right);
    CHECK(out.resumed_on != std::this_thread::get_id());
}

TEST_CASE("a resumer decides where the coroutines of a foreign thread go on") {
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    hand_driven home;
    far_result out;
    auto done = out.done.get_future();

    ask_on_this_thread(s.mc().resuming_on(home), out);
    for (int call = 0; call < 6; ++call) home.run_one();

    done.get();
    CHECK(out.all_right);
    CHECK(out.resumed_on == std::this_thread::get_id());
}

TEST_CASE("a coroutine on another runtime's reactor comes back to it") {
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    kmc::runtime other = open_runtime();

    CHECK(other.block_on(ask_from_elsewhere(s.mc())));
}

// ---- ends -----------------------------------------------------------------------------------

namespace {

struct last_words {
    std::atomic<int> closed{0};
    std::atomic<int> other{0};
    std::atomic<int> frames_gone{0};

    void hear(const kmc::error& e) { (e == errc::client_closed ? closed : other).fetch_add(1); }
};

kmc::task<void> ask_a_silent_server(kmc::client& mc, last_words& words) {
    const witness here(words.frames_gone);
    const auto got = co_await mc.get("k", {.deadline = std::chrono::minutes(5)});
    if (!got) words.hear(got.error());
}

kmc::task<void> ask_silent_servers(kmc::client& mc, last_words& words) {
    const witness here(words.frames_gone);
    const std::string_view keys[] = {"k", "l", "m", "n"};
    const auto many = co_await mc.get_many(keys, {.deadline = std::chrono::minutes(5)});
    if (many.summary().errors == 4) words.hear(many[0].error());
}

struct never {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() const noexcept {}
};

kmc::task<void> waits_for_ever(last_words& words) {
    const witness here(words.frames_gone);
    co_await never{};
}

// These own a handle of the client, in their frames: one in the middle of a call, one after it.
kmc::task<void> asks_with_its_own_handle(kmc::client mc, last_words& words) {
    co_await ask_a_silent_server(mc, words);
}

kmc::task<void> keeps_its_own_handle(kmc::client mc, last_words& words) {
    const witness here(words.frames_gone);
    static_cast<void>(co_await mc.version(0, {.deadline = std::chrono::milliseconds(1)}));
    co_await never{};
}

// What was spawned before has run until it suspended: spawn and block_on take the reactors in
// turn, and each reactor starts its tasks in the order they came.
void let_all_start(kmc::runtime& rt) {
    for (unsigned i = 0; i < rt.info().threads; ++i) rt.block_on(thread_of_reactor());
}

}  // namespace

TEST_CASE("when the last handle of a client goes, its calls end and say why") {
    const silent_port silent;
    const unsigned threads = GENERATE(1U, 2U);
    kmc::runtime rt = open_runtime(threads);
    last_words words;
    auto mc =
        std::make_unique<kmc::client>(kmc::client::open(rt, silent.text(), patient()).value());
    auto second = std::make_unique<kmc::client>(*mc);
    for (int i = 0; i < 8; ++i) {
        rt.spawn(ask_a_silent_server(*mc, words));
        rt.spawn(ask_silent_servers(*mc, words));
    }
    let_all_start(rt);

    second.reset();
    CHECK(words.closed + words.other == 0);
    mc.reset();

    while (words.frames_gone != 16) std::this_thread::yield();
    CHECK(words.closed == 16);
    CHECK(words.other == 0);
    CHECK(rt.block_on(thread_of_reactor()) != std::this_thread::get_id());
}

TEST_CASE("a runtime that ends closes the calls under way and destroys what is still suspended") {
    const silent_port silent;
    const unsigned threads = GENERATE(1U, 2U, 4U);
    CAPTURE(threads);
    last_words words;
    {
        kmc::runtime rt = open_runtime(threads);
        {
            const auto mc = kmc::client::open(rt, silent.text(), patient()).value();
            for (int i = 0; i < 8; ++i) {
                rt.spawn(asks_with_its_own_handle(mc, words));
                rt.spawn(waits_for_ever(words));
            }
        }
        let_all_start(rt);
        CHECK(words.frames_gone == 0);
    }

    CHECK(words.frames_gone == 16);
    CHECK(words.closed == 8);
    CHECK(words.other == 0);
}

TEST_CASE("a runtime that ends with live connections and calls to a server that stands still") {
    if (control_is_missing()) return;
    cluster servers({1, 1});
    last_words words;
    {
        session s(servers.servers(), patient(), 2);
        s.write_all(make_keys("end", 50), 1, 100);
        servers[0].pause();
        servers[1].pause();
        for (int i = 0; i < 20; ++i) s.rt().spawn(ask_silent_servers(s.mc(), words));
        let_all_start(s.rt());
    }

    CHECK(words.frames_gone == 20);
    CHECK(words.closed == 20);
}

TEST_CASE("the last handle of a client may lie in a coroutine that the runtime destroys") {
    const silent_port silent;
    const unsigned threads = GENERATE(1U, 2U, 4U);
    CAPTURE(threads);
    last_words words;
    {
        kmc::runtime rt = open_runtime(threads);
        const auto mc = kmc::client::open(rt, silent.text(), patient()).value();
        for (unsigned i = 0; i < 2 * threads; ++i) rt.spawn(keeps_its_own_handle(mc, words));
        let_all_start(rt);
    }

    CHECK(words.frames_gone == static_cast<int>(2 * threads));
}

TEST_CASE("a runtime may end right after it was given work, and right after it was made") {
    for (int i = 0; i < 20; ++i) {
        last_words words;
        {
            kmc::runtime rt = open_runtime(2);
            if (i % 2 == 0) {
                rt.spawn(waits_for_ever(words));
                rt.spawn(waits_for_ever(words));
            }
        }
        CHECK(words.frames_gone == (i % 2 == 0 ? 2 : 0));
    }
}

// ---- which engine ---------------------------------------------------------------------------

TEST_CASE("an engine that nobody has heard of is a set-up error that lists the known ones") {
    const variable wrong("KMC_BACKEND", "kqueue");

    const auto rt = kmc::runtime::open();

    REQUIRE_FALSE(rt.has_value());
    CHECK_THAT(rt.error().message(), Catch::Contains("kqueue") && Catch::Contains("io_uring") &&
                                         Catch::Contains("epoll"));
    CHECK_THROWS_AS(kmc::runtime(), std::system_error);
}

TEST_CASE("the options have the last word on the engine") {
    const variable other("KMC_BACKEND", "io_uring");

    const auto rt = kmc::runtime::open({.backend = kmc::backend::epoll, .require = true});

    REQUIRE(rt.has_value());
    CHECK(rt.value().info().backend == "epoll");
    CHECK_FALSE(rt.value().info().fell_back);
    CHECK_FALSE(rt.value().info().reason.empty());
}

TEST_CASE("a required engine is the one that runs, or there is no runtime") {
    const auto rt = kmc::runtime::open({.backend = kmc::backend::io_uring, .require = true});

    if (rt) {
        CHECK(rt.value().info().backend == "io_uring");
        CHECK_FALSE(rt.value().info().fell_back);
    } else {
        CHECK_THAT(rt.error().message(), Catch::Contains("io_uring"));
    }
}

TEST_CASE("answers are not gathered for less than no time") {
    CHECK_FALSE(kmc::runtime::open({.gather_limit = std::chrono::nanoseconds(-1)}).has_value());
}

TEST_CASE("a runtime has 1 to 1024 threads") {
    CHECK_FALSE(kmc::runtime::open({.threads = 0}).has_value());
    CHECK_FALSE(kmc::runtime::open({.threads = 1025}).has_value());
    CHECK(open_runtime(8).info().threads == 8);
}
