// Jump consistent hash (Lamping and Veach, 2014): servers are numbers, and only the last one may
// come or go without moving keys between the others.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/assert.hpp"
#include "routing/rings.hpp"

namespace kmc::detail {

namespace {

// The last of the jumps that a generator seeded with the key makes below `count`. As
// published, in doubles: each operation is exact or rounded alike everywhere.
std::size_t jump_to(std::uint64_t key, std::size_t count) noexcept {
    std::uint64_t place = 0;
    for (std::uint64_t next = 0; next < count;) {
        place = next;
        key = key * 2862933555777941757U + 1;
        const double factor = 0x1p31 / static_cast<double>((key >> 33) + 1);
        next = static_cast<std::uint64_t>(static_cast<double>(place + 1) * factor);
    }
    return static_cast<std::size_t>(place);
}

class jump_distribution final : public distribution {
public:
    explicit jump_distribution(ring_members members) {
        for (const ring_member& m : members) servers_.push_back(m.index);
    }

    void locate(std::span<const std::uint32_t> hashes,
                std::span<server_index> out) const noexcept override {
        KMC_ASSERT(hashes.size() == out.size());
        for (std::size_t i = 0; i < hashes.size(); ++i) {
            out[i] = servers_[jump_to(hashes[i], servers_.size())];
        }
    }

private:
    std::vector<server_index> servers_;
};

}  // namespace

made_ring make_jump(const ring_plan& plan, ring_members members) {
    for (const ring_member& m : members) {
        if (plan.spec.settings.weights == ring_weights::ignored) break;
        if (m.what->weight != members.front().what->weight) {
            return member_error(
                m, "the ring jump has no weights, but this one differs from the first");
        }
    }
    return std::make_unique<const jump_distribution>(members);
}

}  // namespace kmc::detail
