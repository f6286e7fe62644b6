// Callers, reactors and the pacing thread together, without any server: no start is lost and none
// is made twice, whatever the threads do.

#include "load/start_line.hpp"

#include <chrono>
#include <memory>
#include <vector>

#include <kmc/runtime.hpp>

#include "load/pacer.hpp"
#include "loop/runtime_state.hpp"

using namespace std::chrono_literals;
using kmc::load::arrival;
using kmc::load::arrivals;
using steady = kmc::load::clock;
using kmc::load::histogram;
using kmc::load::pacer;
using kmc::load::period;
using kmc::load::plan;
using kmc::load::score;
using kmc::load::start_line;
using kmc::load::start_queue;

namespace {

// Each on its own reactor.
struct place {
    place(kmc::detail::reactor& home, const arrivals& starts, const period& when)
        : line(seen, home, start_queue(starts, when), when) {}

    score seen;
    start_line line;
    std::uint64_t taken = 0;
    std::uint64_t early = 0;
    std::uint64_t callers = 0;
};

using places = std::vector<std::unique_ptr<place>>;

kmc::task<void> take_starts(const places& all, std::shared_ptr<std::latch> done) {
    place& here = *all[kmc::detail::reactor::current()->index()];
    ++here.callers;
    for (;;) {
        const steady::time_point due = co_await here.line.next(steady::now());
        if (due == start_line::none) break;
        ++here.taken;
        here.early += steady::now() < due ? 1U : 0U;
    }
    done->count_down();
}

struct outcome {
    std::uint64_t taken = 0;
    std::uint64_t early = 0;
    std::uint64_t left = 0;
    std::uint64_t late = 0;  // starts of which it is known how late they were
};

enum class end : bool { in_time, at_once };

outcome run(unsigned threads, std::size_t callers, double per_second, steady::duration time,
            end ends) {
    kmc::runtime rt({.threads = threads, .backend = kmc::backend::epoll});
    const auto reactors = kmc::detail::runtime_access::state_of(rt).reactors();
    plan p;
    p.warm_up = 0s;
    p.time = time;
    const steady::time_point begin = steady::now();
    period when(begin, p);
    places all;
    std::vector<pacer::line> lines;
    for (unsigned i = 0; i < threads; ++i) {
        const arrivals starts(arrival::constant, per_second, begin, 1, i, threads);
        all.push_back(std::make_unique<place>(*reactors[i], starts, when));
        lines.push_back({&all.back()->line, starts});
    }
    const auto done = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(callers + threads));
    pacer rings(std::move(lines), when);
    for (std::size_t i = 0; i < callers; ++i) rt.spawn(take_starts(all, done));
    if (ends == end::at_once) when.end_at(begin);
    (void)rings.close();
    for (const auto& each : all) each->line.close(done);
    done->wait();
    outcome sum;
    for (const auto& each : all) {
        CHECK(each->callers == callers / threads);
        histogram times;
        sum.taken += each->taken;
        sum.early += each->early;
        sum.late += each->seen.lateness.count();
        sum.left += each->line.count_left(times);
        CHECK(times.count() <= sum.left);
    }
    return sum;
}

}  // namespace

TEST_CASE("every start is taken once or counted as left, and none before its time") {
    for (const unsigned threads : {1U, 2U}) {
        for (const std::size_t callers : {2UL, 50UL}) {
            INFO(threads << " threads, " << callers << " callers");
            const outcome came = run(threads, callers, 50'000, 100ms, end::in_time);
            CHECK(came.taken + came.left == 5000);
            CHECK(came.taken > 0);
            CHECK(came.late == came.taken);
            CHECK(came.early == 0);
        }
    }
}

TEST_CASE("callers that wait for a start that is far off go home when the end comes forward") {
    const steady::time_point begin = steady::now();
    const outcome came = run(2, 10, 0.001, 1h, end::at_once);
    CHECK(came.taken <= 1);
    CHECK(steady::now() - begin < 60s);
}
