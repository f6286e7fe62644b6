#include "cluster.hpp"

#include <chrono>
#include <cstdlib>
#include <map>
#include <string_view>

#include "arguments.hpp"
#include "output.hpp"

namespace kmc::cli {
namespace {

constexpr const char* servers_variable = "KMC_SERVERS";

// A hundred years: beyond it a duration in nanoseconds would overflow.
constexpr double longest_seconds = 100.0 * 366 * 24 * 60 * 60;

// Flags before environment; which flag is CLI11's to check, it knows that they exclude each other.
config_result<server_list> choose_servers(const cluster_flags& flags) {
    if (flags.servers_file) return server_list::load_ketama_file(*flags.servers_file);
    if (flags.servers) return server_list::parse(*flags.servers);
    const char* from_environment = std::getenv(servers_variable);
    if (from_environment == nullptr || *from_environment == '\0') {
        return config_error(std::string("no servers: give --servers, --servers-file or set ") +
                            servers_variable);
    }
    return server_list::parse(from_environment);
}

duration seconds_to_duration(double seconds) {
    return std::chrono::duration_cast<duration>(std::chrono::duration<double>(seconds));
}

// One time limit for everything. The limits on connecting and on silence lie behind it, so that
// what a slow server gets is always the same reason: the deadline.
client_options to_options(const cluster_flags& flags, ring chosen) {
    client_options options;
    const duration limit = seconds_to_duration(flags.timeout_seconds);
    options.ring = chosen;
    options.call_timeout = limit;
    options.batch_timeout = limit;
    options.connect_timeout = limit + std::chrono::seconds(1);
    options.stall_timeout = limit + std::chrono::seconds(1);
    options.item_size_max = static_cast<std::uint32_t>(flags.item_size_max);
    return options;
}

// Which engine won interests nobody who wants one key.
void say_nothing(std::string_view) {}

}  // namespace

void add_cluster_flags(CLI::App& command, cluster_flags& flags) {
    CLI::Option* const list = command.add_option(
        "--servers", flags.servers,
        "Comma-separated host[:port[:weight]], [v6][:port[:weight]] or /unix/path[:weight]");
    read_as_bytes(*list).type_name("LIST");

    CLI::Option* const file =
        command.add_option("--servers-file", flags.servers_file,
                           "libketama's file: address<TAB>weight a line, # comments");
    read_as_bytes(*file).type_name("FILE")->excludes(list);

    CLI::Option* const ring = command.add_option(
        "--ring", flags.ring, "Which ring maps keys to servers: libmemcached_weighted, libketama");
    read_as_bytes(*ring).type_name("NAME")->capture_default_str();

    command.add_flag("--json", flags.json, "Print one JSON document");
}

void add_call_flags(CLI::App& command, cluster_flags& flags) {
    read_as_time(*command
                      .add_option("--timeout", flags.timeout_seconds,
                                  "How long to wait for all answers together: 2, 1.5s, 250ms")
                      ->default_str("1s"));
    // Undescribed: --help would show what they call themselves beside SIZE.
    CLI::Validator to_bytes = CLI::AsSizeValue(false);
    CLI::Validator in_range = CLI::Range(std::uint64_t{1024}, std::uint64_t{1} << 30);
    command
        .add_option("--item-size-max", flags.item_size_max,
                    "The servers' item size limit (memcached -I): 1m, 512k, 4194304")
        ->transform(to_bytes.description(""))
        ->check(in_range.description(""))
        ->type_name("SIZE")
        ->default_str("1m");
}

void read_as_time(CLI::Option& option) {
    // Names of one letter are matched as they stand: "5M" is refused rather than guessed at.
    static const std::map<std::string, double> units = {
        {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    CLI::Validator to_seconds =
        CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::CASE_SENSITIVE, "TIME");
    option.transform(to_seconds.description(""));
    option.check(CLI::Validator(
        [](std::string& text) {
            const double seconds = std::strtod(text.c_str(), nullptr);
            const bool fits = seconds >= 1e-3 && seconds <= longest_seconds;  // false for NaN
            return fits ? std::string() : "a time must be 1ms to 100 years";
        },
        ""));
    option.type_name("TIME");
}

config_result<session> session::open(const cluster_flags& flags) {
    const auto ring = parse_ring(flags.ring);
    if (!ring) return ring.error();
    auto servers = choose_servers(flags);
    if (!servers) return servers.error();
    for (const std::string& warning : servers.value().warnings()) complain(warning);
    auto rt = runtime::open({.on_fallback = say_nothing});
    if (!rt) return rt.error();
    auto mc = client::open(rt.value(), std::move(servers.value()), to_options(flags, ring.value()));
    if (!mc) return mc.error();
    return session{std::move(rt.value()), std::move(mc.value())};
}

exit_code report_usage(const config_error& wrong) {
    complain(wrong.message());
    return exit_code::usage;
}

}  // namespace kmc::cli
