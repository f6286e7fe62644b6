// kmc version: asks every server, all at once.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "cluster.hpp"
#include "commands.hpp"
#include "output.hpp"
#include "run_all.hpp"

namespace kmc::cli {
namespace {

task<void> ask(const client& mc, std::size_t server, result<std::string>& outcome) {
    outcome = co_await mc.version(server);
}

exit_code run_version(const cluster_flags& flags) {
    auto s = session::open(flags);
    if (!s) return report_usage(s.error());
    const client& mc = s.value().mc;
    const auto servers = mc.servers();

    std::vector<result<std::string>> outcomes(servers.size(), result<std::string>(std::string()));
    run_all(s.value().rt, servers.size(), [&](std::size_t i) { return ask(mc, i, outcomes[i]); });

    tally count;
    json entries = json::array();
    for (std::size_t i = 0; i < servers.size(); ++i) {
        const result<std::string>& r = outcomes[i];
        json entry = {{"server", servers[i].text}, {"status", r ? "ok" : "error"}};
        if (r) {
            count.hit();
            put_bytes(entry, "version", r.value());
        } else {
            count.fail(r.error());
            put_error(entry, mc, r.error());
        }
        if (flags.json) {
            entries.push_back(std::move(entry));
        } else if (r) {
            print(servers[i].text + "\t" + r.value() + "\n");
        } else {
            complain(mc.describe(r.error()));
        }
    }
    if (flags.json) print_document({{"servers", std::move(entries)}});
    return count.verdict();
}

}  // namespace

void add_version(CLI::App& app, std::vector<command>& commands) {
    auto flags = std::make_shared<cluster_flags>();
    CLI::App* const sub =
        app.add_subcommand("version", "Print every server's version: server<TAB>version");
    add_cluster_flags(*sub, *flags);
    add_call_flags(*sub, *flags);
    commands.push_back({sub, [flags] { return run_version(*flags); }});
}

}  // namespace kmc::cli
