// kmc del, touch, incr, decr: what changes items without giving them a value.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.hpp"
#include "calls.hpp"
#include "cluster.hpp"
#include "commands.hpp"
#include "output.hpp"
#include "report.hpp"
#include "units.hpp"

namespace kmc::cli {
namespace {

struct item_arguments {
    cluster_flags cluster;
    std::vector<std::string> keys;
    double ttl_seconds = 0;
    std::optional<std::uint64_t> token;
};

exit_code remove_if(session& s, const item_arguments& args) {
    return ask_each_key(
        s, args.cluster, args.keys,
        [&](const client& mc, std::string_view key) {
            return mc.del(key, cas_token{*args.token}, args.cluster.for_call());
        },
        [](key_report& out, std::string_view key, del_outcome outcome) {
            switch (outcome) {
                case del_outcome::deleted:
                    out.hit(key, "deleted");
                    return;
                case del_outcome::exists:
                    out.miss(key, "exists",
                             "not removed, the item was changed since that token was its own");
                    return;
                case del_outcome::not_found:
                    out.miss(key);
                    return;
            }
        });
}

exit_code run_del(const item_arguments& args) {
    if (args.token && args.keys.size() != 1) {
        return report_usage(config_error("--cas is the token of one item: give one key"));
    }
    auto s = session::open(args.cluster);
    if (!s) return report_usage(s.error());
    if (args.token) return remove_if(s.value(), args);
    return ask_each_key(
        s.value(), args.cluster, args.keys,
        [&](const client& mc, std::string_view key) {
            return mc.del(key, args.cluster.for_call());
        },
        [](key_report& out, std::string_view key, bool was_there) {
            was_there ? out.hit(key, "deleted") : out.miss(key);
        });
}

exit_code run_touch(const item_arguments& args) {
    auto s = session::open(args.cluster);
    if (!s) return report_usage(s.error());
    return ask_each_key(
        s.value(), args.cluster, args.keys,
        [&](const client& mc, std::string_view key) {
            return mc.touch(key, to_expiry(args.ttl_seconds), args.cluster.for_call());
        },
        [](key_report& out, std::string_view key, bool was_there) {
            was_there ? out.hit(key, "touched") : out.miss(key);
        });
}

struct counter_arguments {
    cluster_flags cluster;
    std::string key;
    std::uint64_t delta = 1;
    std::optional<std::uint64_t> initial;
    double ttl_seconds = 0;
};

enum class direction { up, down };

exit_code run_count(const counter_arguments& args, direction where) {
    auto s = session::open(args.cluster);
    if (!s) return report_usage(s.error());
    counter_options options;
    options.initial = args.initial;
    options.ttl = to_expiry(args.ttl_seconds);
    options.group = args.cluster.group;
    return ask_each_key(
        s.value(), args.cluster, std::span(&args.key, 1),
        [&](const client& mc, std::string_view key) {
            return where == direction::up ? mc.incr(key, args.delta, options)
                                          : mc.decr(key, args.delta, options);
        },
        [](key_report& out, std::string_view key, std::optional<std::uint64_t> number) {
            if (!number) {
                out.miss(key);
                return;
            }
            put_number(out.hit(key, "counted"), "value", *number);
            if (!out.as_json()) print(std::to_string(*number) + "\n");
        });
}

CLI::App* add_changing(CLI::App& app, const char* name, const char* description,
                       item_arguments& args) {
    CLI::App* const sub = app.add_subcommand(name, description)->group("Changing");
    read_as_bytes(*sub->add_option("KEY", args.keys, "Keys, each 1 to 250 bytes")).required();
    add_cluster_flags(*sub, args.cluster);
    add_key_flags(*sub, args.cluster);
    add_call_flags(*sub, args.cluster);
    return sub;
}

void add_counting(CLI::App& app, std::vector<command>& commands, const char* name,
                  const char* description, const char* delta, direction where) {
    auto args = std::make_shared<counter_arguments>();
    CLI::App* const sub = app.add_subcommand(name, description)->group("Changing");
    read_as_bytes(*sub->add_option("KEY", args->key, "The key, 1 to 250 bytes")).required();
    read_as_number(*sub->add_option("DELTA", args->delta, delta), 0, UINT64_MAX).default_str("1");
    add_cluster_flags(*sub, args->cluster);
    add_key_flags(*sub, args->cluster);
    add_call_flags(*sub, args->cluster);
    CLI::Option* const initial = sub->add_option(
        "--initial", args->initial,
        "Create a counter that is not there, with this number; DELTA is then not applied");
    read_as_number(*initial, 0, UINT64_MAX);
    read_as_ttl(*sub->add_option("--ttl", args->ttl_seconds,
                                 "How long to keep a counter that is created; for ever if not "
                                 "given"))
        .needs(initial);
    commands.push_back({sub, [args, where] { return run_count(*args, where); }});
}

}  // namespace

void add_del(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<item_arguments>();
    CLI::App* const sub = add_changing(app, "del", "Remove items", *args);
    read_as_number(*sub->add_option("--cas", args->token,
                                    "Only if nobody changed the item since this token of it was "
                                    "read; with one key"),
                   1, UINT64_MAX)
        .type_name("TOKEN");
    commands.push_back({sub, [args] { return run_del(*args); }});
}

void add_touch(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<item_arguments>();
    CLI::App* const sub =
        add_changing(app, "touch", "Give items a new time to live, without reading them", *args);
    read_as_ttl(*sub->add_option("--ttl", args->ttl_seconds,
                                 "How long to keep the items from now on: 300, 90s, 5m, 2h, 7d, "
                                 "never"))
        .required();
    commands.push_back({sub, [args] { return run_touch(*args); }});
}

void add_incr(CLI::App& app, std::vector<command>& commands) {
    add_counting(app, commands, "incr", "Add to a counter and print what it became",
                 "What to add; beyond 2^64-1 it goes on from 0", direction::up);
}

void add_decr(CLI::App& app, std::vector<command>& commands) {
    add_counting(app, commands, "decr", "Subtract from a counter and print what it became",
                 "What to subtract; the counter stops at 0", direction::down);
}

}  // namespace kmc::cli
