// Slots instead of a ring: a number modulo how many there are, and each belongs to a server.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "routing/distribution.hpp"
#include "routing/rings.hpp"

namespace kmc::detail {

class slot_table {
public:
    // One slot each.
    [[nodiscard]] static slot_table one_each(ring_members members);
    // As many as its weight says, in the given order. Nothing if they are more than a hash can
    // tell apart: over 4294967295.
    [[nodiscard]] static std::optional<slot_table> by_weight(ring_members members);

    [[nodiscard]] server_index operator[](std::uint32_t number) const noexcept;

private:
    // Either a server per slot, or the end of each server's slots: weights may be huge.
    std::vector<server_index> servers_;
    std::vector<std::uint32_t> ends_;
    std::uint32_t slots_ = 0;
};

// The slot of a hash is the hash modulo their number.
class modula_distribution final : public distribution {
public:
    explicit modula_distribution(slot_table slots) noexcept : slots_(std::move(slots)) {}

    void locate(std::span<const std::uint32_t> hashes,
                std::span<server_index> out) const noexcept override;

private:
    slot_table slots_;
};

}  // namespace kmc::detail
