#include "translation_text.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string_view>

namespace kmc::cli {
namespace {

std::string_view name_of(ring_weights w) {
    switch (w) {
        case ring_weights::ignored:
            return "ignored";
        case ring_weights::used:
            return "used";
        case ring_weights::automatic:
            break;
    }
    return "automatic";
}

std::int64_t in_ms(duration d) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

// A literal of C++; bytes that are not printable ASCII in octal, which cannot swallow what follows.
std::string literal(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.append(1, '\\').append(1, c);
        } else if (byte >= 0x20 && byte < 0x7f) {
            out += c;
        } else {
            out += '\\';
            for (const int shift : {6, 3, 0}) out += static_cast<char>('0' + (byte >> shift & 7));
        }
    }
    return out + '"';
}

std::string time_literal(duration d) {
    const std::int64_t ms = in_ms(d);
    return ms % 1000 == 0 ? "std::chrono::seconds(" + std::to_string(ms / 1000) + ")"
                          : "std::chrono::milliseconds(" + std::to_string(ms) + ")";
}

std::string cpp_of(const server& s) {
    const bool is_unix = s.kind == server::transport::unix_socket;
    std::string out = "    {.text = " + literal(s.text) + ", .host = " + literal(s.host) +
                      ", .port = " + std::to_string(s.port) +
                      ", .weight = " + std::to_string(s.weight) +
                      ", .kind = kmc::server::transport::" + (is_unix ? "unix_socket" : "tcp");
    if (!s.name.empty()) out += ", .name = " + literal(s.name);
    return out + "},\n";
}

std::string cpp_of(const ring_spec& spec) {
    const std::string ring = "kmc::ring::" + std::string(to_text(spec.ring));
    std::string set;
    const auto put = [&](std::string_view member, const std::string& value) {
        set.append(set.empty() ? "." : ", .").append(member).append(" = ").append(value);
    };
    const ring_settings& s = spec.settings;
    if (s.hash != key_hash::own) put("hash", "kmc::key_hash::" + std::string(to_text(s.hash)));
    if (s.point_hash != key_hash::own) {
        put("point_hash", "kmc::key_hash::" + std::string(to_text(s.point_hash)));
    }
    if (s.weights != ring_weights::automatic) {
        put("weights", "kmc::ring_weights::" + std::string(name_of(s.weights)));
    }
    return set.empty() ? ring : "{" + ring + ", {" + set + "}}";
}

}  // namespace

std::optional<std::string> list_text(const server_list& list) {
    std::string text;
    for (const server& s : list.servers()) {
        if (!text.empty()) text += ',';
        text += s.text;
        if (s.weight == 1) continue;
        const bool has_port = s.kind == server::transport::unix_socket || s.text != s.host;
        text += (has_port ? ":" : ":" + std::to_string(s.port) + ":") + std::to_string(s.weight);
    }
    const auto read = server_list::parse(text);
    const auto is_same = [](const server& a, const server& b) {
        return a.host == b.host && a.port == b.port && a.weight == b.weight && a.kind == b.kind &&
               a.name == b.name;
    };
    if (!read || !std::equal(read.value().servers().begin(), read.value().servers().end(),
                             list.servers().begin(), list.servers().end(), is_same)) {
        return std::nullopt;
    }
    return text;
}

std::vector<std::string> flags_of(const translation& t) {
    const auto list = list_text(t.servers);
    if (!list) return {};
    std::vector<std::string> flags = {"--servers", *list, "--ring",
                                      std::string(to_text(t.ring.ring))};
    const auto put = [&](const char* flag, std::string_view value) {
        flags.emplace_back(flag);
        flags.emplace_back(value);
    };
    const ring_settings& s = t.ring.settings;
    if (s.hash != key_hash::own) put("--hash", to_text(s.hash));
    if (s.point_hash != key_hash::own) put("--point-hash", to_text(s.point_hash));
    if (s.weights != ring_weights::automatic) put("--weights", name_of(s.weights));
    if (!t.prefix.empty()) put("--prefix", t.prefix);
    if (t.hash_prefix) flags.emplace_back("--hash-prefix");
    if (!t.hash_tag.empty()) put("--hash-tag", t.hash_tag);
    return flags;
}

