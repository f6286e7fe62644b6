// kmc ring digest and points: what one ring is.

#include <memory>

#include "columns.hpp"
#include "inspect/ring_digest.hpp"
#include "output.hpp"
#include "ring/inputs.hpp"
#include "ring/subcommands.hpp"
#include "ring_words.hpp"

namespace kmc::cli {
namespace {

exit_code run_digest(const cluster_flags& flags, bool verbose) {
    const auto view = view_of(flags);
    if (!view) return report_usage(view.error());
    const auto digest = detail::digest_of(view.value().home());
    json document;
    document["digest"] = digest.text;
    document["ring"] = sentence_of(view.value().home().spec());
    if (!flags.json) print(digest.text + "\n");
    for (std::size_t i = 0; verbose && i < digest.servers.size(); ++i) {
        const auto& s = digest.servers[i];
        const std::string& text = view.value().servers()[i].text;
        if (!flags.json) {
            print(s.digest + "  " + right(std::to_string(s.points), 6) + " points  " +
                  printable(text) + "\n");
        }
        document["servers"].push_back(
            {{"server", text}, {"address", s.address}, {"points", s.points}, {"digest", s.digest}});
    }
    if (flags.json) print_document(document);
    return exit_code::ok;
}

exit_code run_points(const cluster_flags& flags, const std::vector<std::string>& only) {
    const auto view = view_of(flags);
    if (!view) return report_usage(view.error());
    const auto places = places_of(view.value().home().list(), only, "--server");
    if (!places) return report_usage(places.error());
    const auto servers = view.value().servers();
    std::vector<bool> wanted(servers.size(), only.empty());
    for (const detail::server_index place : places.value()) wanted[place] = true;
    const auto points = view.value().home().ring_points().points();
    if (points.empty()) {
        const std::string name(to_text(view.value().home().spec().ring));
        return report_usage(config_error("the ring " + name + " has no points"));
    }
    json entries = json::array();
    for (const auto& point : points) {
        if (!wanted[point.server]) continue;
        const std::string& text = servers[point.server].text;
        if (flags.json) {
            entries.push_back({{"point", point.value}, {"server", text}});
        } else {
            print(std::to_string(point.value) + "\t" + text + "\n");
        }
    }
    if (flags.json) {
        print_document({{"ring", sentence_of(view.value().home().spec())}, {"points", entries}});
    }
    return exit_code::ok;
}

}  // namespace

void add_ring_digest(CLI::App& ring, std::vector<command>& commands) {
    auto flags = std::make_shared<cluster_flags>();
    auto verbose = std::make_shared<bool>(false);
    CLI::App* const sub = ring.add_subcommand(
        "digest",
        "Print 32 digits that are the same where every key is on the same server, and others "
        "elsewhere: of the hash of keys, the points that keys reach, and their servers' addresses");
    add_cluster_flags(*sub, *flags);
    sub->add_flag("--verbose", *verbose, "Also a digest of each server's own points");
    commands.push_back({sub, [=] { return run_digest(*flags, *verbose); }});
}

void add_ring_points(CLI::App& ring, std::vector<command>& commands) {
    auto flags = std::make_shared<cluster_flags>();
    auto only = std::make_shared<std::vector<std::string>>();
    CLI::App* const sub = ring.add_subcommand(
        "points", "Print all points in the order they are searched: point<TAB>server");
    add_cluster_flags(*sub, *flags);
    add_server_flag(*sub, *only);
    commands.push_back({sub, [=] { return run_points(*flags, *only); }});
}

}  // namespace kmc::cli
