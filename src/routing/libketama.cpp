// The ring of Last.fm's libketama. Shares are single precision, their scaling is double, and the
// product is rounded to single before it is cut: leaving out any of the three gives other points
// than the running fleet has.

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/quoted.hpp"
#include "routing/ketama_continuum.hpp"
#include "routing/rings.hpp"

#ifdef __FAST_MATH__
#error "ring points depend on exact float arithmetic: do not build with -ffast-math"
#endif
static_assert(FLT_EVAL_METHOD == 0, "ring points need float arithmetic without excess precision");

namespace kmc::detail {

namespace {

constexpr double groups_per_server = 40.0;

std::uint32_t groups_of(std::uint32_t weight, std::uint64_t total, std::size_t servers) noexcept {
    const float share = static_cast<float>(weight) / static_cast<float>(total);
    const double scaled = share * groups_per_server * static_cast<float>(servers);
    return static_cast<std::uint32_t>(std::floor(static_cast<float>(scaled)));
}

}  // namespace

config_result<std::unique_ptr<const distribution>> make_libketama(std::span<const server> servers) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        if (servers[i].weight == 0) {
            return config_error("server " + std::to_string(i + 1) + " " + quoted(servers[i].text) +
                                ": weight 0 has no meaning on the ring libketama");
        }
        total += servers[i].weight;
    }

    std::vector<ketama_share> shares;
    shares.reserve(servers.size());
    for (const server& s : servers) {
        shares.push_back({s.text, groups_of(s.weight, total, servers.size())});
    }
    return std::make_unique<const ketama_continuum>(shares);
}

}  // namespace kmc::detail
