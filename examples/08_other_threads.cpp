// Calls from threads that are not kmc's: threads that may block, and threads with an event loop of
// their own.
//
//     08_other_threads 10.0.0.1:11211,10.0.0.2:11211     (or set KMC_SERVERS)

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <cstdlib>
#include <deque>
#include <exception>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <kmc/kmc.hpp>

// Threads that may wait for an answer.
bool blocking_threads(const kmc::client& mc) {
    std::atomic<int> right = 0;
    // [blocking]
    const kmc::sync_client cache(mc);  // cheap to copy, and any number of threads may share it
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) {
        workers.emplace_back([&cache, &right, i] {
            const std::string key = "worker:" + std::to_string(i);
            const auto stored = cache.set(key, "done");
            const auto found = cache.get(key);
            if (stored && found && found.value()) ++right;
        });
    }
    workers.clear();  // joins them
    // [blocking]
    std::cout << "blocking threads: " << right << " of 4 read what they wrote\n";
    return right == 4;
}

// [executor]
// A thread's own loop: what is posted runs where run_one() is called.
class inbox final : public kmc::resumer {
public:
    void post(std::coroutine_handle<> waiting) noexcept override {
        const std::lock_guard guard(lock_);
        ready_.push_back(waiting);
        arrived_.notify_one();
    }

    void run_one() {
        std::unique_lock guard(lock_);
        arrived_.wait(guard, [this] { return !ready_.empty(); });
        const std::coroutine_handle<> next = ready_.front();
        ready_.pop_front();
        guard.unlock();
        next.resume();
    }

private:
    std::mutex lock_;
    std::condition_variable arrived_;
    std::deque<std::coroutine_handle<>> ready_;
};
// [executor]

// A coroutine type that knows nothing of kmc: it starts at once and frees itself at its end.
struct background {
    struct promise_type {
        background get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

struct report {
    std::optional<bool> is_right;
    std::thread::id resumed_on;
};

// [foreign]
background store_and_read(const kmc::client& mc, report& out) {
    const auto stored = co_await mc.set("from outside", "hello");
    const auto found = co_await mc.get("from outside");
    out.resumed_on = std::this_thread::get_id();
    out.is_right = stored && found && found.value() && found.value()->bytes() == "hello";
}
// [foreign]

bool a_thread_with_a_loop(const kmc::client& mc) {
    // [home]
    inbox home;
    const kmc::client here = mc.resuming_on(home);  // the same client, another place to resume
    report out;
    store_and_read(here, out);
    while (!out.is_right) home.run_one();
    // [home]
    const bool stayed = out.resumed_on == std::this_thread::get_id();
    std::cout << "a foreign coroutine resumed on " << (stayed ? "its own" : "another")
              << " thread\n";
    return *out.is_right && stayed;
}

int main(int argc, char** argv) {
    const char* const servers = argc > 1 ? argv[1] : std::getenv("KMC_SERVERS");
    if (servers == nullptr) {
        std::cerr << "usage: " << argv[0] << " host:port,host:port,...\n";
        return 2;
    }

    kmc::runtime rt;
    const auto mc = kmc::client::open(rt, servers);
    if (!mc) {
        std::cerr << mc.error().message() << '\n';
        return 2;
    }
    const bool blocking_is_right = blocking_threads(mc.value());
    const bool loop_is_right = a_thread_with_a_loop(mc.value());

    // [any]
    // One call, or a task, waited for on this thread.
    const auto version = kmc::sync_wait(mc.value().version(0));
    // [any]
    if (!version) std::cerr << mc.value().describe(version.error()) << '\n';
    return blocking_is_right && loop_is_right && version ? 0 : 1;
}
