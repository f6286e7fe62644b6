// What runs out: room in a server, descriptors, memory. Each ends in a typed error of the calls
// that met it, and nothing else suffers.

#include <catch2/catch.hpp>

#include <sys/mman.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <map>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include <kmc/detail/block_pool.hpp>

#include "nodes.hpp"
#include "own_process.hpp"
#include "session.hpp"
#include "support/alloc_counter.hpp"
#include "support/self_describing.hpp"
#include "waiting.hpp"

using namespace kmc::testing;
using namespace std::chrono_literals;
using kmc::errc;
using kmc::stage;

namespace {

constexpr std::uint32_t status_too_large = 0x03;
constexpr std::uint32_t status_no_memory = 0x82;

kmc::task<kmc::write_reply> write_in(kmc::client& mc, const kmc::write_batch& batch) {
    co_return co_await mc.write(batch);
}

double cpu_milliseconds() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
}

// Existing connections and no descriptor for another one.
std::string starve_of_descriptors() {
    complaints c;
    const memcached_node known;
    const memcached_node stranger;
    session s(known.text() + "," + stranger.text());
    const auto keys = make_keys("starved", 100);
    std::vector<std::string> of_known;
    std::string of_stranger;
    for (const std::string& key : keys) {
        if (s.mc().locate(key) == 0)
            of_known.push_back(key);
        else
            of_stranger = key;
    }
    s.write_all(of_known, 1, 100);

    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit starving{.rlim_cur = 3, .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &starving);

    const auto refused = s.get(of_stranger, {.deadline = 500ms});
    c.unless(!refused.has_value(), "a call without a descriptor was answered");
    if (!refused) {
        c.unless(refused.error() == errc::overloaded, s.mc().describe(refused.error()));
        c.unless(refused.error().at == stage::not_sent, "it claims to have been sent");
    }
    const double cpu = cpu_milliseconds();
    const stopwatch since;
    for (int i = 0; i < 5; ++i) {
        for (const std::string& key : of_known) {
            c.unless(version_of(key, s.read(key).value_or("")) == 1, "not the value of " + key);
        }
    }
    pass_time(500ms);
    const double busy = (cpu_milliseconds() - cpu) / since.milliseconds();
    c.unless(busy < 0.9, "the reactor is busy while it can do nothing: " + std::to_string(busy));
    const auto health = s.mc().counters(1);
    c.unless(health.hard_failures == 0, "a lack of our own was blamed on the server");

    ::setrlimit(RLIMIT_NOFILE, &before);
    c.unless(s.serves_again(of_stranger), "it does not serve again");
    return c.text();
}

// ---- memory -----------------------------------------------------------------------------------

constexpr std::size_t landing_bytes = 40'000;  // has a block of its own

// Made before any allocation is refused.
const std::string& small_value() {
    static const std::string value = make_value("small", 1, 100);
    return value;
}
const std::string& large_value() {
    static const std::string value = make_value("large", 1, landing_bytes);
    return value;
}

