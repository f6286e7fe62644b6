// kmc bench: how much a cluster does, how long it takes, and what it costs this machine.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "arguments.hpp"
#include "bench/preparation.hpp"
#include "bench/report.hpp"
#include "bench/signals.hpp"
#include "cluster.hpp"
#include "commands.hpp"
#include "load/closed_loop.hpp"
#include "units.hpp"

namespace kmc::cli {
namespace {

using bench::subject;
using load::workload;

struct bench_arguments {
    cluster_flags cluster;
    std::string workload = "get";
    std::optional<std::uint64_t> batch;
    std::optional<std::uint64_t> in_flight;
    std::uint64_t threads = 1;
    std::uint64_t connections = 1;
    std::uint64_t value_bytes = 100;
    std::uint64_t keys = 10'000;
    std::uint64_t key_bytes = 32;
    double duration_seconds = 5;
    double warm_up_seconds = 1;
    std::uint64_t seed = 1;
    bool verify = false;
    std::optional<double> rate;
    std::optional<std::string> arrivals;
    std::optional<std::string> backend;
    bool load = false;
    bool no_load = false;
    double ttl_seconds = 3600;
    std::string html;

    [[nodiscard]] bool is_batch() const noexcept { return workload.front() == 'm'; }
    [[nodiscard]] bool is_read() const noexcept { return workload.ends_with("get"); }
    [[nodiscard]] bool loads() const noexcept { return load || (is_read() && !no_load); }
    [[nodiscard]] std::uint64_t keys_of_call() const noexcept {
        return is_batch() ? batch.value_or(100) : 1;
    }
};

// What a client of kmc has under way at most (client_options::max_requests).
constexpr std::uint64_t most_under_way = client_options{}.max_requests;

// Every start is counted, also when nobody can make it: with much more than this, the counting
// alone would take longer than the measured time, and no signal ends it.
constexpr double most_a_second = 1e7;

std::uint64_t callers_of(const bench_arguments& args) {
    if (args.in_flight) return *args.in_flight;
    if (!args.rate) return args.threads;
    // Enough to wait for a slow answer while others go on.
    return std::clamp<std::uint64_t>(most_under_way / args.keys_of_call(), args.threads, 1000);
}

workload workload_of(const bench_arguments& args) {
    if (args.is_read()) return args.is_batch() ? workload::get_many : workload::get;
    return args.is_batch() ? workload::set_many : workload::set;
}

// What nobody can mean, and what cannot be.
std::optional<std::string> contradiction_in(const bench_arguments& args) {
    if (args.batch && !args.is_batch()) return "--batch is for mget and mset";
    // A range has it within, and its starts would all be due and never come.
    if (args.rate && std::isnan(*args.rate)) return "--rate is no number";
    const std::size_t least_key = load::data_set::least_key_bytes(args.keys);
    if (args.key_bytes < least_key) {
        return "--key-size is at least " + std::to_string(least_key) + " for " +
               std::to_string(args.keys) + " keys";
    }
    if (args.key_bytes > args.cluster.key_size_max()) {
        return "--key-size is at most " + std::to_string(args.cluster.key_size_max()) +
               " behind this --prefix";
    }
    if (args.value_bytes > args.cluster.item_size_max) {
        return "--value is more than --item-size-max, " +
               std::to_string(args.cluster.item_size_max) + " bytes";
    }
    if (callers_of(args) < args.threads) {
        return "--inflight is less than --threads: some would have nothing to do";
    }
    if (callers_of(args) * args.keys_of_call() > most_under_way) {
        return "--inflight times --batch is at most " + std::to_string(most_under_way) + " keys";
    }
    const double length = args.warm_up_seconds + args.duration_seconds;
    if (args.loads() && args.is_read() && args.ttl_seconds > 0 && args.ttl_seconds <= length) {
        return "--ttl ends before --warmup and --duration do: what is read would be gone";
    }
    return std::nullopt;
}

// Before anything is measured: nobody wants to hear of it afterwards. Leaves nothing behind.
bool can_write(const std::string& path) {
    if (path.empty()) return true;
    std::error_code ignored;
    const bool was_there = exists(std::filesystem::symlink_status(path, ignored));
    if (std::ofstream(path, std::ios::app)) {
        if (!was_there) std::filesystem::remove(path, ignored);
        return true;
    }
    complain("cannot write " + shown(path));
    return false;
}

load::plan plan_of(const bench_arguments& args, bench::signals& ends) {
    const double length = args.duration_seconds;
    return {.what = workload_of(args),
            .batch = args.keys_of_call(),
            .in_flight = callers_of(args),
            .warm_up = std::chrono::duration<double>(args.warm_up_seconds),
            .time = std::chrono::duration<double>(length),
            .seed = args.seed,
            .verify = args.verify,
            .ttl = to_expiry(args.ttl_seconds),
            .group = args.cluster.group,
            // For a picture: some 60 steps of a short time, no more than 600 of a long one.
            .tick = std::chrono::duration<double>(
                std::max({0.1, std::min(1.0, length / 60), length / 600})),
            .wait = [&ends](load::clock::time_point until) { return ends.wait(until); }};
}

subject subject_of(const bench_arguments& args, const session& s, bench::signals& ends) {
    subject of{.workload = args.workload, .plan = plan_of(args, ends)};
    if (args.rate) {
        of.open = {
            .per_second = *args.rate,
            .how = args.arrivals == "poisson" ? load::arrival::poisson : load::arrival::constant};
    }
    of.keys = args.keys;
    of.key_bytes = args.key_bytes;
    of.value_bytes = args.value_bytes;
    of.servers = s.mc.servers().size();
    of.ring = to_text(args.cluster.ring.spec().value().ring);
    of.backend = s.rt.info().backend;
    of.threads = s.rt.info().threads;
    of.connections = static_cast<std::uint32_t>(args.connections);
    return of;
}

void announce(const bench_arguments& args) {
    std::string text = "stores " + std::to_string(args.keys) + " items of " +
                       std::to_string(args.value_bytes) + " bytes as " +
                       shown(args.cluster.prefix + std::string(load::data_set::head) + "...");
    if (args.ttl_seconds > 0) {
        text += " for " + std::to_string(static_cast<std::uint64_t>(args.ttl_seconds)) + " s";
    }
    complain(text + "; --no-load reads what is there");
}

// Stores the data set. False if there is nothing to measure then.
bool prepare(subject& of, session& s, const load::data_set& data, bench::signals& ends,
             bool is_quiet) {
    of.prepared = bench::store_all(s.rt, s.mc, data, of.plan, ends);
    const bench::preparation& done = *of.prepared;
    if (done.failed != 0 && !is_quiet) {
        complain(std::to_string(done.failed) + " of " + std::to_string(done.items) +
                 " items could not be stored: " + s.mc.describe(done.why));
    }
    of.seen.ended_early = done.ended_early;
    return !done.ended_early && done.failed < done.items;
}

// Instead of a report, where nothing was measured.
exit_code tell_nothing(const bench_arguments& args, const subject& of) {
    if (args.cluster.json) print_document(bench::to_json(of));
    if (!of.seen.ended_early) return bench::verdict_of(of);
    if (!args.cluster.json) complain("ended before anything was measured");
    return exit_code::partial;
}

exit_code tell(const bench_arguments& args, const subject& of) {
    if (args.cluster.json) {
        print_document(bench::to_json(of));
    } else {
        print(bench::to_text(of));
    }
    if (!args.html.empty() && !write_file(args.html, bench::to_page(of))) return exit_code::usage;
    return bench::verdict_of(of);
}

exit_code run_bench(const bench_arguments& args) {
    if (const auto wrong = contradiction_in(args)) return report_usage(config_error(*wrong));
    if (!can_write(args.html)) return exit_code::usage;
    bench::signals ends;
    session_shape shape{.threads = static_cast<unsigned>(args.threads),
                        .lanes = static_cast<std::uint32_t>(args.connections)};
    if (args.backend) {
        shape.backend = *args.backend == "epoll" ? backend::epoll : backend::io_uring;
    }
    auto opened = session::open(args.cluster, shape);
    if (!opened) return report_usage(opened.error());
    session& s = opened.value();
    subject of = subject_of(args, s, ends);
    const load::data_set data(args.keys, args.key_bytes, args.value_bytes);

    if (args.loads()) {
        const bool is_quiet = args.cluster.json;
        if (!is_quiet) announce(args);
        if (!prepare(of, s, data, ends, is_quiet)) return tell_nothing(args, of);
    }
    of.seen = of.open ? load::run_open_loop(s.rt, s.mc, data, of.plan, *of.open)
                      : load::run_closed_loop(s.rt, s.mc, data, of.plan);
    if (of.seen.ended_early && of.seen.used.seconds == 0) return tell_nothing(args, of);
    return tell(args, of);
}

constexpr const char* bench_help =
    R"(It writes: get and mget first store what they read (--no-load: they do not), set and mset store all
the time. The keys are "kmc-bench:" and a number, with --prefix in front, and go by themselves after
--ttl. Memory for --keys times --value is taken from what else the servers keep: do not fill a cache
that is in use.

Without --rate the loop is closed: each of --inflight callers waits for its answer, then asks again,
and a server that stalls is hardly asked meanwhile. With --rate it is open: calls start when their
time has come, and their times count from then, also when all --inflight callers are busy.

SIGINT ends it early, with the report of what there is; a second one at once.)";

void add_load_flags(CLI::App& sub, bench_arguments& args) {
    sub.add_option("--workload", args.workload, "get, mget, set or mset")
        ->check(CLI::IsMember({"get", "mget", "set", "mset"}))
        ->capture_default_str();
    read_as_number(*sub.add_option("--batch", args.batch, "Keys of an mget or mset"), 1, 1'000'000)
        .default_str("100");
    read_as_number(
        *sub.add_option("--inflight", args.in_flight,
                        "Callers, each with one call at a time; with --rate the most there may be"),
        1, 1'000'000)
        .default_str("1 a thread, with --rate 1000");
    CLI::Option* const rate =
        sub.add_option("--rate", args.rate, "Calls a second, whether or not answers come")
            ->check(CLI::Range(0.001, most_a_second).description(""))
            ->type_name("NUMBER");
    sub.add_option("--arrivals", args.arrivals,
                   "How calls come with --rate: constant, or poisson, as of many users")
        ->check(CLI::IsMember({"constant", "poisson"}))
        ->needs(rate)
        ->default_str("constant");
    read_as_time(*sub.add_option("--duration", args.duration_seconds, "How long to measure"))
        .default_str("5s");
    read_as_time(
        *sub.add_option("--warmup", args.warm_up_seconds, "How long to run before anything counts"))
        .default_str("1s");
    read_as_number(*sub.add_option("--seed", args.seed, "Of what is drawn: keys, random arrivals"),
                   0, std::numeric_limits<std::uint64_t>::max())
        .capture_default_str();
}

void add_data_flags(CLI::App& sub, bench_arguments& args) {
    const char* const group = "Data";
    read_as_number(*sub.add_option("--keys", args.keys, "How many there are"), 1, 10'000'000)
        .capture_default_str()
        ->group(group);
    read_as_number(*sub.add_option("--key-size", args.key_bytes, "The length of each"), 1, 250)
        .capture_default_str()
        ->group(group);
    read_as_number(*sub.add_option("--value,--value-size", args.value_bytes, "Bytes of each value"),
                   0, std::uint64_t{1} << 30)
        .capture_default_str()
        ->group(group);
    CLI::Option* const load =
        sub.add_flag("--load", args.load, "Store every key first: what get and mget do anyhow")
            ->group(group);
    sub.add_flag("--no-load", args.no_load, "Store nothing first, read what is there")
        ->excludes(load)
        ->group(group);
    read_as_ttl(*sub.add_option("--ttl", args.ttl_seconds, "How long to keep what is stored"))
        .default_str("1h")
        ->group(group);
    sub.add_flag("--verify", args.verify, "Compare every byte of every value, not the length only")
        ->group(group);
}

void add_machine_flags(CLI::App& sub, bench_arguments& args) {
    const char* const group = "Client";
    read_as_number(*sub.add_option("--threads", args.threads, "Reactors, each with connections"), 1,
                   256)
        .capture_default_str()
        ->group(group);
    read_as_number(
        *sub.add_option("--connections", args.connections, "To each server, of each thread"), 1, 16)
        .capture_default_str()
        ->group(group);
    sub.add_option("--backend", args.backend,
                   "io_uring or epoll; io_uring where that is allowed, if not given")
        ->check(CLI::IsMember({"io_uring", "epoll"}))
        ->group(group);
}

}  // namespace

void add_bench(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<bench_arguments>();
    CLI::App* const sub =
        app.add_subcommand("bench",
                           "Measure a cluster: throughput, times, cost; writes keys of its own")
            ->group("Tests");
    sub->footer(bench_help);
    add_load_flags(*sub, *args);
    add_data_flags(*sub, *args);
    add_machine_flags(*sub, *args);
    add_cluster_flags(*sub, args->cluster);
    add_key_flags(*sub, args->cluster);
    add_call_flags(*sub, args->cluster, "How long a call may take");
    read_as_bytes(*sub->add_option("--html", args->html, "Write a page that needs nothing else"))
        .type_name("FILE");
    commands.push_back({sub, [args] { return run_bench(*args); }});
}

}  // namespace kmc::cli
