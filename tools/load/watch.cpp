#include "load/watch.hpp"

#include <algorithm>
#include <thread>

namespace kmc::load {
namespace {

class onlooker {
public:
    onlooker(const plan& p, period& when, std::span<const score* const> scores)
        : plan_(p), when_(when), scores_(scores) {}

    // True if the load is to end now.
    bool wait(clock::time_point until) {
        if (plan_.wait) return plan_.wait(until);
        std::this_thread::sleep_until(until);
        return false;
    }

    void note(std::vector<progress>& timeline) {
        progress total{.seconds =
                           std::chrono::duration<double>(clock::now() - when_.from()).count()};
        for (const score* s : scores_) {
            total.calls += s->calls.read();
            total.keys += s->keys.read();
        }
        timeline.push_back({total.seconds, total.calls - last_.calls, total.keys - last_.keys});
        last_ = total;
    }

private:
    const plan& plan_;
    period& when_;
    std::span<const score* const> scores_;
    progress last_;
};

}  // namespace

figures watch(const plan& p, period& when, std::span<const score* const> scores) {
    figures all;
    onlooker looks(p, when, scores);
    const auto count = [&] { return p.counter == nullptr ? 0 : p.counter(); };
    if (looks.wait(when.from())) {
        when.end_at(clock::now());
        all.ended_early = true;
        return all;
    }
    const clock::duration tick = period::ticks(p.tick);
    window spent;
    spent.begin();
    const unsigned long long counted = count();
    for (clock::time_point next = when.from(); next < when.until();) {
        next = tick.count() > 0 ? std::min(next + tick, when.until()) : when.until();
        if (looks.wait(next)) {
            when.end_at(clock::now());
            all.ended_early = true;
        }
        if (tick.count() > 0) looks.note(all.timeline);
    }
    all.used = spent.end();
    all.counted = count() - counted;
    return all;
}

void add_up(figures& all, std::span<const score* const> scores) {
    for (const score* s : scores) {
        all.calls += s->calls.read();
        all.keys += s->keys.read();
        all.hits += s->hits;
        all.misses += s->misses;
        all.errors.add(s->errors);
        all.errors_outside.add(s->errors_outside);
        all.times.add(s->times);
        all.lateness.add(s->lateness);
    }
}

}  // namespace kmc::load
