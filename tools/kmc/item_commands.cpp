// kmc get, kmc set, kmc del: what happens to items.

#include <chrono>
#include <cmath>
#include <cstddef>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.hpp"
#include "cluster.hpp"
#include "commands.hpp"
#include "output.hpp"
#include "run_all.hpp"

namespace kmc::cli {
namespace {

void complain_about(std::string_view key, std::string_view what) {
    complain(shown(key) + ": " + std::string(what));
}

// ---- get --------------------------------------------------------------------------------------

struct get_arguments {
    cluster_flags cluster;
    std::vector<std::string> keys;
    bool raw = false;
};

task<many_reply> fetch(const client& mc, std::span<const std::string_view> keys) {
    co_return co_await mc.get_many(keys);
}

// One key prints its value, several print key<TAB>value; --raw prints values and nothing else.
void print_hit(const get_arguments& args, std::string_view key, std::string_view value) {
    if (!args.raw && args.keys.size() > 1) {
        print(key);
        print("\t");
    }
    print(value);
    if (!args.raw) print("\n");
}

json get_entry(const client& mc, std::string_view key, const get_result& r) {
    if (!r) {
        json entry = key_entry(mc, key, "error");
        put_error(entry, mc, r.error());
        return entry;
    }
    if (!r.value()) return key_entry(mc, key, "miss");
    json entry = key_entry(mc, key, "hit");
    put_bytes(entry, "value", r.value()->bytes());
    entry["flags"] = r.value()->flags;
    // As text: many readers of JSON round large numbers.
    entry["cas"] = std::to_string(static_cast<std::uint64_t>(r.value()->token));
    return entry;
}

void get_text(const get_arguments& args, const client& mc, std::string_view key,
              const get_result& r) {
    if (!r) {
        complain_about(key, mc.describe(r.error()));
    } else if (!r.value()) {
        complain_about(key, "no such item");
    } else {
        print_hit(args, key, r.value()->bytes());
    }
}

exit_code run_get(const get_arguments& args) {
    auto s = session::open(args.cluster);
    if (!s) return report_usage(s.error());
    const client& mc = s.value().mc;

    const std::vector<std::string_view> keys(args.keys.begin(), args.keys.end());
    const many_reply reply = s.value().rt.block_on(fetch(mc, keys));

    tally count;
    json entries = json::array();
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const get_result& r = reply[i];
        if (!r) {
            count.fail(r.error());
        } else if (r.value()) {
            count.hit();
        } else {
            count.miss();
        }
        if (args.cluster.json) {
            entries.push_back(get_entry(mc, keys[i], r));
        } else {
            get_text(args, mc, keys[i], r);
        }
    }
    if (args.cluster.json) {
        print_document({{"keys", std::move(entries)},
                        {"hits", count.hits()},
                        {"misses", count.misses()},
                        {"errors", count.errors()}});
    }
    return count.verdict();
}

// ---- set --------------------------------------------------------------------------------------

struct set_arguments {
    cluster_flags cluster;
    std::string key;
    std::string value;
    double ttl_seconds = 0;
    std::uint32_t flags = 0;
};

// Standard input to its end, or to one byte more than any server would take: kmc then refuses it
// with the right reason.
std::string read_value(std::uint64_t limit) {
    std::string value;
    char block[65536];
    while (value.size() <= limit && std::cin.read(block, sizeof block).gcount() > 0) {
        value.append(block, static_cast<std::size_t>(std::cin.gcount()));
    }
    return value;
}

task<result<cas_token>> store(const client& mc, std::string_view key, std::string_view value,
                              store_options options) {
    co_return co_await mc.set(key, value, options);
}

exit_code run_set(const set_arguments& args) {
    auto s = session::open(args.cluster);
    if (!s) return report_usage(s.error());
    const client& mc = s.value().mc;

    const std::string value =
        args.value == "-" ? read_value(args.cluster.item_size_max) : args.value;
    store_options options;
    options.flags = args.flags;
    if (args.ttl_seconds > 0) options.ttl = expiry(std::chrono::duration<double>(args.ttl_seconds));
    const result<cas_token> r = s.value().rt.block_on(store(mc, args.key, value, options));

    tally count;
    json entry = key_entry(mc, args.key, r ? "stored" : "error");
    if (r) {
        count.hit();
        entry["cas"] = std::to_string(static_cast<std::uint64_t>(r.value()));
    } else {
        count.fail(r.error());
        put_error(entry, mc, r.error());
    }
    if (args.cluster.json) {
        print_document({{"keys", json::array({std::move(entry)})}});
    } else if (!r) {
        complain_about(args.key, mc.describe(r.error()));
    }
    return count.verdict();
}

// ---- del --------------------------------------------------------------------------------------

struct del_arguments {
    cluster_flags cluster;
    std::vector<std::string> keys;
};

task<void> remove(const client& mc, std::string_view key, result<bool>& outcome) {
    outcome = co_await mc.del(key);
}

exit_code run_del(const del_arguments& args) {
    auto s = session::open(args.cluster);
    if (!s) return report_usage(s.error());
    const client& mc = s.value().mc;

    std::vector<result<bool>> outcomes(args.keys.size(), result<bool>(false));
    run_all(s.value().rt, args.keys.size(),
            [&](std::size_t i) { return remove(mc, args.keys[i], outcomes[i]); });

    tally count;
    json entries = json::array();
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        const result<bool>& r = outcomes[i];
        const char* const status = !r ? "error" : r.value() ? "deleted" : "miss";
        entries.push_back(key_entry(mc, args.keys[i], status));
        if (!r) {
            count.fail(r.error());
            put_error(entries.back(), mc, r.error());
        } else if (r.value()) {
            count.hit();
        } else {
            count.miss();
        }
        if (args.cluster.json || (r && r.value())) continue;
        complain_about(args.keys[i], r ? "no such item" : mc.describe(r.error()));
    }
    if (args.cluster.json) print_document({{"keys", std::move(entries)}});
    return count.verdict();
}

}  // namespace

