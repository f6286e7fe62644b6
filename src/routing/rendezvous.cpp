// Rendezvous hashing: each server scores the key, the highest score has it. Who a server is does
// not depend on its place in the list.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "hash/key_hash.hpp"
#include "routing/rings.hpp"

namespace kmc::detail {

namespace {

// The finaliser of splitmix64: every bit of the input reaches every bit of the output.
constexpr std::uint64_t mixed(std::uint64_t x) noexcept {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

struct contender {
    std::uint64_t seed;
    double weight;
    server_index server;
};

constexpr std::uint64_t score_of(const contender& c, std::uint32_t hash) noexcept {
    return mixed(c.seed ^ mixed(hash));
}

// With a score evenly in (0, 1), -log(score) / weight is the time of the first arrival at rate
// `weight`: the earliest is each server in proportion to its weight.
double arrival_of(const contender& c, std::uint32_t hash) noexcept {
    const double even = (static_cast<double>(score_of(c, hash) >> 11) + 0.5) * 0x1p-53;
    return -std::log(even) / c.weight;
}

class rendezvous final : public distribution {
public:
    rendezvous(std::vector<contender> contenders, bool is_weighted) noexcept
        : contenders_(std::move(contenders)), is_weighted_(is_weighted) {}

    void locate(std::span<const std::uint32_t> hashes,
                std::span<server_index> out) const noexcept override {
        KMC_ASSERT(hashes.size() == out.size());
        for (std::size_t i = 0; i < hashes.size(); ++i) {
            out[i] = is_weighted_ ? earliest(hashes[i]) : highest(hashes[i]);
        }
    }

    // What it would be without those that are out.
    [[nodiscard]] std::optional<server_index> stand_in(
        std::uint32_t hash, std::span<const std::uint8_t> is_out) const noexcept override {
        const contender* best = nullptr;
        for (const contender& c : contenders_) {
            if (is_out[c.server] != 0) continue;
            if (best == nullptr || beats(c, *best, hash)) best = &c;
        }
        if (best == nullptr) return std::nullopt;
        return best->server;
    }

private:
    // Of equal ones the first stays.
    [[nodiscard]] bool beats(const contender& c, const contender& best,
                             std::uint32_t hash) const noexcept {
        return is_weighted_ ? arrival_of(c, hash) < arrival_of(best, hash)
                            : score_of(c, hash) > score_of(best, hash);
    }

    [[nodiscard]] server_index highest(std::uint32_t hash) const noexcept {
        const contender* best = contenders_.data();
        std::uint64_t best_score = score_of(*best, hash);
        for (const contender& c : contenders_) {
            const std::uint64_t score = score_of(c, hash);
            if (score > best_score) {
                best_score = score;
                best = &c;
            }
        }
        return best->server;
    }

    [[nodiscard]] server_index earliest(std::uint32_t hash) const noexcept {
        const contender* best = contenders_.data();
        double best_arrival = arrival_of(*best, hash);
        for (const contender& c : contenders_) {
            const double arrival = arrival_of(c, hash);
            if (arrival < best_arrival) {
                best_arrival = arrival;
                best = &c;
            }
        }
        return best->server;
    }

    std::vector<contender> contenders_;
    bool is_weighted_;
};

}  // namespace

made_ring make_rendezvous(const ring_plan& plan, ring_members members) {
    if (auto wrong = zero_weight_among(plan, members)) return *std::move(wrong);
    std::vector<contender> contenders;
    bool is_weighted = false;
    for (const ring_member& m : members) {
        const md5_words digest = md5(m.what->name.empty() ? m.what->text : m.what->name);
        const std::uint64_t seed = std::uint64_t{digest[1]} << 32 | digest[0];
        contenders.push_back({seed, static_cast<double>(m.what->weight), m.index});
        is_weighted |= plan.uses_weights && m.what->weight != members.front().what->weight;
    }
    return std::make_unique<const rendezvous>(std::move(contenders), is_weighted);
}

}  // namespace kmc::detail
