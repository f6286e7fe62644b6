// libmemcached's KETAMA_WEIGHTED.

#include "routing/libmemcached_points.hpp"

namespace kmc::detail {

made_ring make_libmemcached_weighted(const ring_plan& plan, ring_members members) {
    return make_libmemcached_points(plan, members, &libmemcached_label);
}

}  // namespace kmc::detail
