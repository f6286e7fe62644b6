// A pool of twemproxy: whoever talks to its servers without the proxy has to hash as it does.

#include <kmc/translate.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/quoted.hpp"
#include "translate/reading.hpp"

namespace kmc {

namespace {

using std::chrono::milliseconds;

constexpr std::string_view known_settings[] = {"listen",
                                               "hash",
                                               "hash_tag",
                                               "distribution",
                                               "timeout",
                                               "auto_eject_hosts",
                                               "server_retry_timeout",
                                               "server_failure_limit",
                                               "server_connections",
                                               "preconnect",
                                               "redis",
                                               "redis_auth",
                                               "redis_db",
                                               "backlog",
                                               "client_connections",
                                               "tcpkeepalive",
                                               "reuseport"};

// Its crc32 is what libmemcached calls crc; the others have one name everywhere.
constexpr std::string_view hash_names[] = {"one_at_a_time", "md5",     "crc16",    "crc32",
                                           "crc32a",        "fnv1_64", "fnv1a_64", "fnv1_32",
                                           "fnv1a_32",      "hsieh",   "murmur",   "jenkins"};
constexpr std::string_view distribution_names[] = {"ketama", "modula", "random"};
constexpr std::string_view truths[] = {"true", "false"};

constexpr std::int64_t default_retry_ms = 30'000;
constexpr std::int64_t default_failure_limit = 2;
constexpr std::int64_t year_ms = 365LL * 24 * 60 * 60 * 1000;

class pool_reader {
public:
    explicit pool_reader(std::span<const setting> settings) : settings_(settings) {}

    config_result<void> check_names() const {
        for (const setting& s : settings_) {
            if (const auto at = detail::find_name("setting", s.name, known_settings); !at) {
                return at.error();
            }
            if (&s != find(s.name)) return detail::setting_error(s.name, "it is there twice");
        }
        return BOOST_OUTCOME_V2_NAMESPACE::success();
    }

    // The value's place among the names, or `otherwise` if it is not set.
    config_result<std::size_t> choice(std::string_view name,
                                      std::span<const std::string_view> names,
                                      std::size_t otherwise) const {
        const setting* const s = find(name);
        if (s == nullptr) return otherwise;
        const auto text = detail::text_of(*s);
        if (!text) return text.error();
        const auto at = detail::find_name(name, text.value(), names);
        if (!at) return detail::setting_error(name, at.error().message());
        return at.value();
    }

    config_result<bool> is_true(std::string_view name) const {
        const setting* const s = find(name);
        if (s == nullptr) return false;
        if (const bool* flag = std::get_if<bool>(&s->value)) return *flag;
        const auto at = choice(name, truths, 1);
        if (!at) return at.error();
        return at.value() == 0;
    }

    config_result<std::int64_t> number(std::string_view name, std::int64_t otherwise,
                                       std::int64_t least) const {
        const setting* const s = find(name);
        if (s == nullptr) return otherwise;
        auto read = detail::number_of(*s, detail::from_text::yes);
        if (read && (read.value() < least || read.value() > year_ms)) {
            return detail::setting_error(name, "its value is not " + std::to_string(least) +
                                                   " to " + std::to_string(year_ms));
        }
        return read;
    }

