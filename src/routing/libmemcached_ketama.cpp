// libmemcached's KETAMA: equal servers, until somebody gives one a weight.

#include "routing/libmemcached_points.hpp"

namespace kmc::detail {

made_ring make_libmemcached_ketama(const ring_plan& plan, ring_members members) {
    return make_libmemcached_points(plan, members, &libmemcached_label);
}

}  // namespace kmc::detail
