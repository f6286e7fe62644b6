// kmc cp: one item to another key, or to another cluster.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "arguments.hpp"
#include "calls.hpp"
#include "cluster.hpp"
#include "commands.hpp"
#include "output.hpp"
#include "report.hpp"
#include "units.hpp"

namespace kmc::cli {
namespace {

struct copy_arguments {
    cluster_flags cluster;
    std::string source;
    std::string target;
    std::optional<std::string> to_servers;
    double ttl_seconds = 0;
    bool no_clobber = false;
};

task<result<std::optional<value>>> fetch(const client& mc, std::string_view key,
                                         call_options options) {
    co_return co_await mc.get(key, options);
}

task<result<std::optional<cas_token>>> store(const client& mc, std::string_view key,
                                             std::string_view bytes, bool no_clobber,
                                             store_options options) {
    if (no_clobber) {
        auto added = co_await mc.add(key, bytes, options);
        co_return added;
    }
    const auto stored = co_await mc.set(key, bytes, options);
    if (!stored) co_return stored.error();
    co_return std::optional(stored.value());
}

// Reads from one client and stores with the other, under one time limit.
exit_code copy(const copy_arguments& args, runtime& rt, const client& from, const client& to) {
    const stopwatch limit(args.cluster);
    key_report out(from, args.cluster);
    const auto found = rt.block_on(fetch(from, args.source, args.cluster.for_call()));
    if (!found) {
        out.fail(args.source, found.error());
        return out.finish();
    }
    if (!found.value()) {
        out.miss(args.source);
        return out.finish();
    }

    store_options options;
    options.ttl = to_expiry(args.ttl_seconds);
    options.flags = found.value()->flags();
    options.group = args.cluster.group;
    options.deadline = limit.left();
    const auto stored =
        rt.block_on(store(to, args.target, found.value()->bytes(), args.no_clobber, options));

    const std::string failed = "not copied to " + shown(args.target) + ": ";
    json* entry = nullptr;
    if (!stored) {
        entry = &out.fail(args.source, stored.error(), failed + to.describe(stored.error()));
    } else if (!stored.value()) {
        entry = &out.miss(args.source, "exists", failed + "there is such an item already");
    } else {
        entry = &out.hit(args.source, "stored");
        put_number(*entry, "cas", static_cast<std::uint64_t>(*stored.value()));
    }
    put_bytes(*entry, "to", args.target);
    (*entry)["to_server"] = to.server_at(to.locate(args.target, args.cluster.group)).text;
    const exit_code outcome = out.finish();
    // The first of the two has answered.
    return outcome == exit_code::unreachable ? exit_code::partial : outcome;
}

exit_code run_copy(const copy_arguments& args) {
    if (!args.to_servers && args.source == args.target) {
        return report_usage(config_error("SRC and DST are the same item"));
    }
    // Checked before anything is read: half a copy helps nobody.
    if (args.target.empty() || args.target.size() > args.cluster.key_size_max()) {
        return report_usage(config_error("DST: " + std::string(to_text(errc::bad_key))));
    }
    auto s = session::open(args.cluster);
    if (!s) return report_usage(s.error());
    if (!args.to_servers) return copy(args, s.value().rt, s.value().mc, s.value().mc);
    const auto other = open_other(s.value().rt, *args.to_servers, args.cluster);
    if (!other) return report_usage(config_error("--to-servers: " + other.error().message()));
    return copy(args, s.value().rt, s.value().mc, other.value());
}

}  // namespace

void add_cp(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<copy_arguments>();
    CLI::App* const sub =
        app.add_subcommand("cp", "Copy an item, value and flags, to another key or cluster")
            ->group("Storing");
    read_as_bytes(*sub->add_option("SRC", args->source, "The key of the item, 1 to 250 bytes"))
        .required();
    read_as_bytes(*sub->add_option("DST", args->target, "The key of the copy, 1 to 250 bytes"))
        .required();
    add_cluster_flags(*sub, args->cluster);
    add_key_flags(*sub, args->cluster);
    add_call_flags(*sub, args->cluster);
    read_as_bytes(*sub->add_option("--to-servers", args->to_servers,
                                   "The cluster of the copy, written as for --servers; every "
                                   "other flag holds for both"))
        .type_name("LIST");
    read_as_ttl(*sub->add_option("--ttl", args->ttl_seconds,
                                 "How long to keep the copy: 300, 90s, 5m, 2h, 7d, never; for ever "
                                 "if not given, since servers do not tell how long SRC has"));
    sub->add_flag("--no-clobber", args->no_clobber, "Leave an item that DST has already alone");
    commands.push_back({sub, [args] { return run_copy(*args); }});
}

}  // namespace kmc::cli
