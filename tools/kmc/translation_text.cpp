#include "translation_text.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

#include "output.hpp"
#include "ring_words.hpp"

namespace kmc::cli {
namespace {

std::int64_t in_ms(duration d) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

std::string time_literal(duration d) {
    const std::int64_t ms = in_ms(d);
    return ms % 1000 == 0 ? "std::chrono::seconds(" + std::to_string(ms / 1000) + ")"
                          : "std::chrono::milliseconds(" + std::to_string(ms) + ")";
}

}  // namespace

std::vector<std::string> flags_of(const translation& t) {
    const auto list = list_text(t.servers, t.ring.ring);
    if (!list) return {};
    std::vector<std::string> flags = {"--servers", *list};
    for (std::string& flag : flags_of(t.ring)) flags.push_back(std::move(flag));
    const auto put = [&](const char* flag, const std::string& value) {
        flags.emplace_back(flag);
        flags.push_back(value);
    };
    if (!t.prefix.empty()) put("--prefix", t.prefix);
    if (t.hash_prefix) flags.emplace_back("--hash-prefix");
    if (!t.hash_tag.empty()) put("--hash-tag", t.hash_tag);
    return flags;
}

std::string cpp_of(const translation& t) {
    const std::string objection = objection_to_cpp(t.servers, t.ring.ring);
    std::string out = objection.empty()
                          ? "auto servers = " + cpp_of(t.servers, t.ring.ring) + ";\n"
                          : "// No code makes this list: " + printable(objection) +
                                ".\n// kmc::server_list::load_ketama_file() reads it as it is.\n";
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
    const auto list = list_text(t.servers, t.ring.ring);
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
    document["ring"] = {{"name", to_text(t.ring.ring)},        {"hash", to_text(s.hash)},
                        {"point_hash", to_text(s.point_hash)}, {"weights", name_of(s.weights)},
                        {"labels", name_of(s.labels)},         {"key_bytes", name_of(s.bytes)}};
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
