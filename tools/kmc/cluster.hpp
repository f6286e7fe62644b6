// Which servers a command talks to: the flags, the environment, their order of precedence, and the
// client that comes of it.

#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <kmc/kmc.hpp>

#include "exit_code.hpp"

namespace kmc::cli {

// A ring by the names on the command line.
struct ring_flags {
    std::optional<std::string> name;
    std::optional<std::string> hash;
    std::optional<std::string> point_hash;
    std::optional<std::string> weights;
    std::optional<std::string> labels;
    std::optional<std::string> bytes;

    // Of what is not given, the ring's own; without a name, the ring that a client has by default.
    // Whether that ring has such settings shows where it is made.
    [[nodiscard]] config_result<ring_spec> spec() const;
};

struct cluster_flags {
    std::optional<std::string> servers;
    std::optional<std::string> servers_file;
    ring_flags ring;
    std::string prefix;
    bool hash_prefix = false;
    std::string hash_tag;
    std::string group;
    bool json = false;
    double timeout_seconds = 1;
    std::uint64_t item_size_max = client_options{}.item_size_max;

    // The longest key that leaves room for the prefix.
    [[nodiscard]] std::size_t key_size_max() const noexcept {
        return prefix.size() < 250 ? 250 - prefix.size() : 0;
    }
    [[nodiscard]] call_options for_call() const noexcept {
        call_options options;
        options.group = group;
        return options;
    }
};

// What the flags say, else the environment. Warnings of the list go to standard error.
[[nodiscard]] config_result<server_list> choose_servers(const cluster_flags& flags);

// --ring, --hash and the other settings, all of them with `prefix` in front: "--old-ring".
// @param group  of the help.
void add_ring_flags(CLI::App& command, ring_flags& flags, const std::string& prefix,
                    const std::string& group);

// --servers and --servers-file.
void add_list_flags(CLI::App& command, cluster_flags& flags);

// --json.
void add_output_flags(CLI::App& command, cluster_flags& flags);

// The flags of every command that asks a client: the three above.
void add_cluster_flags(CLI::App& command, cluster_flags& flags);

// The flags of those that have keys: what goes before a key, and what of it the ring hashes.
void add_key_flags(CLI::App& command, cluster_flags& flags);

// The flags of those that wait for servers.
// @param of_timeout  what --timeout limits.
void add_call_flags(CLI::App& command, cluster_flags& flags,
                    const std::string& of_timeout = "How long to wait for all answers together");

// What a session runs on, for those who care.
struct session_shape {
    unsigned threads = 1;
    std::optional<kmc::backend> backend = {};  // and no other
    std::uint32_t lanes = 1;
};

// A runtime and a client on it. The client goes first, as it must.
struct session {
    runtime rt;
    client mc;

    // Reads the server list and the ring, says the list's warnings on standard error, and opens
    // the client. Nothing connects before the first call.
    [[nodiscard]] static config_result<session> open(const cluster_flags& flags,
                                                     const session_shape& shape = {});
};

// A client of other servers, given as text, with everything else as in the flags.
[[nodiscard]] config_result<client> open_other(runtime& rt, const std::string& servers,
                                               const cluster_flags& flags);

// The option --server, for commands to single servers; may be given again and again.
void add_server_flag(CLI::App& command, std::vector<std::string>& names);

// The servers of these names, each once, in the order of the client; all if there are no names.
[[nodiscard]] config_result<std::vector<std::size_t>> servers_named(
    const client& mc, const std::vector<std::string>& names);

// A client for each ring that can hold the servers.
struct ring_sessions {
    runtime rt;
    std::vector<std::pair<ring, client>> rings;

    // As session::open(). Rings that cannot hold the list, or have no such hash, are named on
    // standard error and left out; an error if that leaves none.
    [[nodiscard]] static config_result<ring_sessions> open(const cluster_flags& flags);
};

// Says on standard error what was wrong with the set-up.
[[nodiscard]] exit_code report_usage(const config_error& wrong);

}  // namespace kmc::cli
