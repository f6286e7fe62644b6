// Which ring put these keys on these servers? Tries every dialect that kmc has, with its settings,
// and says how many of the keys each explains. Guesses nothing that the keys do not show.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kmc/server_list.hpp>

#include "inspect/ring_dialect.hpp"

namespace kmc::detail {

struct key_place {
    std::string key;
    server_index server = 0;
};

struct ring_diagnosis {
    std::size_t keys = 0;
    std::size_t tried = 0;  // dialects that can hold the list
    // By matches, then the plainer first. At least all that explain as many as the first.
    std::vector<ring_dialect> dialects;
    // How many of the tried would be expected to explain as much by accident, one by one.
    double accidents = 0;

    // Those that explain as many keys as the first.
    [[nodiscard]] std::span<const ring_dialect> best() const noexcept;
};

// @param prefix  that the client puts before keys; empty: none. Keys are given without it.
[[nodiscard]] ring_diagnosis diagnose(std::span<const server> servers,
                                      std::span<const key_place> places,
                                      std::string_view prefix = {});

}  // namespace kmc::detail
