#include <kmc/sync_client.hpp>

#include <system_error>

#include "loop/reactor.hpp"

namespace kmc::detail {

void require_no_reactor() {
    if (reactor::current() == nullptr) return;
    throw std::system_error(make_error_code(errc::wrong_thread),
                            "a call that blocks was made on a reactor's thread");
}

}  // namespace kmc::detail
