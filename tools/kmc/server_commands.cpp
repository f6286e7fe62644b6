// kmc version, ping, flush: what is asked of servers, not of keys.

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "calls.hpp"
#include "cluster.hpp"
#include "commands.hpp"
#include "output.hpp"
#include "report.hpp"
#include "run_all.hpp"
#include "units.hpp"

namespace kmc::cli {
namespace {

struct server_arguments {
    cluster_flags cluster;
    std::vector<std::string> servers;
};

CLI::App* add_asking(CLI::App& app, const char* name, const char* description,
                     server_arguments& args) {
    CLI::App* const sub = app.add_subcommand(name, description)->group("Server by server");
    add_cluster_flags(*sub, args.cluster);
    add_call_flags(*sub, args.cluster);
    add_server_flag(*sub, args.servers);
    return sub;
}

// ---- version ----------------------------------------------------------------------------------

exit_code run_version(const server_arguments& args) {
    auto s = session::open(args.cluster);
    if (!s) return report_usage(s.error());
    const client& mc = s.value().mc;
    const auto chosen = servers_named(mc, args.servers);
    if (!chosen) return report_usage(chosen.error());
    const auto& servers = chosen.value();

    const auto answers = answers_of(s.value().rt, servers.size(),
                                    [&](std::size_t i) { return mc.version(servers[i]); });
    server_report out(mc, args.cluster);
    for (std::size_t i = 0; i < servers.size(); ++i) {
        if (!answers[i]) {
            out.fail(servers[i], answers[i].error());
            continue;
        }
        put_bytes(out.hit(servers[i]), "version", answers[i].value());
        if (out.as_json()) continue;
        print(mc.server_at(servers[i]).text + "\t" + printable(answers[i].value()) + "\n");
    }
    return out.finish();
}

// ---- ping -------------------------------------------------------------------------------------

struct pong {
    result<void> answer{error{}};
    std::chrono::duration<double, std::milli> round_trip{};
};

// The first answer tells that the server lives, the second how long an answer takes when looking
// up the name and connecting are over.
task<void> ping(const client& mc, std::size_t server, const stopwatch& limit, pong& out) {
    out.answer = co_await mc.ping(server);
    const auto begin = std::chrono::steady_clock::now();
    if (!out.answer) co_return;
    call_options options;
    options.deadline = limit.left();
    out.answer = co_await mc.ping(server, options);
    out.round_trip = std::chrono::steady_clock::now() - begin;
}

std::string milliseconds(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", number);
    return text;
}

exit_code run_ping(const server_arguments& args) {
    auto s = session::open(args.cluster);
    if (!s) return report_usage(s.error());
    const client& mc = s.value().mc;
    const auto chosen = servers_named(mc, args.servers);
    if (!chosen) return report_usage(chosen.error());
    const auto& servers = chosen.value();

    std::vector<pong> pongs(servers.size());
    const stopwatch limit(args.cluster);
    run_all(s.value().rt, servers.size(),
            [&](std::size_t i) { return ping(mc, servers[i], limit, pongs[i]); });
    server_report out(mc, args.cluster);
    for (std::size_t i = 0; i < servers.size(); ++i) {
        if (!pongs[i].answer) {
            out.fail(servers[i], pongs[i].answer.error());
            continue;
        }
        const std::string time = milliseconds(pongs[i].round_trip.count());
        out.hit(servers[i])["round_trip_ms"] = json::parse(time);
        if (!out.as_json()) print(mc.server_at(servers[i]).text + "\t" + time + " ms\n");
    }
    return out.finish();
}

// ---- flush ------------------------------------------------------------------------------------

struct flush_arguments : server_arguments {
    bool all = false;
    double delay_seconds = 0;
};

// Above, a server takes the number for a moment since 1970, which is long past.
constexpr double longest_delay_seconds = 30.0 * 24 * 60 * 60;

exit_code run_flush(const flush_arguments& args) {
    if (!args.all && args.servers.empty()) {
        return report_usage(config_error(
            "flush makes servers forget every item: name them with --server, or say --all"));
    }
    if (args.delay_seconds > longest_delay_seconds) {
        return report_usage(config_error("--delay: servers take at most 30 days"));
    }
    auto s = session::open(args.cluster);
    if (!s) return report_usage(s.error());
    const client& mc = s.value().mc;
    const auto chosen = servers_named(mc, args.servers);
    if (!chosen) return report_usage(chosen.error());
    const auto& servers = chosen.value();

    flush_options options;
    options.delay =
        std::chrono::ceil<std::chrono::seconds>(std::chrono::duration<double>(args.delay_seconds));
    const auto answers = answers_of(s.value().rt, servers.size(),
                                    [&](std::size_t i) { return mc.flush(servers[i], options); });
    const std::string delay = std::to_string(options.delay.count());
    const std::string done =
        args.delay_seconds > 0 ? "will be flushed in " + delay + " s" : "flushed";
    server_report out(mc, args.cluster);
    for (std::size_t i = 0; i < servers.size(); ++i) {
        if (!answers[i]) {
            const bool is_forbidden = answers[i].error() == errc::auth_failed;
            out.fail(servers[i], answers[i].error(),
                     is_forbidden ? "; memcached -F forbids to flush" : "");
            continue;
        }
        out.hit(servers[i], "flushed")["delay_seconds"] = options.delay.count();
        if (!out.as_json()) print(mc.server_at(servers[i]).text + "\t" + done + "\n");
    }
    return out.finish();
}

}  // namespace

void add_version(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<server_arguments>();
    CLI::App* const sub =
        add_asking(app, "version", "Print every server's version: server<TAB>version", *args);
    commands.push_back({sub, [args] { return run_version(*args); }});
}

void add_ping(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<server_arguments>();
    CLI::App* const sub = add_asking(
        app, "ping", "Print how long every server takes to answer: server<TAB>0.123 ms", *args);
    commands.push_back({sub, [args] { return run_ping(*args); }});
}

void add_flush(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<flush_arguments>();
    CLI::App* const sub = add_asking(
        app, "flush", "Make servers forget ALL their items; name them with --server, or say --all",
        *args);
    sub->add_flag("--all", args->all, "Every server of the list")
        ->excludes(sub->get_option("--server"));
    read_as_time(*sub->add_option("--delay", args->delay_seconds,
                                  "Let them do it later: 10, 90s, 5m; whole seconds, rounded up, "
                                  "at most 30d; at once if not given"));
    commands.push_back({sub, [args] { return run_flush(*args); }});
}

}  // namespace kmc::cli
