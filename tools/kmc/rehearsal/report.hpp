// How outcomes are shown: policies side by side in one table, or as one document.

#pragma once

#include <span>
#include <string>
#include <utility>

#include "output.hpp"
#include "rehearsal/outcome.hpp"
#include "rehearsal/plan.hpp"

namespace kmc::rehearsal {

struct act {
    on_dead policy;
    outcome came_to;
};

// @param acts  at least one; of one plan, but for the policy.
[[nodiscard]] std::string to_text(const plan& p, std::span<const act> acts);
[[nodiscard]] cli::json to_json(const plan& p, std::span<const act> acts);

}  // namespace kmc::rehearsal