void add_get(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<get_arguments>();
    CLI::App* const sub = app.add_subcommand(
        "get", "Print values: of one key the value, of several key<TAB>value, a line each");
    read_as_bytes(*sub->add_option("KEY", args->keys, "Keys, each 1 to 250 bytes")).required();
    add_cluster_flags(*sub, args->cluster);
    add_call_flags(*sub, args->cluster);
    sub->add_flag("--raw", args->raw, "Print the bytes of the values and nothing else")
        ->excludes(sub->get_option("--json"));
    commands.push_back({sub, [args] { return run_get(*args); }});
}

void add_set(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<set_arguments>();
    CLI::App* const sub = app.add_subcommand("set", "Store a value, whatever is there now");
    read_as_bytes(*sub->add_option("KEY", args->key, "The key, 1 to 250 bytes")).required();
    read_as_bytes(
        *sub->add_option("VALUE", args->value, "The value; - reads it from standard input"))
        .required();
    add_cluster_flags(*sub, args->cluster);
    add_call_flags(*sub, args->cluster);
    read_as_time(
        *sub->add_option("--ttl", args->ttl_seconds,
                         "How long to keep it: 300, 90s, 5m, 2h, 7d; for ever if not given"));
    sub->add_option("--flags", args->flags, "A number stored with it")->type_name("N");
    commands.push_back({sub, [args] { return run_set(*args); }});
}

void add_del(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<del_arguments>();
    CLI::App* const sub = app.add_subcommand("del", "Remove items");
    read_as_bytes(*sub->add_option("KEY", args->keys, "Keys, each 1 to 250 bytes")).required();
    add_cluster_flags(*sub, args->cluster);
    add_call_flags(*sub, args->cluster);
    commands.push_back({sub, [args] { return run_del(*args); }});
}

}  // namespace kmc::cli
