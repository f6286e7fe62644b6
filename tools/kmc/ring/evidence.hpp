// Which server has which key: read from lines of text, or asked of the servers themselves.

#pragma once

#include <string>
#include <vector>

#include "cluster.hpp"
#include "inspect/ring_doctor.hpp"

namespace kmc::cli {

// Lines of key<TAB>server, the server as its list or its address has it; "-" is standard input.
[[nodiscard]] config_result<std::vector<detail::key_place>> read_pairs(const std::string& path,
                                                                       const server_list& servers);

// Asks every server for every key of the file. Keys on no server or on several, which say nothing
// about who should have them, are left out and counted on standard error.
[[nodiscard]] config_result<std::vector<detail::key_place>> ask_nodes(const std::string& keys_path,
                                                                      const cluster_flags& flags,
                                                                      const server_list& servers);

}  // namespace kmc::cli
