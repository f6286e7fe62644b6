// What a request has to be like when it goes to a stand-in instead of the key's own server.

#pragma once

#include <cstdint>
#include <optional>

#include <kmc/detail/request.hpp>
#include <kmc/error.hpp>
#include <kmc/options.hpp>

namespace kmc::detail {

// The longest life of an item there, in seconds; 0: as long as its writer says.
[[nodiscard]] std::uint32_t stand_in_life(const health_options& options) noexcept;

// Marks it, and cuts what it says of the item's life. Refuses tokens: they are the own server's.
// @param life  of stand_in_life().
[[nodiscard]] std::optional<errc> fit_for_stand_in(request& r, std::uint32_t life) noexcept;

}  // namespace kmc::detail
