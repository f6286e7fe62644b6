// What callers were told about one key, held against what servers did with it: the part of
// history_check.hpp that also holds where keys move between servers.
//
//   - an answer was given by a server that did this very thing, with this outcome, while the call
//     was under way;
//   - what was said not to have happened was done nowhere, what was asked once was done at most
//     once, and nothing was done that nobody asked for;
//   - entries of a batch were done in their order, where they met on one server;
//   - only those servers had to do with the key that it belonged to, or that may stand in for one
//     that the client takes for dead.
// What servers do with a command is trusted here: model_store has its own tests.

#pragma once

#include <string>
#include <vector>

#include "sim/history.hpp"

namespace kmc::sim {

struct key_evidence {
    std::vector<const past_call*> calls;
    std::vector<const history::execution*> did;
    std::vector<const history::place*> moves;

    // Whether one server alone ever had to do with the key, as far as anybody knows.
    [[nodiscard]] bool stayed() const noexcept;
};

// Adds a sentence for each thing that cannot be.
void judge_witnesses(const history& log, const key_evidence& of,
                     std::vector<std::string>& findings);

}  // namespace kmc::sim
