// The commands below kmc ring, but locate: each adds itself, and leaves what to run.

#pragma once

#include <CLI/CLI.hpp>
#include <vector>

#include "commands.hpp"

namespace kmc::cli {

void add_ring_digest(CLI::App& ring, std::vector<command>& commands);
void add_ring_points(CLI::App& ring, std::vector<command>& commands);
void add_ring_diff(CLI::App& ring, std::vector<command>& commands);
void add_ring_doctor(CLI::App& ring, std::vector<command>& commands);
void add_ring_show(CLI::App& ring, std::vector<command>& commands);

}  // namespace kmc::cli
