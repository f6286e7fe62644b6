#include <kmc/runtime.hpp>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

#include "base/assert.hpp"
#include "io/select_engine.hpp"
#include "loop/root_task.hpp"
#include "loop/runtime_state.hpp"
#include "loop/start_up.hpp"

namespace kmc::detail {

// One thread with a reactor and the root tasks on it.
class runtime_state::worker {
public:
    // Waits until the thread has its engine, or knows why not.
    [[nodiscard]] static config_result<std::unique_ptr<worker>> start(backend chosen,
                                                                      unsigned index,
                                                                      duration gather_limit) {
        auto self = std::make_unique<worker>();
        std::promise<config_result<reactor*>> started;
        auto outcome = started.get_future();
        try {
            self->thread_ = std::thread([&self = *self, chosen, index, gather_limit, &started] {
                self.live(chosen, index, gather_limit, std::move(started));
            });
        } catch (const std::system_error& e) {
            return config_error(std::string("no thread can be started: ") + e.what());
        }
        auto loop = outcome.get();
        if (!loop) {
            self->thread_.join();
            return loop.error();
        }
        self->loop_ = loop.value();
        return self;
    }

    // After stop() and wait_until_empty().
    ~worker() {
        if (!thread_.joinable()) return;
        may_leave_.store(true);
        may_leave_.notify_one();
        thread_.join();
    }

    void stop() noexcept { loop_->stop(); }
    // Until every coroutine of this reactor is gone. The reactor itself stays.
    void wait_until_empty() const noexcept { is_empty_.wait(false); }

    [[nodiscard]] reactor& loop() noexcept { return *loop_; }
    void spawn(task<void> work) { loop_->post(root_task::prepare(std::move(work), *roots_)); }

private:
    // The engine is made here because a ring belongs to the thread that made it.
    void live(backend chosen, unsigned index, duration gather_limit,
              std::promise<config_result<reactor*>> started) {
        auto engine = make_engine(chosen);
        if (!engine) {
            started.set_value(engine.error());
            return;
        }
        root_list roots;
        reactor loop(std::move(engine.value()), index, random_seed());
        loop.gather_for(gather_limit);
        roots_ = &roots;
        started.set_value(&loop);
        loop.run();
        loop.shut_down(shut_down_patience);
        roots.close();
        is_empty_.store(true);
        is_empty_.notify_one();
        // stop() may still be on its way out of the reactor when its letter was opened already.
        may_leave_.wait(false);
    }

    std::atomic<bool> is_empty_{false};
    std::atomic<bool> may_leave_{false};
    std::thread thread_;
    reactor* loop_ = nullptr;     // on the thread's stack
    root_list* roots_ = nullptr;  // likewise
};

runtime_state::runtime_state() = default;

// What one reactor destroys at its end may still write to the others: a coroutine that holds the
// last handle of a client posts to each of them. None goes before all are empty.
runtime_state::~runtime_state() {
    for (const auto& w : workers_) w->stop();
    for (const auto& w : workers_) w->wait_until_empty();
}

config_result<std::unique_ptr<runtime_state>> runtime_state::start(const runtime_options& options) {
    if (options.threads == 0 || options.threads > 1024) {
        return config_error("runtime_options: threads must be 1 to 1024");
    }
    if (options.gather_limit < duration::zero()) {
        return config_error("runtime_options: gather_limit must not be negative");
    }
    auto choice = choose_engine(options);
    if (!choice) return choice.error();
    auto self = std::make_unique<runtime_state>();
    self->info_ = info_of(choice.value(), options.threads);
    for (unsigned i = 0; i < options.threads; ++i) {
        auto made = worker::start(choice.value().chosen, i, options.gather_limit);
        if (!made) return made.error();
        self->workers_.push_back(std::move(made.value()));
    }
    report_fallback(options, self->info_);
    return self;
}

std::vector<reactor*> runtime_state::reactors() const {
    std::vector<reactor*> all;
    for (const auto& w : workers_) all.push_back(&w->loop());
    return all;
}

void runtime_state::spawn(task<void> work) {
    const unsigned turn = next_.fetch_add(1, std::memory_order_relaxed);
    workers_[turn % workers_.size()]->spawn(std::move(work));
}

// ---- rendezvous -----------------------------------------------------------------------------

struct rendezvous::state {
    std::mutex mutex;
    std::condition_variable arrived_changed;
    bool arrived = false;
};

rendezvous::rendezvous() : state_(std::make_unique<state>()) {}
rendezvous::~rendezvous() = default;

void rendezvous::wait() {
    KMC_ASSERT(!reactor::is_turning());
    std::unique_lock lock(state_->mutex);
    state_->arrived_changed.wait(lock, [this] { return state_->arrived; });
}

void rendezvous::arrive() noexcept {
    // Under the lock to the end: the waiting thread may destroy all this once it has the lock.
    const std::lock_guard lock(state_->mutex);
    state_->arrived = true;
    state_->arrived_changed.notify_one();
}

}  // namespace kmc::detail

namespace kmc {

runtime::runtime(const runtime_options& options) : runtime(open(options).value()) {}

runtime::runtime(std::unique_ptr<detail::runtime_state> state) noexcept
    : state_(std::move(state)) {}

config_result<runtime> runtime::open(const runtime_options& options) {
    auto state = detail::runtime_state::start(options);
    if (!state) return state.error();
    return runtime(std::move(state.value()));
}

runtime::runtime(runtime&&) noexcept = default;
runtime& runtime::operator=(runtime&&) noexcept = default;
runtime::~runtime() = default;

const runtime_info& runtime::info() const noexcept {
    return state_->info();
}

void runtime::spawn(task<void> work) {
    state_->spawn(std::move(work));
}

}  // namespace kmc
