// One caller: makes the calls of a workload one after the other and checks their answers. When the
// next call begins, and whether its time counts, is its pace's to say: that is what tells loops
// apart.
//
// A pace has
//   bool goes_on(time)              whether a call with that start is still to be made
//   awaitable first(), next(end)    the start of the first call, and of the one after that end
//   bool has_time(begin, end)       whether the time of such a call is wanted

#pragma once

#include <latch>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <kmc/client.hpp>
#include <kmc/runtime.hpp>
#include <kmc/write_batch.hpp>

#include "base/rng.hpp"
#include "load/data_set.hpp"
#include "load/period.hpp"
#include "load/plan.hpp"
#include "load/score.hpp"
#include "loop/reactor.hpp"

namespace kmc::load {

// What the callers of one reactor share.
template <class Pace>
struct station {
    template <class... Args>
    explicit station(Args&&... args) : pace(seen, std::forward<Args>(args)...) {}

    score seen;
    Pace pace;
};

template <class Pace>
using stations = std::vector<std::unique_ptr<station<Pace>>>;  // by the reactor's index

template <class Pace>
class caller {
public:
    caller(const client& mc, const data_set& data, const plan& p, const period& when,
           const stations<Pace>& all, std::uint64_t seed)
        : mc_(mc), data_(data), plan_(p), when_(when), stations_(all), random_(seed) {
        picked_.resize(p.batch);
        keys_.resize(p.batch);
    }

    // The latch is shared because its last caller may still be inside count_down() when the thread
    // that waits goes on.
    task<void> run(std::shared_ptr<std::latch> done) {
        at_ = stations_[detail::reactor::current()->index()].get();
        switch (plan_.what) {
            case workload::get:
                co_await gets();
                break;
            case workload::get_many:
                co_await get_manys();
                break;
            case workload::set:
                co_await sets();
                break;
            case workload::set_many:
                co_await set_manys();
                break;
        }
        done->count_down();
    }

private:
    task<void> gets() {
        clock::time_point begin = co_await pace().first();
        while (pace().goes_on(begin)) {
            const std::size_t i = pick();
            const auto r = co_await mc_.get(data_.key(i), {.group = plan_.group});
            look_at(i, r);
            begin = co_await pace().next(note(begin, 1));
        }
    }

    task<void> get_manys() {
        many_reply reply;
        clock::time_point begin = co_await pace().first();
        while (pace().goes_on(begin)) {
            pick_batch();
            co_await mc_.get_many(keys_, reply, {.group = plan_.group});
            for (std::size_t k = 0; k < keys_.size(); ++k) look_at(picked_[k], reply[k]);
            begin = co_await pace().next(note(begin, keys_.size()));
        }
    }

    task<void> sets() {
        clock::time_point begin = co_await pace().first();
        while (pace().goes_on(begin)) {
            const std::size_t i = pick();
            const auto r = co_await mc_.set(data_.key(i), data_.value(i),
                                            {.ttl = plan_.ttl, .group = plan_.group});
            if (r) {
                ++now_.hits;
            } else {
                fail(r.error());
            }
            begin = co_await pace().next(note(begin, 1));
        }
    }

    task<void> set_manys() {
        write_batch writes;
        write_reply reply;
        clock::time_point begin = co_await pace().first();
        while (pace().goes_on(begin)) {
            pick_batch();
            writes.clear();
            for (std::size_t k = 0; k < keys_.size(); ++k) {
                writes.set(keys_[k], borrow(data_.value(picked_[k])), {.ttl = plan_.ttl});
            }
            co_await mc_.write(writes, reply, {.group = plan_.group});
            const auto sum = reply.summary();
            now_.hits += sum.done;
            now_.misses += sum.absent + sum.exists;
            if (sum.errors != 0) {
                for (const auto& r : reply) {
                    if (!r) fail(r.error());
                }
            }
            begin = co_await pace().next(note(begin, plan_.batch));
        }
    }

    [[nodiscard]] Pace& pace() noexcept { return at_->pace; }

    // Without a division, which would cost as much as a key's place on the ring.
    [[nodiscard]] std::size_t pick() noexcept {
        return static_cast<std::size_t>((random_.next() >> 32) * data_.size() >> 32);
    }
    void pick_batch() noexcept {
        for (std::size_t k = 0; k < keys_.size(); ++k) {
            picked_[k] = pick();
            keys_[k] = data_.key(picked_[k]);
        }
    }

    template <class Result>
    void look_at(std::size_t i, const Result& r) noexcept {
        if (!r) {
            fail(r.error());
        } else if (!r.assume_value()) {
            ++now_.misses;
        } else {
            check(i, r.assume_value()->bytes());
        }
    }

    void check(std::size_t i, std::string_view value) noexcept {
        const std::string_view due = data_.value(i);
        if (plan_.verify ? value == due : value.size() == due.size()) {
            ++now_.hits;
        } else {
            now_.has_errors = true;
            ++now_errors_.wrong_values;
        }
    }

    void fail(const error& why) noexcept {
        now_.has_errors = true;
        now_errors_.add(why);
    }

    // A call has ended: what it came to belongs where its end is. Returns the end.
    clock::time_point note(clock::time_point began, std::size_t keys) noexcept {
        const clock::time_point end = clock::now();
        score& seen = at_->seen;
        const bool is_in = when_.has(end);
        if (is_in) {
            seen.calls.add(1);
            seen.keys.add(keys);
            seen.hits += now_.hits;
            seen.misses += now_.misses;
        }
        if (pace().has_time(began, end)) {
            seen.times.add(static_cast<std::uint64_t>((end - began).count()));
        }
        if (now_.has_errors) {
            (is_in ? seen.errors : seen.errors_outside).add(now_errors_);
            now_errors_ = {};
        }
        now_ = {};
        return end;
    }

    struct counts {
        std::uint64_t hits = 0;
        std::uint64_t misses = 0;
        bool has_errors = false;
    };

    const client& mc_;
    const data_set& data_;
    const plan& plan_;
    const period& when_;
    const stations<Pace>& stations_;
    station<Pace>* at_ = nullptr;
    detail::rng random_;
    std::vector<std::size_t> picked_;
    std::vector<std::string_view> keys_;
    counts now_;
    failures now_errors_;  // only looked at where now_ has any
};

// Starts the plan's callers, in turn on the reactors.
template <class Pace>
[[nodiscard]] std::vector<std::unique_ptr<caller<Pace>>> start_callers(
    runtime& rt, const client& mc, const data_set& data, const plan& p, const period& when,
    const stations<Pace>& all, const std::shared_ptr<std::latch>& done) {
    std::vector<std::unique_ptr<caller<Pace>>> callers;
    callers.reserve(p.in_flight);
    for (std::size_t i = 0; i < p.in_flight; ++i) {
        callers.push_back(std::make_unique<caller<Pace>>(mc, data, p, when, all, p.seed + i));
        rt.spawn(callers.back()->run(done));
    }
    return callers;
}

template <class Pace>
[[nodiscard]] std::vector<const score*> scores_of(const stations<Pace>& all) {
    std::vector<const score*> scores;
    for (const auto& s : all) scores.push_back(&s->seen);
    return scores;
}

}  // namespace kmc::load
