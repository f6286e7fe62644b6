// Calls from threads that have no reactor: none is lost, none is mixed up, and a waiter may go.

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "nodes.hpp"
#include "session.hpp"
#include "support/self_describing.hpp"

using namespace kmc::testing;
using namespace std::chrono_literals;
using kmc::errc;

namespace {

// A coroutine that runs where it is started, and that its owner may destroy while it waits.
class owned {
public:
    struct promise_type {
        owned get_return_object() {
            return owned(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
    };
    owned(owned&& o) noexcept : self_(std::exchange(o.self_, nullptr)) {}
    owned& operator=(owned&&) = delete;
    ~owned() {
        if (self_) self_.destroy();
    }

private:
    explicit owned(std::coroutine_handle<promise_type> self) noexcept : self_(self) {}
    std::coroutine_handle<promise_type> self_;
};

// Runs what was posted to it on the thread that asks it to.
class inbox final : public kmc::resumer {
public:
    void post(std::coroutine_handle<> next) noexcept override {
        const std::lock_guard lock(mutex_);
        posted_.push_back(next);
    }
    void run_all() {
        std::vector<std::coroutine_handle<>> now;
        {
            const std::lock_guard lock(mutex_);
            now.swap(posted_);
        }
        for (const std::coroutine_handle<> next : now) next.resume();
    }

private:
    std::mutex mutex_;
    std::vector<std::coroutine_handle<>> posted_;
};

owned wait_for_nobody(const kmc::client& mc, std::string key, std::atomic<int>& resumed) {
    const std::string value(100, 'v');
    static_cast<void>(co_await mc.set(key, value, {.deadline = 60s}));
    ++resumed;
}

}  // namespace

TEST_CASE("four threads and two reactors: every call comes back with its own answer") {
    const cluster servers = any_cluster({1, 1, 1});
    session s(servers.servers(), patient(), 2);
    std::vector<std::string> complaints(4);

    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < complaints.size(); ++t) {
        threads.emplace_back([&, t] {
            const kmc::sync_client mc(s.mc());
            for (std::uint64_t i = 0; i < 1000; ++i) {
                const std::string key = key_prefix() + "t" + std::to_string(t);
                const std::string value = make_value(key, i, i % 3 == 0 ? 20'000 : 40);
                const auto stored = mc.set(key, value);
                const auto got = mc.get(key);
                if (!stored || !got || !got.value() || got.value()->bytes() != value) {
                    complaints[t] = "call " + std::to_string(i);
                    return;
                }
            }
        });
    }
    for (std::thread& t : threads) t.join();

    CHECK(complaints == std::vector<std::string>(4));
}

TEST_CASE("a coroutine that waits on a thread of its own may be destroyed there at any moment") {
    const cluster servers = any_cluster({1});
    inbox home;
    std::atomic<int> resumed{0};
    {
        session s(servers.servers());
        const kmc::client mc = s.mc().resuming_on(home);
        for (int i = 0; i < 3000; ++i) {
            std::optional<owned> waiting(wait_for_nobody(mc, key_prefix() + "left", resumed));
            // Before, while and after the answer comes: the ticket then finds nobody.
            for (int spin = 0; spin < i % 64; ++spin) std::this_thread::yield();
            if (i % 2 == 0) home.run_all();
            waiting.reset();
            home.run_all();
        }
    }
    home.run_all();
    CHECK(resumed > 0);
}

TEST_CASE("a runtime may end while its coroutines wait for another runtime's client") {
    const silent_port silent;
    session s(silent.text(), {.call_timeout = 300ms, .connect_timeout = 60s});
    std::atomic<int> resumed{0};
    struct job {
        static kmc::task<void> run(const kmc::client& mc, std::atomic<int>& resumed) {
            const std::string_view keys[] = {"a", "b"};
            static_cast<void>(co_await mc.get_many(keys, {.deadline = 300ms}));
            static_cast<void>(co_await mc.get("k"));
            ++resumed;
        }
    };
    for (int i = 0; i < 20; ++i) {
        kmc::runtime other = open_runtime();
        for (int n = 0; n < 5; ++n) other.spawn(job::run(s.mc(), resumed));
    }
    // Their ends come home to nobody.
    CHECK(kmc::sync_wait(s.mc().get("k")).error() == errc::timed_out);
    CHECK(kmc::sync_wait(s.mc().get("k")).error() == errc::timed_out);
    CHECK(resumed == 0);
}

TEST_CASE("the blocking client waits for nobody's resumer") {
    const cluster servers = any_cluster({1});
    session s(servers.servers());
    inbox never_driven;
    const kmc::sync_client mc(s.mc().resuming_on(never_driven));

    CHECK(mc.set(key_prefix() + "driven", "v"));
}

TEST_CASE("stops and answers race on other threads, and every call ends once") {
    const cluster servers = any_cluster({1});
    session s(servers.servers(), patient(), 2);
    const kmc::sync_client mc(s.mc());
    REQUIRE(mc.set(key_prefix() + "raced", "v"));
    int ended = 0;
    for (int i = 0; i < 500; ++i) {
        std::stop_source source;
        const std::stop_token token = source.get_token();
        std::thread stopper([&] { source.request_stop(); });
        const auto got = mc.get(key_prefix() + "raced", {.stop = &token});
        stopper.join();
        const bool right =
            got ? got.value() && got.value()->bytes() == "v" : got.error() == errc::cancelled;
        ended += right ? 1 : 0;
    }
    CHECK(ended == 500);
}

TEST_CASE("the blocking client has the typed calls and the batches too") {
    const cluster servers = any_cluster({1, 1});
    session s(servers.servers());
    const kmc::sync_client mc(s.mc());
    const auto keys = make_keys("blocking", 20);
    const auto views = views_of(keys);
    kmc::write_batch writes;
    for (const std::string& key : keys) writes.set(key, "v");

    for (const auto& r : mc.write(writes)) CHECK(r);
    CHECK(mc.get_many(views).summary().hits == 20);
    CHECK(mc.gat_many(views, 1h).summary().hits == 20);
    CHECK(mc.touch_many(views, 1h).summary().hits == 20);
    CHECK(mc.del_many(views).summary().hits == 20);
    CHECK(mc.get_many(views).summary().misses == 20);
    CHECK(mc.set<int>(keys[0], -5));
    CHECK(mc.get<int>(keys[0]).value() == -5);
}
