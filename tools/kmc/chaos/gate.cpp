#include "chaos/gate.hpp"

namespace kmc::chaos {

std::optional<gate_verdict> judge(const rule_book& book, std::uint64_t connection,
                                  std::uint64_t seed) {
    for (const listed_rule& entry : book.rules()) {
        const rule& r = entry.what;
        if (r.about != side::accept || entry.is_used_up()) continue;
        if (r.when.connection.value_or(connection) != connection) continue;
        detail::rng random = generator_for(seed, connection, side::accept, entry.id);
        if (draws(r.when, random)) return gate_verdict{.what = r.then.what, .rule_id = entry.id};
    }
    return std::nullopt;
}

}  // namespace kmc::chaos
