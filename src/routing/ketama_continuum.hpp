// A ring of points, as every ketama dialect has one: sorted by value, and the first point at or
// above a hash answers. The dialects differ in what they make points of, in how many a server gets
// and in who has a point that two servers share; none of that is decided here.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "routing/distribution.hpp"

namespace kmc::detail {

// What becomes of the later ones of points with the same value. Keys never reach them either way.
enum class equal_points : std::uint8_t { kept, dropped };

class ketama_continuum final : public distribution {
public:
    // Of points with the same value the first in `points` answers. At least one point.
    explicit ketama_continuum(std::vector<ring_point> points,
                              equal_points equal = equal_points::kept);

    void locate(std::span<const std::uint32_t> hashes,
                std::span<server_index> out) const noexcept override;
    // The server of the next point on the ring that is in service.
    [[nodiscard]] std::optional<server_index> stand_in(
        std::uint32_t hash, std::span<const std::uint8_t> is_out) const noexcept override;
    [[nodiscard]] std::span<const ring_point> points() const noexcept override;

private:
    void index_points();
    // The first point at or above the hash, perhaps the one behind the last.
    [[nodiscard]] const ring_point* point_of(std::uint32_t hash) const noexcept;

    // Sorted, and behind the last point the first one's server once more under the highest value:
    // the search needs neither a bound nor a wrap.
    std::vector<ring_point> points_;
    // bucket_starts_[b] = the first point whose value is at or above b << bucket_shift_; one more
    // entry is the end. About one point falls into a bucket, so a search is a look here and a step
    // or two; where a weak hash has crowded the points, it halves its way through the bucket.
    std::vector<std::uint32_t> bucket_starts_;
    unsigned bucket_shift_ = 0;
};

}  // namespace kmc::detail
