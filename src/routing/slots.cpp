#include "routing/slots.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "base/assert.hpp"

namespace kmc::detail {

slot_table slot_table::one_each(ring_members members) {
    slot_table table;
    for (const ring_member& m : members) table.servers_.push_back(m.index);
    table.slots_ = static_cast<std::uint32_t>(members.size());
    return table;
}

std::optional<slot_table> slot_table::by_weight(ring_members members) {
    slot_table table;
    std::uint64_t end = 0;
    for (const ring_member& m : members) {
        end += m.what->weight;
        if (end > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
        table.servers_.push_back(m.index);
        table.ends_.push_back(static_cast<std::uint32_t>(end));
    }
    KMC_ASSERT(end > 0);
    table.slots_ = static_cast<std::uint32_t>(end);
    if (end == members.size()) table.ends_.clear();  // no weight is 0, so each is 1
    return table;
}

server_index slot_table::operator[](std::uint32_t number) const noexcept {
    const std::uint32_t slot = number % slots_;
    if (ends_.empty()) return servers_[slot];
    const auto end = std::upper_bound(ends_.begin(), ends_.end(), slot);
    return servers_[static_cast<std::size_t>(end - ends_.begin())];
}

void modula_distribution::locate(std::span<const std::uint32_t> hashes,
                                 std::span<server_index> out) const noexcept {
    KMC_ASSERT(hashes.size() == out.size());
    for (std::size_t i = 0; i < hashes.size(); ++i) out[i] = slots_[hashes[i]];
}

}  // namespace kmc::detail
