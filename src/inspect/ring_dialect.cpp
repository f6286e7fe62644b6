#include "inspect/ring_dialect.hpp"

#include "routing/key_routing.hpp"

namespace kmc::detail {

namespace {

server written(server s, address_form form) {
    const bool is_path = s.kind == server::transport::unix_socket;
    const std::uint16_t port = s.port == 0 ? 11211 : s.port;
    const std::string full = s.host + ':' + std::to_string(port);
    switch (form) {
        case address_form::as_given:
            break;
        case address_form::with_port:
            if (!is_path) s.text = full;
            break;
        case address_form::without_port:
            if (!is_path && port == 11211) s.text = s.host;
            break;
        case address_form::path_as_host:
            if (is_path) s.port = 11211;
            break;
        case address_form::slash_in_front:
            s.name = '/' + full;
            break;
        case address_form::literal_twice:
            s.name = s.host + '/' + full;
            break;
    }
    return s;
}

}  // namespace

bool ring_dialect::places_as(const ring_dialect& other) const noexcept {
    return digest == other.digest && hashes_prefix == other.hashes_prefix &&
           hash_tag == other.hash_tag;
}

std::vector<server> ring_dialect::servers(std::span<const server> given) const {
    std::vector<server> list;
    for (std::size_t i = 0; i < given.size(); ++i) {
        list.push_back(written(given[order.empty() ? i : order[i]], form));
    }
    return list;
}

std::string ring_dialect::hashed_part(std::string_view key, std::string_view prefix) const {
    client_options options;
    options.prefix = prefix;
    options.hash_prefix = hashes_prefix;
    options.hash_tag = hash_tag;
    const auto routing = key_routing::of(options);
    if (!routing) return std::string(key);
    return std::string(routing.value().hashed_part(std::string(prefix) + std::string(key)));
}

}  // namespace kmc::detail
