// libmemcached's CONSISTENT_KETAMA_SPY, meant to be spymemcached's ring as it was in 2009: a slash
// before the host, and the port always.

#include "routing/libmemcached_points.hpp"

namespace kmc::detail {

namespace {

std::string spy_label(const server& s) {
    return '/' + s.host + ':' + std::to_string(libmemcached_port(s));
}

}  // namespace

made_ring make_libmemcached_spy(const ring_plan& plan, ring_members members) {
    return make_libmemcached_points(plan, members, &spy_label);
}

}  // namespace kmc::detail
