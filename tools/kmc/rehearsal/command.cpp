// kmc sim: rehearses what a failure policy would do to a cache, before anybody is woken by it.

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.hpp"
#include "cluster.hpp"
#include "commands.hpp"
#include "output.hpp"
#include "rehearsal/rehearse.hpp"
#include "rehearsal/report.hpp"
#include "units.hpp"

namespace kmc::cli {
namespace {

using rehearsal::plan;
using rehearsal::update_kind;

constexpr std::array policies{on_dead::fail_fast, on_dead::next_server, on_dead::rebuild};

struct sim_arguments {
    std::uint64_t servers = 12;
    std::string weights;
    std::string ring{to_text(client_options{}.ring.ring)};
    std::string hash{to_text(key_hash::own)};
    std::uint64_t clients = 1000;
    std::uint64_t keys = 10'000;
    double skew = 1;
    std::uint64_t value_size = 100;
    double writes = 5;
    std::string update = "del";
    double ttl_seconds = 0;
    double fetch_seconds = 0.02;
    std::optional<double> think_seconds;
    std::uint64_t rate = 2000;
    double duration_seconds = 120;
    std::uint64_t seed = 1;
    double deadline_seconds = 0.25;
    std::vector<std::string> outages;
    std::uint64_t remove_failed = health_options{}.remove_failed;
    double retry_seconds = 1;
    double dead_seconds = 10;
    std::string on_dead = "fail_fast";
    double max_ejected = health_options{}.max_ejected;
    std::optional<double> stand_in_seconds;
    bool compare = false;
    bool json = false;
};

config_result<std::vector<std::uint32_t>> weights_of(const sim_arguments& args) {
    if (args.weights.empty()) return std::vector<std::uint32_t>(args.servers, 1);
    std::vector<std::uint32_t> weights;
    const char* at = args.weights.data();
    const char* const end = at + args.weights.size();
    for (;;) {
        std::uint32_t weight = 0;
        const auto [rest, bad] = std::from_chars(at, end, weight);
        if (bad != std::errc() || weight == 0 || weight > 1'000'000) break;
        weights.push_back(weight);
        at = rest;
        if (at == end || *at != ',') break;
        ++at;
    }
    if (at != end || args.weights.ends_with(',')) {
        return config_error("--weights " + shown(args.weights) + " is no list such as 1,1,2");
    }
    if (weights.size() != args.servers) {
        return config_error("--weights has " + std::to_string(weights.size()) + ", --servers " +
                            std::to_string(args.servers));
    }
    return weights;
}

config_result<plan> plan_of(const sim_arguments& args) {
    plan p;
    auto weights = weights_of(args);
    if (!weights) return weights.error();
    const auto ring = parse_ring(args.ring);
    if (!ring) return ring.error();
    const auto hash = parse_key_hash(args.hash);
    if (!hash) return hash.error();
    p.weights = std::move(weights.value());
    p.ring = ring_spec{ring.value(), {.hash = hash.value()}};
    p.clients = args.clients;
    p.keys = args.keys;
    p.skew = args.skew;
    p.value_size = args.value_size;
    p.writes = args.writes / 100;
    p.update = args.update == "del" ? update_kind::del : update_kind::set;
    p.ttl = to_duration(args.ttl_seconds);
    p.fetch_time = to_duration(args.fetch_seconds);
    p.think = to_duration(args.think_seconds
                              ? *args.think_seconds
                              : static_cast<double>(args.clients) / static_cast<double>(args.rate));
    p.length = to_duration(args.duration_seconds);
    p.seed = args.seed;
    p.deadline = to_duration(args.deadline_seconds);
    p.health.remove_failed = static_cast<std::uint32_t>(args.remove_failed);
    p.health.retry_timeout = to_duration(args.retry_seconds);
    p.health.dead_timeout = to_duration(args.dead_seconds);
    p.health.max_ejected = args.max_ejected;
    for (const on_dead each : policies) {
        if (to_text(each) == args.on_dead) p.health.on_dead = each;
    }
    if (args.stand_in_seconds) p.health.stand_in_ttl = to_duration(*args.stand_in_seconds);
    for (const std::string& text : args.outages) {
        auto made = rehearsal::parse_outage(text, args.servers, p.length);
        if (!made) return made.error();
        p.outages.push_back(made.value());
    }
    if (auto checked = check(p); !checked) return checked.error();
    return p;
}

// What nobody can mean.
std::optional<std::string> contradiction_in(const sim_arguments& args) {
    const bool moves = args.compare || args.on_dead != "fail_fast";
    if (args.remove_failed == 0 && moves) {
        return "with --remove-failed 0 no server is ever dead: " +
               std::string(args.compare ? "--compare" : "--on-dead") + " would change nothing";
    }
    // A server reads a longer one as a moment, and by the clock of the real world.
    if (args.ttl_seconds > 30.0 * 24 * 3600) return "--ttl is at most 30d here";
    if (args.stand_in_seconds && !args.compare && args.on_dead != "next_server") {
        return "--stand-in-ttl is for --on-dead next_server";
    }
    return std::nullopt;
}

exit_code run_sim(const sim_arguments& args) {
    if (const auto wrong = contradiction_in(args)) return report_usage(config_error(*wrong));
    auto made = plan_of(args);
    if (!made) return report_usage(made.error());
    plan p = std::move(made.value());
    std::vector<on_dead> chosen{p.health.on_dead};
    if (args.compare) chosen.assign(policies.begin(), policies.end());
    std::vector<rehearsal::act> acts;
    for (const on_dead policy : chosen) {
        p.health.on_dead = policy;
        acts.push_back({policy, rehearsal::rehearse(p)});
    }
    if (args.json) {
        print_document(rehearsal::to_json(p, acts));
    } else {
        print(rehearsal::to_text(p, acts));
    }
    return exit_code::ok;
}

constexpr const char* outage_help = R"(An outage is SERVER:WHEN[,HOW], servers are s0, s1, ...:
  s3:30s                 killed after a quarter of the time, for 30 s; its memory is lost
  s3:10s..40s            the same, from 10 s to 40 s
  s3:30s,hang            takes connections, answers nothing
  s3:30s,slow:80ms       requests wait up to 80 ms before they are read
  s3:30s,flap:5s/1s      killed and back again: 1 s down, 5 s up
  s3:30s,partition       nothing gets through; its memory stays

The time is virtual, the client is the real one. The same arguments print the same.)";

CLI::Option& read_as_fraction(CLI::Option& option, double least, double most) {
    option.check(CLI::Range(least, most))->type_name("NUMBER");
    return option;
}

void add_fleet_flags(CLI::App& sub, sim_arguments& args) {
    read_as_number(*sub.add_option("--servers", args.servers, "How many there are"), 1, 1000)
        .capture_default_str();
    read_as_bytes(*sub.add_option("--weights", args.weights,
                                  "Of each server: 1,1,2; all alike if "
                                  "not given"))
        .type_name("LIST");
    read_as_bytes(*sub.add_option("--ring", args.ring, "Which ring maps keys to servers"))
        .type_name("NAME")
        ->capture_default_str();
    read_as_bytes(*sub.add_option("--hash", args.hash, "The hash of keys, if not the ring's own"))
        .type_name("NAME");
}

void add_user_flags(CLI::App& sub, sim_arguments& args) {
    read_as_number(
        *sub.add_option("--clients", args.clients, "Users, each with one call at a time"), 1,
        1'000'000)
        .capture_default_str();
    read_as_number(*sub.add_option("--keys", args.keys, "How many there are"), 1, 10'000'000)
        .capture_default_str();
    read_as_fraction(*sub.add_option("--skew", args.skew, "Zipf's exponent; 0: all keys alike"), 0,
                     5)
        .capture_default_str();
    read_as_number(*sub.add_option("--value-size", args.value_size, "Bytes, at least"), 0,
                   1'000'000)
        .capture_default_str();
    read_as_fraction(*sub.add_option("--writes", args.writes,
                                     "Percent of requests that change a "
                                     "key"),
                     0, 100)
        .capture_default_str();
    sub.add_option("--update", args.update, "What a change does to the cache: del or set")
        ->check(CLI::IsMember({"del", "set"}))
        ->capture_default_str();
    read_as_ttl(*sub.add_option("--ttl", args.ttl_seconds, "Of what is stored"))
        .default_str("never");
    read_as_time(*sub.add_option("--fetch-time", args.fetch_seconds, "How long the source takes"))
        .default_str("20ms");
    CLI::Option* const rate =
        read_as_number(*sub.add_option("--rate", args.rate,
                                       "Requests a second of all users, while nothing is slow"),
                       1, 10'000'000)
            .capture_default_str();
    read_as_time(*sub.add_option("--think", args.think_seconds,
                                 "Or: how long a user waits between two, on average"))
        .excludes(rate);
    read_as_time(*sub.add_option("--duration", args.duration_seconds, "Of the rehearsal"))
        .default_str("2m");
    read_as_number(*sub.add_option("--seed", args.seed, "Of everything that is drawn"), 0,
                   std::numeric_limits<std::uint64_t>::max())
        .capture_default_str();
    read_as_bytes(*sub.add_option("--outage", args.outages, "What goes wrong; repeatable"))
        .type_name("OUTAGE")
        ->allow_extra_args(false);
}

void add_policy_flags(CLI::App& sub, sim_arguments& args) {
    read_as_time(*sub.add_option("--deadline", args.deadline_seconds, "Of every call"))
        .default_str("250ms")
        ->group("Policy");
    read_as_number(*sub.add_option("--remove-failed", args.remove_failed,
                                   "So many failures in a row make a server dead; 0: none does"),
                   0, 1'000'000)
        .capture_default_str()
        ->group("Policy");
    read_as_time(*sub.add_option("--retry-timeout", args.retry_seconds,
                                 "How long a server rests after a hard failure"))
        .default_str("1s")
        ->group("Policy");
    read_as_time(*sub.add_option("--dead-timeout", args.dead_seconds,
                                 "How long a dead server rests before a probe"))
        .default_str("10s")
        ->group("Policy");
    CLI::Option* const on_dead =
        sub.add_option("--on-dead", args.on_dead,
                       "What becomes of its keys: fail_fast, next_server or rebuild")
            ->check(CLI::IsMember({"fail_fast", "next_server", "rebuild"}))
            ->capture_default_str()
            ->group("Policy");
    read_as_fraction(*sub.add_option("--max-ejected", args.max_ejected,
                                     "The share of all weights that may be dead"),
                     0, 1)
        .capture_default_str()
        ->group("Policy");
    read_as_time(*sub.add_option("--stand-in-ttl", args.stand_in_seconds,
                                 "How long an item on a stand-in lives at most"))
        .group("Policy");
    sub.add_flag("--compare", args.compare, "All three of --on-dead, side by side")
        ->excludes(on_dead)
        ->group("Policy");
}

}  // namespace

void add_sim(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<sim_arguments>();
    CLI::App* const sub =
        app.add_subcommand("sim", "Rehearse outages on virtual time; no server is contacted")
            ->group("Tests");
    sub->footer(outage_help);
    add_fleet_flags(*sub, *args);
    add_user_flags(*sub, *args);
    add_policy_flags(*sub, *args);
    sub->add_flag("--json", args->json, "Print one JSON document");
    commands.push_back({sub, [args] { return run_sim(*args); }});
}

}  // namespace kmc::cli
