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
void add_set(CLI::App& app, std::vector<command>& commands);
void add_del(CLI::App& app, std::vector<command>& commands);
void add_version(CLI::App& app, std::vector<command>& commands);
void add_ring(CLI::App& app, std::vector<command>& commands);

}  // namespace kmc::cli
