#include "protocol/status.hpp"

namespace kmc::detail {

errc error_of_status(status code) noexcept {
    switch (code) {
        case status::too_large:
            return errc::too_large;
        case status::not_a_number:
            return errc::not_a_number;
        case status::auth_error:
            return errc::auth_failed;
        default:
            return errc::server_error;
    }
}

}  // namespace kmc::detail
