#include "ring_words.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "base/known_names.hpp"
#include "routing/rings.hpp"

namespace kmc::cli {
namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, 3> weights_names = {"automatic", "ignored", "used"};
constexpr std::array<std::string_view, 2> labels_names = {"own", "libmemcached"};
constexpr std::array<std::string_view, 2> bytes_names = {"with_sign", "without_sign"};

template <typename Setting>
config_result<Setting> parse_setting(std::string_view what, std::string_view name,
                                     std::span<const std::string_view> names) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) return config_error(detail::unknown_name(what, name, names));
    return static_cast<Setting>(at - names.begin());
}

// What is set on the ring: put(member, its type, flag, its value).
template <typename Put>
void each_setting(const ring_settings& set, Put put) {
    if (set.hash != key_hash::own) put("hash", "key_hash", "--hash", to_text(set.hash));
    if (set.point_hash != key_hash::own) {
        put("point_hash", "key_hash", "--point-hash", to_text(set.point_hash));
    }
    if (set.weights != ring_weights::automatic) {
        put("weights", "ring_weights", "--weights", name_of(set.weights));
    }
    if (set.labels != ring_labels::own)
        put("labels", "ring_labels", "--labels", name_of(set.labels));
    if (set.bytes != key_bytes::with_sign) {
        put("bytes", "key_bytes", "--key-bytes", name_of(set.bytes));
    }
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

}  // namespace

std::string_view name_of(ring_weights w) noexcept {
    return weights_names[static_cast<std::size_t>(w)];
}

std::string_view name_of(ring_labels l) noexcept {
    return labels_names[static_cast<std::size_t>(l)];
}

std::string_view name_of(key_bytes b) noexcept {
    return bytes_names[static_cast<std::size_t>(b)];
}

config_result<ring_weights> parse_ring_weights(std::string_view name) {
    return parse_setting<ring_weights>("way to use weights", name, weights_names);
}

config_result<ring_labels> parse_ring_labels(std::string_view name) {
    return parse_setting<ring_labels>("form of labels", name, labels_names);
}

config_result<key_bytes> parse_key_bytes(std::string_view name) {
    return parse_setting<key_bytes>("reading of bytes", name, bytes_names);
}

std::string sentence_of(const ring_spec& spec) {
    std::string text(to_text(spec.ring));
    text.append(", hash ").append(to_text(detail::hash_in_use(spec)));
    each_setting(spec.settings, [&](std::string_view member, std::string_view,
                                    std::string_view flag, std::string_view value) {
        if (member == "hash") return;
        text.append(", ").append(flag.substr(2)).append(" ").append(value);
    });
    return text;
}

std::vector<std::string> flags_of(const ring_spec& spec) {
    std::vector<std::string> flags = {"--ring", std::string(to_text(spec.ring))};
    each_setting(spec.settings, [&](std::string_view, std::string_view, std::string_view flag,
                                    std::string_view value) {
        flags.emplace_back(flag);
        flags.emplace_back(value);
    });
    return flags;
}

std::optional<std::string> list_text(const server_list& list, ring which) {
    std::string text;
    for (const server& s : list.servers()) {
        if (!text.empty()) text += ',';
        text += s.text;
        if (s.weight == 1) continue;
        const bool has_port = s.kind == server::transport::unix_socket || s.text != s.host;
        text += (has_port ? ":" : ":" + std::to_string(s.port) + ":") + std::to_string(s.weight);
    }
    const auto read = server_list::parse(text);
    const bool text_counts = detail::hashes_text(which);
    const auto is_same = [=](const server& a, const server& b) {
        return (!text_counts || a.text == b.text) && a.host == b.host && a.port == b.port &&
               a.weight == b.weight && a.kind == b.kind && a.name == b.name;
    };
    if (!read || !std::equal(read.value().servers().begin(), read.value().servers().end(),
                             list.servers().begin(), list.servers().end(), is_same)) {
        return std::nullopt;
    }
    return text;
}

std::string cpp_of(const ring_spec& spec) {
    const std::string ring = "kmc::ring::" + std::string(to_text(spec.ring));
    std::string set;
    each_setting(spec.settings, [&](std::string_view member, std::string_view type,
                                    std::string_view, std::string_view value) {
        set.append(set.empty() ? "." : ", .").append(member).append(" = kmc::");
        set.append(type).append("::").append(value);
    });
    return set.empty() ? ring : "{" + ring + ", {" + set + "}}";
}

std::string cpp_of(const server_list& list, ring which) {
    if (const auto text = list_text(list, which)) {
        return "kmc::server_list::parse(" + literal(*text) + ")";
    }
    std::string out = "kmc::server_list::of({\n";
    for (const server& s : list.servers()) out += cpp_of(s);
    return out + "})";
}

std::string objection_to_cpp(const server_list& list, ring which) {
    if (list_text(list, which)) return {};
    const auto servers = list.servers();
    const auto made = server_list::of({servers.begin(), servers.end()});
    return made ? std::string() : made.error().message();
}

// Bytes that are not printable ASCII in octal, which cannot swallow what follows.
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

std::string shell_words(const std::vector<std::string>& arguments) {
    std::string line;
    for (const std::string& each : arguments) line += (line.empty() ? "" : " ") + shell_word(each);
    return line;
}

}  // namespace kmc::cli