std::string shell_word(const std::string& argument) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:,/=+@%";
    if (!argument.empty() && argument.find_first_not_of(plain) == std::string::npos) {
        return argument;
    }
    std::string out = "'";
    for (const char c : argument) out += c == '\'' ? "'\\''" : std::string(1, c);
    return out + "'";
}

std::string cpp_of(const translation& t) {
    std::string out;
    if (const auto list = list_text(t.servers)) {
        out += "auto servers = kmc::server_list::parse(" + literal(*list) + ");\n";
    } else {
        out += "auto servers = kmc::server_list::of({\n";
        for (const server& s : t.servers.servers()) out += cpp_of(s);
        out += "});\n";
    }
    const auto put = [&](std::string_view member, const std::string& value) {
        out.append("options.").append(member).append(" = ").append(value).append(";\n");
    };
    const client_options usual;
    const client_options o = t.options();
    out += "kmc::client_options options;\n";
    put("ring", cpp_of(t.ring));
    if (!t.prefix.empty()) put("prefix", literal(t.prefix));
    if (t.hash_prefix) put("hash_prefix", "true");
    if (!t.hash_tag.empty()) put("hash_tag", literal(t.hash_tag));
    const auto put_time = [&](std::string_view member, duration value, duration otherwise) {
        if (value != otherwise) put(member, time_literal(value));
    };
    put_time("call_timeout", o.call_timeout, usual.call_timeout);
    put_time("batch_timeout", o.batch_timeout, usual.batch_timeout);
    put_time("connect_timeout", o.connect_timeout, usual.connect_timeout);
    put_time("stall_timeout", o.stall_timeout, usual.stall_timeout);
    const health_options& h = o.health;
    if (h.remove_failed != usual.health.remove_failed) {
        put("health.remove_failed", std::to_string(h.remove_failed));
    }
    put_time("health.retry_timeout", h.retry_timeout, usual.health.retry_timeout);
    put_time("health.dead_timeout", h.dead_timeout, usual.health.dead_timeout);
    put_time("health.dead_timeout_max", h.dead_timeout_max, usual.health.dead_timeout_max);
    if (h.on_dead != usual.health.on_dead) {
        put("health.on_dead", "kmc::on_dead::" + std::string(to_text(h.on_dead)));
    }
    if (h.max_ejected != usual.health.max_ejected) put("health.max_ejected", "1");
    return out;
}

json document_of(const translation& t) {
    json document;
    const auto list = list_text(t.servers);
    document["servers"] = list ? json(*list) : json(nullptr);
    for (const server& s : t.servers.servers()) {
        json entry;
        put_bytes(entry, "host", s.host);
        entry["port"] = s.port;
        entry["weight"] = s.weight;
        entry["unix_socket"] = s.kind == server::transport::unix_socket;
        if (!s.name.empty()) put_bytes(entry, "name", s.name);
        document["server_list"].push_back(std::move(entry));
    }
    const ring_settings& s = t.ring.settings;
    document["ring"] = {{"name", to_text(t.ring.ring)},
                        {"hash", to_text(s.hash)},
                        {"point_hash", to_text(s.point_hash)},
                        {"weights", name_of(s.weights)}};
    const client_options o = t.options();
    put_bytes(document, "prefix", t.prefix);
    document["hash_prefix"] = t.hash_prefix;
    put_bytes(document, "hash_tag", t.hash_tag);
    document["timeouts_ms"] = {{"call", in_ms(o.call_timeout)},
                               {"batch", in_ms(o.batch_timeout)},
                               {"connect", in_ms(o.connect_timeout)},
                               {"stall", in_ms(o.stall_timeout)}};
    document["health"] = {{"remove_failed", o.health.remove_failed},
                          {"retry_timeout_ms", in_ms(o.health.retry_timeout)},
                          {"dead_timeout_ms", in_ms(o.health.dead_timeout)},
                          {"dead_timeout_max_ms", in_ms(o.health.dead_timeout_max)},
                          {"on_dead", to_text(o.health.on_dead)},
                          {"max_ejected", o.health.max_ejected}};
    const auto flags = flags_of(t);
    document["flags"] = flags.empty() ? json(nullptr) : json(flags);
    document["cpp"] = cpp_of(t);
    document["warnings"] = t.warnings;
    return document;
}

}  // namespace kmc::cli
