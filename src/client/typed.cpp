// The one thing that typed calls ask of a client: its options.

#include <kmc/detail/typed.hpp>

#include "client/client_state.hpp"

namespace kmc::detail {

const value_options& values_of(const client_state& client) noexcept {
    return client.options().values;
}

}  // namespace kmc::detail
