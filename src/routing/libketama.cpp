// The ring of Last.fm's libketama. Shares are single precision, their scaling is double, and the
// product is rounded to single before it is cut: leaving out any of the three gives other points
// than the running fleet has.

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "routing/ketama_continuum.hpp"
#include "routing/ring_points.hpp"
#include "routing/rings.hpp"

#ifdef __FAST_MATH__
#error "ring points depend on exact float arithmetic: do not build with -ffast-math"
#endif
static_assert(FLT_EVAL_METHOD == 0, "ring points need float arithmetic without excess precision");

namespace kmc::detail {

namespace {

constexpr double groups_per_server = 40.0;

std::uint32_t groups_of(std::uint32_t weight, std::uint64_t total, std::size_t servers) noexcept {
    const float share = static_cast<float>(weight) / static_cast<float>(total);
    const double scaled = share * groups_per_server * static_cast<float>(servers);
    return static_cast<std::uint32_t>(std::floor(static_cast<float>(scaled)));
}

}  // namespace

made_ring make_libketama(const ring_plan& plan, ring_members members) {
    if (auto wrong = zero_weight_among(plan, members)) return *std::move(wrong);
    std::uint64_t total = 0;
    for (const ring_member& m : members) total += m.what->weight;

    std::vector<ring_point> points;
    for (const ring_member& m : members) {
        const std::uint32_t groups = groups_of(m.what->weight, total, members.size());
        add_md5_points(points, m.what->text, groups, m.index);
    }
    return std::make_unique<const ketama_continuum>(std::move(points));
}

}  // namespace kmc::detail
