// One table: every single call against every behaviour of a server ends in exactly one way. The
// table below is what is promised; the test runs each of its cells, and docs/outcomes.md is the
// same table printed (KMC_WRITE_DOCS=1 writes it).

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/sim_cluster.hpp"

using namespace std::chrono_literals;
using kmc::cas_token;
using kmc::sim::model_fault;
using kmc::sim::sim_cluster;
using kmc::sim::sim_job;

namespace {

// ---- how an ending is written -------------------------------------------------------------------

std::string name_of(kmc::errc code) {
    switch (code) {
        case kmc::errc::timed_out:
            return "timed_out";
        case kmc::errc::connect_failed:
            return "connect_failed";
        case kmc::errc::connection_lost:
            return "connection_lost";
        case kmc::errc::too_large:
            return "too_large";
        case kmc::errc::not_a_number:
            return "not_a_number";
        case kmc::errc::no_cas:
            return "no_cas";
        case kmc::errc::server_error:
            return "server_error";
        case kmc::errc::auth_failed:
            return "auth_failed";
        default:
            return std::string(to_text(code));
    }
}

std::string written(const kmc::error& e) {
    const char* const at = e.at == kmc::stage::not_sent ? "not sent"
                           : e.at == kmc::stage::sent   ? "sent"
                                                        : "answered";
    return name_of(e.code) + ", " + at;
}
std::string written(const std::optional<kmc::value>& v) {
    return v ? "value" : "nullopt";
}
std::string written(const std::optional<kmc::filled>& v) {
    return v ? "filled" : "nullopt";
}
std::string written(cas_token) {
    return "token";
}
std::string written(const std::optional<cas_token>& t) {
    return t ? "token" : "nullopt";
}
std::string written(const std::optional<std::uint64_t>& n) {
    return n ? "number" : "nullopt";
}
std::string written(bool yes) {
    return yes ? "true" : "false";
}
std::string written(const std::string&) {
    return "text";
}
std::string written(const kmc::statistics&) {
    return "statistics";
}
std::string written(kmc::store_outcome o) {
    return o == kmc::store_outcome::stored   ? "stored"
           : o == kmc::store_outcome::exists ? "exists"
                                             : "not_found";
}
std::string written(kmc::del_outcome o) {
    return o == kmc::del_outcome::deleted  ? "deleted"
           : o == kmc::del_outcome::exists ? "exists"
                                           : "not_found";
}

template <class T>
std::string ending_of(const kmc::result<T>& r) {
    if (!r) return written(r.error());
    if constexpr (std::is_void_v<T>) {
        return "done";
    } else {
        return written(r.value());
    }
}

// ---- the calls ----------------------------------------------------------------------------------

constexpr kmc::duration patience = 50ms;
using text_task = kmc::task<std::string>;

struct operation {
    const char* name;
    std::uint8_t opcode;  // what a refusing server looks for
    text_task (*run)(const kmc::client&, cas_token);
};

text_task get(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.get("k", {.deadline = patience}));
}
text_task get_into(const kmc::client& mc, cas_token) {
    std::byte room[16];
    co_return ending_of(co_await mc.get_into("k", room, {.deadline = patience}));
}
text_task gat(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.gat("k", 1h, {.deadline = patience}));
}
text_task exists(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.exists("k", {.deadline = patience}));
}
text_task set(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.set("k", "8", {.deadline = patience}));
}
text_task add(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.add("k", "8", {.deadline = patience}));
}
text_task replace(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.replace("k", "8", {.deadline = patience}));
}
text_task append(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.append("k", "8", {.deadline = patience}));
}
text_task prepend(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.prepend("k", "8", {.deadline = patience}));
}
text_task cas(const kmc::client& mc, cas_token token) {
    co_return ending_of(co_await mc.cas("k", "8", token, {.deadline = patience}));
}
text_task del(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.del("k", {.deadline = patience}));
}
text_task del_if(const kmc::client& mc, cas_token token) {
    co_return ending_of(co_await mc.del("k", token, {.deadline = patience}));
}
text_task touch(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.touch("k", 1h, {.deadline = patience}));
}
text_task incr(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.incr("k", 1, {.deadline = patience}));
}
text_task incr_or_create(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.incr("k", 1, {.initial = 1, .deadline = patience}));
}
text_task decr(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.decr("k", 1, {.deadline = patience}));
}
text_task flush(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.flush(0, {.deadline = patience}));
}
text_task stats(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.stats(0, "", {.deadline = patience}));
}
text_task version(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.version(0, {.deadline = patience}));
}
text_task ping(const kmc::client& mc, cas_token) {
    co_return ending_of(co_await mc.ping(0, {.deadline = patience}));
}

