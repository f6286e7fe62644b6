// Golden vectors: files of what other programs were seen to do. They lie outside of the source
// tree; a test whose vectors are absent says so loudly and checks nothing.

#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

namespace kmc::testing {

// One line, split at its tabs.
using tsv_row = std::vector<std::string>;

// Throws when the file cannot be read: a folder that exists but lacks a file is a fault.
[[nodiscard]] std::vector<tsv_row> read_tsv(const std::filesystem::path& file);

// Throws on an odd length or another character than 0-9, a-f.
[[nodiscard]] std::string from_hex(std::string_view text);

// The files of a folder whose names end in .tsv, by name.
[[nodiscard]] std::vector<std::filesystem::path> tsv_files(const std::filesystem::path& folder);

// The folder of all vectors: KMC_VECTORS from the environment, else the one the build was told.
// Nothing when there is none; the caller then says that it skips.
[[nodiscard]] inline std::optional<std::filesystem::path> vectors_dir() {
#ifdef KMC_VECTORS_DIR
    std::filesystem::path folder = KMC_VECTORS_DIR;
#else
    std::filesystem::path folder = "vectors";
#endif
    if (const char* given = std::getenv("KMC_VECTORS")) folder = given;
    if (!std::filesystem::is_directory(folder)) return std::nullopt;
    return folder;
}

// One folder among them; or nothing, after a warning that stands in the test's output.
[[nodiscard]] inline std::optional<std::filesystem::path> find_vectors(std::string_view name) {
    const auto root = vectors_dir();
    if (root && std::filesystem::is_directory(*root / name)) return *root / name;
    WARN("SKIPPED: no vectors named " << name << "; set KMC_VECTORS to their folder");
    return std::nullopt;
}

}  // namespace kmc::testing
