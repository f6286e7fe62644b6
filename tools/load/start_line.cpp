#include "load/start_line.hpp"

#include <utility>

namespace kmc::load {

start_line::next_start::next_start(start_line& line, clock::time_point now) noexcept
    : line_(line), now_(now) {}

bool start_line::next_start::await_ready() noexcept {
    return line_.settle(*this, now_);
}

void start_line::next_start::await_suspend(std::coroutine_handle<> caller) noexcept {
    caller_ = caller;
    run = [](detail::ready_node& node) noexcept {
        static_cast<next_start&>(node).caller_.resume();
    };
    // Who was busy last is begun with first: its memory is still warm.
    line_.free_.push_front(*this);
}

clock::time_point start_line::next_start::await_resume() noexcept {
    if (due_ == none) return none;
    if (caller_) now_ = clock::now();
    if (line_.when_.has(due_)) {
        line_.seen_.lateness.add(static_cast<std::uint64_t>((now_ - due_).count()));
    }
    return due_;
}

start_line::start_line(score& seen, detail::reactor& home, const start_queue& starts,
                       const period& when) noexcept
    : seen_(seen), home_(home), starts_(starts), when_(when) {
    bell_.line = last_bell_.line = this;
    bell_.open = [](detail::letter& l) noexcept {
        start_line& line = *static_cast<bell&>(l).line;
        // Before the clock is read: who finds the bell still ringing rang for a start that is due
        // by then.
        line.is_ringing_.exchange(false, std::memory_order_acq_rel);
        line.wake_callers();
    };
    last_bell_.open = [](detail::letter& l) noexcept {
        start_line& line = *static_cast<bell&>(l).line;
        line.wake_callers();
        // The line may be gone once it is counted down.
        const auto done = std::move(line.done_);
        done->count_down();
    };
}

bool start_line::settle(next_start& caller, clock::time_point now) noexcept {
    if (const auto due = starts_.take(now)) {
        caller.due_ = *due;
        return true;
    }
    return starts_.is_over(now);
}

void start_line::wake_callers() noexcept {
    const clock::time_point now = clock::now();
    while (!free_.empty() && settle(static_cast<next_start&>(free_.front()), now)) {
        home_.make_ready(free_.pop_front());
    }
}

void start_line::ring() noexcept {
    if (!is_ringing_.exchange(true, std::memory_order_acq_rel)) home_.post(bell_);
}

void start_line::close(std::shared_ptr<std::latch> done) noexcept {
    done_ = std::move(done);
    home_.post(last_bell_);
}

std::uint64_t start_line::count_left(histogram& times) noexcept {
    std::uint64_t left = 0;
    starts_.leave([&](clock::time_point due) {
        if (!when_.has(due)) return;
        times.add(static_cast<std::uint64_t>((when_.until() - due).count()));
        ++left;
    });
    return left;
}

}  // namespace kmc::load
