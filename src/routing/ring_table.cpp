// Which rings there are and what can be set on them: the one list behind names, parsing and making.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/quoted.hpp"
#include "routing/rings.hpp"

namespace kmc::detail {

namespace {

using enum key_hash;

constexpr std::array only_md5 = {md5};
constexpr std::array libmemcached_hashes = {
    one_at_a_time, md5, crc, fnv1_64, fnv1a_64, fnv1_32, fnv1a_32, hsieh, murmur, jenkins, murmur3};
constexpr std::array twemproxy_hashes = {one_at_a_time, md5,     crc16,    crc,   crc32a, fnv1_64,
                                         fnv1a_64,      fnv1_32, fnv1a_32, hsieh, murmur, jenkins};
constexpr std::array spymemcached_hashes = {native, crc, fnv1_64, fnv1a_64, fnv1_32, fnv1a_32, md5};
constexpr std::array pecl_hashes = {crc32a, fnv1a_32};
constexpr std::array any_hash = {md5,     one_at_a_time, crc,    fnv1_64, fnv1a_64,
                                 fnv1_32, fnv1a_32,      hsieh,  murmur,  jenkins,
                                 murmur3, crc16,         crc32a, native};

constexpr auto entries = std::to_array<ring_entry>({
    {.which = ring::libmemcached_weighted,
     .name = "libmemcached_weighted",
     .make = &make_libmemcached_weighted,
     .own_hash = md5,
     .hashes = libmemcached_hashes},
    {.which = ring::libketama,
     .name = "libketama",
     .make = &make_libketama,
     .own_hash = md5,
     .hashes = only_md5},
    {.which = ring::libmemcached_ketama,
     .name = "libmemcached_ketama",
     .make = &make_libmemcached_ketama,
     .own_hash = one_at_a_time,
     .hashes = libmemcached_hashes,
     .weights = weight_rule::if_any_above_1,
     .has_point_hash = true},
    {.which = ring::libmemcached_spy,
     .name = "libmemcached_spy",
     .make = &make_libmemcached_spy,
     .own_hash = one_at_a_time,
     .hashes = libmemcached_hashes,
     .weights = weight_rule::if_any_above_1,
     .has_point_hash = true},
    {.which = ring::libmemcached_modula,
     .name = "libmemcached_modula",
     .make = &make_libmemcached_modula,
     .own_hash = one_at_a_time,
     .hashes = libmemcached_hashes,
     .weights = weight_rule::never,
     .keeps_ejected = true},
    {.which = ring::twemproxy,
     .name = "twemproxy",
     .make = &make_twemproxy,
     .own_hash = fnv1a_64,
     .hashes = twemproxy_hashes},
    {.which = ring::twemproxy_modula,
     .name = "twemproxy_modula",
     .make = &make_twemproxy_modula,
     .own_hash = fnv1a_64,
     .hashes = twemproxy_hashes},
    {.which = ring::java_ketama,
     .name = "java_ketama",
     .make = &make_java_ketama,
     .own_hash = md5,
     .hashes = only_md5,
     .weights = weight_rule::unless_ignored},
    {.which = ring::spymemcached,
     .name = "spymemcached",
     .make = &make_spymemcached,
     .own_hash = md5,
     .hashes = spymemcached_hashes,
     .weights = weight_rule::if_any_above_1,
     .alphabet = key_alphabet::java,
     .has_labels = true},
    {.which = ring::spymemcached_modula,
     .name = "spymemcached_modula",
     .make = &make_spymemcached_modula,
     .own_hash = native,
     .hashes = spymemcached_hashes,
     .weights = weight_rule::never,
     .alphabet = key_alphabet::java},
    {.which = ring::pecl_standard,
     .name = "pecl_standard",
     .make = &make_pecl_standard,
     .own_hash = crc32a,
     .hashes = pecl_hashes},
    {.which = ring::pecl_consistent,
     .name = "pecl_consistent",
     .make = &make_pecl_consistent,
     .own_hash = crc32a,
     .hashes = pecl_hashes},
    {.which = ring::rendezvous,
     .name = "rendezvous",
     .make = &make_rendezvous,
     .own_hash = md5,
     .hashes = any_hash,
     .weights = weight_rule::unless_ignored},
    {.which = ring::jump,
     .name = "jump",
     .make = &make_jump,
     .own_hash = md5,
     .hashes = any_hash,
     .weights = weight_rule::never},
});

constexpr auto rings = [] {
    std::array<ring, entries.size()> all{};
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = entries[i].which;
    return all;
}();

// 0xffff means "no server" in kmc::error, so the last index is 65534.
constexpr std::size_t most_servers = 65534;

const ring_entry* entry_of(ring which) noexcept {
    const auto at = std::find_if(entries.begin(), entries.end(),
                                 [&](const ring_entry& e) { return e.which == which; });
    return at == entries.end() ? nullptr : &*at;
}

std::string the_ring(const ring_entry& entry) {
    return "the ring " + std::string(entry.name);
}

// What the spec asks for that the ring has not, in words; empty if all is well.
std::string objection_to(const ring_entry& entry, const ring_settings& set) {
    for (const key_hash hash : {set.hash, set.point_hash}) {
        if (hash == own || std::count(entry.hashes.begin(), entry.hashes.end(), hash) != 0)
            continue;
        std::string message =
            the_ring(entry) + " has no hash " + std::string(to_text(hash)) + " (known:";
        for (const key_hash known : entry.hashes) message.append(" ").append(to_text(known));
        return message + ")";
    }
    if (set.point_hash != own && !entry.has_point_hash) {
        return the_ring(entry) + " has no point_hash of its own";
    }
    if (set.labels != ring_labels::own && !entry.has_labels) {
        return the_ring(entry) + " has only one form of labels";
    }
    if (set.weights == ring_weights::ignored && entry.weights == weight_rule::always) {
        return the_ring(entry) + " cannot ignore weights";
    }
    if (set.weights == ring_weights::used && entry.weights == weight_rule::never) {
        return the_ring(entry) + " has no weights";
    }
    return {};
}

bool uses_weights(const ring_entry& entry, const ring_settings& set, ring_members members) {
    if (entry.weights == weight_rule::never) return false;
    if (set.weights != ring_weights::automatic) return set.weights == ring_weights::used;
    return entry.weights != weight_rule::if_any_above_1 ||
           std::any_of(members.begin(), members.end(),
                       [](const ring_member& m) { return m.what->weight > 1; });
}

key_hasher hasher_for(const ring_entry& entry, const ring_settings& set, key_hash wanted) {
    if (wanted == own) wanted = set.hash;
    if (wanted == own) wanted = entry.own_hash;
    return {wanted, entry.alphabet, set.bytes};
}

config_error unknown_ring(ring which) {
    return config_error("there is no ring of number " +
                        std::to_string(static_cast<unsigned>(which)));
}

std::vector<ring_member> members_of(std::span<const server> servers,
                                    std::span<const server_index> ejected) {
    std::vector<bool> is_out(servers.size(), false);
    for (const server_index index : ejected) {
        if (index < servers.size()) is_out[index] = true;
    }
    const bool all_out = std::find(is_out.begin(), is_out.end(), false) == is_out.end();
    std::vector<ring_member> members;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        if (all_out || !is_out[i]) members.push_back({&servers[i], static_cast<server_index>(i)});
    }
    return members;
}

}  // namespace

