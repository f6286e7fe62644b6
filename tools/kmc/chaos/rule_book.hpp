// The rules in force, in their order, and how often each had an effect. Every draw of a rule comes
// from a generator of its own for each side of each connection, so that faults do not depend on
// how connections and directions take turns.

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.hpp"
#include "chaos/rule.hpp"

namespace kmc::chaos {

struct listed_rule {
    std::uint64_t id;  // counts from 1 and never comes again
    rule what;
    std::uint64_t hits = 0;

    [[nodiscard]] bool is_used_up() const noexcept {
        return what.when.times && hits >= *what.when.times;
    }
};

class rule_book {
public:
    std::uint64_t add(rule what) {
        rules_.push_back({.id = ++last_id_, .what = std::move(what)});
        return last_id_;
    }
    void clear() noexcept { rules_.clear(); }
    // Counts a hit of a rule, if it is still there.
    void hit(std::uint64_t id) noexcept {
        for (listed_rule& entry : rules_) entry.hits += entry.id == id ? 1 : 0;
    }

    // In the order in which they were added.
    [[nodiscard]] std::vector<listed_rule>& rules() noexcept { return rules_; }
    [[nodiscard]] const std::vector<listed_rule>& rules() const noexcept { return rules_; }

private:
    std::vector<listed_rule> rules_;
    std::uint64_t last_id_ = 0;
};

[[nodiscard]] inline detail::rng generator_for(std::uint64_t seed, std::uint64_t connection,
                                               side about, std::uint64_t rule_id) noexcept {
    std::uint64_t mixed = seed;
    for (const std::uint64_t part : {connection, static_cast<std::uint64_t>(about), rule_id}) {
        mixed = detail::rng(mixed).next() + part;
    }
    return detail::rng(mixed);
}

// True with the rule's probability.
[[nodiscard]] inline bool draws(const condition& when, detail::rng& random) noexcept {
    if (when.probability >= 1) return true;
    constexpr double steps = 9007199254740992.0;  // 2^53: as many as a double tells apart
    return static_cast<double>(random.next() >> 11) < when.probability * steps;
}

}  // namespace kmc::chaos
