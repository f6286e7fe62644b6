// Stand-ins where there is no ring to walk along: each server in service scores the key, the
// highest score has it. The keys of a dead server spread evenly over all others.

#include "routing/distribution.hpp"

namespace kmc::detail {
namespace {

// The finaliser of splitmix64 over both numbers.
constexpr std::uint64_t score_of(std::uint32_t hash, std::size_t server) noexcept {
    std::uint64_t x = std::uint64_t{hash} << 32 | server;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

}  // namespace

std::optional<server_index> distribution::stand_in(
    std::uint32_t hash, std::span<const std::uint8_t> is_out) const noexcept {
    std::optional<server_index> best;
    std::uint64_t best_score = 0;
    for (std::size_t i = 0; i < is_out.size(); ++i) {
        if (is_out[i] != 0) continue;
        const std::uint64_t score = score_of(hash, i);
        if (best && score <= best_score) continue;
        best = static_cast<server_index>(i);
        best_score = score;
    }
    return best;
}

}  // namespace kmc::detail
