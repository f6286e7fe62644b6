#include "routing/ring_points.hpp"

#include <cfloat>
#include <cmath>
#include <string>

#include "hash/key_hash.hpp"

#ifdef __FAST_MATH__
#error "ring points depend on exact float arithmetic: do not build with -ffast-math"
#endif
static_assert(FLT_EVAL_METHOD == 0, "ring points need float arithmetic without excess precision");

namespace kmc::detail {

namespace {

// Calls `take` with "label-0" to "label-(count - 1)".
template <class Take>
void for_each_label(std::string_view label, std::uint32_t count, Take take) {
    std::string text(label);
    text += '-';
    const std::size_t stem = text.size();
    for (std::uint32_t k = 0; k < count; ++k) {
        text.resize(stem);
        text += std::to_string(k);
        take(text);
    }
}

// In single precision, step by step as it is written there: in double, or with the steps joined, 7
// equal servers get other points than the running fleet has.
float scaled_groups(std::uint32_t weight, std::uint64_t total, std::size_t servers) noexcept {
    constexpr float points_per_server = 160.0F;
    const float share = static_cast<float>(weight) / static_cast<float>(total);
    const float points = share * points_per_server;
    const float groups = points / static_cast<float>(points_per_group);
    return groups * static_cast<float>(servers);
}

}  // namespace

void add_md5_points(std::vector<ring_point>& to, std::string_view label, std::uint32_t groups,
                    server_index server) {
    for_each_label(label, groups, [&](const std::string& text) {
        for (const std::uint32_t value : md5(text)) to.push_back({value, server});
    });
}

void add_hashed_points(std::vector<ring_point>& to, std::string_view label, std::uint32_t count,
                       const key_hasher& hash, server_index server) {
    for_each_label(label, count, [&](const std::string& text) {
        to.push_back({hash.one(text), server});
    });
}

std::uint32_t libmemcached_groups(std::uint32_t weight, std::uint64_t total,
                                  std::size_t servers) noexcept {
    const float lifted = scaled_groups(weight, total, servers) + 1e-10F;
    return static_cast<std::uint32_t>(std::floor(lifted));
}

// The small number that is added is a double there, and the sum is cut to single again.
std::uint32_t twemproxy_groups(std::uint32_t weight, std::uint64_t total,
                               std::size_t servers) noexcept {
    const double sum = static_cast<double>(scaled_groups(weight, total, servers)) + 1e-10;
    return static_cast<std::uint32_t>(std::floor(static_cast<float>(sum)));
}

}  // namespace kmc::detail
