// Arguments that are data, carried through CLI11 unharmed.
//
// CLI11 2.1 splits a positional "[a,b]" at its commas, takes "++" for the end of a subcommand and
// loses track of "--" behind a first positional; but any of these may be a key. So they pass it
// behind a mark that it does not look at, which read_as_bytes() takes away again.

#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace kmc::cli {

// The arguments behind the program's name, in the reversed order that CLI::App::parse wants.
// Everything behind a "--" is data; the "--" itself is gone.
[[nodiscard]] std::vector<std::string> shielded_arguments(int argc, char** argv);

// Makes an option or positional get its text as it was typed.
CLI::Option& read_as_bytes(CLI::Option& option);

// A message of CLI11 without the marks in it.
[[nodiscard]] std::string without_shields(std::string message);

}  // namespace kmc::cli
