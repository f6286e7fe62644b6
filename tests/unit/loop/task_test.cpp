// kmc::task without a reactor: values, exceptions, lifetimes, and above all the stack.

#include <kmc/task.hpp>

#include <pthread.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/alloc_counter.hpp"

using kmc::task;

namespace {

// Starts a task by hand and keeps it; the stand-in for a runtime.
class driver {
public:
    struct promise_type {
        driver get_return_object() {
            return driver(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
    explicit driver(std::coroutine_handle<promise_type> self) : self_(self) {}
    driver(driver&& other) noexcept : self_(std::exchange(other.self_, nullptr)) {}
    ~driver() {
        if (self_) self_.destroy();
    }
    void start() { self_.resume(); }
    bool done() const { return self_.done(); }

private:
    std::coroutine_handle<promise_type> self_;
};

template <class T>
driver drive(task<T> work, T& out) {
    out = co_await std::move(work);
}

// An event that suspends one coroutine until somebody resumes it.
struct gate {
    std::coroutine_handle<> waiting;
    auto operator co_await() {
        struct awaiter {
            explicit awaiter(gate& owner) : g(owner) {}
            bool await_ready() { return false; }
            void await_suspend(std::coroutine_handle<> h) { g.waiting = h; }
            void await_resume() {}
            gate& g;
        };
        return awaiter(*this);
    }
};

task<int> immediate(int i) {
    co_return i;
}

task<long> sum_of_a_million() {
    long sum = 0;
    for (int i = 0; i < 1'000'000; ++i) sum += co_await immediate(i);
    co_return sum;
}

task<int> depth(int levels) {
    if (levels == 0) co_return 0;
    const int below = co_await depth(levels - 1);
    co_return below + 1;
}

task<int> failing() {
    throw std::runtime_error("on purpose");
    co_return 0;
}

task<std::string> caught() {
    std::string text = "nothing";
    try {
        static_cast<void>(co_await failing());
    } catch (const std::runtime_error& e) {
        text = e.what();
    }
    co_return text;
}

task<std::unique_ptr<int>> move_only() {
    co_return std::make_unique<int>(5);
}

task<int> through(gate& g, int value) {
    co_await g;
    co_return value;
}

task<int> twice_through(gate& g) {
    const int first = co_await through(g, 1);
    const int second = co_await through(g, 2);
    co_return first * 10 + second;
}

struct counted {
    explicit counted(int& n) : live(&n) { ++*live; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --*live; }
    int* live;
};

task<int> holding(gate& g, int& live) {
    const counted c(live);
    co_await g;
    co_return 1;
}

// Runs `work` on a thread with a small stack and waits for it.
void on_small_stack(void* (*work)(void*), void* argument) {
    pthread_attr_t attributes;
    REQUIRE(pthread_attr_init(&attributes) == 0);
    REQUIRE(pthread_attr_setstacksize(&attributes, 256 * 1024) == 0);
    pthread_t thread;
    REQUIRE(pthread_create(&thread, &attributes, work, argument) == 0);
    REQUIRE(pthread_join(thread, nullptr) == 0);
    pthread_attr_destroy(&attributes);
}

}  // namespace

TEST_CASE("a million tasks awaited in a row use no stack to speak of") {
    long sum = 0;
    on_small_stack(
        [](void* out) -> void* {
            driver d = drive(sum_of_a_million(), *static_cast<long*>(out));
            d.start();
            return nullptr;
        },
        &sum);
    CHECK(sum == 499'999'500'000);
}

TEST_CASE("tasks nest") {
    int levels = 0;
    driver d = drive(depth(100), levels);
    d.start();
    CHECK(levels == 100);
}

TEST_CASE("an exception travels to the one who awaits") {
    std::string text;
    driver d = drive(caught(), text);
    d.start();
    CHECK(text == "on purpose");
}

TEST_CASE("a result may be move-only") {
    std::unique_ptr<int> out;
    driver d = drive(move_only(), out);
    d.start();
    REQUIRE(out != nullptr);
    CHECK(*out == 5);
}

TEST_CASE("a task that suspends continues its parent when it ends") {
    gate g;
    int out = 0;
    driver d = drive(twice_through(g), out);
    d.start();
    CHECK_FALSE(d.done());
    g.waiting.resume();
    CHECK_FALSE(d.done());
    g.waiting.resume();
    CHECK(d.done());
    CHECK(out == 12);
}

TEST_CASE("destroying a suspended task destroys what it holds, children included") {
    gate g;
    int live = 0;
    int out = 0;
    {
        driver d = drive(holding(g, live), out);
        d.start();
        CHECK(live == 1);
    }
    CHECK(live == 0);
    CHECK(out == 0);
}

TEST_CASE("a task that was never awaited never runs") {
    int live = 0;
    gate g;
    { auto unused = holding(g, live); }
    CHECK(live == 0);
}

TEST_CASE("frames of finished tasks serve again") {
    if (!kmc::testing::alloc_counter::available()) {
        WARN("SKIPPED: allocations are not counted in this build");
        return;
    }
    int levels = 0;
    {
        driver warm = drive(depth(20), levels);
        warm.start();
    }
    // The driver is an ordinary coroutine: its frame is one allocation, unless clang elides it.
    const kmc::testing::alloc_counter counter;
    {
        driver d = drive(depth(20), levels);
        d.start();
    }
    const std::uint64_t calls = counter.calls();
    CHECK(calls <= 1);
}
