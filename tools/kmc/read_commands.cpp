// kmc get, cat, gat, exists: what is there.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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

struct read_arguments {
    cluster_flags cluster;
    std::vector<std::string> keys;
    bool raw = false;
    double ttl_seconds = 0;
    bool quiet = false;
};

// One key prints its value, several print key<TAB>value; --raw prints values and nothing else.
void print_value(const read_arguments& args, std::string_view key, std::string_view bytes) {
    if (!args.raw && args.keys.size() > 1) {
        print(key);
        print("\t");
    }
    print(bytes);
    if (!args.raw) print("\n");
}

void tell_value(key_report& out, const read_arguments& args, std::string_view key,
                const std::optional<value>& found) {
    if (!found) {
        out.miss(key);
        return;
    }
    json& entry = out.hit(key, "hit");
    if (!out.as_json()) return print_value(args, key, found->bytes());
    put_bytes(entry, "value", found->bytes());
    entry["flags"] = found->flags();
    put_number(entry, "cas", static_cast<std::uint64_t>(found->token()));
}

// @param call  makes the call, of the client and the key.
template <class Call>
exit_code read(const read_arguments& args, Call call) {
    auto s = session::open(args.cluster);
    if (!s) return report_usage(s.error());
    return ask_each_key(
        s.value(), args.cluster, args.keys, call,
        [&](key_report& out, std::string_view key, const std::optional<value>& found) {
            tell_value(out, args, key, found);
        });
}

exit_code run_get(const read_arguments& args) {
    return read(args, [&](const client& mc, std::string_view key) {
        return mc.get(key, args.cluster.for_call());
    });
}

exit_code run_gat(const read_arguments& args) {
    return read(args, [&](const client& mc, std::string_view key) {
        return mc.gat(key, to_expiry(args.ttl_seconds), args.cluster.for_call());
    });
}

exit_code run_exists(const read_arguments& args) {
    auto s = session::open(args.cluster);
    if (!s) return report_usage(s.error());
    return ask_each_key(
        s.value(), args.cluster, args.keys,
        [&](const client& mc, std::string_view key) {
            return mc.exists(key, args.cluster.for_call());
        },
        [&](key_report& out, std::string_view key, bool is_there) {
            if (!is_there) {
                out.miss(key, "miss", args.quiet ? "" : "no such item");
                return;
            }
            out.hit(key, "hit");
            if (!out.as_json() && !args.quiet) print(std::string(key) + "\n");
        });
}

CLI::App* add_reading(CLI::App& app, const char* name, const char* description,
                      read_arguments& args) {
    CLI::App* const sub = app.add_subcommand(name, description)->group("Reading");
    read_as_bytes(*sub->add_option("KEY", args.keys, "Keys, each 1 to 250 bytes")).required();
    add_cluster_flags(*sub, args.cluster);
    add_key_flags(*sub, args.cluster);
    add_call_flags(*sub, args.cluster);
    return sub;
}

void add_raw_flag(CLI::App& sub, read_arguments& args) {
    sub.add_flag("--raw", args.raw, "Print the bytes of the values and nothing else")
        ->excludes(sub.get_option("--json"));
}

}  // namespace

void add_get(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<read_arguments>();
    CLI::App* const sub = add_reading(
        app, "get", "Print values: of one key the value, of several key<TAB>value, a line each",
        *args);
    add_raw_flag(*sub, *args);
    commands.push_back({sub, [args] { return run_get(*args); }});
}

void add_cat(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<read_arguments>();
    args->raw = true;
    CLI::App* const sub = add_reading(
        app, "cat", "Print the bytes of values, one behind the other, and nothing else", *args);
    commands.push_back({sub, [args] { return run_get(*args); }});
}

void add_gat(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<read_arguments>();
    CLI::App* const sub = add_reading(
        app, "gat", "Print values as get does, and give their items a new time to live", *args);
    add_raw_flag(*sub, *args);
    read_as_ttl(*sub->add_option("--ttl", args->ttl_seconds,
                                 "How long to keep the items from now on: 300, 90s, 5m, 2h, 7d, "
                                 "never"))
        .required();
    commands.push_back({sub, [args] { return run_gat(*args); }});
}

void add_exists(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<read_arguments>();
    CLI::App* const sub = add_reading(
        app, "exists", "Print the keys that have an item, a line each, without reading the items",
        *args);
    sub->add_flag("--quiet", args->quiet, "Answer with the exit code only")
        ->excludes(sub->get_option("--json"));
    commands.push_back({sub, [args] { return run_exists(*args); }});
}

}  // namespace kmc::cli
