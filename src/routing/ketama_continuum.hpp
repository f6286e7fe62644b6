// A ring of md5 points, as every ketama dialect has one: points sorted by (value, server index),
// and the first point at or above a hash answers. The dialects differ in the labels they hash and
// in how many points a server gets; neither is decided here.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "routing/distribution.hpp"

namespace kmc::detail {

// Four points come from each md5 of a label.
inline constexpr std::size_t points_per_group = 4;

// What a dialect gives a server: the label its points are hashed from, and how many groups of
// four. No groups is legal: such a server gets no keys.
struct ketama_share {
    std::string label;
    std::uint32_t groups;
};

class ketama_continuum final : public distribution {
public:
    // shares[i] belongs to server i. At least one share has a group.
    explicit ketama_continuum(std::span<const ketama_share> shares);

    void locate(std::span<const std::uint32_t> hashes,
                std::span<server_index> out) const noexcept override;
    [[nodiscard]] std::span<const ring_point> points() const noexcept override;

private:
    void index_points();

    // Sorted, and behind the last point the first one's server once more under the highest value:
    // the search needs neither a bound nor a wrap.
    std::vector<ring_point> points_;
    // bucket_starts_[b] = the first point whose value is at or above b << bucket_shift_. About one
    // point falls into a bucket, so a search is a look here and a step or two.
    std::vector<std::uint32_t> bucket_starts_;
    unsigned bucket_shift_ = 0;
};

}  // namespace kmc::detail
