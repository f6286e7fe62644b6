#include "cluster.hpp"

#include <chrono>
#include <cstdlib>
#include <string_view>

#include "arguments.hpp"
#include "output.hpp"
#include "ring_words.hpp"
#include "units.hpp"

namespace kmc::cli {
namespace {

constexpr const char* servers_variable = "KMC_SERVERS";

// Flags before environment; which flag is CLI11's to check, it knows that they exclude each other.
config_result<server_list> read_servers(const cluster_flags& flags) {
    if (flags.servers_file) return server_list::load_ketama_file(*flags.servers_file);
    if (flags.servers) return server_list::parse(*flags.servers);
    const char* from_environment = std::getenv(servers_variable);
    if (from_environment == nullptr || *from_environment == '\0') {
        return config_error(std::string("no servers: give --servers, --servers-file or set ") +
                            servers_variable);
    }
    return server_list::parse(from_environment);
}

// One time limit for everything. The limits on connecting and on silence lie behind it, so that
// what a slow server gets is always the same reason: the deadline.
client_options to_options(const cluster_flags& flags, const ring_spec& chosen) {
    client_options options;
    const duration limit = to_duration(flags.timeout_seconds);
    options.ring = chosen;
    options.call_timeout = limit;
    options.batch_timeout = limit;
    options.connect_timeout = limit + std::chrono::seconds(1);
    options.stall_timeout = limit + std::chrono::seconds(1);
    options.item_size_max = static_cast<std::uint32_t>(flags.item_size_max);
    options.prefix = flags.prefix;
    options.hash_prefix = flags.hash_prefix;
    options.hash_tag = flags.hash_tag;
    return options;
}

CLI::Option& must_have_size(CLI::Option& option, std::size_t least, std::size_t most) {
    const auto objection = [least, most](std::string& text) {
        if (text.size() >= least && text.size() <= most) return std::string();
        const std::string range = least == most
                                      ? std::to_string(most)
                                      : std::to_string(least) + " to " + std::to_string(most);
        return shown(text) + " is not " + range + " bytes long";
    };
    option.check(CLI::Validator(objection, ""));
    return option;
}

std::string names_of_rings() {
    std::string names;
    for (const ring each : all_rings()) {
        names.append(names.empty() ? "" : ", ").append(to_text(each));
    }
    return names;
}

// Which engine won interests nobody who wants one key.
void say_nothing(std::string_view) {}

config_result<ring_settings> settings_of(const ring_flags& flags) {
    ring_settings set;
    std::optional<config_error> wrong;
    const auto read = [&](const std::optional<std::string>& name, auto& to, auto parse) {
        if (!name || wrong) return;
        if (const auto value = parse(*name)) {
            to = value.value();
        } else {
            wrong = value.error();
        }
    };
    read(flags.hash, set.hash, parse_key_hash);
    read(flags.point_hash, set.point_hash, parse_key_hash);
    read(flags.weights, set.weights, parse_ring_weights);
    read(flags.labels, set.labels, parse_ring_labels);
    read(flags.bytes, set.bytes, parse_key_bytes);
    if (wrong) return *wrong;
    return set;
}

}  // namespace

config_result<ring_spec> ring_flags::spec() const {
    ring_spec spec = client_options{}.ring;
    if (name) {
        const auto ring = parse_ring(*name);
        if (!ring) return ring.error();
        spec.ring = ring.value();
    }
    const auto set = settings_of(*this);
    if (!set) return set.error();
    spec.settings = set.value();
    return spec;
}

config_result<server_list> choose_servers(const cluster_flags& flags) {
    auto servers = read_servers(flags);
    if (!servers) return servers;
    for (const std::string& warning : servers.value().warnings()) complain(warning);
    return servers;
}

void add_list_flags(CLI::App& command, cluster_flags& flags) {
    CLI::Option* const list = command.add_option(
        "--servers", flags.servers,
        "Comma-separated host[:port[:weight]], [v6][:port[:weight]] or /unix/path[:weight]");
    read_as_bytes(*list).type_name("LIST")->group("Cluster");

    CLI::Option* const file =
        command.add_option("--servers-file", flags.servers_file,
                           "libketama's file: address<TAB>weight a line, # comments");
    read_as_bytes(*file).type_name("FILE")->excludes(list)->group("Cluster");
}

void add_ring_flags(CLI::App& command, ring_flags& flags, const std::string& prefix,
                    const std::string& group) {
    const auto add = [&](const char* name, std::optional<std::string>& to, const char* type,
                         const std::string& help) -> CLI::Option& {
        CLI::Option* const option = command.add_option("--" + prefix + name, to, help);
        read_as_bytes(*option).type_name(type)->group(group);
        return *option;
    };
    CLI::Option& ring =
        add("ring", flags.name, "NAME", "Which ring maps keys to servers: " + names_of_rings());
    if (prefix.empty()) ring.default_str(std::string(to_text(client_options{}.ring.ring)));
    add("hash", flags.hash, "NAME",
        "The hash of keys, if not the ring's own: md5, one_at_a_time, crc, fnv1a_64, ...");
    add("point-hash", flags.point_hash, "NAME",
        "The hash of the ring's points, if not that of keys: a client of libmemcached whose hash "
        "was set after its servers");
    add("weights", flags.weights, "WHEN",
        "Whether the ring uses the weights: automatic, ignored, used");
    add("labels", flags.labels, "FORM",
        "How the ring spymemcached writes its servers: own, libmemcached");
    add("key-bytes", flags.bytes, "SIGN",
        "Bytes of keys above 127 on the other program's machine: with_sign (x86), without_sign "
        "(ARM)");
}

void add_output_flags(CLI::App& command, cluster_flags& flags) {
    command.add_flag("--json", flags.json, "Print one JSON document");
}

void add_cluster_flags(CLI::App& command, cluster_flags& flags) {
    add_list_flags(command, flags);
    add_ring_flags(command, flags.ring, "", "Cluster");
    add_output_flags(command, flags);
}

void add_key_flags(CLI::App& command, cluster_flags& flags) {
    CLI::Option* const prefix = command.add_option(
        "--prefix", flags.prefix, "Put before every key, and counted in its 250 bytes");
    must_have_size(read_as_bytes(*prefix), 1, 249).type_name("TEXT")->group("Cluster");

    command
        .add_flag("--hash-prefix", flags.hash_prefix,
                  "The ring hashes the prefix too (libmemcached's HASH_WITH_PREFIX_KEY)")
        ->needs(prefix)
        ->group("Cluster");

    CLI::Option* const tag = command.add_option(
        "--hash-tag", flags.hash_tag,
        "Two characters, such as {}: of a key that has them, the ring hashes what is between");
    must_have_size(read_as_bytes(*tag), 2, 2).type_name("TEXT")->group("Cluster");

    CLI::Option* const group = command.add_option(
        "--group", flags.group,
        "What the ring hashes instead of the keys: everything of one group is on one server");
    must_have_size(read_as_bytes(*group), 1, 250).type_name("NAME")->group("Cluster");
}

void add_call_flags(CLI::App& command, cluster_flags& flags, const std::string& of_timeout) {
    read_as_time(
        *command.add_option("--timeout", flags.timeout_seconds, of_timeout + ": 2, 1.5s, 250ms")
             ->default_str("1s"))
        .group("Cluster");
    // Undescribed: --help would show what they call themselves beside SIZE.
    CLI::Validator to_bytes = CLI::AsSizeValue(false);
    CLI::Validator in_range = CLI::Range(std::uint64_t{1024}, std::uint64_t{1} << 30);
    command
        .add_option("--item-size-max", flags.item_size_max,
                    "The servers' item size limit (memcached -I): 1m, 512k, 4194304")
        ->transform(to_bytes.description(""))
        ->check(in_range.description(""))
        ->type_name("SIZE")
        ->default_str("1m")
        ->group("Cluster");
}

config_result<session> session::open(const cluster_flags& flags, const session_shape& shape) {
    const auto spec = flags.ring.spec();
    if (!spec) return spec.error();
    auto servers = choose_servers(flags);
    if (!servers) return servers.error();
    auto rt = runtime::open({.threads = shape.threads,
                             .backend = shape.backend.value_or(backend::automatic),
                             .require = shape.backend.has_value(),
                             .on_fallback = say_nothing});
    if (!rt) return rt.error();
    client_options options = to_options(flags, spec.value());
    options.lanes = shape.lanes;
    auto mc = client::open(rt.value(), std::move(servers.value()), options);
    if (!mc) return mc.error();
    return session{std::move(rt.value()), std::move(mc.value())};
}

config_result<client> open_other(runtime& rt, const std::string& servers,
                                 const cluster_flags& flags) {
    const auto spec = flags.ring.spec();
    if (!spec) return spec.error();
    return client::open(rt, servers, to_options(flags, spec.value()));
}

void add_server_flag(CLI::App& command, std::vector<std::string>& names) {
    CLI::Option* const option = command.add_option(
        "--server", names, "Only this one of the servers, written as in their list; repeatable");
    read_as_bytes(*option).type_name("SERVER")->allow_extra_args(false);
}

config_result<std::vector<std::size_t>> servers_named(const client& mc,
                                                      const std::vector<std::string>& names) {
    const auto servers = mc.servers();
    std::vector<bool> chosen(servers.size(), names.empty());
    for (const std::string& name : names) {
        bool is_known = false;
        for (std::size_t i = 0; i < servers.size(); ++i) {
            if (servers[i].text != name) continue;
            chosen[i] = is_known = true;
        }
        if (is_known) continue;
        std::string message = "--server " + shown(name) + " is none of the servers:";
        for (const server& s : servers) message += " " + s.text;
        return config_error(std::move(message));
    }
    std::vector<std::size_t> indexes;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        if (chosen[i]) indexes.push_back(i);
    }
    return indexes;
}

config_result<ring_sessions> ring_sessions::open(const cluster_flags& flags) {
    const auto set = settings_of(flags.ring);
    if (!set) return set.error();
    const auto servers = choose_servers(flags);
    if (!servers) return servers.error();
    auto rt = runtime::open({.on_fallback = say_nothing});
    if (!rt) return rt.error();
    std::vector<std::pair<ring, client>> rings;
    for (const ring each : all_rings()) {
        const ring_spec spec = {each, set.value()};
        auto mc = client::open(rt.value(), servers.value(), to_options(flags, spec));
        if (mc) {
            rings.emplace_back(each, std::move(mc.value()));
        } else {
            complain(std::string(to_text(each)) + ": " + mc.error().message());
        }
    }
    if (rings.empty()) return config_error("no ring can hold these servers");
    return ring_sessions{std::move(rt.value()), std::move(rings)};
}

exit_code report_usage(const config_error& wrong) {
    complain(wrong.message());
    return exit_code::usage;
}

}  // namespace kmc::cli
