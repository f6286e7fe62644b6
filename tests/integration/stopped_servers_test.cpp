// Servers that stand still, die, come back, or answer late: what that costs their own keys, how
// soon they serve again, and that it costs nobody else anything. Limits that are told here are the
// documented ones; what is checked leaves room for a machine that has other things to do.

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "chaos_proxy.hpp"
#include "nodes.hpp"
#include "session.hpp"
#include "support/seed.hpp"
#include "support/self_describing.hpp"
#include "waiting.hpp"

using namespace kmc::testing;
using namespace std::chrono_literals;
using kmc::errc;
using kmc::server_health;
using kmc::stage;

namespace {

// What a busy machine may add to a limit before the test fails.
constexpr auto slack = 2s;

const std::string& a_key_of(session& s, std::span<const std::string> keys, std::size_t server) {
    const auto found = std::ranges::find_if(
        keys, [&](const std::string& key) { return s.mc().locate(key) == server; });
    if (found == keys.end()) throw std::runtime_error("no key of that server");
    return *found;
}

// Counts events; reactors call it.
struct news {
    std::atomic<int> dead{0};
    std::atomic<int> back{0};

    [[nodiscard]] kmc::event_hook hook() {
        return {.tell =
                    [](void* self, const kmc::event& e) noexcept {
                        auto& n = *static_cast<news*>(self);
                        n.dead += e.kind == kmc::event_kind::server_dead;
                        n.back += e.kind == kmc::event_kind::server_back;
                    },
                .context = this};
    }
};

// Callers that read their keys one by one until told to stop.
struct load {
    std::atomic<bool> is_over{false};
    std::atomic<std::uint64_t> hits{0};
    std::atomic<std::uint64_t> misses{0};
    std::atomic<std::uint64_t> wrong{0};
    std::atomic<std::uint64_t> errors{0};
    std::mutex lock;
    std::set<std::string> kinds;  // of errors
};

kmc::task<void> read_in_turn(kmc::client& mc, std::span<const std::string> keys, std::size_t from,
                             kmc::duration deadline, load& l) {
    for (std::size_t i = from; !l.is_over; ++i) {
        const std::string& key = keys[i % keys.size()];
        const auto got = co_await mc.get(key, {.deadline = deadline});
        if (!got) {
            ++l.errors;
            const std::scoped_lock held(l.lock);
            l.kinds.insert(mc.describe(got.error()));
        } else if (!got.value()) {
            ++l.misses;
        } else {
            ++(version_of(key, got.value()->bytes()) == 1 ? l.hits : l.wrong);
        }
    }
}

std::string all_of(const load& l) {
    std::string text;
    for (const std::string& kind : l.kinds) text += kind + "; ";
    return text;
}

// `callers` of them on the session's runtime while `nemesis` runs on this thread.
template <class Nemesis>
void under_load(session& s, std::span<const std::string> keys, std::size_t callers,
                kmc::duration deadline, load& l, Nemesis nemesis) {
    std::thread crowd([&] {
        run_all(s.rt(), callers,
                [&](std::size_t i) { return read_in_turn(s.mc(), keys, i * 7, deadline, l); });
    });
    nemesis();
    l.is_over = true;
    crowd.join();
}

}  // namespace

