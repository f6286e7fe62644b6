// kmc chaos: a proxy that makes trouble, by rules.

#include <csignal>

#include <boost/asio/signal_set.hpp>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "chaos/console.hpp"
#include "chaos/place.hpp"
#include "chaos/proxy.hpp"
#include "chaos/rule_parser.hpp"
#include "cluster.hpp"
#include "commands.hpp"
#include "output.hpp"
#include "units.hpp"

namespace kmc::cli {
namespace {

struct chaos_arguments {
    std::string places;
    std::vector<std::string> rules;
    std::string rules_file;
    std::optional<std::uint64_t> seed;
    std::uint64_t backlog = 128;
    bool json = false;
    bool end_with_input = false;
};

config_result<chaos::rule_book> read_rules(const chaos_arguments& args) {
    chaos::rule_book book;
    if (!args.rules_file.empty()) {
        std::ifstream file(args.rules_file);
        if (!file) return config_error("cannot read " + shown(args.rules_file));
        std::string line;
        for (std::size_t number = 1; std::getline(file, line); ++number) {
            const std::size_t begin = line.find_first_not_of(" \t\r");
            if (begin == line.npos || line[begin] == '#') continue;
            if (line.ends_with('\r')) line.pop_back();
            auto made = chaos::parse_rule(line);
            if (!made) {
                return config_error(args.rules_file + ", line " + std::to_string(number) + ": " +
                                    made.error().message());
            }
            book.add(std::move(made.value()));
        }
    }
    for (const std::string& text : args.rules) {
        auto made = chaos::parse_rule(text);
        if (!made) return made.error();
        book.add(std::move(made.value()));
    }
    return book;
}

std::uint64_t fresh_seed() {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

exit_code run_chaos(const chaos_arguments& args) {
    const auto places = chaos::parts_of(args.places);
    if (!places) return report_usage(places.error());
    auto book = read_rules(args);
    if (!book) return report_usage(book.error());
    boost::asio::io_context io(1);
    const auto listen = chaos::place_of(io, places.value().first);
    if (!listen) return report_usage(listen.error());
    const auto target = chaos::place_of(io, places.value().second);
    if (!target) return report_usage(target.error());

    boost::asio::signal_set ends(io, SIGINT, SIGTERM);
    ends.async_wait([&io](const boost::system::error_code& failed, int) {
        if (!failed) io.stop();
    });
    const std::uint64_t seed = args.seed ? *args.seed : fresh_seed();
    chaos::proxy served(io, book.value(),
                        {.seed = seed, .backlog = static_cast<int>(args.backlog)});
    chaos::console console(io, served, book.value(), args.json, [&] {
        if (args.end_with_input) io.stop();
    });
    const auto listening = served.open(listen.value().endpoint, target.value().endpoint);
    if (!listening) return report_usage(listening.error());

    console.tell_start(listening.value(), places.value().second, seed);
    console.start();
    io.run();
    console.tell_stats();
    return exit_code::ok;
}

std::string chaos_help() {
    return std::string(chaos::grammar) + R"(

Standard input takes commands, each answered by one line:
  add RULE | clear | cut | reset | stats
"clear" forgets the rules and lets go on what they hold back; "cut" and "reset" end every
connection. The first line on standard output tells where it listens and the seed, the last one
what was counted. SIGINT and SIGTERM end it.)";
}

}  // namespace

void add_chaos(CLI::App& app, std::vector<command>& commands) {
    auto args = std::make_shared<chaos_arguments>();
    CLI::App* const sub =
        app.add_subcommand("chaos", "Stand between clients and a server, and make trouble by rules")
            ->group("Tests");
    sub->footer(chaos_help());
    read_as_bytes(*sub->add_option("PLACES", args->places,
                                   "LISTEN->TARGET, in quotes: host:port, where port 0 listens "
                                   "on any, or the path of a Unix socket"))
        .required();
    read_as_bytes(*sub->add_option("--rule", args->rules, "A rule; repeatable"))
        .type_name("RULE")
        ->allow_extra_args(false);
    read_as_bytes(*sub->add_option("--rules", args->rules_file,
                                   "A file of rules, one a line; # begins a comment"))
        .type_name("FILE");
    read_as_number(*sub->add_option("--seed", args->seed,
                                    "Of everything that is drawn; a fresh one if not given"),
                   0, std::numeric_limits<std::uint64_t>::max());
    read_as_number(*sub->add_option("--backlog", args->backlog,
                                    "How many connections the kernel may keep waiting: with 0, "
                                    "\"accept: hold\" becomes a black hole after one"),
                   0, 65535);
    sub->add_flag("--json", args->json, "Print every line as a JSON document");
    sub->add_flag("--end-with-input", args->end_with_input, "End when standard input ends");
    commands.push_back({sub, [args] { return run_chaos(*args); }});
}

}  // namespace kmc::cli