std::span<const ring_entry> ring_table() noexcept {
    return entries;
}

bool weights_count(const ring_spec& spec, std::span<const server> servers) {
    const ring_entry* const entry = entry_of(spec.ring);
    return entry != nullptr && uses_weights(*entry, spec.settings, members_of(servers, {}));
}

key_hash hash_in_use(const ring_spec& spec) noexcept {
    const ring_entry* const entry = entry_of(spec.ring);
    return spec.settings.hash == own && entry != nullptr ? entry->own_hash : spec.settings.hash;
}

bool points_follow_hash(const ring_spec& spec, std::span<const server> servers) {
    switch (spec.ring) {
        case ring::pecl_consistent:
            return true;
        case ring::libmemcached_ketama:
        case ring::libmemcached_spy:
        case ring::spymemcached:
            return !weights_count(spec, servers);
        default:
            return false;
    }
}

bool hashes_text(ring which) noexcept {
    return which == ring::libketama || which == ring::java_ketama || which == ring::rendezvous;
}

config_error member_error(const ring_member& member, std::string_view why) {
    return config_error("server " + std::to_string(member.index + 1) + " " +
                        quoted(member.what->text) + ": " + std::string(why));
}

std::optional<config_error> zero_weight_among(const ring_plan& plan, ring_members members) {
    for (const ring_member& m : members) {
        if (m.what->weight != 0) continue;
        return member_error(
            m, "weight 0 has no meaning on the ring " + std::string(to_text(plan.spec.ring)));
    }
    return std::nullopt;
}

config_result<key_hasher> key_hasher_of(const ring_spec& spec) {
    const ring_entry* const entry = entry_of(spec.ring);
    if (entry == nullptr) return unknown_ring(spec.ring);
    if (std::string wrong = objection_to(*entry, spec.settings); !wrong.empty()) {
        return config_error(std::move(wrong));
    }
    return hasher_for(*entry, spec.settings, own);
}

config_result<std::unique_ptr<const distribution>> make_distribution(
    const ring_spec& spec, std::span<const server> servers, std::span<const server_index> ejected) {
    if (servers.empty()) return config_error("a ring needs at least one server");
    if (servers.size() > most_servers) {
        return config_error("a ring holds at most " + std::to_string(most_servers) +
                            " servers, and " + std::to_string(servers.size()) + " are given");
    }
    if (auto keys = key_hasher_of(spec); !keys) return keys.error();
    const ring_entry& entry = *entry_of(spec.ring);
    const std::vector<ring_member> members =
        members_of(servers, entry.keeps_ejected ? std::span<const server_index>() : ejected);
    return entry.make({.spec = spec,
                       .points = hasher_for(entry, spec.settings, spec.settings.point_hash),
                       .uses_weights = uses_weights(entry, spec.settings, members)},
                      members);
}

}  // namespace kmc::detail

namespace kmc {

std::span<const ring> all_rings() noexcept {
    return detail::rings;
}

}  // namespace kmc
