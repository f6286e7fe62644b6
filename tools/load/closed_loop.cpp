#include "load/closed_loop.hpp"

#include <algorithm>
#include <latch>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include <kmc/write_batch.hpp>

#include "base/rng.hpp"

namespace kmc::load {
namespace {

using clock = std::chrono::steady_clock;

// Moments that all callers know from the start, so that nobody has to tell them.
struct schedule {
    clock::time_point from;
    clock::time_point until;
};

class caller {
public:
    caller(const client& mc, const data_set& data, const plan& p, const schedule& when,
           std::uint64_t seed)
        : mc_(mc), data_(data), plan_(p), when_(when), random_(seed) {
        picked_.resize(p.batch);
        keys_.resize(p.batch);
    }

    [[nodiscard]] const figures& seen() const noexcept { return seen_; }

    task<void> run(std::latch& done) {
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
        done.count_down();
    }

private:
    task<void> gets() {
        for (clock::time_point begin = clock::now(); begin < when_.until;) {
            const std::size_t i = pick();
            const auto r = co_await mc_.get(data_.key(i));
            if (!r) {
                ++now_.errors;
            } else if (!r.assume_value()) {
                ++now_.misses;
            } else {
                check(i, r.assume_value()->bytes());
            }
            begin = note(begin, 1);
        }
    }

    task<void> get_manys() {
        many_reply reply;
        for (clock::time_point begin = clock::now(); begin < when_.until;) {
            pick_batch();
            co_await mc_.get_many(keys_, reply);
            for (std::size_t k = 0; k < keys_.size(); ++k) {
                const auto& r = reply[k];
                if (!r) {
                    ++now_.errors;
                } else if (!r.assume_value()) {
                    ++now_.misses;
                } else {
                    check(picked_[k], r.assume_value()->bytes());
                }
            }
            begin = note(begin, keys_.size());
        }
    }

    task<void> sets() {
        for (clock::time_point begin = clock::now(); begin < when_.until;) {
            const std::size_t i = pick();
            const auto r = co_await mc_.set(data_.key(i), data_.value(i));
            ++(r ? now_.hits : now_.errors);
            begin = note(begin, 1);
        }
    }

    task<void> set_manys() {
        write_batch writes;
        write_reply reply;
        for (clock::time_point begin = clock::now(); begin < when_.until;) {
            writes.clear();
            for (std::size_t k = 0; k < plan_.batch; ++k) {
                const std::size_t i = pick();
                writes.set(data_.key(i), borrow(data_.value(i)));
            }
            co_await mc_.write(writes, reply);
            const auto sum = reply.summary();
            now_.hits += sum.done;
            now_.errors += writes.size() - sum.done;
            begin = note(begin, plan_.batch);
        }
    }

    [[nodiscard]] std::size_t pick() noexcept { return random_.below(data_.size()); }
    void pick_batch() noexcept {
        for (std::size_t k = 0; k < keys_.size(); ++k) {
            picked_[k] = pick();
            keys_[k] = data_.key(picked_[k]);
        }
    }

    void check(std::size_t i, std::string_view value) noexcept {
        const std::string_view due = data_.value(i);
        const bool is_right = plan_.verify ? value == due : value.size() == due.size();
        ++(is_right ? now_.hits : now_.errors);
    }

    // A call has ended; the next one begins now.
    clock::time_point note(clock::time_point began, std::size_t keys) noexcept {
        const clock::time_point end = clock::now();
        if (end >= when_.from && end < when_.until) {
            ++seen_.calls;
            seen_.keys += keys;
            seen_.hits += now_.hits;
            seen_.misses += now_.misses;
            seen_.times.add(static_cast<std::uint64_t>((end - began).count()));
        }
        seen_.errors += now_.errors;  // whenever they were
        now_ = {};
        return end;
    }

    struct counts {
        std::uint64_t hits = 0;
        std::uint64_t misses = 0;
        std::uint64_t errors = 0;
    };

    const client& mc_;
    const data_set& data_;
    const plan& plan_;
    const schedule& when_;
    detail::rng random_;
    std::vector<std::size_t> picked_;
    std::vector<std::string_view> keys_;
    counts now_;
    figures seen_;
};

void add(figures& to, const figures& more) {
    to.calls += more.calls;
    to.keys += more.keys;
    to.hits += more.hits;
    to.misses += more.misses;
    to.errors += more.errors;
    to.times.add(more.times);
}

}  // namespace

figures run_closed_loop(runtime& rt, const client& mc, const data_set& data, const plan& p) {
    const clock::time_point begin = clock::now();
    const auto ticks = [](std::chrono::duration<double> d) {
        return std::chrono::duration_cast<clock::duration>(d);
    };
    const schedule when{begin + ticks(p.warm_up), begin + ticks(p.warm_up + p.time)};
    std::latch done(static_cast<std::ptrdiff_t>(p.in_flight));
    std::vector<std::unique_ptr<caller>> callers;
    for (std::size_t i = 0; i < p.in_flight; ++i) {
        callers.push_back(std::make_unique<caller>(mc, data, p, when, p.seed + i));
        rt.spawn(callers.back()->run(done));
    }
    window spent;
    figures all;
    std::this_thread::sleep_until(when.from);
    spent.begin();
    const auto count = [&] { return p.counter == nullptr ? 0 : p.counter(); };
    const unsigned long long counted = count();
    std::this_thread::sleep_until(when.until);
    all.used = spent.end();
    all.counted = count() - counted;
    done.wait();
    for (const auto& c : callers) add(all, c->seen());
    return all;
}

}  // namespace kmc::load