// ---- the behaviours -----------------------------------------------------------------------------

enum class behaviour : std::uint8_t {
    there,
    absent,
    changed,
    no_number,
    too_large,
    out_of_memory,
    unauthorised,
    unknown_command,
    unknown_status,
    refused,
    lost,
    unreachable,
    silent
};
constexpr std::size_t behaviour_count = 13;
const char* const behaviour_names[behaviour_count] = {
    "the item is there",        "there is no item",       "the item changed",
    "the item is no number",    "too large (0x03)",       "out of memory (0x82)",
    "unauthorised (0x20)",      "unknown command (0x81)", "another status (0x86)",
    "connect refused",          "lost before the answer", "no connection by the deadline",
    "no answer by the deadline"};

text_task read_token(const kmc::client& mc) {
    const auto got = co_await mc.get("k");
    co_return got&& got.value() ? std::to_string(std::uint64_t(got.value()->token())) : "12345";
}

kmc::task<void> into(text_task work, std::string& out) {
    out = co_await std::move(work);
}

std::string run(sim_cluster& world, text_task work) {
    std::string out = "never ended";
    sim_job job = world.start(into(std::move(work), out));
    world.step();
    static_cast<void>(world.finish(job, 10s));
    return out;
}

std::string ending(const operation& op, behaviour how) {
    kmc::client_options options;
    options.call_timeout = 1s;
    options.connect_timeout = options.stall_timeout = 5s;
    sim_cluster world(1, 1, options);
    if (how == behaviour::refused) {
        world.server(0).conditions().connects = kmc::sim::reachability::refused;
        return run(world, op.run(world.mc(), cas_token{12345}));
    }
    if (how == behaviour::unreachable) {
        world.server(0).conditions().connects = kmc::sim::reachability::silent;
        return run(world, op.run(world.mc(), cas_token{12345}));
    }
    if (how != behaviour::absent) {
        world.plant("k", how == behaviour::no_number ? "seven" : "7");
    }
    const cas_token token{std::stoull(run(world, read_token(world.mc())))};
    const auto refuse = [&](std::uint16_t status) {
        world.server(0).store().refuse(model_fault{.opcode = op.opcode, .status = status});
    };
    switch (how) {
        case behaviour::changed:
            world.plant("k", "77");
            break;
        case behaviour::too_large:
            refuse(0x03);
            break;
        case behaviour::out_of_memory:
            refuse(0x82);
            break;
        case behaviour::unauthorised:
            refuse(0x20);
            break;
        case behaviour::unknown_command:
            refuse(0x81);
            break;
        case behaviour::unknown_status:
            refuse(0x86);
            break;
        case behaviour::lost: {
            world.server(0).mute();
            std::string out = "never ended";
            sim_job job = world.start(into(op.run(world.mc(), token), out));
            world.run_for(10ms);
            world.server(0).drop_connections();
            static_cast<void>(world.finish(job, 10s));
            return out;
        }
        case behaviour::silent:
            world.server(0).mute();
            break;
        default:
            break;
    }
    return run(world, op.run(world.mc(), token));
}

// ---- what is promised ---------------------------------------------------------------------------

struct row {
    operation op;
    // With the item there, absent, changed since the token, and no number; then the error that a
    // status of 0x03, 0x82, 0x20, 0x81 and 0x86 becomes; the rest is the same for every call.
    const char* answers[4];
    const char* when_unauthorised = "auth_failed, sent";
};

