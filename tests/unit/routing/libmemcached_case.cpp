#include "libmemcached_case.hpp"

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace kmc::detail {

namespace {

std::uint32_t number(const std::string& text) {
    return static_cast<std::uint32_t>(std::stoul(text));
}

// A path that was added as if it were a host got libmemcached's default port, and its label has it
// not.
server added(const std::string& host, std::uint16_t port, std::uint32_t weight) {
    if (host.starts_with('/')) return unix_socket(host, port == 0 ? 11211 : port, weight);
    return tcp(host, port, weight);
}

void apply(const testing::tsv_row& op, libmemcached_case& to) {
    const std::string& verb = op.at(1);
    if (verb == "add") {
        const auto port = static_cast<std::uint16_t>(number(op.at(3)));
        to.servers.push_back(added(op.at(2), port, number(op.at(4))));
    } else if (verb == "unix") {
        to.servers.push_back(unix_socket(op.at(2), 0, number(op.at(3))));
    } else if (verb == "parse") {
        const auto list = server_list::parse(op.at(2)).value();
        to.servers.assign(list.servers().begin(), list.servers().end());
    } else if (verb == "eject") {
        for (std::size_t i = 2; i < op.size(); ++i) {
            to.ejected.push_back(static_cast<server_index>(number(op[i])));
        }
    } else if (verb != "behavior" && verb != "namespace") {
        throw std::runtime_error("unknown op " + verb);
    }
}

bool has_op(const ring_case& from, std::string_view verb, std::string_view name) {
    return std::any_of(from.headers.begin(), from.headers.end(), [&](const auto& row) {
        return row.front() == "op" && row.at(1) == verb && row.at(2) == name;
    });
}

// libmemcached's numbers.
key_hash hash_of_number(const std::string& text) {
    constexpr key_hash hashes[] = {key_hash::one_at_a_time, key_hash::md5,      key_hash::crc,
                                   key_hash::fnv1_64,       key_hash::fnv1a_64, key_hash::fnv1_32,
                                   key_hash::fnv1a_32,      key_hash::hsieh,    key_hash::murmur,
                                   key_hash::jenkins,       key_hash::murmur3};
    return hashes[number(text)];
}

// From `state dist=2 weighted=0 hash=1 khash=0`.
ring_spec spec_of(const ring_case& from) {
    const auto state = from.header("state");
    const auto value = [&](std::size_t at) {
        return state.at(at).substr(state.at(at).find('=') + 1);
    };
    const bool is_weighted = value(2) == "1";
    const ring_weights weights = is_weighted ? ring_weights::used : ring_weights::ignored;
    ring_settings set{.hash = hash_of_number(value(3))};
    if (value(1) == "0") return {ring::libmemcached_modula, set};
    if (value(1) == "5") return {ring::libmemcached_weighted, set};
    set.weights = weights;
    if (value(1) == "4") return {ring::libmemcached_spy, set};
    if (value(1) != "2" && value(1) != "1") throw std::runtime_error("unknown distribution");
    // The hash was set when the ring stood already.
    if (from.name == "libmemcached/order-hash-after-servers") {
        set.point_hash = key_hash::one_at_a_time;
    }
    return {ring::libmemcached_ketama, set};
}

}  // namespace

server tcp(std::string host, std::uint16_t port, std::uint32_t weight) {
    server s;
    s.host = std::move(host);
    s.port = port;
    s.weight = weight;
    return s;
}

server unix_socket(std::string path, std::uint16_t port, std::uint32_t weight) {
    server s = tcp(std::move(path), port, weight);
    s.kind = server::transport::unix_socket;
    return s;
}

std::shared_ptr<const topology> build(std::vector<server> servers, const ring_spec& spec) {
    return topology::build(server_list::of(std::move(servers)).value(), spec).value();
}

std::shared_ptr<const topology> libmemcached_case::build() const {
    return topology::build(server_list::of(servers).value(), spec, ejected).value();
}

libmemcached_case resolve(const ring_case& from) {
    libmemcached_case out;
    out.spec = spec_of(from);
    for (const auto& row : from.headers) {
        if (row.front() != "op") continue;
        apply(row, out);
        if (row.at(1) == "namespace" && has_op(from, "behavior", "HASH_WITH_PREFIX_KEY")) {
            out.map.prefix = row.at(2);
        }
    }
    if (has_op(from, "behavior", "SORT_HOSTS")) {
        std::sort(out.servers.begin(), out.servers.end(), [](const server& a, const server& b) {
            return std::tie(a.host, a.port) < std::tie(b.host, b.port);
        });
    }
    return out;
}

}  // namespace kmc::detail
