// Which ring maps keys to servers. Rings are named after whose ring they are: two clients share a
// cache only if they use the same one, with the same settings and the same server texts in the same
// order.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <kmc/result.hpp>

namespace kmc {

enum class ring : std::uint8_t {
    /// libmemcached's KETAMA_WEIGHTED: what pylibmc's `ketama_weighted` and php-memcached's
    /// OPT_LIBKETAMA_COMPATIBLE select. md5 keys, about 160 md5 points per server by weight, the
    /// port left out of the label when it is 11211.
    ///
    /// With another key hash it is what libmemcached makes of weights under its plain KETAMA (keys
    /// by one_at_a_time), and of DISTRIBUTION = CONSISTENT_WEIGHTED.
    libmemcached_weighted,
    /// Last.fm's libketama: md5 keys, about 160 md5 points per server by weight, the address
    /// hashed exactly as it is written.
    libketama,
    /// libmemcached's KETAMA, also called CONSISTENT: pylibmc's `ketama`, php-memcached's
    /// DISTRIBUTION_CONSISTENT. 100 points per server, made with the hash of the keys, which is
    /// one_at_a_time unless set. Any weight above 1 turns it into libmemcached_weighted with that
    /// key hash, as it does there when the ring is chosen before the servers are added.
    libmemcached_ketama,
    /// libmemcached's CONSISTENT_KETAMA_SPY: as libmemcached_ketama, or as libmemcached_weighted
    /// where weights are used, but the label is `/host:port`. It is not the ring of spymemcached.
    libmemcached_spy,
    /// libmemcached's MODULA, what it does when nothing is set: the hash, one_at_a_time unless set,
    /// modulo the number of servers. Has no weights, and does not leave out failed servers.
    libmemcached_modula,
    /// twemproxy's `distribution: ketama`: keys by fnv1a_64 unless set, about 160 md5 points by
    /// weight; server::name or host and port are hashed, and decide ties instead of the order.
    twemproxy,
    /// twemproxy's `distribution: modula`: as many slots as the weights add up to, servers in the
    /// order of their names.
    twemproxy_modula,
    /// The Java client in libketama's repository. As libketama with an exact share; of equal points
    /// the last server has them.
    java_ketama,
    /// spymemcached's KetamaNodeLocator: md5 keys, 160 points per server, by weight if there are
    /// weights; of equal points the last server has them. The label has the address that a name
    /// resolved to, so that a server known by name needs a server::name, `name/1.2.3.4:11211`,
    /// unless the labels are those of its LIBMEMCACHED format.
    spymemcached,
    /// spymemcached's ArrayModNodeLocator, its default: Java's String.hashCode modulo the number
    /// of servers. No weights.
    spymemcached_modula,
    /// The extension PECL memcache with hash_strategy=standard: 15 bits of crc32 modulo the sum of
    /// the weights.
    pecl_standard,
    /// The extension PECL memcache with hash_strategy=consistent, its default: 160 crc32 points per
    /// server and weight, looked up in 1024 steps.
    pecl_consistent,
    /// Highest score of key and server wins (with weights: weighted rendezvous hashing). Whatever
    /// the order of the list, a new server takes its share from all and nothing else moves. Costs a
    /// step per server and key. kmc's own; for no other program.
    rendezvous,
    /// Lamping and Veach's jump consistent hash of the key's hash: even to the last per cent and
    /// without a table, but only the end of the list may grow or shrink. No weights.
    jump,
};

/// The hash of keys. What each ring may have, parse_key_hash() and the errors tell; those of
/// spymemcached are Java's, over UTF-16.
enum class key_hash : std::uint8_t {
    own,            ///< The one the ring has when its program is told nothing.
    one_at_a_time,  ///< Jenkins's; libmemcached's default.
    md5,            ///< The first four bytes of the digest, little-endian.
    crc,  ///< 15 bits of crc32a; twemproxy's crc32. Not for ketama rings: all keys on one.
    fnv1_64,
    fnv1a_64,  ///< libmemcached's and twemproxy's are of 32 bits; spymemcached's is of 64.
    fnv1_32,
    fnv1a_32,
    hsieh,
    murmur,
    jenkins,
    murmur3,
    crc16,   ///< twemproxy's, with what is left above 16 bits.
    crc32a,  ///< The plain CRC-32; PECL memcache's crc32.
    native,  ///< Java's String.hashCode().
};

/// Whether the weights of the servers count, for rings that know both.
enum class ring_weights : std::uint8_t {
    automatic,  ///< If any is above 1; on java_ketama, pecl_* and rendezvous always.
    ignored,
    used,
};

/// How a server is written in what is hashed for its points.
enum class ring_labels : std::uint8_t {
    own,           ///< As the ring's program does when it is told nothing.
    libmemcached,  ///< spymemcached's KetamaNodeKeyFormatter.Format.LIBMEMCACHED.
};

/// What a byte of a key from 0x80 on counts as in one_at_a_time, hsieh and the fnv hashes. The C
/// programs say `char`, which has a sign on x86 and none on ARM: other hashes for the same keys.
enum class key_bytes : std::uint8_t { with_sign, without_sign };

/// What can be set on a ring besides its name.
struct ring_settings {
    key_hash hash = key_hash::own;
    /// What the 100 points of libmemcached_ketama and libmemcached_spy are made with, if not the
    /// hash of the keys: a client of libmemcached whose hash was set after its servers were added
    /// keeps the points it had.
    key_hash point_hash = key_hash::own;
    ring_weights weights = ring_weights::automatic;
    ring_labels labels = ring_labels::own;
    key_bytes bytes = key_bytes::with_sign;

    friend bool operator==(const ring_settings&, const ring_settings&) = default;
};

/// A ring and its settings: `ring::libketama`, or `{ring::libmemcached_ketama, {.hash =
/// key_hash::md5}}`. Settings that the ring does not have are an error where it is built.
struct ring_spec {
    constexpr ring_spec() noexcept = default;
    constexpr ring_spec(kmc::ring which, ring_settings set = {}) noexcept  // NOLINT: converts
        : ring(which), settings(set) {}

    kmc::ring ring = kmc::ring::libmemcached_weighted;
    ring_settings settings = {};

    friend bool operator==(const ring_spec&, const ring_spec&) = default;
};

/// Every ring once.
[[nodiscard]] std::span<const ring> all_rings() noexcept;

/// The name used in text: "libmemcached_weighted", "libketama".
[[nodiscard]] std::string_view to_text(ring r) noexcept;
[[nodiscard]] std::string_view to_text(key_hash h) noexcept;

/// The ring of that name; the error lists the names there are.
[[nodiscard]] config_result<ring> parse_ring(std::string_view name);
[[nodiscard]] config_result<key_hash> parse_key_hash(std::string_view name);

}  // namespace kmc
