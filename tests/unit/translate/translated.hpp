// What the tests of the translators share: keys of a golden file through a whole translation, and
// looking for a warning.

#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include <kmc/translate.hpp>

#include "../routing/ring_case.hpp"
#include "routing/key_routing.hpp"
#include "routing/topology.hpp"

namespace kmc::detail {

// Every key of the file is where it was, by all that the translation says: ring, servers, tag and
// prefix.
inline void check_translated(ring_case expected, const translation& t) {
    INFO(expected.name);
    const auto routing = key_routing::of(t.options()).value();
    const auto ring = topology::build(t.servers, t.ring).value();
    std::size_t checked = 0;
    for (std::size_t i = 0; i < expected.keys.size(); ++i) {
        const std::string wire = t.prefix + expected.keys[i];
        if (wire.size() > 250) continue;
        if (ring->place_of(routing.hashed_part(wire)).server != expected.answers[i]) {
            FAIL("key " << i);
        }
        ++checked;
    }
    CHECK(checked >= expected.keys.size() * 9 / 10);
}

inline bool has_warning(const translation& t, std::string_view beginning) {
    return std::any_of(t.warnings.begin(), t.warnings.end(),
                       [&](const std::string& w) { return w.starts_with(beginning); });
}

}  // namespace kmc::detail
