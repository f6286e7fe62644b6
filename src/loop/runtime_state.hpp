// The threads of a runtime: starts one reactor on each, hands work to them, ends them in order.

#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include <kmc/options.hpp>
#include <kmc/result.hpp>
#include <kmc/runtime.hpp>
#include <kmc/task.hpp>

#include "loop/reactor.hpp"

namespace kmc::detail {

class runtime_state {
public:
    [[nodiscard]] static config_result<std::unique_ptr<runtime_state>> start(
        const runtime_options& options);

    runtime_state();
    runtime_state(const runtime_state&) = delete;
    runtime_state& operator=(const runtime_state&) = delete;
    ~runtime_state();

    [[nodiscard]] const runtime_info& info() const noexcept { return info_; }
    [[nodiscard]] std::vector<reactor*> reactors() const;
    void spawn(task<void> work);

private:
    class worker;

    runtime_info info_;
    std::vector<std::unique_ptr<worker>> workers_;
    std::atomic<unsigned> next_{0};
};

// Lets the client reach the reactors of a runtime.
struct runtime_access {
    [[nodiscard]] static runtime_state& state_of(runtime& rt) noexcept { return *rt.state_; }
};

}  // namespace kmc::detail
