// A translation as people use it: C++ to paste, the server list, flags of kmc, and a document.

#pragma once

#include <string>
#include <vector>

#include <kmc/translate.hpp>

#include "output.hpp"

namespace kmc::cli {

// What makes `kmc ring locate` find each key where the translation has it; nothing without a text
// for the list.
[[nodiscard]] std::vector<std::string> flags_of(const translation& t);

[[nodiscard]] std::string cpp_of(const translation& t);

[[nodiscard]] json document_of(const translation& t);

}  // namespace kmc::cli
