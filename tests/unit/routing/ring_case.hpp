// One golden file of keys and the servers another program gave them, and the comparison of a ring
// of kmc with all of it: points, keys one by one and in a batch.

#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "routing/topology.hpp"
#include "support/vectors.hpp"

namespace kmc::detail {

struct ring_case {
    std::string name;                       // "libketama/l3-weighted"
    std::vector<testing::tsv_row> headers;  // what is not listed below, in order
    std::vector<testing::tsv_row> servers;
    std::optional<std::size_t> point_count;  // absent where the ring could not be dumped
    std::vector<ring_point> points;
    std::string keyset;                // its name: numbers of keys are numbers in there
    std::vector<std::string> keys;     // those that were asked
    std::vector<std::size_t> answers;  // answers[i] = the server of keys[i]

    // The first header of that tag, or an empty row.
    [[nodiscard]] testing::tsv_row header(std::string_view tag) const;
};

// Throws on anything unexpected in the file. `folder` is the one with keys/ in it.
[[nodiscard]] ring_case read_ring_case(const std::filesystem::path& folder,
                                       const std::string& name);

// How the numbers of a file relate to those of a topology.
struct ring_mapping {
    std::vector<std::size_t> server;  // of our server i; empty: the same number
    std::string prefix;               // put before each key; keys that get too long are left out
};

void check_points(const ring_case& expected, const topology& ours, const ring_mapping& map = {});
void check_keys(const ring_case& expected, const topology& ours, const ring_mapping& map = {});

}  // namespace kmc::detail
