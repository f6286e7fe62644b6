// kmc ring show: load against weight of every server, as text, JSON, SVG and a page.

#include <algorithm>
#include <memory>
#include <optional>

#include "arguments.hpp"
#include "cluster.hpp"
#include "columns.hpp"
#include "output.hpp"
#include "ring/inputs.hpp"
#include "ring/scene.hpp"
#include "ring/subcommands.hpp"
#include "ring_words.hpp"

namespace kmc::cli {
namespace {

using detail::ring_view;

struct show_arguments {
    cluster_flags cluster;
    out_of_service ejected;
    std::string svg;
    std::string html;
    std::string new_list;
};

void print_text(const scene& from, const ring_picture& picture) {
    const ring_view& now = from.now;
    print(sentence_of(now.home().spec()) + "\n");
    print("servers: " + std::to_string(now.servers().size()) +
          ", points: " + std::to_string(now.home().ring_points().points().size()) + "\n");
    print("digest: " + picture.digest + "\n");
    print("standard deviation: " + percent(from.shares.deviation) + "\n");
    if (from.change) print("moved: " + percent(from.change->moved) + "\n");
    if (!from.policy.empty()) print("keys of servers that are out: " + from.policy + "\n");
    if (from.shares.unserved > 0) {
        print("nobody answers for " + percent(from.shares.unserved) + "\n");
    }
    print(from.shares.sampled == 0
              ? "loads are exact, by the arcs of the ring\n\n"
              : "loads by " + std::to_string(from.shares.sampled) + " made-up keys\n\n");
    std::size_t width = 6;
    for (const picture_line& line : picture.lines) width = std::max(width, line.text.size());
    print(left("server", width) + "  points" + (picture.has_before ? "   before" : "") +
          "     load   weight  load/weight\n");
    for (const picture_line& line : picture.lines) {
        print(left(printable(line.text), width) + right(std::to_string(line.points), 8));
        if (picture.has_before) print(right(percent(line.before), 9));
        print(right(percent(line.load), 9) + right(percent(line.weight), 9) +
              right(line.weight > 0 ? signed_percent(line.load / line.weight - 1) : "-", 13));
        print(line.note.empty() ? "\n" : "  " + line.note + "\n");
    }
}

void print_json(const scene& from, const ring_picture& picture) {
    json document;
    document["ring"] = sentence_of(from.now.home().spec());
    document["digest"] = picture.digest;
    document["points"] = from.now.home().ring_points().points().size();
    document["deviation"] = from.shares.deviation;
    document["exact"] = from.shares.sampled == 0;
    document["unserved"] = from.shares.unserved;
    if (from.change) document["moved"] = from.change->moved;
    for (const picture_line& line : picture.lines) {
        json entry{{"server", line.text},
                   {"points", line.points},
                   {"load", line.load},
                   {"weight_share", line.weight}};
        if (from.change) entry["before"] = line.before;
        if (!line.note.empty()) entry["note"] = line.note;
        document["servers"].push_back(std::move(entry));
    }
    print_document(document);
}

config_result<scene> scene_of(const show_arguments& args) {
    const auto policy = policy_of(args.ejected);
    if (!policy) return policy.error();
    auto before = view_of(args.cluster);
    if (!before) return before.error();
    const server_list& list = before.value().home().list();
    auto later =
        args.new_list.empty() ? config_result<server_list>(list) : read_list(args.new_list);
    if (!later) return later.error();
    const auto out = places_of(later.value(), args.ejected.servers, "--ejected");
    if (!out) return out.error();
    auto now = ring_view::build(std::move(later.value()), before.value().home().spec(), out.value(),
                                policy.value());
    if (!now) return now.error();

    auto shares = detail::shares_of(now.value());
    scene made{std::move(now.value()), {}, std::move(shares), {}, {}};
    if (!args.ejected.servers.empty()) made.policy = args.ejected.policy;
    if (!args.ejected.servers.empty() || !args.new_list.empty()) {
        made.change = detail::change_between(before.value(), made.now);
    }
    if (!args.new_list.empty()) made.before = std::move(before.value());
    return made;
}

exit_code run_show(const show_arguments& args) {
    const auto made = scene_of(args);
    if (!made) return report_usage(made.error());
    const ring_picture picture = picture_of(made.value());
    bool is_written = true;
    if (!args.svg.empty()) {
        is_written &= write_file(args.svg, svg_of(picture, picture_style::inside));
    }
    if (!args.html.empty()) is_written &= write_file(args.html, page_of(picture));
    if (args.cluster.json) {
        print_json(made.value(), picture);
    } else {
        print_text(made.value(), picture);
    }
    return is_written ? exit_code::ok : exit_code::usage;
}

}  // namespace

void add_ring_show(CLI::App& ring, std::vector<command>& commands) {
    auto args = std::make_shared<show_arguments>();
    CLI::App* const sub = ring.add_subcommand(
        "show", "Print each server's load against its weight, and draw the ring");
    add_cluster_flags(*sub, args->cluster);
    read_as_bytes(*sub->add_option("--svg", args->svg, "Write a picture")).type_name("FILE");
    read_as_bytes(*sub->add_option("--html", args->html, "Write a page that needs nothing else"))
        .type_name("FILE");
    read_as_bytes(*sub->add_option("--new", args->new_list,
                                   "The list that takes the place of the first: text, or @FILE"))
        .type_name("LIST");
    add_out_of_service(*sub, args->ejected, "--ejected");
    commands.push_back({sub, [args] { return run_show(*args); }});
}

}  // namespace kmc::cli
