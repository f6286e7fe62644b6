// twemproxy's `distribution: modula`: a slot for each unit of weight, the servers by name.

#include <utility>
#include <vector>

#include "routing/slots.hpp"
#include "routing/twemproxy_servers.hpp"

namespace kmc::detail {

made_ring make_twemproxy_modula(const ring_plan& plan, ring_members members) {
    const auto ordered = twemproxy_order(plan, members);
    if (!ordered) return ordered.error();
    std::vector<ring_member> by_name;
    for (const named_member& n : ordered.assume_value()) by_name.push_back(n.member);

    auto slots = slot_table::by_weight(by_name);
    if (!slots) return config_error("the weights add up to more than 4294967295");
    return std::make_unique<const modula_distribution>(*std::move(slots));
}

}  // namespace kmc::detail
