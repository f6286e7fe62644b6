#include "inspect/ring_view.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "routing/rings.hpp"
#include "routing/spymemcached_sequence.hpp"

namespace kmc::detail {

namespace {

constexpr std::uint32_t highest = std::numeric_limits<std::uint32_t>::max();

// The server of the hashes up to and including `last`.
struct span_end {
    std::uint32_t last;
    server_index server;
};

// A point has the hashes behind the one before it and up to its own; the first also those behind
// the last.
std::vector<span_end> ends_of(const distribution& ring) {
    std::vector<span_end> ends;
    for (const ring_point& p : ring.points()) {
        if (!ends.empty() && ends.back().last == p.value) continue;  // no key reaches it
        ends.push_back({p.value, p.server});
    }
    if (!ends.empty() && ends.back().last != highest) {
        ends.push_back({highest, ends.front().server});
    }
    return ends;
}

void join(std::vector<ring_arc>& arcs, const ring_arc& next) {
    if (!arcs.empty() && arcs.back().home == next.home && arcs.back().now == next.now) {
        arcs.back().last = next.last;
    } else {
        arcs.push_back(next);
    }
}

}  // namespace

ring_view::ring_view(router r, std::shared_ptr<const topology> present,
                     std::vector<std::uint8_t> is_out, on_dead policy)
    : router_(std::move(r)),
      present_(std::move(present)),
      is_out_(std::move(is_out)),
      policy_(policy) {}

config_result<ring_view> ring_view::build(server_list servers, const ring_spec& spec,
                                          std::span<const server_index> out, on_dead policy) {
    std::vector<std::uint8_t> is_out;
    if (!out.empty()) is_out.resize(servers.servers().size());
    for (const server_index at : out) is_out.at(at) = 1;
    std::shared_ptr<const topology> present;
    if (!out.empty() && policy == on_dead::rebuild) {
        auto rebuilt = topology::build(servers, spec, out);
        if (!rebuilt) return rebuilt.error();
        present = std::move(rebuilt).assume_value();
    }
    auto home = topology::build(std::move(servers), spec);
    if (!home) return home.error();
    router r(std::move(home).assume_value(), is_out, policy, present);
    return ring_view(std::move(r), std::move(present), std::move(is_out), policy);
}

server_index ring_view::owner_of(std::string_view hashed) const {
    const destination to = router_.of(hashed);
    return to.how == fate::dead ? nobody : to.server;
}

bool ring_view::has_arcs() const noexcept {
    const ring_spec& spec = home().spec();
    if (home().ring_points().points().empty() || spec.ring == ring::pecl_consistent) return false;
    const key_hash hash = hash_in_use(spec);
    if (hash == key_hash::crc || hash == key_hash::crc16) return false;
    return is_out_.empty() || policy_ != on_dead::next_server ||
           !has_spymemcached_sequence(spec.ring);
}

std::vector<ring_arc> ring_view::arcs() const {
    const distribution& own = home().ring_points();
    const std::vector<span_end> homes = ends_of(own);
    const std::vector<span_end> presents =
        present_ == nullptr ? homes : ends_of(present_->ring_points());

    std::vector<ring_arc> arcs;
    std::uint32_t first = 0;
    for (std::size_t h = 0, p = 0; h < homes.size() && p < presents.size();) {
        const std::uint32_t last = std::min(homes[h].last, presents[p].last);
        ring_arc arc{first, last, homes[h].server, presents[p].server};
        if (!is_out_.empty() && is_out_[arc.now] != 0) {
            const auto other =
                policy_ == on_dead::next_server ? own.stand_in(last, is_out_) : std::nullopt;
            arc.now = other.value_or(nobody);
        }
        join(arcs, arc);
        if (homes[h].last == last) ++h;
        if (presents[p].last == last) ++p;
        first = last + 1;  // wraps behind the last one, which ends the loop
    }
    return arcs;
}

}  // namespace kmc::detail
