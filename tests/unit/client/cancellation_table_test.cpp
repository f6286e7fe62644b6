// One table: how far a call has come, times what ends it early. Every cell is run; the page
// docs/cancellation.md is the table printed (KMC_WRITE_DOCS=1 writes it), and the test compares.

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <stop_token>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <kmc/cancel.hpp>

#include "sim/sim_cluster.hpp"

using namespace std::chrono_literals;
using kmc::sim::death;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;

namespace {

enum class state {
    in_line,
    dialling,
    behind_window,
    sent,
    executed,
    sent_again,
    count,
};
enum class cause {
    deadline,
    stop_token,
    scope,
    coroutine_destroyed,
    client_gone,
    connection_lost,
    count,
};

constexpr const char* state_names[] = {"waits for a limit",      "waits for a connection",
                                       "waits behind a window",  "sent, not executed",
                                       "executed, not answered", "a read that was sent again"};
constexpr const char* cause_names[] = {
    "deadline",         "stop token",     "scope", "coroutine destroyed",
    "last handle gone", "connection lost"};

using ending = std::optional<std::optional<kmc::error>>;

struct handles {
    std::stop_source stop;
    std::stop_token token = stop.get_token();
    kmc::cancel_scope scope;
    ending end;
};

kmc::task<void> store(kmc::client& mc, std::string key, handles* h, kmc::duration deadline) {
    kmc::store_options o{.deadline = deadline};
    if (h != nullptr) {
        o.stop = &h->token;
        o.scope = &h->scope;
    }
    const auto r = co_await mc.set(key, "v", o);
    if (h != nullptr) h->end = r ? ending(std::optional<kmc::error>()) : ending(r.error());
}

kmc::task<void> read(kmc::client& mc, handles& h, kmc::duration deadline) {
    const auto r =
        co_await mc.get("there", {.deadline = deadline, .stop = &h.token, .scope = &h.scope});
    h.end = r ? ending(std::optional<kmc::error>()) : ending(r.error());
}

// One server; the call under test writes "mine".
struct stage_set {
    stage_set(state where, cause why) : world(7, 1, options(where, why)) {
        world.plant("there", "x");
        world.plant("other", "x");
        if (where == state::dialling) {
            world.server(0).conditions().connects = kmc::sim::reachability::silent;
            return;
        }
        warm_up();
        world.run_for(2s);  // the connection has proven itself
    }

    static kmc::client_options options(state where, cause why) {
        kmc::client_options o;
        o.connect_timeout = o.stall_timeout = 60s;
        // A connection that is not there yet is lost when it takes too long.
        const bool dials = where == state::dialling || where == state::sent_again;
        if (dials && why == cause::connection_lost) o.connect_timeout = 50ms;
        o.batch_timeout = o.call_timeout = 60s;
        o.health.remove_failed = 0;
        o.resolve_period = {};
        if (where == state::in_line) o.max_requests = 1;
        if (where == state::behind_window) o.max_inflight = 1;
        return o;
    }

    void warm_up() {
        sim_job job = world.start(store(world.mc(), "warm", nullptr, 0s));
        REQUIRE(world.finish(job));
    }

