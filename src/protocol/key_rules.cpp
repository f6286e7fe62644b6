#include "protocol/key_rules.hpp"

namespace kmc::detail {

std::optional<errc> objection_to_key(std::string_view key) noexcept {
    if (key.empty() || key.size() > key_bytes_max) return errc::bad_key;
    return std::nullopt;
}

}  // namespace kmc::detail
