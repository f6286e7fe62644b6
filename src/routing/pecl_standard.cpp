// The extension PECL memcache with hash_strategy=standard: 15 bits of the hash, never 0, modulo the
// slots of the servers.

#include <cstddef>
#include <utility>

#include "base/assert.hpp"
#include "routing/rings.hpp"
#include "routing/slots.hpp"

namespace kmc::detail {

namespace {

class pecl_standard final : public distribution {
public:
    explicit pecl_standard(slot_table slots) noexcept : slots_(std::move(slots)) {}

    void locate(std::span<const std::uint32_t> hashes,
                std::span<server_index> out) const noexcept override {
        KMC_ASSERT(hashes.size() == out.size());
        for (std::size_t i = 0; i < hashes.size(); ++i) {
            const std::uint32_t middle = hashes[i] >> 16 & 0x7fffU;
            out[i] = slots_[middle == 0 ? 1 : middle];
        }
    }

private:
    slot_table slots_;
};

}  // namespace

made_ring make_pecl_standard(const ring_plan& plan, ring_members members) {
    if (auto wrong = zero_weight_among(plan, members)) return *std::move(wrong);
    auto slots = slot_table::by_weight(members);
    if (!slots) return config_error("the weights add up to more than 4294967295");
    return std::make_unique<const pecl_standard>(*std::move(slots));
}

}  // namespace kmc::detail
