// twemproxy's `distribution: ketama`.

#include <cstdint>
#include <utility>
#include <vector>

#include "routing/ketama_continuum.hpp"
#include "routing/ring_points.hpp"
#include "routing/twemproxy_servers.hpp"

namespace kmc::detail {

made_ring make_twemproxy(const ring_plan& plan, ring_members members) {
    const auto ordered = twemproxy_order(plan, members);
    if (!ordered) return ordered.error();
    std::uint64_t total = 0;
    for (const ring_member& m : members) total += m.what->weight;

    std::vector<ring_point> points;
    for (const named_member& n : ordered.assume_value()) {
        const std::uint32_t groups = twemproxy_groups(n.member.what->weight, total, members.size());
        add_md5_points(points, n.name, groups, n.member.index);
    }
    return std::make_unique<const ketama_continuum>(std::move(points));
}

}  // namespace kmc::detail
