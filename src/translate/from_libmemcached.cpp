// libmemcached's configuration string: options apply one after the other, servers among them.

#include <kmc/translate.hpp>

#include <algorithm>
#include <array>
#include <cctype>
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

enum class form : std::uint8_t { flag, number, text };

struct known_option {
    std::string_view name;
    form value;
    behavior what;
};

constexpr std::string_view server_option = "--SERVER";
constexpr std::string_view socket_option = "--SOCKET";
constexpr std::string_view prefix_option = "--NAMESPACE";
constexpr std::string_view blanks = " \t\r\n";

constexpr std::array options = {
    known_option{server_option, form::text, behavior::harmless},
    known_option{socket_option, form::text, behavior::harmless},
    known_option{"--HASH", form::text, behavior::hash},
    known_option{"--DISTRIBUTION", form::text, behavior::distribution},
    known_option{prefix_option, form::text, behavior::harmless},
    known_option{"--HASH-WITH-NAMESPACE", form::flag, behavior::hash_with_prefix},
    known_option{"--SORT-HOSTS", form::flag, behavior::sort_hosts},
    known_option{"--CONNECT-TIMEOUT", form::number, behavior::connect_timeout},
    known_option{"--POLL-TIMEOUT", form::number, behavior::poll_timeout},
    known_option{"--SND-TIMEOUT", form::number, behavior::send_timeout},
    known_option{"--RCV-TIMEOUT", form::number, behavior::receive_timeout},
    known_option{"--RETRY-TIMEOUT", form::number, behavior::retry_timeout},
    known_option{"--REMOVE-FAILED-SERVERS", form::number, behavior::remove_failed},
    known_option{"--NUMBER-OF-REPLICAS", form::number, behavior::replicas},
    known_option{"--RANDOMIZE-REPLICA-READ", form::flag, behavior::randomize_reads},
    known_option{"--VERIFY-KEY", form::flag, behavior::verify_keys},
    known_option{"--NOREPLY", form::flag, behavior::noreply},
    known_option{"--BUFFER-REQUESTS", form::flag, behavior::buffer_requests},
    known_option{"--USE-UDP", form::flag, behavior::udp},
    known_option{"--SOCKET-RECV-SIZE", form::number, behavior::socket_size},
    known_option{"--SOCKET-SEND-SIZE", form::number, behavior::socket_size},
    known_option{"--IO-BYTES-WATERMARK", form::number, behavior::own_buffers},
    known_option{"--IO-KEY-PREFETCH", form::number, behavior::own_buffers},
    known_option{"--IO-MSG-WATERMARK", form::number, behavior::own_buffers},
    known_option{"--POOL-MIN", form::number, behavior::own_buffers},
    known_option{"--POOL-MAX", form::number, behavior::own_buffers},
    known_option{"--USER-DATA", form::flag, behavior::own_buffers},
    known_option{"--BINARY-PROTOCOL", form::flag, behavior::harmless},
    known_option{"--SUPPORT-CAS", form::flag, behavior::harmless},
    known_option{"--TCP-NODELAY", form::flag, behavior::harmless},
    known_option{"--TCP-KEEPALIVE", form::flag, behavior::harmless},
    known_option{"--TCP-KEEPIDLE", form::flag, behavior::harmless},
};

// The string has no words for libmemcached's default and for murmur3.
constexpr std::string_view hash_names[] = {"MD5",      "CRC",   "FNV1_64", "FNV1A_64", "FNV1_32",
                                           "FNV1A_32", "HSIEH", "MURMUR",  "JENKINS"};
constexpr std::string_view distribution_names[] = {"MODULA", "CONSISTENT", "RANDOM"};

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return out;
}

// One word of the string: `--NAME`, `--NAME=value` or `--NAME="value"`.
struct word {
    std::string_view name;
    std::string_view value;
    bool has_value = false;
    bool is_quoted = false;
};

config_result<word> take_word(std::string_view& rest) {
    word w;
    const std::size_t name_end = std::min(rest.find_first_of(" \t\r\n="), rest.size());
    w.name = rest.substr(0, name_end);
    rest.remove_prefix(name_end);
    if (!rest.starts_with('=')) return w;
    rest.remove_prefix(1);
    w.has_value = true;
    w.is_quoted = rest.starts_with('"');
    if (w.is_quoted) rest.remove_prefix(1);
    std::size_t end = w.is_quoted ? rest.find('"') : rest.find_first_of(blanks);
    if (w.is_quoted && end == std::string_view::npos) {
        return config_error("the quotation mark behind " + detail::quoted(w.name) +
                            " is never closed");
    }
    end = std::min(end, rest.size());
    w.value = rest.substr(0, end);
    rest.remove_prefix(std::min(end + (w.is_quoted ? 1 : 0), rest.size()));
    if (!rest.empty() && blanks.find(rest.front()) == std::string_view::npos) {
        return config_error("a blank is missing behind the value of " + detail::quoted(w.name));
    }
    return w;
}

