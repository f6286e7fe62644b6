// The extension PECL memcache with hash_strategy=consistent: a ring of points that is looked up at
// 1024 even steps once, and a key takes the answer of the step its hash modulo 1024 names.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "routing/ketama_continuum.hpp"
#include "routing/ring_points.hpp"
#include "routing/rings.hpp"

namespace kmc::detail {

namespace {

constexpr std::uint32_t points_per_weight = 160;
constexpr std::uint64_t most_points = 1U << 24;  // what the extension would need 256 MiB for
constexpr std::uint32_t steps = 1024;
constexpr std::uint32_t step = std::numeric_limits<std::uint32_t>::max() / steps;

class pecl_consistent final : public distribution {
public:
    explicit pecl_consistent(std::vector<ring_point> points) : ring_(std::move(points)) {
        std::uint32_t hash = 0;
        for (server_index& server : server_of_step_) {
            ring_.locate({&hash, 1}, {&server, 1});
            hash += step;
        }
    }

    void locate(std::span<const std::uint32_t> hashes,
                std::span<server_index> out) const noexcept override {
        KMC_ASSERT(hashes.size() == out.size());
        for (std::size_t i = 0; i < hashes.size(); ++i) out[i] = server_of_step_[hashes[i] % steps];
    }

    [[nodiscard]] std::optional<server_index> stand_in(
        std::uint32_t hash, std::span<const std::uint8_t> is_out) const noexcept override {
        return ring_.stand_in(hash % steps * step, is_out);
    }

    [[nodiscard]] std::span<const ring_point> points() const noexcept override {
        return ring_.points();
    }

private:
    ketama_continuum ring_;
    std::array<server_index, steps> server_of_step_{};
};

// The host as it was given, a path with its scheme and port 0.
std::string label_of(const server& s) {
    if (s.kind == server::transport::unix_socket) return "unix://" + s.host + ":0";
    return s.host + ':' + std::to_string(s.port == 0 ? 11211 : s.port);
}

}  // namespace

made_ring make_pecl_consistent(const ring_plan& plan, ring_members members) {
    if (auto wrong = zero_weight_among(plan, members)) return *std::move(wrong);
    std::uint64_t total = 0;
    for (const ring_member& m : members) total += m.what->weight;
    if (total * points_per_weight > most_points) {
        return config_error("on the ring pecl_consistent the weights add up to " +
                            std::to_string(total) + ", at most " +
                            std::to_string(most_points / points_per_weight) + " are possible");
    }

    std::vector<ring_point> points;
    for (const ring_member& m : members) {
        const std::uint32_t count = m.what->weight * points_per_weight;
        add_hashed_points(points, label_of(*m.what), count, plan.points, m.index);
    }
    return std::make_unique<const pecl_consistent>(std::move(points));
}

}  // namespace kmc::detail
