#include "ring/inputs.hpp"

#include <array>
#include <cstddef>
#include <fstream>
#include <iostream>
#include <string_view>
#include <utility>

#include "arguments.hpp"
#include "base/known_names.hpp"
#include "output.hpp"

namespace kmc::cli {

config_result<detail::ring_view> view_of(const cluster_flags& flags) {
    const auto spec = flags.ring.spec();
    if (!spec) return spec.error();
    auto servers = choose_servers(flags);
    if (!servers) return servers.error();
    return detail::ring_view::build(std::move(servers.value()), spec.value());
}

config_result<server_list> read_list(const std::string& argument) {
    auto list = argument.starts_with('@') ? server_list::load_ketama_file(argument.substr(1))
                                          : server_list::parse(argument);
    if (!list) return list;
    for (const std::string& warning : list.value().warnings()) complain(warning);
    return list;
}

config_result<std::vector<detail::server_index>> places_of(const server_list& servers,
                                                           const std::vector<std::string>& texts,
                                                           const std::string& flag) {
    std::vector<detail::server_index> places;
    for (const std::string& text : texts) {
        const auto list = servers.servers();
        bool is_known = false;
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (list[i].text != text) continue;
            is_known = true;
            places.push_back(static_cast<detail::server_index>(i));
        }
        if (is_known) continue;
        std::string message = flag + " " + shown(text) + " is none of the servers:";
        for (const server& s : list) message += " " + s.text;
        return config_error(std::move(message));
    }
    return places;
}

void add_out_of_service(CLI::App& command, out_of_service& to, const std::string& flag) {
    read_as_bytes(
        *command.add_option(flag, to.servers, "This server is out of service; repeatable"))
        .type_name("SERVER")
        ->allow_extra_args(false);
    read_as_bytes(*command.add_option("--on-dead", to.policy,
                                      "What becomes of its keys: next_server, rebuild, fail_fast"))
        .type_name("POLICY")
        ->capture_default_str();
}

config_result<on_dead> policy_of(const out_of_service& from) {
    constexpr std::array policies = {on_dead::next_server, on_dead::rebuild, on_dead::fail_fast};
    std::vector<std::string_view> names;
    for (const on_dead policy : policies) {
        if (to_text(policy) == from.policy) return policy;
        names.push_back(to_text(policy));
    }
    return config_error(detail::unknown_name("policy", from.policy, names));
}

config_result<std::vector<numbered_line>> numbered_lines_of(const std::string& path) {
    std::ifstream file;
    if (path != "-") {
        file.open(path);
        if (!file) return config_error("cannot read " + shown(path));
    }
    std::istream& in = path == "-" ? std::cin : file;
    std::vector<numbered_line> lines;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        if (!line.empty()) lines.push_back({number, line});
    }
    if (in.bad()) return config_error("cannot read " + shown(path));
    return lines;
}

config_result<std::vector<std::string>> lines_of(const std::string& path) {
    auto lines = numbered_lines_of(path);
    if (!lines) return lines.error();
    std::vector<std::string> texts;
    for (numbered_line& line : lines.value()) texts.push_back(std::move(line.text));
    return texts;
}

}  // namespace kmc::cli