    const setting* find(std::string_view name) const {
        const auto at = std::find_if(settings_.begin(), settings_.end(),
                                     [&](const setting& s) { return s.name == name; });
        return at == settings_.end() ? nullptr : &*at;
    }

private:
    std::span<const setting> settings_;
};

// `host:port:weight [name]` or `/path:weight [name]`, read from the right: the name is what stands
// behind the last blank, and a second blank would be in the weight.
config_result<server> read_server(std::size_t index, std::string_view line) {
    std::string_view address = line.substr(0, line.rfind(' '));
    std::string_view name = line.substr(address.size());
    name.remove_prefix(std::min<std::size_t>(name.size(), 1));

    const auto take_number = [&](std::string_view what, std::uint32_t most) {
        const std::size_t colon = address.rfind(':');
        if (colon == std::string_view::npos) {
            return config_result<std::uint32_t>(
                config_error("twemproxy wants host:port:weight or /path:weight"));
        }
        auto read = detail::digits(address.substr(colon + 1), what, most);
        address = address.substr(0, colon);
        return read;
    };
    const auto weight = take_number("weight", 0x7fffffff);
    if (!weight) return detail::entry_error(index, line, weight.error().message());
    if (weight.value() == 0) {
        return detail::entry_error(index, line, "twemproxy refuses the weight 0");
    }
    server s;
    if (address.starts_with('/')) {
        s = detail::unix_server(address, 0, weight.value());
    } else {
        const auto port = take_number("port", 65535);
        if (!port) return detail::entry_error(index, line, port.error().message());
        if (port.value() == 0) {
            return detail::entry_error(index, line, "twemproxy refuses the port 0");
        }
        s = detail::tcp_server(address, port.value(), weight.value());
    }
    s.name = name;
    return s;
}

config_result<ring_spec> ring_of(const pool_reader& pool, std::vector<std::string>& warnings) {
    constexpr std::size_t random = 2;
    const auto which = pool.choice("distribution", distribution_names, 0);
    if (!which) return which.error();
    if (which.value() == random) {
        return detail::setting_error(
            "distribution", "random sends each request to any server; no ring of kmc does that");
    }
    ring_spec spec = which.value() == 0 ? ring::twemproxy : ring::twemproxy_modula;
    constexpr std::size_t fnv1a_64 = 6;
    const auto at = pool.choice("hash", hash_names, fnv1a_64);
    if (!at) return at.error();
    const std::string_view name = hash_names[at.value()];
    if (at.value() != fnv1a_64) {
        spec.settings.hash = name == "crc32" ? key_hash::crc : parse_key_hash(name).assume_value();
    }
    if (spec.settings.hash == key_hash::crc && spec.ring == ring::twemproxy) {
        warnings.emplace_back(
            "hash: crc32 has 15 bits there, so that on a ketama ring all keys "
            "are on one server; so they are in kmc");
    }
    if (pool.find("hash") == nullptr) {
        warnings.emplace_back(
            "hash: unset, it is fnv1a_64, of 32 bits whatever its name; libmemcached's "
            "clients agree with this ring only if both are set to md5");
    }
    return spec;
}

config_result<void> put_health(const pool_reader& pool, translation& out) {
    const auto ejects = pool.is_true("auto_eject_hosts");
    if (!ejects) return ejects.error();
    const auto limit = pool.number("server_failure_limit", default_failure_limit, 1);
    if (!limit) return limit.error();
    const auto rest = pool.number("server_retry_timeout", default_retry_ms, 1);
    if (!rest) return rest.error();
    health_options& health = out.health;
    if (!ejects.value()) {
        health.remove_failed = 0;
        for (const std::string_view name : {"server_failure_limit", "server_retry_timeout"}) {
            if (pool.find(name) == nullptr) continue;
            out.warnings.push_back(std::string(name) +
                                   ": without auto_eject_hosts it has no effect there; kmc ignores "
                                   "it as well (remove_failed = 0)");
        }
        return BOOST_OUTCOME_V2_NAMESPACE::success();
    }
    health.remove_failed =
        static_cast<std::uint32_t>(std::min<std::int64_t>(limit.value(), 1'000'000'000));
    health.dead_timeout = health.dead_timeout_max = milliseconds(rest.value());
    health.on_dead = on_dead::rebuild;
    health.max_ejected = 1;
    out.warnings.emplace_back(
        "auto_eject_hosts: there a server is put back after server_retry_timeout whether it "
        "answers or not, and requests of users fail to find out; kmc probes it first");
    return BOOST_OUTCOME_V2_NAMESPACE::success();
}

config_result<void> put_the_rest(const pool_reader& pool, translation& out) {
    const auto redis = pool.is_true("redis");
    if (!redis) return redis.error();
    if (redis.value()) return detail::setting_error("redis", "kmc speaks to memcached only");
    if (const setting* const s = pool.find("hash_tag")) {
        const auto text = detail::text_of(*s);
        if (!text) return text.error();
        if (text.value().size() != 2) {
            return detail::setting_error("hash_tag", "it is not two characters, such as \"{}\"");
        }
        out.hash_tag = text.value();
    }
    if (pool.find("timeout") != nullptr) {
        const auto ms = pool.number("timeout", 0, -1);
        if (!ms) return ms.error();
        if (ms.value() > 0) {
            out.call_timeout = out.connect_timeout = milliseconds(ms.value());
            out.warnings.emplace_back(
                "timeout: there it limits a connect and a reply each, on the proxy's "
                "side; in kmc a connect and the whole call");
        } else {
            out.warnings.emplace_back(
                "timeout: below 1 it waits for ever there; kmc has no such "
                "thing and keeps its defaults");
        }
    }
    const auto connections = pool.number("server_connections", 1, 0);
    if (!connections) return connections.error();
    if (connections.value() > 1) {
        out.warnings.emplace_back(
            "server_connections: requests on one key may overtake each other there; kmc has "
            "one connection to each server and thread, unless told so (lanes)");
    }
    for (const std::string_view name : {"preconnect", "backlog", "client_connections", "redis_auth",
                                        "redis_db", "tcpkeepalive", "reuseport"}) {
        if (pool.find(name) == nullptr) continue;
        out.warnings.push_back(std::string(name) +
                               ": is about the proxy, which is not on the way any more; ignored");
    }
    return BOOST_OUTCOME_V2_NAMESPACE::success();
}

}  // namespace

config_result<translation> from_twemproxy(const twemproxy_pool& given) {
    const pool_reader pool(given.settings);
    if (const auto checked = pool.check_names(); !checked) return checked.error();
    std::vector<server> servers;
    for (std::size_t i = 0; i < given.servers.size(); ++i) {
        auto s = read_server(i, given.servers[i]);
        if (!s) return s.error();
        servers.push_back(std::move(s.value()));
    }
    auto list = server_list::of(std::move(servers));
    if (!list) return list.error();

    translation out{.servers = std::move(list.value())};
    const auto spec = ring_of(pool, out.warnings);
    if (!spec) return spec.error();
    out.ring = spec.value();
    if (const auto done = put_health(pool, out); !done) return done.error();
    if (const auto done = put_the_rest(pool, out); !done) return done.error();
    return out;
}

}  // namespace kmc
