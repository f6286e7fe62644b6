#include "inspect/ring_share.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "routing/rings.hpp"

namespace kmc::detail {

namespace {

constexpr double all_hashes = 4294967296.0;

void add_weights(const ring_view& view, ring_shares& to) {
    const bool counts = weights_count(view.home().spec(), view.servers());
    double total = 0;
    for (std::size_t i = 0; i < to.servers.size(); ++i) {
        if (view.is_out(static_cast<server_index>(i))) continue;
        // Where a weight of 0 is allowed, it counts as 1.
        const std::uint32_t weight = std::max(view.servers()[i].weight, std::uint32_t{1});
        to.servers[i].weight = counts ? weight : 1;
        total += to.servers[i].weight;
    }
    for (server_share& s : to.servers) s.weight /= std::max(total, 1.0);
}

double deviation_of(const ring_shares& shares) {
    double sum = 0;
    double count = 0;
    for (const server_share& s : shares.servers) {
        if (s.weight <= 0) continue;
        const double off = s.load / s.weight - 1;
        sum += off * off;
        ++count;
    }
    return count > 0 ? std::sqrt(sum / count) : 0;
}

}  // namespace

std::string sample_key(std::size_t number) {
    return "key:" + std::to_string(number);
}

ring_shares shares_of(const ring_view& view, std::size_t sample) {
    ring_shares shares;
    shares.servers.resize(view.servers().size());
    for (const ring_point& p : view.home().ring_points().points())
        ++shares.servers[p.server].points;

    const auto add = [&](server_index home, server_index now, double part) {
        shares.servers[home].home += part;
        (now == nobody ? shares.unserved : shares.servers[now].load) += part;
    };
    if (view.has_arcs()) {
        for (const ring_arc& arc : view.arcs()) {
            add(arc.home, arc.now, static_cast<double>(arc.size()) / all_hashes);
        }
    } else {
        shares.sampled = sample;
        for (std::size_t i = 0; i < sample; ++i) {
            const std::string key = sample_key(i);
            add(view.home().place_of(key).server, view.owner_of(key),
                1.0 / static_cast<double>(sample));
        }
    }
    add_weights(view, shares);
    shares.deviation = deviation_of(shares);
    return shares;
}

}  // namespace kmc::detail
