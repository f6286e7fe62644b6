#include "load/open_loop.hpp"

#include "load/caller.hpp"
#include "load/pacer.hpp"
#include "load/start_line.hpp"
#include "load/watch.hpp"
#include "loop/runtime_state.hpp"

namespace kmc::load {
namespace {

class open_pace {
public:
    open_pace(score& seen, detail::reactor& home, const start_queue& starts,
              const period& when) noexcept
        : line_(seen, home, starts, when), when_(when) {}

    [[nodiscard]] start_line& line() noexcept { return line_; }

    [[nodiscard]] bool goes_on(clock::time_point due) const noexcept {
        return due != start_line::none;
    }
    [[nodiscard]] auto first() noexcept { return line_.next(clock::now()); }
    [[nodiscard]] auto next(clock::time_point end) noexcept { return line_.next(end); }
    [[nodiscard]] bool has_time(clock::time_point due, clock::time_point) const noexcept {
        return when_.has(due);
    }

private:
    start_line line_;
    const period& when_;
};

}  // namespace

figures run_open_loop(runtime& rt, const client& mc, const data_set& data, const plan& p,
                      const open_plan& starts) {
    const auto reactors = detail::runtime_access::state_of(rt).reactors();
    const auto parts = static_cast<unsigned>(reactors.size());
    const clock::time_point begin = clock::now();
    period when(begin, p);
    stations<open_pace> all;
    std::vector<pacer::line> lines;
    for (unsigned i = 0; i < parts; ++i) {
        const arrivals due(starts.how, starts.per_second, begin, p.seed, i, parts);
        all.push_back(
            std::make_unique<station<open_pace>>(*reactors[i], start_queue(due, when), when));
        lines.push_back({&all.back()->pace.line(), due});
    }
    const auto done =
        std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(p.in_flight + parts));
    pacer rings(std::move(lines), when);
    const auto callers = start_callers(rt, mc, data, p, when, all, done);
    const auto scores = scores_of(all);
    figures seen = watch(p, when, scores);
    seen.pacing = rings.close();
    seen.used.take_off(seen.pacing);
    for (const auto& s : all) s->pace.line().close(done);
    done->wait();
    add_up(seen, scores);
    for (const auto& s : all) seen.not_begun += s->pace.line().count_left(seen.times);
    return seen;
}

}  // namespace kmc::load
