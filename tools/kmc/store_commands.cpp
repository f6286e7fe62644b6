// kmc set, add, replace, append, prepend, cas: what puts bytes into an item.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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

struct store_arguments {
    cluster_flags cluster;
    std::string key;
    std::string value;
    std::uint64_t token = 0;
    double ttl_seconds = 0;
    std::uint32_t flags = 0;

    [[nodiscard]] store_options for_store() const noexcept {
        store_options options;
        options.ttl = to_expiry(ttl_seconds);
        options.flags = flags;
        options.group = cluster.group;
        return options;
    }
};

// What a server means that did not store, and how to say it.
struct refusal {
    std::string_view status;
    std::string_view reason;
};

constexpr refusal somebody_has_it = {"exists", "not stored, there is such an item already"};
constexpr refusal nothing_there = {"miss", "not stored, there is no such item"};
constexpr refusal nothing_to_extend = {
    "miss", "not stored, there is no such item, or it would be over the item size limit"};
constexpr refusal changed_since = {"exists",
                                   "not stored, the item was changed since that token was its own"};

// Standard input to its end, or to one byte more than any server would take: kmc then refuses it
// with the right reason.
// Nothing when it cannot be read: a value that is cut short is not the value.
std::optional<std::string> read_standard_input(std::uint64_t limit) {
    std::string bytes;
    char block[65536];
    while (bytes.size() <= limit) {
        const std::size_t size = std::fread(block, 1, sizeof block, stdin);
        bytes.append(block, size);
        if (size < sizeof block) break;
    }
    if (std::ferror(stdin) != 0) return std::nullopt;
    return bytes;
}

void tell_stored(key_report& out, std::string_view key, cas_token token) {
    put_number(out.hit(key, "stored"), "cas", static_cast<std::uint64_t>(token));
}

void tell_refused(key_report& out, std::string_view key, refusal why) {
    out.miss(key, why.status, why.reason);
}

// @param call  makes the call, of the client, the key and the value.
// @param tell  as in ask_each_key.
template <class Call, class Tell>
exit_code store(const store_arguments& args, Call call, Tell tell) {
    auto s = session::open(args.cluster);
    if (!s) return report_usage(s.error());
    std::string bytes = args.value;
    if (args.value == "-") {
        auto read = read_standard_input(args.cluster.item_size_max);
        if (!read) {
            complain("standard input cannot be read; nothing was stored");
            return exit_code::usage;
        }
        bytes = std::move(*read);
    }
    return ask_each_key(
        s.value(), args.cluster, std::span(&args.key, 1),
        [&](const client& mc, std::string_view key) { return call(mc, key, bytes); }, tell);
}

// Of a store that the server may decline, for one reason.
template <class Call>
exit_code try_store(const store_arguments& args, refusal declined, Call call) {
    return store(args, call,
                 [&](key_report& out, std::string_view key, std::optional<cas_token> token) {
                     if (token) return tell_stored(out, key, *token);
                     tell_refused(out, key, declined);
                 });
}

exit_code run_set(const store_arguments& args) {
    return store(
        args,
        [&](const client& mc, std::string_view key, std::string_view bytes) {
            return mc.set(key, bytes, args.for_store());
        },
        tell_stored);
}

exit_code run_add(const store_arguments& args) {
    return try_store(args, somebody_has_it,
                     [&](const client& mc, std::string_view key, std::string_view bytes) {
                         return mc.add(key, bytes, args.for_store());
                     });
}

exit_code run_replace(const store_arguments& args) {
    return try_store(args, nothing_there,
                     [&](const client& mc, std::string_view key, std::string_view bytes) {
                         return mc.replace(key, bytes, args.for_store());
                     });
}

exit_code run_append(const store_arguments& args) {
    return try_store(args, nothing_to_extend,
                     [&](const client& mc, std::string_view key, std::string_view bytes) {
                         return mc.append(key, bytes, args.cluster.for_call());
                     });
}

exit_code run_prepend(const store_arguments& args) {
    return try_store(args, nothing_to_extend,
                     [&](const client& mc, std::string_view key, std::string_view bytes) {
                         return mc.prepend(key, bytes, args.cluster.for_call());
                     });
}

exit_code run_cas(const store_arguments& args) {
    return store(
        args,
        [&](const client& mc, std::string_view key, std::string_view bytes) {
            return mc.cas(key, bytes, cas_token{args.token}, args.for_store());
        },
        [](key_report& out, std::string_view key, store_outcome outcome) {
            switch (outcome) {
                case store_outcome::stored:
                    out.hit(key, "stored");
                    return;
                case store_outcome::exists:
                    return tell_refused(out, key, changed_since);
                case store_outcome::not_found:
                    return tell_refused(out, key, nothing_there);
            }
        });
}

CLI::App* add_storing(CLI::App& app, const char* name, const char* description,
                      store_arguments& args) {
    CLI::App* const sub = app.add_subcommand(name, description)->group("Storing");
    read_as_bytes(*sub->add_option("KEY", args.key, "The key, 1 to 250 bytes")).required();
    read_as_bytes(
        *sub->add_option("VALUE", args.value, "The value; - reads it from standard input"))
        .required();
    add_cluster_flags(*sub, args.cluster);
    add_key_flags(*sub, args.cluster);
    add_call_flags(*sub, args.cluster);
    return sub;
}

// For those that make an item, not for those that extend one.
void add_item_flags(CLI::App& sub, store_arguments& args) {
    read_as_ttl(*sub.add_option("--ttl", args.ttl_seconds,
                                "How long to keep it: 300, 90s, 5m, 2h, 7d, never; for ever if "
                                "not given"));
    read_as_number(*sub.add_option("--flags", args.flags, "A number stored with it"), 0,
                   0xffff'ffff);
}

}  // namespace

void add_set(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<store_arguments>();
    CLI::App* const sub = add_storing(app, "set", "Store a value, whatever is there now", *args);
    add_item_flags(*sub, *args);
    commands.push_back({sub, [args] { return run_set(*args); }});
}

void add_add(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<store_arguments>();
    CLI::App* const sub = add_storing(app, "add", "Store a value only if there is none", *args);
    add_item_flags(*sub, *args);
    commands.push_back({sub, [args] { return run_add(*args); }});
}

void add_replace(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<store_arguments>();
    CLI::App* const sub = add_storing(app, "replace", "Store a value only if there is one", *args);
    add_item_flags(*sub, *args);
    commands.push_back({sub, [args] { return run_replace(*args); }});
}

void add_append(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<store_arguments>();
    CLI::App* const sub =
        add_storing(app, "append", "Put bytes behind a value; flags and time to live stay", *args);
    commands.push_back({sub, [args] { return run_append(*args); }});
}

void add_prepend(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<store_arguments>();
    CLI::App* const sub =
        add_storing(app, "prepend", "Put bytes before a value; flags and time to live stay", *args);
    commands.push_back({sub, [args] { return run_prepend(*args); }});
}

void add_cas(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<store_arguments>();
    CLI::App* const sub = add_storing(
        app, "cas", "Store a value only if nobody changed the item since its token was read",
        *args);
    read_as_number(*sub->add_option("TOKEN", args->token, "\"cas\" of get --json, or of a store"),
                   1, UINT64_MAX)
        .required();
    add_item_flags(*sub, *args);
    commands.push_back({sub, [args] { return run_cas(*args); }});
}

}  // namespace kmc::cli
