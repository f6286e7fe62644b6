// What the commands below kmc ring are given: rings, lists, servers of a list, lines of files.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <kmc/health.hpp>

#include "cluster.hpp"
#include "inspect/ring_view.hpp"

namespace kmc::cli {

// The ring of the flags over their servers.
[[nodiscard]] config_result<detail::ring_view> view_of(const cluster_flags& flags);

// A list as one argument: its text, or @ and the path of a libketama file. Warnings go to standard
// error.
[[nodiscard]] config_result<server_list> read_list(const std::string& argument);

// The places of the servers of these texts; a server that is in the list twice has both.
// @param flag  that has them, for the message.
[[nodiscard]] config_result<std::vector<detail::server_index>> places_of(
    const server_list& servers, const std::vector<std::string>& texts, const std::string& flag);

// A server that is out of service, and what becomes of its keys.
struct out_of_service {
    std::vector<std::string> servers;
    std::string policy{to_text(on_dead::next_server)};
};

// @param flag  "--without".
void add_out_of_service(CLI::App& command, out_of_service& to, const std::string& flag);
[[nodiscard]] config_result<on_dead> policy_of(const out_of_service& from);

struct numbered_line {
    std::size_t number;  // from 1, of all lines
    std::string text;
};

// The lines of a file, without empty ones; "-" is standard input.
[[nodiscard]] config_result<std::vector<numbered_line>> numbered_lines_of(const std::string& path);
[[nodiscard]] config_result<std::vector<std::string>> lines_of(const std::string& path);

}  // namespace kmc::cli
