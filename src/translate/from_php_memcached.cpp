// php-memcached: calls in the order they were made. An option whose value is the current one is
// skipped, and OPT_LIBKETAMA_COMPATIBLE set to false leads back to modula.

#include <kmc/translate.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/known_names.hpp"
#include "base/quoted.hpp"
#include "translate/libmemcached_behaviors.hpp"
#include "translate/reading.hpp"

namespace kmc {

namespace {

using detail::behavior;
using detail::libmemcached_behaviors;
using distribution = detail::libmemcached_state::distribution;

struct known_option {
    std::string_view name;
    int number;
    behavior what;
};

constexpr std::string_view class_name = "Memcached::";
constexpr std::string_view prefix_option = "OPT_PREFIX_KEY";
constexpr std::string_view compatible_option = "OPT_LIBKETAMA_COMPATIBLE";

constexpr std::array options = {
    known_option{"OPT_HASH", 2, behavior::hash},
    known_option{"OPT_DISTRIBUTION", 9, behavior::distribution},
    known_option{compatible_option, 16, behavior::ketama_weighted},
    known_option{"OPT_LIBKETAMA_HASH", 17, behavior::ketama_hash},
    known_option{prefix_option, -1002, behavior::harmless},
    known_option{"OPT_HASH_WITH_PREFIX_KEY", 25, behavior::hash_with_prefix},
    known_option{"OPT_SORT_HOSTS", 12, behavior::sort_hosts},
    known_option{"OPT_CONNECT_TIMEOUT", 14, behavior::connect_timeout},
    known_option{"OPT_POLL_TIMEOUT", 8, behavior::poll_timeout},
    known_option{"OPT_SEND_TIMEOUT", 19, behavior::send_timeout},
    known_option{"OPT_RECV_TIMEOUT", 20, behavior::receive_timeout},
    known_option{"OPT_RETRY_TIMEOUT", 15, behavior::retry_timeout},
    known_option{"OPT_DEAD_TIMEOUT", 36, behavior::dead_timeout},
    known_option{"OPT_SERVER_FAILURE_LIMIT", 21, behavior::failure_limit},
    known_option{"OPT_SERVER_TIMEOUT_LIMIT", 37, behavior::timeout_limit},
    known_option{"OPT_AUTO_EJECT_HOSTS", 28, behavior::remove_failed},
    known_option{"OPT_REMOVE_FAILED_SERVERS", 35, behavior::remove_failed},
    known_option{"OPT_NUMBER_OF_REPLICAS", 29, behavior::replicas},
    known_option{"OPT_RANDOMIZE_REPLICA_READ", 30, behavior::randomize_reads},
    known_option{"OPT_VERIFY_KEY", 13, behavior::verify_keys},
    known_option{"OPT_NOREPLY", 26, behavior::noreply},
    known_option{"OPT_BUFFER_WRITES", 10, behavior::buffer_requests},
    known_option{"OPT_USE_UDP", 27, behavior::udp},
    known_option{"OPT_SOCKET_SEND_SIZE", 4, behavior::socket_size},
    known_option{"OPT_SOCKET_RECV_SIZE", 5, behavior::socket_size},
    known_option{"OPT_CACHE_LOOKUPS", 6, behavior::own_buffers},
    known_option{"OPT_COMPRESSION", -1001, behavior::values},
    known_option{"OPT_COMPRESSION_TYPE", -1004, behavior::values},
    known_option{"OPT_SERIALIZER", -1003, behavior::values},
    known_option{"OPT_USER_FLAGS", -1006, behavior::values},
    known_option{"OPT_STORE_RETRY_COUNT", -1005, behavior::store_retries},
    known_option{"OPT_BINARY_PROTOCOL", 18, behavior::harmless},
    known_option{"OPT_NO_BLOCK", 0, behavior::harmless},
    known_option{"OPT_TCP_NODELAY", 1, behavior::harmless},
    known_option{"OPT_TCP_KEEPALIVE", 32, behavior::harmless},
};

// In the order of libmemcached's numbers; the last two have none but the number.
constexpr std::string_view hash_names[] = {
    "HASH_DEFAULT",  "HASH_MD5",   "HASH_CRC",    "HASH_FNV1_64", "HASH_FNV1A_64", "HASH_FNV1_32",
    "HASH_FNV1A_32", "HASH_HSIEH", "HASH_MURMUR", "HASH_JENKINS", "HASH_MURMUR3"};
constexpr std::string_view distribution_names[] = {"DISTRIBUTION_MODULA",
                                                   "DISTRIBUTION_CONSISTENT",
                                                   "DISTRIBUTION_CONSISTENT_KETAMA",
                                                   "DISTRIBUTION_RANDOM",
                                                   "DISTRIBUTION_CONSISTENT_KETAMA_SPY",
                                                   "DISTRIBUTION_CONSISTENT_WEIGHTED",
                                                   "DISTRIBUTION_VIRTUAL_BUCKET"};

std::string_view without_class(std::string_view name) {
    if (name.starts_with(class_name)) name.remove_prefix(class_name.size());
    return name;
}

config_result<const known_option*> find_option(std::string_view given) {
    const std::string_view name = without_class(given);
    std::vector<std::string_view> names;
    for (const known_option& known : options) {
        if (known.name == name || std::to_string(known.number) == name) return &known;
        names.push_back(known.name);
    }
    return config_error(detail::unknown_name("option", name, names));
}

// The name of a constant, or its number.
config_result<std::size_t> constant_of(const known_option& known, const setting& s,
                                       std::string_view what,
                                       std::span<const std::string_view> names) {
    if (const auto* text = std::get_if<std::string>(&s.value)) {
        auto at = detail::find_name(what, without_class(*text), names);
        if (!at) return detail::setting_error(known.name, at.error().message());
        return at.value();
    }
    const auto number = detail::number_of(s, detail::from_text::no);
    if (!number) return number.error();
    if (number.value() < 0 || number.value() >= static_cast<std::int64_t>(names.size())) {
        return detail::setting_error(
            known.name, "there is no " + std::string(what) + " " + std::to_string(number.value()));
    }
    return static_cast<std::size_t>(number.value());
}

config_result<void> set_distribution(libmemcached_behaviors& to, const known_option& known,
                                     const setting& s) {
    const auto at = constant_of(known, s, "distribution", distribution_names);
    if (!at) return at.error();
    const auto wanted = static_cast<distribution>(at.value());
    if (to.state().chosen() != wanted) to.set_distribution(known.name, wanted);
    return BOOST_OUTCOME_V2_NAMESPACE::success();
}

config_result<void> set_option(libmemcached_behaviors& to, const setting& s) {
    const auto found = find_option(s.name);
    if (!found) return found.error();
    const known_option& known = *found.value();
    const setting named{std::string(known.name), s.value};
    if (known.what == behavior::distribution) return set_distribution(to, known, named);
    if (known.what == behavior::hash || known.what == behavior::ketama_hash) {
        const auto at = constant_of(known, named, "hash", hash_names);
        if (!at) return at.error();
        if (known.what == behavior::ketama_hash) {
            return to.set(known.what, known.name, static_cast<std::int64_t>(at.value()));
        }
        to.set_hash(known.name, detail::libmemcached_hash(at.value()));
        return BOOST_OUTCOME_V2_NAMESPACE::success();
    }
    if (known.name == prefix_option) {
        const auto text = detail::text_of(named);
        if (!text) return text.error();
        return to.set_prefix(known.name, text.value());
    }
    // Serializers and compressions are constants too, but nothing that would be translated.
    if (known.what == behavior::values && std::holds_alternative<std::string>(s.value)) {
        return to.set(known.what, known.name, 1);
    }
    const auto number = detail::number_of(named, detail::from_text::yes);
    if (!number) return number.error();
    if (known.name == compatible_option) {
        if (number.value() != 0) {
            to.set_ketama_weighted(known.name, true);
        } else {
            to.set_hash(known.name, key_hash::one_at_a_time);
            to.set_distribution(known.name, distribution::modula);
        }
        return BOOST_OUTCOME_V2_NAMESPACE::success();
    }
    return to.set(known.what, known.name, number.value());
}

// A path is a Unix socket however it is added; but addServer keeps the port it is given, or
// 11211, and addServers has none. That makes two rings.
config_result<server> read_server(std::size_t index, const php_server& s,
                                  php_memcached_call::method how) {
    if (s.port < 0 || s.port > 65535) {
        return detail::entry_error(index, s.host, "the port is not 0 to 65535");
    }
    if (s.weight < 0 || s.weight > 0xffffffffLL) {
        return detail::entry_error(index, s.host, "the weight is not 0 to 4294967295");
    }
    const auto port = static_cast<std::uint32_t>(s.port == 0 ? 11211 : s.port);
    const auto weight = static_cast<std::uint32_t>(s.weight);
    const std::string_view host = s.host.empty() ? std::string_view("localhost") : s.host;
    if (!host.starts_with('/')) return detail::tcp_server(host, port, weight);
    const bool is_alone = how == php_memcached_call::method::add_server;
    return detail::unix_server(host, is_alone ? port : 0, weight);
}

config_result<void> add_servers(libmemcached_behaviors& to, const php_memcached_call& call) {
    const std::size_t first = to.state().servers().size();
    std::vector<server> read;
    for (std::size_t i = 0; i < call.servers.size(); ++i) {
        auto s = read_server(first + i, call.servers[i], call.what);
        if (!s) return s.error();
        const bool is_path = s.value().kind == server::transport::unix_socket;
        if (is_path && s.value().port != 0) {
            to.warn("server " + detail::quoted(s.value().host),
                    "a path given to addServer is hashed with the port " +
                        std::to_string(s.value().port) +
                        ", and without one when given to addServers: two different rings. kmc has "
                        "the same");
        }
        read.push_back(std::move(s.value()));
    }
    if (call.what == php_memcached_call::method::add_servers) {
        to.state().push(std::move(read));
    } else {
        for (server& s : read) to.state().add(std::move(s));
    }
    return BOOST_OUTCOME_V2_NAMESPACE::success();
}

}  // namespace

config_result<translation> from_php_memcached(std::span<const php_memcached_call> calls) {
    libmemcached_behaviors all;
    for (const php_memcached_call& call : calls) {
        const bool is_option = call.what == php_memcached_call::method::set_option;
        const auto done = is_option ? set_option(all, call.option) : add_servers(all, call);
        if (!done) return done.error();
    }
    return all.finish();
}

}  // namespace kmc
