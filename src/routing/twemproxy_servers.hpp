// twemproxy's servers: what they are called, and in which order they stand.

#pragma once

#include <string>
#include <vector>

#include "routing/rings.hpp"

namespace kmc::detail {

struct named_member {
    ring_member member;
    std::string name;
};

// By length of the name, then by its bytes: the order in which twemproxy breaks ties and hands out
// slots, whatever the configuration says. Fails as it does on a weight of 0 and on a name that is
// there twice.
[[nodiscard]] config_result<std::vector<named_member>> twemproxy_order(const ring_plan& plan,
                                                                       ring_members members);

}  // namespace kmc::detail