// What a call says: "right", "wrong", or the reason in words.
kmc::task<std::string> get_small(kmc::client& mc) {
    const auto got = co_await mc.get("small");
    if (!got) co_return std::string(to_text(got.error().code));
    co_return got.value() && got.value()->bytes() == small_value() ? "right" : "wrong";
}
kmc::task<std::string> get_large(kmc::client& mc) {
    const auto got = co_await mc.get("large");
    if (!got) co_return std::string(to_text(got.error().code));
    co_return got.value() && got.value()->bytes() == large_value() ? "right" : "wrong";
}
kmc::task<std::string> set_small(kmc::client& mc) {
    const auto stored = co_await mc.set("other", "value");
    co_return stored ? "right" : std::string(to_text(stored.error().code));
}
kmc::task<std::string> set_large(kmc::client& mc) {
    const auto stored = co_await mc.set("other", large_value());
    co_return stored ? "right" : std::string(to_text(stored.error().code));
}
kmc::task<std::string> get_statistics(kmc::client& mc) {
    const auto told = co_await mc.stats(0);
    co_return told ? "right" : std::string(to_text(told.error().code));
}
const std::vector<std::string_view>& views_of_a_batch() {
    static const auto keys = make_keys("batch", 300);
    static const auto views = [] {
        auto all = views_of(keys);
        all.push_back("large");
        return all;
    }();
    return views;
}
kmc::task<std::string> get_a_batch(kmc::client& mc) {
    const std::vector<std::string_view>& views = views_of_a_batch();
    const auto reply = co_await mc.get_many(views);
    for (std::size_t i = 0; i + 1 < views.size(); ++i) {
        if (!reply[i]) co_return std::string(to_text(reply[i].error().code));
        if (reply[i].value()) co_return "wrong";  // nobody stored it
    }
    const auto& large = reply[views.size() - 1];
    if (!large) co_return std::string(to_text(large.error().code));
    co_return large.value() && large.value()->bytes() == large_value() ? "right" : "wrong";
}

struct kind_of_call {
    const char* name;
    kmc::task<std::string> (*call)(kmc::client&);
};
constexpr kind_of_call kinds_of_calls[] = {
    {"get", &get_small},        {"get of a large value", &get_large},
    {"set", &set_small},        {"set of a large value", &set_large},
    {"stats", &get_statistics}, {"get_many", &get_a_batch},
};

// The kth allocation of the reactor's thread fails while the call is under way. Buffers have to be
// allocated for it: none that an earlier connection left is used again.
kmc::task<void> without_memory(kmc::client& mc, const kind_of_call& what, std::uint64_t k,
                               std::string& outcome, bool& happened) {
    kmc::detail::drop_blocks();
    const alloc_failure failure(k);
    try {
        outcome = co_await what.call(mc);
    } catch (const std::bad_alloc&) {
        outcome = "bad_alloc";
    }
    happened = failure.happened();
}

// In a process of its own, since some failures end it. `at` is where it has come to.
std::string fail_every_allocation(const kind_of_call& what, bool is_connected,
                                  volatile std::uint64_t& at) {
    complaints c;
    const memcached_node node;
    {
        session writer(node.text());
        writer.write("small", small_value());
        writer.write("large", large_value());
    }
    static_cast<void>(views_of_a_batch());
    std::map<std::string, int> outcomes;
    kmc::runtime rt = open_runtime();
    std::optional<kmc::client> mc;
    bool happened = true;
    std::uint64_t k = 0;
    while (happened) {
        at = ++k;
        if (!mc || !is_connected) mc = kmc::client::open(rt, node.text(), patient()).value();
        std::string outcome;
        if (is_connected) outcome = rt.block_on(what.call(*mc));
        rt.block_on(without_memory(*mc, what, k, outcome, happened));
        ++outcomes[outcome];
        const bool is_told = outcome == "bad_alloc" || outcome == to_text(errc::overloaded) ||
                             outcome == to_text(errc::connection_lost);
        c.unless(is_told || outcome == "right",
                 std::string(what.name) + ", allocation " + std::to_string(k) + ": " + outcome);
        // The next one finds everything in order, as soon as there is a connection.
        const bool is_served = comes_true([&] { return rt.block_on(get_small(*mc)) == "right"; });
        c.unless(is_served, "allocation " + std::to_string(k) + " stays refused");
        const auto counted = mc->counters(0);
        c.unless(counted.in_flight == 0 && counted.orphans == 0, "something is left under way");
        c.unless(counted.hard_failures + counted.soft_failures == 0, "the server was blamed");
    }
    std::printf("%-21s %-9s %3llu allocations refused:", what.name,
                is_connected ? "connected" : "new", static_cast<unsigned long long>(k - 1));
    for (const auto& [outcome, count] : outcomes) std::printf(" %d x %s;", count, outcome.c_str());
    std::printf("\n");
    std::fflush(stdout);
    return c.text();
}

}  // namespace

