// The makers of all rings, one file each. A new ring is such a file, a line here, an enumerator in
// include/kmc/ring.hpp and its line in ring_table.cpp.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <kmc/ring.hpp>
#include <kmc/server_list.hpp>

#include "hash/key_hasher.hpp"
#include "routing/distribution.hpp"

namespace kmc::detail {

// A server that takes part, and its place in the whole list.
struct ring_member {
    const server* what;
    server_index index;
};

// A ring_spec in which nothing is left open, checked against what the ring has.
struct ring_plan {
    ring_spec spec;
    key_hasher points;  // of rings whose points are hashes of one word
    bool uses_weights = false;
};

// Given 1..65534 members in the order of their indexes.
using ring_maker = config_result<std::unique_ptr<const distribution>> (*)(
    const ring_plan& plan, std::span<const ring_member> members);

using made_ring = config_result<std::unique_ptr<const distribution>>;
using ring_members = std::span<const ring_member>;

[[nodiscard]] made_ring make_libketama(const ring_plan&, ring_members);
[[nodiscard]] made_ring make_libmemcached_weighted(const ring_plan&, ring_members);
[[nodiscard]] made_ring make_libmemcached_ketama(const ring_plan&, ring_members);
[[nodiscard]] made_ring make_libmemcached_spy(const ring_plan&, ring_members);
[[nodiscard]] made_ring make_libmemcached_modula(const ring_plan&, ring_members);
[[nodiscard]] made_ring make_twemproxy(const ring_plan&, ring_members);
[[nodiscard]] made_ring make_twemproxy_modula(const ring_plan&, ring_members);
[[nodiscard]] made_ring make_java_ketama(const ring_plan&, ring_members);
[[nodiscard]] made_ring make_spymemcached(const ring_plan&, ring_members);
[[nodiscard]] made_ring make_spymemcached_modula(const ring_plan&, ring_members);
[[nodiscard]] made_ring make_pecl_standard(const ring_plan&, ring_members);
[[nodiscard]] made_ring make_pecl_consistent(const ring_plan&, ring_members);
[[nodiscard]] made_ring make_rendezvous(const ring_plan&, ring_members);
[[nodiscard]] made_ring make_jump(const ring_plan&, ring_members);

// Which settings a ring has, for the check and for what `automatic` and `own` mean.
enum class weight_rule : std::uint8_t { never, always, if_any_above_1, unless_ignored };

struct ring_entry {
    ring which;
    std::string_view name;
    ring_maker make;
    key_hash own_hash;
    std::span<const key_hash> hashes;  // all it may have
    weight_rule weights = weight_rule::always;
    key_alphabet alphabet = key_alphabet::bytes;
    bool has_point_hash = false;
    bool has_labels = false;
    bool keeps_ejected = false;
};

// Every ring once.
[[nodiscard]] std::span<const ring_entry> ring_table() noexcept;

// Whether the weights of these servers count; false where the spec is wrong.
[[nodiscard]] bool weights_count(const ring_spec& spec, std::span<const server> servers);
// The hash of keys, never `own` where the spec is right.
[[nodiscard]] key_hash hash_in_use(const ring_spec& spec) noexcept;
// Whether another hash of keys makes other points, and not only other keys of the same points.
[[nodiscard]] bool points_follow_hash(const ring_spec& spec, std::span<const server> servers);
// Whether server::text is hashed, so that an address written in another way is another server.
[[nodiscard]] bool hashes_text(ring which) noexcept;

// Why the server cannot be on this ring, its place and text first.
[[nodiscard]] config_error member_error(const ring_member& member, std::string_view why);
// For rings where a weight of 0 means nothing: the first member that has it.
[[nodiscard]] std::optional<config_error> zero_weight_among(const ring_plan& plan,
                                                            ring_members members);

}  // namespace kmc::detail