TEST_CASE(
    "one of ten servers stopped: a batch of 1,000 keys ends by its deadline without its keys") {
    if (control_is_missing()) return;
    constexpr auto deadline = 300ms;
    constexpr std::size_t stopped = 3;
    cluster ten({1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
    session s(ten.servers());
    const auto keys = make_keys("ten", 1000);
    s.write_all(keys, 1, 200);

    ten[stopped].pause();
    const stopwatch since;
    const auto reply = s.get_many(keys, {.deadline = deadline});
    const double took = since.milliseconds();
    ten[stopped].resume();

    std::printf("a batch over ten servers, one stopped, deadline 300 ms: %.1f ms\n", took);
    CHECK(since.elapsed() < deadline + slack);
    std::size_t failed = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        CAPTURE(keys[i]);
        if (s.mc().locate(keys[i]) == stopped) {
            ++failed;
            REQUIRE_FALSE(reply[i].has_value());
            REQUIRE(reply[i].error() == errc::timed_out);
            REQUIRE(reply[i].error().at == stage::sent);
            REQUIRE(reply[i].error().server == stopped);
        } else {
            REQUIRE(reply[i].has_value());
            REQUIRE(version_of(keys[i], reply[i].value().value().bytes()) == 1);
        }
    }
    CHECK(failed > 0);
    CHECK(reply.summary().errors == failed);
}

TEST_CASE("a server that stops and goes on at random gives nobody another key's value") {
    if (control_is_missing()) return;
    const std::uint64_t start = seed();
    INFO("KMC_SEED=" << start);
    std::minstd_rand dice(static_cast<std::minstd_rand::result_type>(start));
    cluster two({1, 1});
    kmc::client_options options = patient();
    options.health.remove_failed = 0;  // it is to be asked again and again
    options.stall_timeout = 60ms;      // shorter than some of the pauses, longer than others
    options.reconnect_min = 1ms;
    session s(two.servers(), options, 2);
    const auto keys = make_keys("random stop", 200);
    s.write_all(keys, 1, 300);

    load l;
    under_load(s, keys, 16, 20ms, l, [&] {
        const auto some_ms = [&](unsigned most) {
            return std::chrono::milliseconds(1 + dice() % most);
        };
        for (const stopwatch since; since.elapsed() < 3s;) {
            two[0].pause();
            pass_time(some_ms(100));
            two[0].resume();
            pass_time(some_ms(60));
        }
    });

    INFO(all_of(l));
    CHECK(l.wrong == 0);
    CHECK(l.misses == 0);
    CHECK(l.errors > 0);
    CHECK(l.hits > l.errors);
    REQUIRE(s.serves_again(a_key_of(s, keys, 0)));
    for (const std::string& key : keys) REQUIRE(version_of(key, s.read(key).value()) == 1);
    REQUIRE(comes_true([&] { return s.mc().counters(0).orphans == 0; }));
    CHECK(s.mc().counters(0).in_flight == 0);
    CHECK(s.mc().counters(0).timed_out > 0);
}

TEST_CASE("after a restart the first answer comes within the rest of a server and a moment") {
    if (control_is_missing()) return;
    constexpr auto rest = 300ms;
    const bool is_ejected = GENERATE(false, true);
    CAPTURE(is_ejected);
    cluster one({1});
    kmc::client_options options = patient();
    options.health = {.remove_failed = is_ejected ? 1U : 0U,
                      .retry_timeout = rest,
                      .dead_timeout = rest,
                      .dead_timeout_max = rest,
                      .max_ejected = 1.0};
    session s(one.servers(), options);
    s.write("k", "v");

    double worst = 0;
    for (int round = 0; round < 5; ++round) {
        const auto lost = s.mc().counters(0).connections;
        one[0].kill();
        REQUIRE(comes_true([&] { return !s.get("k").has_value(); }));
        REQUIRE(lost == 1);
        if (is_ejected) {
            REQUIRE(comes_true([&] {
                static_cast<void>(s.get("k"));
                const auto health = s.mc().counters(0).health;
                return health == server_health::dead || health == server_health::probing;
            }));
        }
        one[0].restart();
        const stopwatch since;
        REQUIRE(s.serves_again("k"));
        const auto took = since.elapsed();
        worst = std::max(worst, std::chrono::duration<double, std::milli>(took).count());
        // A probe waits up to a tenth longer than dead_timeout says.
        CHECK(took < rest * 11 / 10 + slack);
    }
    std::printf("restart to first answer, %s of 300 ms: at most %.1f ms\n",
                is_ejected ? "probes each up to 330 ms instead" : "retry_timeout", worst);
}

TEST_CASE("while every server is down each is dialled once per rest, and keys fail at once") {
    if (control_is_missing()) return;
    constexpr auto rest = 100ms;
    const std::vector<refusing_port> none(3);
    kmc::client_options options = patient();
    options.health = {.remove_failed = 0, .retry_timeout = rest};
    session s(none[0].text() + "," + none[1].text() + "," + none[2].text(), options);
    const auto keys = make_keys("all down", 300);

    const stopwatch since;
    std::size_t batches = 0;
    std::vector<double> took;
    while (since.elapsed() < 2s) {
        const stopwatch one;
        const auto reply = s.get_many(keys);
        took.push_back(one.milliseconds());
        ++batches;
        REQUIRE(reply.summary().errors == keys.size());
        for (const auto& r : reply) {
            REQUIRE(r.error() == errc::connect_failed);
            REQUIRE(r.error().at == stage::not_sent);
        }
    }
    const auto time = since.elapsed();

    // A rest may be a tenth shorter than it says.
    const auto most = static_cast<std::uint64_t>(time / (rest * 9 / 10)) + 1;
    for (std::size_t server = 0; server < none.size(); ++server) {
        const auto dials = s.mc().counters(server).dials;
        CAPTURE(server, dials, most, batches);
        CHECK(dials <= most);
        CHECK(dials >= 2);
    }
    std::ranges::sort(took);
    std::printf("all servers down: %zu batches in 2 s, half of them within %.3f ms, %llu dials\n",
                batches, took[took.size() / 2],
                static_cast<unsigned long long>(s.mc().counters(0).dials));
    CHECK(took[took.size() / 2] < 50);
    CHECK(batches > most);
}

TEST_CASE("a server that comes and goes costs the keys of the others nothing") {
    if (control_is_missing()) return;
    constexpr std::size_t flapping = 1;
    constexpr auto dead_timeout = 300ms;
    const kmc::on_dead policy = GENERATE(kmc::on_dead::fail_fast, kmc::on_dead::next_server);
    CAPTURE(to_text(policy));
    cluster four({1, 1, 1, 1});
    news heard;
    kmc::client_options options = patient();
    options.health = {.remove_failed = 1,
                      .retry_timeout = 50ms,
                      .dead_timeout = dead_timeout,
                      .dead_timeout_max = dead_timeout,
                      .on_dead = policy,
                      .max_ejected = 1.0};
    options.on_event = heard.hook();
    session s(four.servers(), options, 2);
    const auto keys = make_keys("flapping", 400);
    s.write_all(keys, 1, 100);
    std::vector<std::string> of_others;
    std::vector<std::string> of_flapping;
    for (const std::string& key : keys) {
        (s.mc().locate(key) == flapping ? of_flapping : of_others).push_back(key);
    }

    load others;
    load its_own;
    double seconds = 0;
    under_load(s, of_others, 8, 5s, others, [&] {
        under_load(s, of_flapping, 4, 5s, its_own, [&] {
            const stopwatch since;
            while (since.elapsed() < 3s) {
                four[flapping].kill();
                pass_time(200ms);
                four[flapping].restart();
                pass_time(200ms);
            }
            seconds = since.milliseconds() / 1000;
        });
    });

    INFO(all_of(others));
    CHECK(others.errors == 0);
    CHECK(others.misses == 0);
    CHECK(others.wrong == 0);
    CHECK(others.hits > 1000);
    CHECK(its_own.wrong == 0);
    CHECK(heard.dead > 0);
    // Out and in again are the two changes of a ring, at most once each per dead_timeout.
    const int most =
        static_cast<int>(seconds / std::chrono::duration<double>(dead_timeout).count());
    CHECK(heard.dead <= most + 1);
    std::printf(
        "a flapping server, %s: %d times dead in %.1f s; others: %llu reads, 0 errors; "
        "its own keys: %llu hits, %llu misses, %llu errors\n",
        std::string(to_text(policy)).c_str(), heard.dead.load(), seconds,
        static_cast<unsigned long long>(others.hits), static_cast<unsigned long long>(its_own.hits),
        static_cast<unsigned long long>(its_own.misses),
        static_cast<unsigned long long>(its_own.errors));
    REQUIRE(s.serves_again(of_flapping[0]));
}
