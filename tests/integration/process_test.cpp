// What happens to the process that kmc runs in: its clock is set, it forks, its system calls fail.

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <string>

#include <kmc/sync_client.hpp>

#include "nodes.hpp"
#include "own_process.hpp"
#include "session.hpp"
#include "support/self_describing.hpp"
#include "waiting.hpp"

using namespace kmc::testing;
using namespace std::chrono_literals;
using kmc::errc;

namespace {

// Uses kmc in a child of a process that uses it; the child has threads of its own.
[[maybe_unused]] std::string work_on_both_sides_of_a_fork() {
    complaints c;
    const memcached_node node;
    session s(node.text());
    const auto keys = make_keys("fork", 100);
    s.write_all(keys, 1, 100);

    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(60);
        // A runtime and a client of its own. The parent's are not touched, and not destroyed.
        auto* const own = new session(node.text());
        bool is_right = true;
        for (const std::string& key : keys) {
            is_right = is_right && version_of(key, own->read(key).value_or("")) == 1;
        }
        delete own;
        ::_exit(is_right ? 0 : 1);
    }
    for (int i = 0; i < 20; ++i) {
        for (const std::string& key : keys) {
            c.unless(version_of(key, s.read(key).value_or("")) == 1, "not the value of " + key);
        }
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    c.unless(WIFEXITED(status) && WEXITSTATUS(status) == 0,
             "the child has status " + std::to_string(status));
    const auto counted = s.mc().counters(0);
    c.unless(counted.connections == 1 && counted.connections_lost == 0,
             "the parent's connection did not survive");
    return c.text();
}

void set_the_clock(const std::string& file, const char* offset) {
    std::ofstream(file + ".new") << offset << "\n";
    std::rename((file + ".new").c_str(), file.c_str());
}

}  // namespace

TEST_CASE("after a fork parent and child each go on with a runtime of their own") {
    if (control_is_missing()) return;
#if defined(__SANITIZE_THREAD__)
    WARN("SKIPPED: the thread sanitizer lets no child of a process with threads start any");
#else
    CHECK(in_own_process(&work_on_both_sides_of_a_fork) == "");
#endif
}

TEST_CASE("a call with a scope is refused where no reactor runs, and one without is not") {
    const cluster servers = any_cluster({1, 1});
    session s(servers.servers());
    const kmc::sync_client blocking(s.mc());
    kmc::cancel_scope scope;

    const auto refused = blocking.get("k", {.scope = &scope});
    const auto answered = blocking.get("k");

    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error() == errc::wrong_thread);
    CHECK_FALSE(refused.error().maybe_executed());
    CHECK(answered.has_value());
}

// Run by a test of its own, under libfaketime, which reads the time from a file that this writes.
TEST_CASE("a clock that jumps ten years moves nothing that is under way", "[.clock]") {
    const char* const file = std::getenv("FAKETIME_TIMESTAMP_FILE");
    REQUIRE(file != nullptr);
    constexpr auto deadline = 500ms;
    memcached_node node;
    kmc::client_options options = patient();
    options.health.remove_failed = 0;
    session s(node.text(), options);
    s.write("k", "v");
    const auto year = [] {
        return std::chrono::year_month_day(
                   std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()))
            .year();
    };
    const auto now = year();

    for (const auto& [offset, years] : {std::pair{"+3653d", 10}, {"-3653d", -10}, {"+0", 0}}) {
        CAPTURE(offset);
        node.pause();
        const stopwatch since;
        auto late =
            std::async(std::launch::async, [&] { return s.get("k", {.deadline = deadline}); });
        auto patient_one = std::async(std::launch::async, [&] { return s.get("k"); });
        REQUIRE(comes_true([&] { return s.mc().counters(0).in_flight == 2; }));
        set_the_clock(file, offset);
        REQUIRE(comes_true([&] { return year() == now + std::chrono::years(years); }));

        const auto timed_out = late.get();
        CHECK(timed_out.error() == errc::timed_out);
        CHECK(since.elapsed() >= deadline);
        CHECK(since.elapsed() < deadline + 3s);
        node.resume();
        const auto answered = patient_one.get();
        REQUIRE(answered.has_value());
        CHECK(answered.value()->bytes() == "v");
        CHECK(s.read("k") == "v");
    }
    CHECK(s.mc().counters(0).connections_lost == 0);
}

// Run by tests of their own, under strace, which makes system calls fail.
TEST_CASE("system calls that fail now and then lose no call and no byte", "[.injected]") {
    const cluster servers({1, 1, 1});
    for (int round = 0; round < 3; ++round) {
        session s(servers.servers(), patient(), 2);
        const auto keys = make_keys("injected" + std::to_string(round) + ":", 300);
        s.write_all(keys, 1, 3'000);
        s.write("large", make_value("large", 1, 900'000));

        const auto reply = s.get_many(keys);

        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (!reply[i]) FAIL(s.mc().describe(reply[i].error()));
            REQUIRE(version_of(keys[i], reply[i].value().value().bytes()) == 1);
        }
        for (int i = 0; i < 20; ++i) {
            REQUIRE(version_of(keys[0], s.read(keys[0]).value()) == 1);
        }
        REQUIRE(version_of("large", s.read("large").value()) == 1);
        for (std::size_t i = 0; i < servers.size(); ++i) {
            CHECK(s.mc().counters(i).connections_lost == 0);
        }
    }
}