    sim_cluster world;
    handles h;
    std::vector<sim_job> others;
};

// The call comes as far as the state says.
sim_job set_up(stage_set& s, state where, kmc::duration deadline) {
    sim_cluster& w = s.world;
    if (where == state::in_line || where == state::behind_window || where == state::executed) {
        w.server(0).mute();
    }
    if (where == state::sent) w.server(0).pause();
    if (where == state::in_line || where == state::behind_window) {
        s.others.push_back(w.start(store(w.mc(), "others", nullptr, 50s)));
        w.run_for(5ms);
    }
    if (where == state::sent_again) {
        w.server(0).mute();
        sim_job job = w.start(read(w.mc(), s.h, deadline));
        w.run_for(5ms);
        w.server(0).drop_connections(death::reset);
        w.server(0).conditions().connects = kmc::sim::reachability::silent;
        w.run_for(5ms);
        return job;
    }
    sim_job job = w.start(store(w.mc(), "mine", &s.h, deadline));
    w.run_for(5ms);
    return job;
}

const char* word(kmc::errc code) {
    switch (code) {
        case kmc::errc::timed_out:
            return "timed_out";
        case kmc::errc::cancelled:
            return "cancelled";
        case kmc::errc::client_closed:
            return "client_closed";
        case kmc::errc::connection_lost:
            return "connection_lost";
        case kmc::errc::connect_failed:
            return "connect_failed";
        default:
            return "something else";
    }
}

// What the caller is told, how soon, and what became of the wire: whether the server stored it in
// the end, and whether the connection served on.
std::string run_cell(state where, cause why) {
    stage_set s(where, why);
    sim_cluster& w = s.world;
    std::optional<sim_job> job(set_up(s, where, why == cause::deadline ? 100ms : 40s));
    const std::size_t dials = w.server(0).listener().accepted();
    const kmc::time_point begin = w.net().now();
    switch (why) {
        case cause::deadline:
            break;
        case cause::stop_token:
            s.h.stop.request_stop();
            break;
        case cause::scope:
            s.h.scope.cancel();
            break;
        case cause::coroutine_destroyed:
            job.reset();
            break;
        case cause::client_gone:
            w.drop_client();
            break;
        case cause::connection_lost:
            w.server(0).conditions().connects = kmc::sim::reachability::refused;
            w.server(0).drop_connections(death::reset);
            break;
        case cause::count:
            break;
    }
    w.run_for(1ms);
    const bool at_once = !job || job->done();
    while (job && !job->done()) {
        w.step(1ms);
        REQUIRE(w.net().now() - begin <= 102ms);
    }
    std::string told = "nobody is there";
    if (job) {
        REQUIRE(s.h.end);
        REQUIRE(*s.h.end);
        const kmc::error e = **s.h.end;
        told = std::string(word(e.code)) + ", " + std::string(to_text(e.at));
        if (!at_once && why != cause::deadline) told += ", in a while";
    }
    // Afterwards everything is well again, and whatever is still on its way arrives.
    w.heal();
    w.run_for(5s);
    if (where != state::sent_again) {
        told += w.server(0).store().find("mine", 0) != nullptr ? "; stored" : "; not stored";
    }
    if (why == cause::client_gone) {
        REQUIRE(w.net().open_sockets() == 0);
        return told + "; closed";
    }
    handles after;
    sim_job check = w.start(read(w.mc(), after, 10s));
    REQUIRE(w.finish(check));
    REQUIRE(after.end);
    REQUIRE_FALSE(*after.end);  // no error
    REQUIRE(w.at_rest());
    const bool is_kept = dials != 0 && w.server(0).listener().accepted() == dials;
    return told + (is_kept ? "; kept" : dials == 0 ? "; none yet" : "; a new one");
}

struct promised_row {
    state where;
    const char* cells[static_cast<std::size_t>(cause::count)];
};

const std::vector<promised_row> promised = {
    {state::in_line,
     {"timed_out, not sent; not stored; kept", "cancelled, not sent; not stored; kept",
      "cancelled, not sent; not stored; kept", "nobody is there; not stored; kept",
      "client_closed, not sent; not stored; closed",
      "connect_failed, not sent; not stored; a new one"}},
    {state::dialling,
     {"timed_out, not sent; not stored; none yet", "cancelled, not sent; not stored; none yet",
      "cancelled, not sent; not stored; none yet", "nobody is there; not stored; none yet",
      "client_closed, not sent; not stored; closed",
      "connect_failed, not sent, in a while; not stored; none yet"}},
    {state::behind_window,
     {"timed_out, not sent; not stored; kept", "cancelled, not sent; not stored; kept",
      "cancelled, not sent; not stored; kept", "nobody is there; not stored; kept",
      "client_closed, not sent; not stored; closed",
      "connect_failed, not sent; not stored; a new one"}},
    {state::sent,
     {"timed_out, sent; stored; kept", "cancelled, sent; stored; kept",
      "cancelled, sent; stored; kept", "nobody is there; stored; kept",
      "client_closed, sent; stored; closed", "connection_lost, sent; not stored; a new one"}},
    {state::executed,
     {"timed_out, sent; stored; kept", "cancelled, sent; stored; kept",
      "cancelled, sent; stored; kept", "nobody is there; stored; kept",
      "client_closed, sent; stored; closed", "connection_lost, sent; stored; a new one"}},
    {state::sent_again,
     {"timed_out, sent; a new one", "cancelled, sent; a new one", "cancelled, sent; a new one",
      "nobody is there; a new one", "client_closed, sent; closed",
      "connection_lost, sent, in a while; a new one"}},
};

std::string page() {
    std::ostringstream out;
    out << "# What ends a call early\n\n"
           "How far a store has come, and what ends it before its answer. This page is printed "
           "from "
           "the\ntable that `tests/unit/client/cancellation_table_test.cpp` runs cell by cell.\n\n"
           "Each cell says what the caller is told and, after that, what becomes of the wire when "
           "the server\nis well again: whether the value was *stored* in the end, and whether the "
           "connection was *kept* (its\nlate replies are skipped, the next call is right). *Not "
           "sent* is a promise; after *sent* nobody\nknows, which is `error::maybe_executed()`.\n\n"
           "There is one mechanism for all of them: the call leaves whatever knows it, what it has "
           "on the wire\nstays there without it, and the coroutine resumes from the ready queue. "
           "An answer that waits there\nalready stands. Batches and streams do the same entry by "
           "entry.\n\n| the call |";
    for (const char* name : cause_names) out << ' ' << name << " |";
    out << "\n|---|";
    for (std::size_t i = 0; i < std::size(cause_names); ++i) out << "---|";
    out << '\n';
    for (const promised_row& r : promised) {
        out << "| " << state_names[static_cast<std::size_t>(r.where)] << " |";
        for (const char* cell : r.cells) out << ' ' << cell << " |";
        out << '\n';
    }
    return out.str();
}

}  // namespace

TEST_CASE("whatever ends a call, and wherever it is, it ends as the table says") {
    for (const promised_row& r : promised) {
        for (std::size_t i = 0; i < std::size(cause_names); ++i) {
            INFO(state_names[static_cast<std::size_t>(r.where)] << ", " << cause_names[i]);
            CHECK(run_cell(r.where, static_cast<cause>(i)) == r.cells[i]);
        }
    }
}

TEST_CASE("the documented table of cancellation is the one that is tested") {
    const std::string path = KMC_DOCS_DIR "/cancellation.md";
    if (std::getenv("KMC_WRITE_DOCS") != nullptr) std::ofstream(path) << page();

    std::ifstream file(path);
    const std::string documented((std::istreambuf_iterator<char>(file)),
                                 std::istreambuf_iterator<char>());
    CHECK(documented == page());
}
