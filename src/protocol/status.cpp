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

aftermath aftermath_of(status code, command what) noexcept {
    switch (code) {
        case status::invalid:
        case status::unknown_command:
            return aftermath::poisoned;
        case status::auth_error:
            return what == command::flush ? aftermath::none : aftermath::locked;
        default:
            return aftermath::none;
    }
}

}  // namespace kmc::detail
