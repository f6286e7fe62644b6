#include <kmc/translate.hpp>

namespace kmc {

client_options translation::options() const& noexcept {
    client_options o;
    o.ring = ring;
    o.prefix = prefix;
    o.hash_prefix = hash_prefix;
    o.hash_tag = hash_tag;
    o.health = health;
    if (connect_timeout) o.connect_timeout = *connect_timeout;
    if (stall_timeout) o.stall_timeout = *stall_timeout;
    if (call_timeout) o.call_timeout = o.batch_timeout = *call_timeout;
    return o;
}

}  // namespace kmc
