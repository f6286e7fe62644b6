#include "load/closed_loop.hpp"

#include <coroutine>

#include "load/caller.hpp"
#include "load/watch.hpp"

namespace kmc::load {
namespace {

// The next call begins where the last one ended: nobody is ever suspended here.
class closed_pace {
public:
    class now {
    public:
        explicit now(clock::time_point moment) noexcept : moment_(moment) {}
        [[nodiscard]] bool await_ready() const noexcept { return true; }
        void await_suspend(std::coroutine_handle<>) const noexcept {}
        [[nodiscard]] clock::time_point await_resume() const noexcept { return moment_; }

    private:
        clock::time_point moment_;
    };

    closed_pace(score&, const period& when) noexcept : when_(when) {}

    [[nodiscard]] bool goes_on(clock::time_point begin) const noexcept {
        return begin < when_.until();
    }
    [[nodiscard]] now first() const noexcept { return now(clock::now()); }
    [[nodiscard]] now next(clock::time_point end) const noexcept { return now(end); }
    [[nodiscard]] bool has_time(clock::time_point, clock::time_point end) const noexcept {
        return when_.has(end);
    }

private:
    const period& when_;
};

}  // namespace

figures run_closed_loop(runtime& rt, const client& mc, const data_set& data, const plan& p) {
    period when(clock::now(), p);
    stations<closed_pace> all;
    for (unsigned i = 0; i < rt.info().threads; ++i) {
        all.push_back(std::make_unique<station<closed_pace>>(when));
    }
    const auto done = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(p.in_flight));
    const auto callers = start_callers(rt, mc, data, p, when, all, done);
    const auto scores = scores_of(all);
    figures seen = watch(p, when, scores);
    done->wait();
    add_up(seen, scores);
    return seen;
}

}  // namespace kmc::load
