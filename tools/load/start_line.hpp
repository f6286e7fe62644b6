// Where the callers of one reactor wait for the next start. Whoever is free takes the oldest start
// that is due; when none is, it lies down here until the bell rings. The bell may ring for nothing,
// and once for many starts.

#pragma once

#include <atomic>
#include <coroutine>
#include <latch>
#include <memory>

#include <kmc/detail/intrusive_list.hpp>
#include <kmc/detail/op_node.hpp>

#include "load/score.hpp"
#include "load/start_queue.hpp"
#include "loop/reactor.hpp"

namespace kmc::load {

class start_line {
public:
    // What next() returns when there is nothing more to begin.
    static constexpr clock::time_point none = clock::time_point::max();

    class next_start : private detail::ready_node {
    public:
        next_start(start_line& line, clock::time_point now) noexcept;
        [[nodiscard]] bool await_ready() noexcept;
        void await_suspend(std::coroutine_handle<> caller) noexcept;
        // When the call was due to begin, or none.
        [[nodiscard]] clock::time_point await_resume() noexcept;

    private:
        friend class start_line;

        start_line& line_;
        clock::time_point now_;
        clock::time_point due_ = none;
        std::coroutine_handle<> caller_;
    };

    // Constructed and destroyed on any thread, while no caller is here.
    start_line(score& seen, detail::reactor& home, const start_queue& starts,
               const period& when) noexcept;
    start_line(const start_line&) = delete;
    start_line& operator=(const start_line&) = delete;

    // ---- the reactor's thread

    // @param now  a moment that was just read.
    [[nodiscard]] next_start next(clock::time_point now) noexcept { return {*this, now}; }

    // ---- any one thread

    // A start is due.
    void ring() noexcept;
    // The last ring, when the measured time is over: everybody goes home. Counts down when the line
    // is used no more.
    void close(std::shared_ptr<std::latch> done) noexcept;

    // ---- when all that is over

    // Counts the starts that nobody took; their calls would have taken at least up to the end.
    [[nodiscard]] std::uint64_t count_left(histogram& times) noexcept;

private:
    // A letter knows its line without being one: there are two.
    struct bell : detail::letter {
        start_line* line = nullptr;
    };

    // Hands starts that are due to those who wait.
    void wake_callers() noexcept;
    // Whether there is something to say to a caller that is free now.
    [[nodiscard]] bool settle(next_start& caller, clock::time_point now) noexcept;

    score& seen_;
    detail::reactor& home_;
    start_queue starts_;
    const period& when_;
    detail::intrusive_list<detail::ready_node> free_;

    bell bell_;
    bell last_bell_;
    std::atomic<bool> is_ringing_{false};  // bell_ is on its way
    std::shared_ptr<std::latch> done_;
};

}  // namespace kmc::load