TEST_CASE("of a quiet batch exactly the values that are too large for the server are refused") {
    if (control_is_missing()) return;
    const kmc::ack ack = GENERATE(kmc::ack::failures, kmc::ack::all);
    const memcached_node small({"-I", "1m"});
    kmc::client_options options = patient();
    options.item_size_max = 4 << 20;  // kmc believes in more
    session s(small.text(), options);
    const auto keys = make_keys("too large", 60);
    s.write_all(keys, 1, 100);

    kmc::write_batch batch;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        batch.set(keys[i], make_value(keys[i], 2, i % 7 == 3 ? 1'200'000 : 1'000));
    }
    const auto write = [](kmc::client& mc, const kmc::write_batch& b,
                          kmc::ack a) -> kmc::task<kmc::write_reply> {
        co_return co_await mc.write(b, {.ack = a});
    };
    const auto reply = s.rt().block_on(write(s.mc(), batch, ack));

    for (std::size_t i = 0; i < keys.size(); ++i) {
        CAPTURE(i);
        if (i % 7 == 3) {
            REQUIRE_FALSE(reply[i].has_value());
            CHECK(reply[i].error() == errc::too_large);
            CHECK(reply[i].error().at == stage::answered);
            CHECK(reply[i].error().status == status_too_large);
            CHECK(s.read(keys[i]) == std::nullopt);  // the server took the old value away
        } else {
            if (!reply[i]) FAIL(s.mc().describe(reply[i].error()));
            CHECK(version_of(keys[i], s.read(keys[i]).value()) == 2);
        }
    }
}

TEST_CASE("a full server refuses some values of a quiet batch, and those are not there") {
    if (control_is_missing()) return;
    const memcached_node full({"-M", "-m", "8"});
    session s(full.text());
    const auto keys = make_keys("no room", 400);

    kmc::write_batch batch;
    for (const std::string& key : keys) batch.set(key, make_value(key, 1, 60'000));
    const auto reply = s.rt().block_on(write_in(s.mc(), batch));

    std::size_t refused = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        CAPTURE(i);
        const auto now = s.read(keys[i]);
        if (reply[i]) {
            REQUIRE(now.has_value());
            REQUIRE(version_of(keys[i], *now) == 1);
            continue;
        }
        ++refused;
        REQUIRE(reply[i].error() == errc::server_error);
        REQUIRE(reply[i].error().status == status_no_memory);
        REQUIRE(reply[i].error().at == stage::answered);
        REQUIRE(now == std::nullopt);
    }
    CHECK(refused > 0);
    CHECK(refused < keys.size());
    CHECK(s.mc().counters(0).connections == 1);
}

TEST_CASE("without descriptors new connections are refused, and those there are go on") {
    if (control_is_missing()) return;
    CHECK(in_own_process(&starve_of_descriptors) == "");
}

TEST_CASE("an allocation that fails is an error of one call, whichever it is") {
    if (control_is_missing()) return;
    if (!alloc_counter::available()) {
        WARN("SKIPPED: sanitizers own the allocator");
        return;
    }
    const bool is_connected = GENERATE(true, false);
    void* const shared = ::mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(shared != MAP_FAILED);
    volatile std::uint64_t& at = *static_cast<volatile std::uint64_t*>(shared);
    for (const kind_of_call& what : kinds_of_calls) {
        CAPTURE(what.name, is_connected);
        std::string said;
        try {
            said = in_own_process([&] { return fail_every_allocation(what, is_connected, at); });
        } catch (const std::exception& e) {
            said = e.what();
        }
        const std::uint64_t came_to = at;
        CAPTURE(came_to);
        CHECK(said == "");
    }
    ::munmap(shared, sizeof(std::uint64_t));
}
