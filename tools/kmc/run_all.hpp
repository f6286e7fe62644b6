// Many calls at once, for a thread that has nothing else to do: starts a task per index and waits
// for the end of all. No limit on how many; a command line is short.

#pragma once

#include <cstddef>
#include <latch>
#include <memory>
#include <utility>

#include <kmc/runtime.hpp>
#include <kmc/task.hpp>

namespace kmc::cli {

// The latch is shared because the last task may still be inside count_down() when the waiting
// thread goes on.
inline task<void> run_and_count(task<void> work, std::shared_ptr<std::latch> open) {
    co_await std::move(work);
    open->count_down();
}

// @param work  called with 0 .. count-1 on this thread; makes a task<void>.
template <class Work>
void run_all(runtime& rt, std::size_t count, Work work) {
    const auto open = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(count));
    for (std::size_t i = 0; i < count; ++i) rt.spawn(run_and_count(work(i), open));
    open->wait();
}

}  // namespace kmc::cli
