// The part of a memcached_st that decides where keys go, moved by the same calls in the same order:
// distribution, key hash, the hidden weighted flag, and the ring as it was last built. Says in the
// end which ring of kmc that is. Contacts nobody and knows nothing of failures.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <kmc/result.hpp>
#include <kmc/ring.hpp>
#include <kmc/server_list.hpp>

namespace kmc::detail {

class libmemcached_state {
public:
    // The numbers are libmemcached's.
    enum class distribution : std::uint8_t {
        modula,
        consistent,
        consistent_ketama,
        random,
        consistent_spy,
        consistent_weighted,
        virtual_bucket,
    };

    // For the keys from now on; a ring that stands keeps its points.
    void set_hash(key_hash h) noexcept { hash_ = h; }
    void set_distribution(distribution d);
    void set_ketama(bool is_on);
    // On: md5 and the weighted ring. Off: as set_ketama(true), and the hash stays.
    void set_ketama_weighted(bool is_on);
    void set_sort_hosts(bool is_on);

    void add(server s);                      // memcached_server_add*
    void push(std::vector<server> servers);  // memcached_server_push

    [[nodiscard]] distribution chosen() const noexcept { return distribution_; }
    [[nodiscard]] key_hash hash() const noexcept { return hash_; }
    [[nodiscard]] const std::vector<server>& servers() const noexcept { return servers_; }
    [[nodiscard]] bool has_weights() const noexcept;   // any above 1
    [[nodiscard]] bool uses_weights() const noexcept;  // its ring is made with them
    // Its points are made with another hash than its keys.
    [[nodiscard]] bool has_stale_points() const noexcept;

    // Fails for the distributions that have no ring.
    [[nodiscard]] config_result<ring_spec> ring() const;

private:
    [[nodiscard]] bool is_consistent() const noexcept;
    void build();

    std::vector<server> servers_;
    distribution distribution_ = distribution::modula;
    key_hash hash_ = key_hash::one_at_a_time;
    key_hash point_hash_ = key_hash::one_at_a_time;  // that of keys when the ring was built
    bool is_weighted_ = false;
    bool sorts_hosts_ = false;
};

// libmemcached's numbers for hashes, 0 to 10.
[[nodiscard]] key_hash libmemcached_hash(std::size_t number) noexcept;

}  // namespace kmc::detail
