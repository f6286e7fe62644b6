// The ring of the Java client that came with libketama: shares are exact, but counted in Java's
// 32-bit integers, which wrap. Of equal points the last server put into the map has them.

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "routing/ketama_continuum.hpp"
#include "routing/ring_points.hpp"
#include "routing/rings.hpp"

namespace kmc::detail {

namespace {

std::uint32_t groups_of(std::uint32_t weight, std::uint64_t total, std::size_t servers) noexcept {
    const auto wrapped =
        static_cast<std::int32_t>(40U * static_cast<std::uint32_t>(servers) * weight);
    if (wrapped < 0) return 0;
    return static_cast<std::uint32_t>(
        std::floor(static_cast<double>(wrapped) / static_cast<double>(total)));
}

}  // namespace

made_ring make_java_ketama(const ring_plan& plan, ring_members members) {
    if (auto wrong = zero_weight_among(plan, members)) return *std::move(wrong);
    const auto weight_of = [&](const ring_member& m) {
        return plan.uses_weights ? m.what->weight : 1;
    };
    std::uint64_t total = 0;
    for (const ring_member& m : members) total += weight_of(m);
    if (total > std::uint64_t{std::numeric_limits<std::int32_t>::max()}) {
        return config_error("the ring java_ketama counts weights up to a sum of 2147483647");
    }

    std::vector<ring_point> points;
    for (auto m = members.rbegin(); m != members.rend(); ++m) {
        const std::uint32_t groups = groups_of(weight_of(*m), total, members.size());
        add_md5_points(points, m->what->text, groups, m->index);
    }
    if (points.empty()) {
        return config_error("on the ring java_ketama these weights leave no server a point");
    }
    return std::make_unique<const ketama_continuum>(std::move(points), equal_points::dropped);
}

}  // namespace kmc::detail
