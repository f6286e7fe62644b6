// kmc ring diff: what moves between servers when one ring becomes another.

#include <algorithm>
#include <memory>

#include "arguments.hpp"
#include "columns.hpp"
#include "inspect/ring_change.hpp"
#include "output.hpp"
#include "ring/inputs.hpp"
#include "ring/subcommands.hpp"
#include "ring_words.hpp"

namespace kmc::cli {
namespace {

using detail::ring_change;
using detail::ring_view;

struct diff_arguments {
    std::string old_list;
    std::string new_list;
    ring_flags old_ring;
    ring_flags new_ring;
    out_of_service without;
    std::string keys;
    bool json = false;
};

// Both sides, and what lies between them.
struct comparison {
    ring_view before;
    ring_view after;
    ring_change change;
    std::string how;  // the numbers were found
};

// With a name of its own the old ring has its own settings; without one it is the new one, with
// other settings where they are given.
config_result<ring_spec> old_spec_of(const diff_arguments& args) {
    if (args.old_ring.name) return args.old_ring.spec();
    ring_flags flags = args.new_ring;
    const auto take = [](std::optional<std::string>& to, const std::optional<std::string>& from) {
        if (from) to = from;
    };
    take(flags.hash, args.old_ring.hash);
    take(flags.point_hash, args.old_ring.point_hash);
    take(flags.weights, args.old_ring.weights);
    take(flags.labels, args.old_ring.labels);
    take(flags.bytes, args.old_ring.bytes);
    return flags.spec();
}

config_result<ring_view> before_of(const diff_arguments& args) {
    const auto spec = old_spec_of(args);
    if (!spec) return spec.error();
    auto list = read_list(args.old_list);
    if (!list) return list.error();
    return ring_view::build(std::move(list.value()), spec.value());
}

config_result<ring_view> after_of(const diff_arguments& args, const server_list& before) {
    const auto spec = args.new_ring.spec();
    if (!spec) return spec.error();
    auto list =
        args.new_list.empty() ? config_result<server_list>(before) : read_list(args.new_list);
    if (!list) return list.error();
    const auto policy = policy_of(args.without);
    if (!policy) return policy.error();
    const auto out = places_of(list.value(), args.without.servers, "--without");
    if (!out) return out.error();
    return ring_view::build(std::move(list.value()), spec.value(), out.value(), policy.value());
}

config_result<comparison> compare(const diff_arguments& args) {
    auto before = before_of(args);
    if (!before) return before.error();
    auto after = after_of(args, before.value().home().list());
    if (!after) return after.error();
    if (args.keys.empty()) {
        ring_change change = detail::change_between(before.value(), after.value());
        const std::string how = change.keys == 0
                                    ? "exact, by the arcs of the ring"
                                    : "by " + std::to_string(change.keys) + " made-up keys";
        return comparison{std::move(before.value()), std::move(after.value()), std::move(change),
                          how};
    }
    const auto keys = lines_of(args.keys);
    if (!keys) return keys.error();
    if (keys.value().empty()) return config_error("there are no keys in " + shown(args.keys));
    ring_change change = detail::change_of_keys(before.value(), after.value(), keys.value());
    const std::string how = "by the " + std::to_string(change.keys) + " keys given";
    return comparison{std::move(before.value()), std::move(after.value()), std::move(change), how};
}

void print_json(const comparison& c) {
    json document;
    document["old"] = sentence_of(c.before.home().spec());
    document["new"] = sentence_of(c.after.home().spec());
    document["exact"] = c.change.keys == 0;
    document["keys"] = c.change.keys;
    document["moved"] = c.change.moved;
    document["unserved"] = c.change.unserved_after;
    for (const auto& s : c.change.servers) {
        document["servers"].push_back({{"server", s.text},
                                       {"old", s.before},
                                       {"new", s.after},
                                       {"kept", s.kept},
                                       {"gained", s.gained()},
                                       {"lost", s.lost()}});
    }
    print_document(document);
}

void print_text(const comparison& c) {
    print("old: " + sentence_of(c.before.home().spec()) + "\n");
    print("new: " + sentence_of(c.after.home().spec()) + "\n");
    print("moved: " + percent(c.change.moved) + " (" + c.how + ")\n\n");
    std::size_t width = 6;
    for (const auto& s : c.change.servers) width = std::max(width, s.text.size());
    print(left("server", width) + "      old      new     kept   gained     lost\n");
    for (const auto& s : c.change.servers) {
        print(left(printable(s.text), width));
        for (const double part : {s.before, s.after, s.kept, s.gained(), s.lost()}) {
            print(right(percent(part), 9));
        }
        print(!s.is_old ? "  new\n" : !s.is_new ? "  gone\n" : "\n");
    }
    if (c.change.unserved_after > 0) {
        print("nobody answers for " + percent(c.change.unserved_after) + "\n");
    }
}

exit_code run_diff(const diff_arguments& args) {
    const auto compared = compare(args);
    if (!compared) return report_usage(compared.error());
    if (args.json) {
        print_json(compared.value());
    } else {
        print_text(compared.value());
    }
    return exit_code::ok;
}

}  // namespace

void add_ring_diff(CLI::App& ring, std::vector<command>& commands) {
    auto args = std::make_shared<diff_arguments>();
    CLI::App* const sub = ring.add_subcommand(
        "diff",
        "Print how much moves between servers when the list OLD becomes NEW: lists as --servers "
        "has them, or @FILE for a libketama file. The ring is the same for both, unless OLD has "
        "one of its own");
    read_as_bytes(*sub->add_option("OLD", args->old_list, "The list before")).required();
    read_as_bytes(*sub->add_option("NEW", args->new_list, "The list after; without it, OLD"));
    add_ring_flags(*sub, args->new_ring, "", "Ring");
    add_ring_flags(*sub, args->old_ring, "old-", "Ring of OLD, where it is another");
    read_as_bytes(*sub->add_option("--keys", args->keys,
                                   "Count these keys, one a line, instead of all hashes; - is "
                                   "standard input"))
        .type_name("FILE");
    add_out_of_service(*sub, args->without, "--without");
    sub->add_flag("--json", args->json, "Print one JSON document");
    commands.push_back({sub, [args] { return run_diff(*args); }});
}

}  // namespace kmc::cli
