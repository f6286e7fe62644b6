// pylibmc: behaviors given together are applied in a fixed order, whatever order they were written
// in; those of the constructor before the servers, which then are added one by one.

#include <kmc/translate.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/quoted.hpp"
#include "translate/libmemcached_behaviors.hpp"
#include "translate/reading.hpp"

namespace kmc {

namespace {

using detail::behavior;
using detail::entry_error;
using detail::libmemcached_behaviors;

struct known_behavior {
    std::string_view name;
    behavior what;
};

// In the order in which pylibmc applies them.
constexpr std::array behaviors = {
    known_behavior{"no_block", behavior::harmless},
    known_behavior{"tcp_nodelay", behavior::harmless},
    known_behavior{"tcp_keepalive", behavior::harmless},
    known_behavior{"hash", behavior::hash},
    known_behavior{"ketama_hash", behavior::ketama_hash},
    known_behavior{"ketama", behavior::ketama},
    known_behavior{"ketama_weighted", behavior::ketama_weighted},
    known_behavior{"distribution", behavior::distribution},
    known_behavior{"cas", behavior::harmless},
    known_behavior{"buffer_requests", behavior::buffer_requests},
    known_behavior{"verify_keys", behavior::verify_keys},
    known_behavior{"connect_timeout", behavior::connect_timeout},
    known_behavior{"send_timeout", behavior::send_timeout},
    known_behavior{"receive_timeout", behavior::receive_timeout},
    known_behavior{"num_replicas", behavior::replicas},
    known_behavior{"auto_eject", behavior::remove_failed},
    known_behavior{"retry_timeout", behavior::retry_timeout},
    known_behavior{"remove_failed", behavior::remove_failed},
    known_behavior{"failure_limit", behavior::failure_limit},
    known_behavior{"_io_msg_watermark", behavior::own_buffers},
    known_behavior{"_io_bytes_watermark", behavior::own_buffers},
    known_behavior{"_io_key_prefetch", behavior::own_buffers},
    known_behavior{"_hash_with_prefix_key", behavior::hash_with_prefix},
    known_behavior{"_noreply", behavior::noreply},
    known_behavior{"_sort_hosts", behavior::sort_hosts},
    known_behavior{"_poll_timeout", behavior::poll_timeout},
    known_behavior{"_socket_send_size", behavior::socket_size},
    known_behavior{"_socket_recv_size", behavior::socket_size},
    known_behavior{"dead_timeout", behavior::dead_timeout},
    known_behavior{"pickle_protocol", behavior::values},
};
constexpr std::string_view prefix_name = "namespace";

// In the order of libmemcached's numbers.
constexpr std::string_view hash_names[] = {"default", "md5",      "crc",   "fnv1_64", "fnv1a_64",
                                           "fnv1_32", "fnv1a_32", "hsieh", "murmur",  "jenkins"};
constexpr std::string_view distribution_names[] = {"modula",
                                                   "consistent",
                                                   "consistent ketama",
                                                   "random",
                                                   "consistent ketama spy",
                                                   "consistent weighted",
                                                   "virtual bucket"};

config_result<void> apply_number(libmemcached_behaviors& to, const known_behavior& known,
                                 const setting& s) {
    auto number = detail::number_of(s, detail::from_text::no);
    if (!number) return number.error();
    // The flag of values has -1 for "as Python likes it", and a number is as good as another.
    if (known.what == behavior::values && number.value() < 0) number = std::int64_t{0};
    return to.set(known.what, known.name, number.value());
}

config_result<void> apply_one(libmemcached_behaviors& to, const known_behavior& known,
                              const setting& s) {
    // Numbers are taken as well where the name of a hash comes to nothing.
    const bool is_ketama_hash =
        known.what == behavior::ketama_hash && std::holds_alternative<std::string>(s.value);
    const bool is_hash = known.what == behavior::hash || is_ketama_hash;
    if (!is_hash && known.what != behavior::distribution) return apply_number(to, known, s);
    const auto text = detail::text_of(s);
    if (!text) return text.error();
    const auto at = is_hash ? detail::find_name("hash", text.value(), hash_names)
                            : detail::find_name("distribution", text.value(), distribution_names);
    if (!at) return detail::setting_error(known.name, at.error().message());
    if (is_ketama_hash) return to.set(known.what, known.name, 1);
    if (is_hash) {
        to.set_hash(known.name, detail::libmemcached_hash(at.value()));
    } else {
        to.set_distribution(known.name,
                            static_cast<detail::libmemcached_state::distribution>(at.value()));
    }
    return BOOST_OUTCOME_V2_NAMESPACE::success();
}

config_result<void> check_names(std::span<const setting> given) {
    std::vector<std::string_view> names;
    for (const known_behavior& known : behaviors) names.push_back(known.name);
    names.push_back(prefix_name);
    for (const setting& s : given) {
        if (const auto at = detail::find_name("behavior", s.name, names); !at) return at.error();
    }
    return BOOST_OUTCOME_V2_NAMESPACE::success();
}

config_result<void> apply_together(libmemcached_behaviors& to, std::span<const setting> given) {
    if (auto checked = check_names(given); !checked) return checked;
    for (const known_behavior& known : behaviors) {
        // Of a name that is there twice, the last counts, as in a dict.
        const auto s = std::find_if(given.rbegin(), given.rend(),
                                    [&](const setting& each) { return each.name == known.name; });
        if (s == given.rend()) continue;
        if (auto applied = apply_one(to, known, *s); !applied) return applied;
    }
    for (const setting& s : given) {
        if (s.name != prefix_name) continue;
        const auto text = detail::text_of(s);
        if (!text) return text.error();
        if (text.value().empty())
            return detail::setting_error(s.name, "pylibmc refuses an empty one");
        if (auto set = to.set_prefix(prefix_name, text.value()); !set) return set;
    }
    return BOOST_OUTCOME_V2_NAMESPACE::success();
}

// `host[:port[:weight]]`, `[v6][:port[:weight]]`; the brackets go. A path is a path to its end.
config_result<server> read_server(std::size_t index, std::string_view spec) {
    if (spec.starts_with('/')) return detail::unix_server(spec, 0, 1);
    if (spec.starts_with("udp:")) return entry_error(index, spec, "kmc does not speak UDP");
    std::string_view host = spec.substr(0, spec.find(':'));
    std::string_view rest = spec.substr(host.size());
    if (spec.starts_with('[')) {
        const std::size_t close = spec.find(']');
        if (close == std::string_view::npos) {
            return entry_error(index, spec, "the closing bracket is missing");
        }
        host = spec.substr(1, close - 1);
        rest = spec.substr(close + 1);
        if (!rest.empty() && rest.front() != ':') {
            return entry_error(index, spec, "only a colon and the port may follow the bracket");
        }
    }
    server s = detail::tcp_server(host.empty() ? "localhost" : host, 11211, 1);
    if (rest.empty()) return s;
    rest.remove_prefix(1);
    const auto port = detail::digits(rest.substr(0, rest.find(':')), "port", 65535);
    if (!port) return entry_error(index, spec, port.error().message());
    s.port = static_cast<std::uint16_t>(port.value() == 0 ? 11211 : port.value());
    const std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos) return s;
    const auto weight = detail::digits(rest.substr(colon + 1), "weight", 65535);
    if (!weight) return entry_error(index, spec, weight.error().message());
    s.weight = weight.value();
    return s;
}

}  // namespace

config_result<translation> from_pylibmc(const pylibmc_client& client) {
    libmemcached_behaviors all;
    if (const auto applied = apply_together(all, client.behaviors); !applied) {
        return applied.error();
    }
    for (std::size_t i = 0; i < client.servers.size(); ++i) {
        auto s = read_server(i, client.servers[i]);
        if (!s) return s.error();
        const std::string_view path = s.value().host;
        if (path.starts_with('/') && path.find(':') != std::string_view::npos) {
            all.warn("server " + detail::quoted(path),
                     "pylibmc reads a path to its end, colons included: no weight stands in it");
        }
        all.state().add(std::move(s.value()));
    }
    for (const auto& update : client.updates) {
        if (const auto applied = apply_together(all, update); !applied) return applied.error();
    }
    return all.finish();
}

}  // namespace kmc
