// Which servers a command talks to: the flags, the environment, their order of precedence, and the
// client that comes of it.

#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <kmc/kmc.hpp>

#include "exit_code.hpp"

namespace kmc::cli {

struct cluster_flags {
    std::optional<std::string> servers;
    std::optional<std::string> servers_file;
    std::string ring{to_text(client_options{}.ring)};
    bool json = false;
    double timeout_seconds = 1;
    std::uint64_t item_size_max = client_options{}.item_size_max;
};

// The flags of every command: servers, ring, form of the output.
void add_cluster_flags(CLI::App& command, cluster_flags& flags);

// The flags of those that wait for servers.
void add_call_flags(CLI::App& command, cluster_flags& flags);

// Makes an option read "90", "1.5s", "250ms", "5m", "2h", "7d": seconds when no unit is given, and
// always above zero.
void read_as_time(CLI::Option& option);

// A runtime and a client on it. The client goes first, as it must.
struct session {
    runtime rt;
    client mc;

    // Reads the server list and the ring, says the list's warnings on standard error, and opens
    // the client. Nothing connects before the first call.
    [[nodiscard]] static config_result<session> open(const cluster_flags& flags);
};

// Says on standard error what was wrong with the set-up.
[[nodiscard]] exit_code report_usage(const config_error& wrong);

}  // namespace kmc::cli
