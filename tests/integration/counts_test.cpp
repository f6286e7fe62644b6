// What each of the workloads that kmc is compared by takes from the kernel and from the heap, per
// call, once everything is warm: operations started, system calls, allocations. Times depend on the
// machine, counts hardly do; a change that costs one more of anything shows here.
//
// How many pieces an answer comes in, and how many answers are there at a wake-up, is the servers'
// to say and the scheduler's. So these are averages over many calls, and the ceilings leave room
// for servers that are held up, or answer one request at a time; what does not depend on
// anybody else is exact. KMC_WRITE_COUNTS=1 prints the counts as a table.

#include <catch2/catch.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loop/reactor.hpp"
#include "nodes.hpp"
#include "session.hpp"
#include "support/alloc_counter.hpp"

using namespace kmc::testing;
using kmc::detail::engine_counters;
using kmc::detail::reactor;

namespace {

struct counts {
    double enters = 0;
    double syscalls = 0;
    double sends = 0;
    double receives = 0;
    double timers = 0;
    double allocations = 0;
};

// The calls that are counted lie between two moments, whoever of the callers makes them. On the
// reactor's thread only.
class window {
public:
    window(std::size_t warm_up, std::size_t counted) : warm_up_(warm_up), counted_(counted) {}

    [[nodiscard]] bool goes_on() const noexcept { return done_ < warm_up_ + counted_; }

    void note(bool is_right) {
        wrong_ += !is_right;
        ++done_;
        if (done_ == warm_up_) {
            before_ = reactor::current()->engine().counters();
            allocations_.emplace();
        }
        if (done_ == warm_up_ + counted_) {
            after_ = reactor::current()->engine().counters();
            allocated_ = allocations_->calls();
        }
    }

    [[nodiscard]] std::size_t wrong() const noexcept { return wrong_; }
    [[nodiscard]] counts per_call() const noexcept {
        return {.enters = each(after_.enters - before_.enters),
                .syscalls = each(after_.syscalls - before_.syscalls),
                .sends = each(after_.sends - before_.sends),
                .receives = each(after_.receives - before_.receives),
                .timers = each(after_.timers - before_.timers),
                .allocations = each(allocated_)};
    }

private:
    [[nodiscard]] double each(std::uint64_t all) const noexcept {
        return static_cast<double>(all) / static_cast<double>(counted_);
    }

    std::size_t warm_up_;
    std::size_t counted_;
    std::size_t done_ = 0;
    std::size_t wrong_ = 0;
    engine_counters before_;
    engine_counters after_;
    std::optional<alloc_counter> allocations_;
    std::uint64_t allocated_ = 0;
};

// What the callers of a test share.
struct world {
    kmc::client& mc;
    std::vector<std::string_view> keys;
    std::string value;
    window& seen;
};

kmc::task<void> gets(world& w, std::size_t first) {
    for (std::size_t i = first; w.seen.goes_on(); ++i) {
        const auto got = co_await w.mc.get(w.keys[i % w.keys.size()]);
        w.seen.note(got && got.value() && got.value()->bytes().size() == w.value.size());
    }
}

kmc::task<void> batches_of_gets(world& w) {
    kmc::many_reply reply;
    while (w.seen.goes_on()) {
        co_await w.mc.get_many(w.keys, reply);
        w.seen.note(reply.summary().hits == w.keys.size());
    }
}

kmc::task<void> batches_of_sets(world& w) {
    kmc::write_batch batch;
    kmc::write_reply reply;
    while (w.seen.goes_on()) {
        batch.clear();
        for (const std::string_view key : w.keys) batch.set(key, kmc::borrow(w.value));
        co_await w.mc.write(batch, reply);
        w.seen.note(reply.summary().done == w.keys.size());
    }
}

enum class kind : std::uint8_t { get, get_many, set_many };

struct ceilings {
    double enters;
    double syscalls;
    double sends;
    double receives;
    double timers;
};

struct workload {
    const char* name;
    kind what;
    std::size_t servers;
    std::size_t keys;
    std::size_t in_flight;
    std::size_t value_bytes;
    std::size_t counted;
    double allocations;
    ceilings io_uring;
    ceilings epoll;
};

const workload workloads[] = {
    {"one get at a time",
     kind::get,
     1,
     64,
     1,
     100,
     4'000,
     0,
     {1.1, 1.1, 1, 1.1, 0.02},
     {1.2, 3.3, 1, 1.1, 0.02}},
    {"64 gets in flight",
     kind::get,
     1,
     64,
     64,
     100,
     40'000,
     0,
     {0.1, 0.1, 0.1, 0.1, 0.01},
     {0.1, 0.3, 0.1, 0.1, 0.01}},
    {"a get_many of 100, 3 servers",
     kind::get_many,
     3,
     100,
     1,
     100,
     2'000,
     0,
     {1.5, 1.5, 3, 4.5, 1.2},
     {8, 19, 3, 8, 0.02}},
    {"a get_many of 1000, 8 servers",
     kind::get_many,
     8,
     1'000,
     1,
     100,
     500,
     0,
     {3, 3, 8, 17, 1.5},
     {16, 45, 8, 21, 0.05}},
    {"a write of 100, 3 servers",
     kind::set_many,
     3,
     100,
     1,
     100,
     2'000,
     0,
     {1.2, 1.2, 3, 3.3, 1.2},
     {3.2, 9.5, 3, 3.3, 0.02}},
    {"a get of 100 KiB",
     kind::get,
     1,
     16,
     1,
     100 * 1024,
     1'000,
     0,
     {2.5, 2.5, 1, 2.5, 0.02},
     {2.5, 6.5, 1, 2.5, 0.02}},
    {"a write of 4 values of 32 KiB",
     kind::set_many,
     1,
     4,
     1,
     32 * 1024,
     1'000,
     0,
     {5.3, 5.3, 1, 4.2, 0.02},
     {4.3, 10.5, 1, 4.2, 0.02}},
};

void count(const workload& load, session& s, const std::vector<std::string>& names, window& seen) {
    world w{.mc = s.mc(),
            .keys = views_of(names),
            .value = std::string(load.value_bytes, 'v'),
            .seen = seen};
    run_all(s.rt(), load.in_flight, [&](std::size_t i) {
        switch (load.what) {
            case kind::get:
                return gets(w, i);
            case kind::get_many:
                return batches_of_gets(w);
            case kind::set_many:
                break;
        }
        return batches_of_sets(w);
    });
}

}  // namespace

