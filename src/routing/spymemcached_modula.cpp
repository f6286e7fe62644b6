// spymemcached's ArrayModNodeLocator.

#include "routing/rings.hpp"
#include "routing/slots.hpp"

namespace kmc::detail {

made_ring make_spymemcached_modula(const ring_plan&, ring_members members) {
    return std::make_unique<const modula_distribution>(slot_table::one_each(members));
}

}  // namespace kmc::detail
