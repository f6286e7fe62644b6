// A translation as people use it: C++ to paste, the server list, flags of kmc, and a document.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include <kmc/translate.hpp>

#include "output.hpp"

namespace kmc::cli {

// The list as server_list::parse() reads it; nothing if no text says all of it: a server with a
// name, an IPv6 address without brackets, a path that is hashed with a port.
[[nodiscard]] std::optional<std::string> list_text(const server_list& list);

// What makes `kmc ring locate` find each key where the translation has it; nothing without a text
// for the list.
[[nodiscard]] std::vector<std::string> flags_of(const translation& t);

// One argument as a shell reads it.
[[nodiscard]] std::string shell_word(const std::string& argument);

[[nodiscard]] std::string cpp_of(const translation& t);

[[nodiscard]] json document_of(const translation& t);

}  // namespace kmc::cli