const std::vector<row> promised = {
    {{"get", 0x00, get}, {"value", "nullopt", "value", "value"}},
    {{"get_into", 0x00, get_into}, {"filled", "nullopt", "filled", "filled"}},
    {{"gat", 0x1d, gat}, {"value", "nullopt", "value", "value"}},
    {{"exists", 0x02, exists}, {"true", "false", "true", "true"}},
    {{"set", 0x01, set}, {"token", "token", "token", "token"}},
    {{"add", 0x02, add}, {"nullopt", "token", "nullopt", "nullopt"}},
    {{"replace", 0x03, replace}, {"token", "nullopt", "token", "token"}},
    {{"append", 0x0e, append}, {"token", "nullopt", "token", "token"}},
    {{"prepend", 0x0f, prepend}, {"token", "nullopt", "token", "token"}},
    {{"cas", 0x01, cas}, {"stored", "not_found", "exists", "stored"}},
    {{"del", 0x04, del}, {"true", "false", "true", "true"}},
    {{"del with a token", 0x04, del_if}, {"deleted", "not_found", "exists", "deleted"}},
    {{"touch", 0x1c, touch}, {"true", "false", "true", "true"}},
    {{"incr", 0x05, incr}, {"number", "nullopt", "number", "not_a_number, answered"}},
    {{"incr with initial", 0x05, incr_or_create},
     {"number", "number", "number", "not_a_number, answered"}},
    {{"decr", 0x06, decr}, {"number", "nullopt", "number", "not_a_number, answered"}},
    {{"flush", 0x08, flush}, {"done", "done", "done", "done"}, "auth_failed, answered"},
    {{"stats", 0x10, stats}, {"statistics", "statistics", "statistics", "statistics"}},
    {{"version", 0x0b, version}, {"text", "text", "text", "text"}},
    {{"ping", 0x0a, ping}, {"done", "done", "done", "done"}},
};

const char* promise(const row& r, behaviour how) {
    switch (how) {
        case behaviour::there:
        case behaviour::absent:
        case behaviour::changed:
        case behaviour::no_number:
            return r.answers[static_cast<std::size_t>(how)];
        case behaviour::too_large:
            return "too_large, answered";
        case behaviour::out_of_memory:
        case behaviour::unknown_command:
        case behaviour::unknown_status:
            return "server_error, answered";
        case behaviour::unauthorised:
            return r.when_unauthorised;
        case behaviour::refused:
            return "connect_failed, not sent";
        case behaviour::lost:
            return "connection_lost, sent";
        case behaviour::unreachable:
            return "timed_out, not sent";
        case behaviour::silent:
            return "timed_out, sent";
    }
    return "";
}

// Behaviours down, calls across would be too wide for a page: the other way round.
std::string page() {
    std::ostringstream out;
    out << "# What every call ends with\n\n"
           "One row per call, one column per behaviour of its server. This page is printed from "
           "the table\nthat `tests/unit/client/outcomes_test.cpp` runs cell by cell.\n\n"
           "An answer is a value of the call's result; `errc, stage` is an error: *not sent* means "
           "nothing\nhappened, *answered* that the server refused, *sent* that nobody knows "
           "(`error::maybe_executed()`).\n\n| call |";
    for (const char* name : behaviour_names) out << ' ' << name << " |";
    out << "\n|---|";
    for (std::size_t i = 0; i < behaviour_count; ++i) out << "---|";
    out << '\n';
    for (const row& r : promised) {
        out << "| " << r.op.name << " |";
        for (std::size_t i = 0; i < behaviour_count; ++i) {
            out << ' ' << promise(r, static_cast<behaviour>(i)) << " |";
        }
        out << '\n';
    }
    return out.str();
}

}  // namespace

TEST_CASE("every call meets every behaviour of a server with its one documented outcome") {
    for (const row& r : promised) {
        for (std::size_t i = 0; i < behaviour_count; ++i) {
            INFO(r.op.name << ": " << behaviour_names[i]);
            CHECK(ending(r.op, static_cast<behaviour>(i)) == promise(r, static_cast<behaviour>(i)));
        }
    }
}

TEST_CASE("the documented table of outcomes is the one that is tested") {
    const std::string path = KMC_DOCS_DIR "/outcomes.md";
    if (std::getenv("KMC_WRITE_DOCS") != nullptr) std::ofstream(path) << page();

    std::ifstream file(path);
    const std::string documented((std::istreambuf_iterator<char>(file)),
                                 std::istreambuf_iterator<char>());
    CHECK(documented == page());
}
