#include "routing/ketama_continuum.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>
#include <tuple>

#include "base/assert.hpp"
#include "hash/key_hash.hpp"

namespace kmc::detail {

namespace {

constexpr std::uint32_t highest_value = std::numeric_limits<std::uint32_t>::max();
constexpr unsigned most_bucket_bits = 20;

// Appends the points of `label-0`, `label-1`, ... for one server.
void add_points(std::vector<ring_point>& to, const ketama_share& share, server_index server) {
    std::string text = share.label + '-';
    const std::size_t stem = text.size();
    for (std::uint32_t group = 0; group < share.groups; ++group) {
        text.resize(stem);
        text += std::to_string(group);
        for (const std::uint32_t value : md5(text)) to.push_back({value, server});
    }
}

}  // namespace

ketama_continuum::ketama_continuum(std::span<const ketama_share> shares) {
    std::size_t groups = 0;
    for (const ketama_share& share : shares) groups += share.groups;
    KMC_ASSERT(groups > 0);

    points_.reserve(groups * points_per_group + 1);
    server_index server = 0;
    for (const ketama_share& share : shares) add_points(points_, share, server++);
    std::sort(points_.begin(), points_.end(), [](const ring_point& a, const ring_point& b) {
        return std::tie(a.value, a.server) < std::tie(b.value, b.server);
    });
    points_.push_back({highest_value, points_.front().server});
    index_points();
}

void ketama_continuum::index_points() {
    const std::size_t points = points_.size() - 1;
    // At least one bit: a shift by the whole width is not defined.
    const auto bits =
        std::clamp(static_cast<unsigned>(std::bit_width(points)), 1U, most_bucket_bits);
    bucket_shift_ = 32 - bits;
    bucket_starts_.resize(std::size_t{1} << bits);

    std::uint32_t point = 0;
    for (std::size_t bucket = 0; bucket < bucket_starts_.size(); ++bucket) {
        const auto lowest = static_cast<std::uint32_t>(bucket << bucket_shift_);
        while (point < points && points_[point].value < lowest) ++point;
        bucket_starts_[bucket] = point;
    }
}

void ketama_continuum::locate(std::span<const std::uint32_t> hashes,
                              std::span<server_index> out) const noexcept {
    KMC_ASSERT(hashes.size() == out.size());
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        const std::uint32_t hash = hashes[i];
        const ring_point* point = points_.data() + bucket_starts_[hash >> bucket_shift_];
        while (point->value < hash) ++point;
        out[i] = point->server;
    }
}

std::span<const ring_point> ketama_continuum::points() const noexcept {
    return std::span(points_).first(points_.size() - 1);
}

}  // namespace kmc::detail
