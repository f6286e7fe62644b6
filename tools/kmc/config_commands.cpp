// kmc config convert: the settings of another client as settings of kmc. Contacts nobody.

#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "arguments.hpp"
#include "cluster.hpp"
#include "commands.hpp"
#include "foreign_config.hpp"
#include "output.hpp"
#include "ring_words.hpp"
#include "translation_text.hpp"

namespace kmc::cli {
namespace {

constexpr const char* standard_input = "-";

struct convert_flags {
    foreign_config from;
    bool json = false;
};

config_result<std::string> read_all(const std::string& file) {
    if (file == standard_input) {
        return std::string(std::istreambuf_iterator<char>(std::cin), {});
    }
    std::ifstream in(file, std::ios::binary);
    std::ostringstream content;
    // Of a folder the opening succeeds and the reading fails. An empty file is no failure.
    if (in && in.peek() != std::ifstream::traits_type::eof()) content << in.rdbuf();
    if (!in.is_open() || in.bad()) return config_error("cannot read " + shown(file));
    return std::move(content).str();
}

// Whether a client would take it: some of what is wrong shows only where a ring is made.
config_result<bool> can_be_opened(const translation& t) {
    auto rt = runtime::open({.on_fallback = [](std::string_view) {}});
    if (!rt) return rt.error();
    const auto mc = client::open(rt.value(), t.servers, t.options());
    if (!mc) return mc.error();
    return true;
}

void print_text(const translation& t) {
    print("// C++\n" + cpp_of(t));
    const auto list = list_text(t.servers, t.ring.ring);
    if (!list) {
        complain(
            "no text says all of this server list (a name, an IPv6 address without brackets, "
            "a path hashed with a port, or a weight behind an address without a port), so that "
            "there are no flags for it" +
            std::string(objection_to_cpp(t.servers, t.ring.ring).empty() ? "; C++ has it"
                                                                         : "; nor does C++"));
        return;
    }
    print("\n# server list\n" + *list + "\n\n# flags of kmc\n" + shell_words(flags_of(t)) + "\n");
}

exit_code run_convert(convert_flags& flags) {
    auto content = read_all(flags.from.file);
    if (!content) return report_usage(content.error());
    flags.from.content = std::move(content.value());
    if (flags.from.file == standard_input) flags.from.file = "standard input";
    const auto made = translate(flags.from);
    if (!made) return report_usage(made.error());
    if (const auto fits = can_be_opened(made.value()); !fits) return report_usage(fits.error());
    for (const std::string& warning : made.value().warnings) complain(warning);
    if (flags.json) {
        print_document(document_of(made.value()));
    } else {
        print_text(made.value());
    }
    return exit_code::ok;
}

}  // namespace

void add_config(CLI::App& app, std::vector<command>& commands) {
    CLI::App* const config =
        app.add_subcommand("config", "Settings of other clients; no server is contacted")
            ->group("Ring");
    config->require_subcommand(1);

    auto flags = std::make_shared<convert_flags>();
    flags->from.file = standard_input;
    CLI::App* const convert = config->add_subcommand(
        "convert",
        "Read the settings of another client and print those of kmc with which each key is on the "
        "same server: C++, the server list, and flags. A setting that does something else than "
        "its name says is one line on standard error. pylibmc: JSON, the dict of behaviors or "
        "{\"servers\": [...], \"behaviors\": {...}, \"behaviors_after\": [{...}]}. php-memcached: "
        "JSON, an object of options, perhaps with \"servers\": [[host, port, weight]], or an array "
        "of calls in their order, [\"opt\", NAME, VALUE], [\"addServer\", ...]. libmemcached: its "
        "string --SERVER=... --HASH=... twemproxy: its YAML. libketama: its file");
    CLI::Option* const dialect =
        convert->add_option("--from", flags->from.dialect,
                            "pylibmc, php-memcached, libmemcached, twemproxy, libketama");
    dialect->required()->type_name("CLIENT")->check(
        CLI::IsMember({"pylibmc", "php-memcached", "libmemcached", "twemproxy", "libketama"}));
    read_as_bytes(*convert->add_option("--servers", flags->from.servers,
                                       "The servers of pylibmc or php-memcached, where the file "
                                       "has none: host:port:weight, comma-separated"))
        .type_name("LIST");
    read_as_bytes(*convert->add_option("--pool", flags->from.pool,
                                       "Which pool of twemproxy's file, if there are several"))
        .type_name("NAME");
    convert->add_flag("--json", flags->json, "Print one JSON document");
    read_as_bytes(*convert->add_option("file", flags->from.file, "The file; - is standard input"))
        .type_name("FILE");
    commands.push_back({convert, [flags] { return run_convert(*flags); }});
}

}  // namespace kmc::cli
