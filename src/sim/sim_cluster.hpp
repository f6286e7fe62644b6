// A client and its servers in one simulated world: the real reactor, connections, views and
// awaiters on sim_engine. One thread, virtual time, one seed.
//
//   sim_cluster world(seed, 3);
//   sim_job job = world.start(some_task(world.mc(), ...));   // destroy it whenever you like
//   while (!job.done()) world.step();
//   world.at_rest();                                          // everything came back

#pragma once

#include <coroutine>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <kmc/client.hpp>
#include <kmc/task.hpp>

#include "base/assert.hpp"
#include "client/client_view.hpp"
#include "loop/mailbox.hpp"
#include "loop/reactor.hpp"
#include "sim/model_memcached.hpp"
#include "sim/sim_engine.hpp"
#include "sim/sim_net.hpp"
#include "sim/sim_server.hpp"

namespace kmc::sim {

// A task on a simulated reactor, which its owner may destroy between two steps, wherever it is.
class sim_job {
public:
    class promise_type : public kmc::detail::letter {
    public:
        sim_job get_return_object() {
            return sim_job(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
        bool started = false;
    };

    sim_job(sim_job&& other) noexcept : self_(std::exchange(other.self_, nullptr)) {}
    sim_job& operator=(sim_job&& other) noexcept {
        std::swap(self_, other.self_);
        return *this;
    }
    ~sim_job() {
        // A letter that is still in the mailbox cannot be taken back.
        KMC_ASSERT(!self_ || self_.promise().started);
        if (self_) self_.destroy();
    }

    [[nodiscard]] bool done() const noexcept { return self_.done(); }

private:
    friend class sim_cluster;
    explicit sim_job(std::coroutine_handle<promise_type> self) noexcept : self_(self) {}
    static sim_job run(task<void> work) { co_await std::move(work); }

    std::coroutine_handle<promise_type> self_;
};

// Lets virtual time pass for a coroutine on a simulated reactor.
class sim_nap : kmc::detail::timer {
public:
    sim_nap(kmc::detail::reactor& loop, duration time) noexcept : loop_(loop), time_(time) {}
    sim_nap(const sim_nap&) = delete;
    sim_nap& operator=(const sim_nap&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> sleeper) noexcept {
        sleeper_ = sleeper;
        on_fire = [](timer& t) noexcept { static_cast<sim_nap&>(t).sleeper_.resume(); };
        loop_.timers().add(*this, loop_.now() + time_);
    }
    void await_resume() const noexcept {}

private:
    kmc::detail::reactor& loop_;
    duration time_;
    std::coroutine_handle<> sleeper_;
};

class sim_cluster {
public:
    // Servers s0, s1, ... of the weights 1, 2, ...
    sim_cluster(std::uint64_t seed, std::size_t servers, const client_options& options = {},
                const model_options& model = {});
    // The same list with these weights. They and the options have to be such as a client takes.
    sim_cluster(std::uint64_t seed, std::span<const std::uint32_t> weights,
                const client_options& options, const model_options& model = {});
    // Lets the client go and checks that the kernel got everything back.
    ~sim_cluster();
    sim_cluster(const sim_cluster&) = delete;
    sim_cluster& operator=(const sim_cluster&) = delete;

    [[nodiscard]] sim_net& net() noexcept { return net_; }
    [[nodiscard]] client& mc() noexcept { return *client_; }
    [[nodiscard]] const client& mc() const noexcept { return *client_; }
    // The last handle goes.
    void drop_client() noexcept;
    [[nodiscard]] kmc::detail::reactor& loop() noexcept { return *loop_; }
    [[nodiscard]] sim_engine& engine() noexcept { return *engine_; }
    [[nodiscard]] sim_server& server(std::size_t i) noexcept { return servers_[i]; }
    [[nodiscard]] std::size_t size() const noexcept { return servers_.size(); }

    // Starts at the beginning of the next step.
    [[nodiscard]] sim_job start(task<void> work);

    // One turn of the reactor, of at most `limit`; then the invariants.
    void step(duration limit = std::chrono::seconds(1));
    // Steps until the job is done; false when that takes more than `limit` of virtual time.
    [[nodiscard]] bool finish(sim_job& job, duration limit = std::chrono::minutes(10));
    // Steps for that long.
    void run_for(duration time);

    // The list that a cluster of these weights has.
    [[nodiscard]] static server_list list_of(std::span<const std::uint32_t> weights);

    // Puts an item straight into the store of the server that owns the key.
    void plant(const std::string& key, const std::string& value);
    // What that server has, or null.
    [[nodiscard]] const model_store::item* stored(const std::string& key);

    // Every server back in service, every condition gentle.
    void heal();
    // True when nothing of the client is under way: no slot, and per open socket one receive.
    [[nodiscard]] bool at_rest();

    [[nodiscard]] kmc::detail::client_view& view();

private:
    void check_invariants();

    sim_net net_;
    std::deque<sim_server> servers_;
    std::unique_ptr<kmc::detail::reactor> loop_;
    sim_engine* engine_ = nullptr;
    client_options options_;
    std::optional<client> client_;
    kmc::detail::client_view* view_ = nullptr;
};

}  // namespace kmc::sim
