// spymemcached's KetamaNodeLocator. A label is what Java prints for the socket address of a server,
// so that it has the address a name resolved to; or it has libmemcached's form. Of equal points the
// last server put into the map has them.

#include <cstdint>
#include <utility>
#include <vector>

#include "routing/java_address.hpp"
#include "routing/ketama_continuum.hpp"
#include "routing/ring_points.hpp"
#include "routing/rings.hpp"

namespace kmc::detail {

namespace {

constexpr std::uint16_t default_port = 11211;
constexpr std::uint32_t unweighted_points = 160;

std::uint16_t port_of(const server& s) noexcept {
    return s.port == 0 ? default_port : s.port;
}

std::string libmemcached_form(const server& s) {
    const std::string host = java_address(s.host).value_or(s.host);
    const std::uint16_t port = port_of(s);
    return port == default_port ? host : host + ':' + std::to_string(port);
}

// Empty if nobody knows it.
std::string own_form(const server& s) {
    if (!s.name.empty()) return s.name;
    auto address = java_address(s.host);
    if (!address) return {};
    const bool is_ipv6 = address->find(':') != std::string::npos;
    if (is_ipv6) address = '[' + *address + ']';
    return *address + ':' + std::to_string(port_of(s));
}

}  // namespace

made_ring make_spymemcached(const ring_plan& plan, ring_members members) {
    if (auto wrong = zero_weight_among(plan, members)) return *std::move(wrong);
    std::uint64_t total = 0;
    for (const ring_member& m : members) total += m.what->weight;

    std::vector<ring_point> points;
    for (auto m = members.rbegin(); m != members.rend(); ++m) {
        if (m->what->kind == server::transport::unix_socket) {
            return member_error(*m, "spymemcached has no Unix sockets");
        }
        const std::string label = plan.spec.settings.labels == ring_labels::libmemcached
                                      ? libmemcached_form(*m->what)
                                      : own_form(*m->what);
        if (label.empty()) {
            return member_error(
                *m,
                "spymemcached hashes the address that a name resolved to: give the server the "
                "name it has there, as in name/1.2.3.4:11211");
        }
        if (plan.uses_weights) {
            const std::uint32_t groups = twemproxy_groups(m->what->weight, total, members.size());
            add_md5_points(points, label, groups, m->index);
        } else if (plan.points.is_md5()) {
            add_md5_points(points, label, unweighted_points / points_per_group, m->index);
        } else {
            add_hashed_points(points, label, unweighted_points, plan.points, m->index);
        }
    }
    return std::make_unique<const ketama_continuum>(std::move(points), equal_points::dropped);
}

}  // namespace kmc::detail