TEST_CASE("no workload makes more system calls, sends and receives, or takes more memory") {
    for (const workload& load : workloads) {
        const cluster servers = any_cluster(std::vector<unsigned>(load.servers, 1));
        session s(servers.servers());
        const auto names = make_keys("count", load.keys);
        s.write_all(names, 1, load.value_bytes);
        const ceilings& most = s.rt().info().backend == "io_uring" ? load.io_uring : load.epoll;

        window seen(load.counted / 2, load.counted);
        count(load, s, names, seen);

        const counts per_call = seen.per_call();
        INFO(load.name);
        CAPTURE(per_call.enters, per_call.syscalls, per_call.sends, per_call.receives,
                per_call.timers);
        CHECK(seen.wrong() == 0);
        CHECK(per_call.enters <= most.enters);
        CHECK(per_call.syscalls <= most.syscalls);
        CHECK(per_call.sends <= most.sends);
        CHECK(per_call.receives > 0);
        CHECK(per_call.receives <= most.receives);
        CHECK(per_call.timers <= most.timers);
        if (alloc_counter::available()) CHECK(per_call.allocations <= load.allocations);
        if (std::getenv("KMC_WRITE_COUNTS") != nullptr) {
            std::printf("| %s | %s | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f |\n", load.name,
                        s.rt().info().backend.c_str(), per_call.enters, per_call.syscalls,
                        per_call.sends, per_call.receives, per_call.timers, per_call.allocations);
        }
    }
}

namespace {

kmc::task<engine_counters> look_at_counters() {
    co_return reactor::current()->engine().counters();
}

}  // namespace

TEST_CASE("a batch from another thread does not wake its reactor for each server") {
    const cluster servers = any_cluster({1, 1, 1, 1, 1, 1, 1, 1});
    session s(servers.servers());
    if (s.rt().info().backend != "io_uring") {
        WARN("SKIPPED: epoll cannot wait for several answers");
        return;
    }
    const auto names = make_keys("elsewhere", 200);
    s.write_all(names, 1, 100);
    const auto keys = views_of(names);
    const kmc::sync_client blocking{s.mc()};
    constexpr int rounds = 500;
    const auto read_all = [&] {
        for (int i = 0; i < rounds; ++i) {
            REQUIRE(blocking.get_many(keys).summary().hits == keys.size());
        }
    };
    read_all();

    const engine_counters before = s.rt().block_on(look_at_counters());
    read_all();
    const engine_counters after = s.rt().block_on(look_at_counters());

    const double waits = static_cast<double>(after.enters - before.enters) / rounds;
    CAPTURE(waits);
    // One ends with the letter, one with the first answer, one with the last, and more where others
    // use the processors. One by one they would be nine.
    CHECK(waits < 8);
}
