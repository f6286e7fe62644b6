#include "translate/libmemcached_state.hpp"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

namespace kmc::detail {

namespace {

bool is_heavy(const server& s) {
    return s.weight > 1;
}

}  // namespace

void libmemcached_state::set_distribution(distribution d) {
    distribution_ = d;
    if (d == distribution::consistent || d == distribution::consistent_ketama) is_weighted_ = false;
    if (d == distribution::consistent_weighted) is_weighted_ = true;
    if (is_consistent()) build();
}

void libmemcached_state::set_ketama(bool is_on) {
    set_distribution(is_on ? distribution::consistent_ketama : distribution::modula);
}

void libmemcached_state::set_ketama_weighted(bool is_on) {
    if (!is_on) return set_ketama(true);
    hash_ = key_hash::md5;
    set_distribution(distribution::consistent_weighted);
}

void libmemcached_state::set_sort_hosts(bool is_on) {
    sorts_hosts_ = is_on;
    build();
}

void libmemcached_state::add(server s) {
    s.weight = std::max(s.weight, 1U);
    if (is_heavy(s) && is_consistent()) is_weighted_ = true;
    servers_.push_back(std::move(s));
    build();
}

void libmemcached_state::push(std::vector<server> servers) {
    for (server& s : servers) {
        s.weight = std::max(s.weight, 1U);
        if (is_heavy(s)) is_weighted_ = true;
        servers_.push_back(std::move(s));
    }
    build();
}

bool libmemcached_state::is_consistent() const noexcept {
    return distribution_ == distribution::consistent ||
           distribution_ == distribution::consistent_ketama ||
           distribution_ == distribution::consistent_spy ||
           distribution_ == distribution::consistent_weighted;
}

void libmemcached_state::build() {
    if (sorts_hosts_) {
        const auto is_before = [](const server& a, const server& b) {
            return std::tie(a.host, a.port) < std::tie(b.host, b.port);
        };
        // Equal ones stay as they were. Mostly sorted already, but for the last.
        for (auto at = servers_.begin(); at != servers_.end(); ++at) {
            std::rotate(std::upper_bound(servers_.begin(), at, *at, is_before), at, at + 1);
        }
    }
    if (is_consistent()) point_hash_ = hash_;
}

bool libmemcached_state::has_weights() const noexcept {
    return std::any_of(servers_.begin(), servers_.end(), is_heavy);
}

bool libmemcached_state::uses_weights() const noexcept {
    return is_consistent() && is_weighted_;
}

bool libmemcached_state::has_stale_points() const noexcept {
    return is_consistent() && !is_weighted_ && point_hash_ != hash_;
}

config_result<ring_spec> libmemcached_state::ring() const {
    ring_settings set;
    // Left to the ring where it is the ring's own, so that what is to be pasted stays short.
    const bool is_weighted_ring = distribution_ == distribution::consistent_weighted;
    const key_hash own = is_weighted_ring ? key_hash::md5 : key_hash::one_at_a_time;
    if (hash_ != own) set.hash = hash_;
    if (distribution_ == distribution::random) {
        return config_error(
            "the distribution random sends each call to any server; no ring of kmc does that");
    }
    if (distribution_ == distribution::virtual_bucket) {
        return config_error(
            "the distribution virtual bucket needs a table of buckets that only a program can give "
            "to libmemcached; no ring of kmc has one");
    }
    if (distribution_ == distribution::modula) return ring_spec(ring::libmemcached_modula, set);
    if (is_weighted_ring) return ring_spec(ring::libmemcached_weighted, set);
    if (has_stale_points()) set.point_hash = point_hash_;
    if (is_weighted_ != has_weights()) {
        set.weights = is_weighted_ ? ring_weights::used : ring_weights::ignored;
    }
    const bool is_spy = distribution_ == distribution::consistent_spy;
    return ring_spec(is_spy ? ring::libmemcached_spy : ring::libmemcached_ketama, set);
}

key_hash libmemcached_hash(std::size_t number) noexcept {
    constexpr key_hash hashes[] = {key_hash::one_at_a_time, key_hash::md5,      key_hash::crc,
                                   key_hash::fnv1_64,       key_hash::fnv1a_64, key_hash::fnv1_32,
                                   key_hash::fnv1a_32,      key_hash::hsieh,    key_hash::murmur,
                                   key_hash::jenkins,       key_hash::murmur3};
    return number < std::size(hashes) ? hashes[number] : key_hash::own;
}

}  // namespace kmc::detail
