// The commands. Each adds its subcommand to the application and leaves what to run when that is
// the one on the command line.

#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <vector>

#include "exit_code.hpp"

namespace kmc::cli {

struct command {
    const CLI::App* subcommand;
    std::function<exit_code()> run;
};

void add_get(CLI::App& app, std::vector<command>& commands);
void add_cat(CLI::App& app, std::vector<command>& commands);
void add_gat(CLI::App& app, std::vector<command>& commands);
void add_exists(CLI::App& app, std::vector<command>& commands);
void add_set(CLI::App& app, std::vector<command>& commands);
void add_add(CLI::App& app, std::vector<command>& commands);
void add_replace(CLI::App& app, std::vector<command>& commands);
void add_append(CLI::App& app, std::vector<command>& commands);
void add_prepend(CLI::App& app, std::vector<command>& commands);
void add_cas(CLI::App& app, std::vector<command>& commands);
void add_cp(CLI::App& app, std::vector<command>& commands);
void add_del(CLI::App& app, std::vector<command>& commands);
void add_touch(CLI::App& app, std::vector<command>& commands);
void add_incr(CLI::App& app, std::vector<command>& commands);
void add_decr(CLI::App& app, std::vector<command>& commands);
void add_version(CLI::App& app, std::vector<command>& commands);
void add_ping(CLI::App& app, std::vector<command>& commands);
void add_stats(CLI::App& app, std::vector<command>& commands);
void add_flush(CLI::App& app, std::vector<command>& commands);
void add_ring(CLI::App& app, std::vector<command>& commands);
void add_config(CLI::App& app, std::vector<command>& commands);
void add_chaos(CLI::App& app, std::vector<command>& commands);
void add_bench(CLI::App& app, std::vector<command>& commands);
void add_sim(CLI::App& app, std::vector<command>& commands);

}  // namespace kmc::cli
