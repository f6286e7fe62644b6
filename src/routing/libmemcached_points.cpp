#include "routing/libmemcached_points.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include "routing/ketama_continuum.hpp"
#include "routing/ring_points.hpp"

namespace kmc::detail {

namespace {

constexpr std::uint16_t default_port = 11211;
constexpr std::uint32_t unweighted_points = 100;

// libmemcached lets a weight of 0 count as 1.
std::uint32_t effective_weight(const server& s) noexcept {
    return s.weight == 0 ? 1 : s.weight;
}

}  // namespace

std::uint16_t libmemcached_port(const server& s) noexcept {
    return s.kind == server::transport::tcp && s.port == 0 ? default_port : s.port;
}

std::string libmemcached_label(const server& s) {
    const std::uint16_t port = libmemcached_port(s);
    return port == default_port ? s.host : s.host + ':' + std::to_string(port);
}

made_ring make_libmemcached_points(const ring_plan& plan, ring_members members,
                                   std::string (*label)(const server&)) {
    std::uint64_t total = 0;
    for (const ring_member& m : members) total += effective_weight(*m.what);

    std::vector<ring_point> points;
    for (const ring_member& m : members) {
        if (plan.uses_weights) {
            const std::uint32_t groups =
                libmemcached_groups(effective_weight(*m.what), total, members.size());
            add_md5_points(points, label(*m.what), groups, m.index);
        } else {
            add_hashed_points(points, label(*m.what), unweighted_points, plan.points, m.index);
        }
    }
    return std::make_unique<const ketama_continuum>(std::move(points));
}

}  // namespace kmc::detail
