#include "inspect/ring_digest.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "hash/key_hash.hpp"
#include "routing/rings.hpp"

namespace kmc::detail {

namespace {

// What stands in front of everything that is hashed: another recipe gets another number.
constexpr std::string_view recipe = "kmc ring digest 1\n";
constexpr std::uint32_t pecl_steps = 1024;

// As md5sum prints it.
std::string hex_of(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const std::uint32_t word : md5(text)) {
        for (unsigned shift = 0; shift < 32; shift += 8) {
            hex += digits[word >> (shift + 4) & 0xfU];
            hex += digits[word >> shift & 0xfU];
        }
    }
    return hex;
}

// Adds to what is hashed, of the ring and of the server.
class canon {
public:
    explicit canon(const topology& ring) : of_servers_(ring.servers().size()) {
        for (const server& s : ring.servers()) addresses_.push_back(address_of(s));
        all_.append(recipe).append(fingerprint_of(ring.hasher()));
    }
    void add(std::string_view line) { all_.append(line).append("\n"); }
    void add(std::uint32_t value, server_index server) {
        const std::string number = std::to_string(value);
        all_.append(number).append(" ").append(addresses_[server]).append("\n");
        of_servers_[server].append(number).append("\n");
        ++points_[server];
    }
    void add_server(server_index server, const std::string& line) {
        all_.append(line);
        of_servers_[server].append(line);
    }
    void expect_points() { points_.resize(addresses_.size()); }

    [[nodiscard]] ring_digest finish() const {
        ring_digest digest{hex_of(all_), {}};
        for (std::size_t i = 0; i < addresses_.size(); ++i) {
            std::string own(recipe);
            own.append(addresses_[i]).append("\n").append(of_servers_[i]);
            digest.servers.push_back(
                {addresses_[i], points_.empty() ? 0 : points_[i], hex_of(own)});
        }
        return digest;
    }

private:
    std::string all_;
    std::vector<std::string> of_servers_;
    std::vector<std::string> addresses_;
    std::vector<std::size_t> points_;
};

// Rings that take the hash modulo the number of servers: whoever calls it what, only the order of
// the servers counts.
bool is_plain_modula(const topology& ring) {
    switch (ring.spec().ring) {
        case kmc::ring::libmemcached_modula:
        case kmc::ring::spymemcached_modula:
            return true;
        case kmc::ring::twemproxy_modula:
            return std::all_of(ring.servers().begin(), ring.servers().end(),
                               [](const server& s) { return s.weight == 1; });
        default:
            return false;
    }
}

}  // namespace

std::string address_of(const server& s) {
    if (s.kind == server::transport::unix_socket) return s.host;
    return s.host + ':' + std::to_string(s.port == 0 ? 11211 : s.port);
}

std::string fingerprint_of(const key_hasher& hash) {
    std::string text = "hash";
    for (const std::string_view word : {"", "a", "foo", "user:1234:profile", "\xc3\xa4\xe2\x82\xac",
                                        "a long key with some forty bytes in it"}) {
        text.append(" ").append(std::to_string(hash.one(word)));
    }
    return text + "\n";
}

ring_digest digest_of(const topology& ring) {
    canon to(ring);
    const auto points = ring.ring_points().points();
    if (ring.spec().ring == kmc::ring::pecl_consistent) {
        to.add("steps");
        to.expect_points();
        for (std::uint32_t step = 0; step < pecl_steps; ++step) {
            server_index server = 0;
            ring.ring_points().locate({&step, 1}, {&server, 1});
            to.add(step, server);
        }
    } else if (!points.empty()) {
        to.add("points");
        to.expect_points();
        for (std::size_t i = 0; i < points.size(); ++i) {
            if (i > 0 && points[i].value == points[i - 1].value) continue;
            to.add(points[i].value, points[i].server);
        }
    } else if (is_plain_modula(ring)) {
        to.add("modula");
        for (std::uint32_t slot = 0; slot < ring.servers().size(); ++slot) {
            server_index server = 0;
            ring.ring_points().locate({&slot, 1}, {&server, 1});
            to.add_server(server, address_of(ring.servers()[server]) + '\n');
        }
    } else {
        to.add(to_text(ring.spec().ring));
        const bool weighted = weights_count(ring.spec(), ring.servers());
        for (std::size_t i = 0; i < ring.servers().size(); ++i) {
            const server& s = ring.servers()[i];
            to.add_server(static_cast<server_index>(i),
                          address_of(s) + '\t' + s.name + '\t' +
                              std::to_string(weighted ? s.weight : 1) + '\n');
        }
    }
    return to.finish();
}

}  // namespace kmc::detail
