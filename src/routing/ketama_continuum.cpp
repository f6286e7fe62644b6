#include "routing/ketama_continuum.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <limits>

#include "base/assert.hpp"

namespace kmc::detail {

namespace {

constexpr std::uint32_t highest_value = std::numeric_limits<std::uint32_t>::max();
constexpr unsigned most_bucket_bits = 20;
// From how many points in a bucket on it is searched by halves.
constexpr std::ptrdiff_t crowd = 16;

}  // namespace

ketama_continuum::ketama_continuum(std::vector<ring_point> points, equal_points equal) {
    KMC_ASSERT(!points.empty());
    // Value first, then the place in `points`.
    std::vector<std::uint64_t> order;
    order.reserve(points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
        order.push_back(std::uint64_t{points[i].value} << 32 | static_cast<std::uint32_t>(i));
    }
    std::sort(order.begin(), order.end());

    points_.reserve(points.size() + 1);
    for (const std::uint64_t each : order) {
        const ring_point& point = points[static_cast<std::uint32_t>(each)];
        const bool is_equal = !points_.empty() && points_.back().value == point.value;
        if (equal == equal_points::kept || !is_equal) points_.push_back(point);
    }
    points_.push_back({highest_value, points_.front().server});
    index_points();
}

void ketama_continuum::index_points() {
    const std::size_t points = points_.size() - 1;
    // At least one bit: a shift by the whole width is not defined.
    const auto bits =
        std::clamp(static_cast<unsigned>(std::bit_width(points)), 1U, most_bucket_bits);
    bucket_shift_ = 32 - bits;
    const std::size_t buckets = std::size_t{1} << bits;
    bucket_starts_.resize(buckets + 1, static_cast<std::uint32_t>(points));

    std::uint32_t point = 0;
    for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
        const auto lowest = static_cast<std::uint32_t>(bucket << bucket_shift_);
        while (point < points && points_[point].value < lowest) ++point;
        bucket_starts_[bucket] = point;
    }
}

const ring_point* ketama_continuum::point_of(std::uint32_t hash) const noexcept {
    const std::size_t bucket = hash >> bucket_shift_;
    const ring_point* point = points_.data() + bucket_starts_[bucket];
    const ring_point* const behind = points_.data() + bucket_starts_[bucket + 1];
    if (behind - point > crowd) {
        return std::lower_bound(point, behind, hash, [](const ring_point& p, std::uint32_t value) {
            return p.value < value;
        });
    }
    while (point->value < hash) ++point;
    return point;
}

void ketama_continuum::locate(std::span<const std::uint32_t> hashes,
                              std::span<server_index> out) const noexcept {
    KMC_ASSERT(hashes.size() == out.size());
    for (std::size_t i = 0; i < hashes.size(); ++i) out[i] = point_of(hashes[i])->server;
}

std::optional<server_index> ketama_continuum::stand_in(
    std::uint32_t hash, std::span<const std::uint8_t> is_out) const noexcept {
    const std::span<const ring_point> ring = points();
    const std::size_t first = static_cast<std::size_t>(point_of(hash) - points_.data());
    for (std::size_t i = 0; i < ring.size(); ++i) {
        const server_index server = ring[(first + i) % ring.size()].server;
        if (is_out[server] == 0) return server;
    }
    return std::nullopt;
}

std::span<const ring_point> ketama_continuum::points() const noexcept {
    return std::span(points_).first(points_.size() - 1);
}

}  // namespace kmc::detail
