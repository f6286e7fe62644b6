// What is behind an embedded_runtime: a reactor bound to the thread of another loop, the root tasks
// on it, and the one descriptor by which that loop knows it.

#pragma once

#include <memory>

#include <kmc/embedded.hpp>
#include <kmc/options.hpp>
#include <kmc/result.hpp>
#include <kmc/task.hpp>

#include "io/poll_set.hpp"
#include "loop/reactor.hpp"
#include "loop/root_task.hpp"

namespace kmc::detail {

class embedded_state {
public:
    [[nodiscard]] static config_result<std::unique_ptr<embedded_state>> start(
        const runtime_options& options);

    // Binds a reactor on `engine`, whose wait_fd() is given, to the calling thread.
    embedded_state(std::unique_ptr<io_engine> engine, int wait_fd, runtime_info info);
    embedded_state(const embedded_state&) = delete;
    embedded_state& operator=(const embedded_state&) = delete;
    ~embedded_state();

    [[nodiscard]] const runtime_info& info() const noexcept { return info_; }
    [[nodiscard]] int poll_fd() const noexcept { return poll_set_.fd(); }
    [[nodiscard]] reactor& loop() noexcept { return loop_; }

    result<void> drive();
    void spawn(task<void> work) { loop_.post(root_task::prepare(std::move(work), roots_)); }

private:
    runtime_info info_;
    poll_set poll_set_;
    root_list roots_;
    reactor loop_;
};

// Lets the client reach the reactor.
struct embedded_access {
    [[nodiscard]] static embedded_state& state_of(embedded_runtime& rt) noexcept {
        return *rt.state_;
    }
};

}  // namespace kmc::detail
