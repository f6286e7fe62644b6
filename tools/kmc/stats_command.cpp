// kmc stats: what servers tell of themselves, each and all together.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.hpp"
#include "calls.hpp"
#include "cluster.hpp"
#include "commands.hpp"
#include "output.hpp"
#include "report.hpp"
#include "stats_table.hpp"

namespace kmc::cli {
namespace {

struct stats_arguments {
    cluster_flags cluster;
    std::string group;
    std::vector<std::string> servers;
};

// How a server says that it has no such group.
constexpr std::uint32_t status_not_found = 1;

bool is_unknown_group(const error& why) {
    return why == errc::server_error && why.at == stage::answered && why.status == status_not_found;
}

// As the server sent it, in its order; a name that comes twice gets a list.
json to_json(const statistics& stats) {
    json object = json::object();
    for (const auto& [name, text] : stats.entries) {
        json one;
        put_bytes(one, name, text);
        for (auto& [key, said] : one.items()) {
            json& place = object[key];
            if (place.is_null()) {
                place = said;
            } else {
                if (!place.is_array()) place = json::array({place});
                place.push_back(said);
            }
        }
    }
    return object;
}

json sums(std::string_view group, const std::vector<stats_column>& columns) {
    json object = json::object();
    for (const std::string_view name : stats_names(columns)) {
        if (const auto sum = stats_sum(group, name, columns)) object[std::string(name)] = *sum;
    }
    return object;
}

exit_code run_stats(const stats_arguments& args) {
    auto s = session::open(args.cluster);
    if (!s) return report_usage(s.error());
    const client& mc = s.value().mc;
    const auto chosen = servers_named(mc, args.servers);
    if (!chosen) return report_usage(chosen.error());
    const auto& servers = chosen.value();
    const bool is_reset = args.group == "reset";

    const auto answers = answers_of(s.value().rt, servers.size(), [&](std::size_t i) {
        return mc.stats(servers[i], args.group);
    });
    server_report out(mc, args.cluster);
    std::vector<stats_column> columns;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        const std::string& server = mc.server_at(servers[i]).text;
        if (answers[i]) {
            json& entry = out.hit(servers[i], is_reset ? "reset" : "ok");
            if (out.as_json()) entry["stats"] = to_json(answers[i].value());
            if (!out.as_json() && is_reset) print(server + "\treset\n");
            columns.push_back({server, &answers[i].value()});
        } else if (is_unknown_group(answers[i].error())) {
            out.miss(servers[i], "there are no statistics called " + shown(args.group));
        } else {
            out.fail(servers[i], answers[i].error());
            columns.push_back({server, nullptr});
        }
    }
    const bool has_answer =
        std::ranges::any_of(columns, [](const stats_column& c) { return c.stats != nullptr; });
    if (!out.as_json() && !is_reset && has_answer) print(stats_text(args.group, columns));
    return out.finish({{"group", args.group}, {"sum", sums(args.group, columns)}});
}

}  // namespace

void add_stats(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<stats_arguments>();
    CLI::App* const sub =
        app.add_subcommand(
               "stats",
               "Print statistics: the sum over the servers, where numbers add up, then each server")
            ->group("Server by server");
    read_as_bytes(*sub->add_option("GROUP", args->group,
                                   "settings, items, slabs, sizes, conns ...; the general ones if "
                                   "not given. reset sets counters to zero"));
    add_cluster_flags(*sub, args->cluster);
    add_call_flags(*sub, args->cluster);
    add_server_flag(*sub, args->servers);
    commands.push_back({sub, [args] { return run_stats(*args); }});
}

}  // namespace kmc::cli
