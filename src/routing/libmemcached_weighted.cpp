// The ring of libmemcached's KETAMA_WEIGHTED. All of its arithmetic is in single precision, step by
// step as written there: in double, or with the steps joined, 7 equal servers get other points than
// the running fleet has.

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "routing/ketama_continuum.hpp"
#include "routing/rings.hpp"

#ifdef __FAST_MATH__
#error "ring points depend on exact float arithmetic: do not build with -ffast-math"
#endif
static_assert(FLT_EVAL_METHOD == 0, "ring points need float arithmetic without excess precision");

namespace kmc::detail {

namespace {

constexpr std::uint16_t default_port = 11211;
constexpr float points_per_server = 160.0F;

// libmemcached lets a weight of 0 count as 1.
std::uint32_t effective_weight(const server& s) noexcept {
    return s.weight == 0 ? 1 : s.weight;
}

// The host, and the port unless it is the default one. A Unix socket has port 0 there, and that is
// hashed; one that a client added as if it were a host has port 11211, and that is not.
std::string label_of(const server& s) {
    const bool is_default = s.kind == server::transport::tcp && s.port == 0;
    const std::uint16_t port = is_default ? default_port : s.port;
    return port == default_port ? s.host : s.host + ':' + std::to_string(port);
}

std::uint32_t groups_of(std::uint32_t weight, std::uint64_t total, std::size_t servers) noexcept {
    const float share = static_cast<float>(weight) / static_cast<float>(total);
    const float points = share * points_per_server;
    const float groups = points / static_cast<float>(points_per_group);
    const float scaled = groups * static_cast<float>(servers);
    const float lifted = scaled + 1e-10F;
    return static_cast<std::uint32_t>(std::floor(lifted));
}

}  // namespace

config_result<std::unique_ptr<const distribution>> make_libmemcached_weighted(
    std::span<const server> servers) {
    std::uint64_t total = 0;
    for (const server& s : servers) total += effective_weight(s);

    std::vector<ketama_share> shares;
    shares.reserve(servers.size());
    for (const server& s : servers) {
        shares.push_back({label_of(s), groups_of(effective_weight(s), total, servers.size())});
    }
    return std::make_unique<const ketama_continuum>(shares);
}

}  // namespace kmc::detail