config_result<const known_option*> find_option(std::string_view given) {
    const std::string name = upper(given);
    std::vector<std::string_view> names;
    for (const known_option& known : options) {
        if (known.name == name) return &known;
        names.push_back(known.name);
    }
    return config_error(detail::unknown_name("option", given, names));
}

// `host[:port][/?weight]`.
config_result<server> read_server(std::size_t index, std::string_view text) {
    std::string_view address = text;
    std::uint32_t weight = 1;
    if (const std::size_t at = text.find("/?"); at != std::string_view::npos) {
        const auto read = detail::digits(text.substr(at + 2), "weight", 65535);
        if (!read) return detail::entry_error(index, text, read.error().message());
        weight = read.value();
        address = text.substr(0, at);
    }
    const std::string_view host = address.substr(0, address.find(':'));
    std::uint32_t port = 11211;
    if (host.size() != address.size()) {
        if (host.empty() || host.front() == '[' ||
            address.find(':', host.size() + 1) != address.npos) {
            return detail::entry_error(
                index, text, "libmemcached's string knows host:port/?weight, and no IPv6");
        }
        const auto read = detail::digits(address.substr(host.size() + 1), "port", 65535);
        if (!read) return detail::entry_error(index, text, read.error().message());
        port = read.value() == 0 ? 11211 : read.value();
    }
    if (host.find_first_of("/[],") != std::string_view::npos) {
        return detail::entry_error(index, text,
                                   "a host has no slash, bracket or comma; a Unix "
                                   "socket is --SOCKET=\"/path\"");
    }
    return detail::tcp_server(host, port, weight);
}

class configuration {
public:
    config_result<void> apply(const word& w) {
        const auto found = find_option(w.name);
        if (!found) return found.error();
        const known_option& known = *found.value();
        if (w.has_value != (known.value != form::flag)) {
            return detail::setting_error(known.name,
                                         w.has_value ? "takes no value" : "needs a value");
        }
        if (known.value == form::flag) return all_.set(known.what, known.name, 1);
        if (known.value == form::number) {
            const auto number = detail::digits(w.value, "value", 4294967295U);
            if (!number) return detail::setting_error(known.name, number.error().message());
            return all_.set(known.what, known.name, number.value());
        }
        if (known.what == behavior::hash) return set_hash(known.name, w.value);
        if (known.what == behavior::distribution) return set_distribution(known.name, w.value);
        if (known.name == prefix_option) return all_.set_prefix(known.name, w.value);
        return add(known.name == socket_option, w.value);
    }

    config_result<translation> finish() { return all_.finish(); }

private:
    config_result<void> set_hash(std::string_view name, std::string_view value) {
        if (has_hash_) return detail::setting_error(name, "can be set only once");
        has_hash_ = true;
        const auto at = detail::find_name("hash", upper(value), hash_names);
        if (!at) return detail::setting_error(name, at.error().message());
        all_.set_hash(name, detail::libmemcached_hash(at.value() + 1));
        return BOOST_OUTCOME_V2_NAMESPACE::success();
    }

    config_result<void> set_distribution(std::string_view name, std::string_view value) {
        using distribution = detail::libmemcached_state::distribution;
        constexpr distribution numbered[] = {distribution::modula, distribution::consistent,
                                             distribution::random};
        const std::size_t comma = value.find(',');
        const auto at =
            detail::find_name("distribution", upper(value.substr(0, comma)), distribution_names);
        if (!at) return detail::setting_error(name, at.error().message());
        all_.set_distribution(name, numbered[at.value()]);
        if (comma == std::string_view::npos) return BOOST_OUTCOME_V2_NAMESPACE::success();
        const auto hash = detail::find_name("hash", upper(value.substr(comma + 1)), hash_names);
        if (!hash) return detail::setting_error(name, hash.error().message());
        return all_.set(behavior::ketama_hash, "--DISTRIBUTION=...,HASH", 1);
    }

    config_result<void> add(bool is_socket, std::string_view value) {
        const std::size_t index = all_.state().servers().size();
        if (!is_socket) {
            auto s = read_server(index, value);
            if (!s) return s.error();
            all_.state().add(std::move(s.value()));
            return BOOST_OUTCOME_V2_NAMESPACE::success();
        }
        if (!value.starts_with('/')) {
            return detail::entry_error(index, value,
                                       "the path of a Unix socket starts with a slash");
        }
        if (value.find("/?") != std::string_view::npos) {
            all_.warn("server " + detail::quoted(value),
                      "libmemcached takes the weight of --SOCKET for a part of the path, whatever "
                      "its manual says; so does kmc");
        }
        all_.state().add(detail::unix_server(value, 0, 1));
        return BOOST_OUTCOME_V2_NAMESPACE::success();
    }

    libmemcached_behaviors all_;
    bool has_hash_ = false;
};

}  // namespace

config_result<translation> from_libmemcached(std::string_view text) {
    configuration all;
    for (;;) {
        text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
        if (text.empty()) break;
        const auto w = take_word(text);
        if (!w) return w.error();
        if (w.value().name == "END") break;
        if (const auto applied = all.apply(w.value()); !applied) return applied.error();
    }
    return all.finish();
}

}  // namespace kmc
