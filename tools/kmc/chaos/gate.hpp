// What becomes of a connection before anything is said on it.

#pragma once

#include <cstdint>
#include <optional>

#include "chaos/rule_book.hpp"

namespace kmc::chaos {

struct gate_verdict {
    deed what;  // cut, reset or hold
    std::uint64_t rule_id;
};

// The first rule that is about this connection; nothing: let it in. Says the same whenever it is
// asked about the same connection with the same rules.
[[nodiscard]] std::optional<gate_verdict> judge(const rule_book& book, std::uint64_t connection,
                                                std::uint64_t seed);

}  // namespace kmc::chaos
