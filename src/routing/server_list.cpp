// Server lists written as one line of text, and lists made by hand. Strict: whatever is not in the
// grammar of server_list::parse() is an error that says which entry and why.

#include <kmc/server_list.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/quoted.hpp"

namespace kmc {

namespace {

constexpr std::uint16_t default_port = 11211;
constexpr std::size_t longest_host = 255;
constexpr std::size_t longest_path = 107;  // sun_path holds 108 bytes with the closing zero
constexpr std::string_view blanks = " \t\r\n";

// Why an entry cannot be used, in words, or nothing.
using fault = std::string;

config_error entry_error(std::size_t number, std::string_view text, std::string_view what) {
    return config_error("server " + std::to_string(number) + " " + detail::quoted(text) + ": " +
                        std::string(what));
}

std::string_view trimmed(std::string_view text) noexcept {
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool is_blank_or_control(char byte) noexcept {
    const auto value = static_cast<unsigned char>(byte);
    return value <= 0x20 || value == 0x7f;
}

// Reads digits only: no sign, no blank, no base prefix.
template <class Number>
fault read_number(std::string_view text, std::string_view name, Number& out) {
    const std::string the = "the " + std::string(name);
    if (text.empty()) return the + " is missing behind the colon";
    if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        return the + " is not a number";
    }
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    if (read.ec != std::errc{}) {
        return the + " is over " + std::to_string(std::numeric_limits<Number>::max());
    }
    return {};
}

// What no address can be, whoever wrote it.
fault check_host(server::transport kind, std::string_view host) {
    if (host.empty()) return "there is no host";
    if (kind == server::transport::unix_socket) {
        if (host.front() != '/') return "the path of a Unix socket starts with a slash";
        if (host.size() > longest_path) {
            return "the path is over " + std::to_string(longest_path) + " bytes";
        }
        return host.find('\0') == std::string_view::npos ? fault()
                                                         : "the path contains a zero byte";
    }
    if (host.size() > longest_host) {
        return "the host is over " + std::to_string(longest_host) + " bytes";
    }
    if (std::any_of(host.begin(), host.end(), is_blank_or_control)) {
        return "the host contains a blank or a control character";
    }
    return {};
}

// `tail` is what stands behind the host: "", ":port", ":port:weight" or ":port weight".
fault read_port_and_weight(std::string_view tail, server& to) {
    if (tail.empty()) return {};
    if (tail.front() != ':') return "a weight needs a port before it";
    tail.remove_prefix(1);

    const std::size_t port_end = std::min(tail.find_first_of(": \t"), tail.size());
    const std::string_view port = tail.substr(0, port_end);
    if (port.starts_with('/')) return "a Unix socket is written as its path alone";
    if (fault wrong = read_number(port, "port", to.port); !wrong.empty()) return wrong;
    if (to.port == 0) to.port = default_port;  // as libmemcached reads it
    tail.remove_prefix(port_end);
    if (tail.empty()) return {};

    const bool by_colon = tail.front() == ':';
    const std::string_view weight = by_colon ? tail.substr(1) : trimmed(tail);
    return read_number(weight, "weight", to.weight);
}

fault parse_unix(std::string_view entry, server& to) {
    to.kind = server::transport::unix_socket;
    to.port = 0;
    // A colon before a slash belongs to the path.
    std::size_t path_end = entry.rfind(':');
    if (path_end == std::string_view::npos || path_end < entry.rfind('/')) path_end = entry.size();

    to.host = entry.substr(0, path_end);
    to.text = to.host;
    if (std::any_of(to.host.begin(), to.host.end(), is_blank_or_control)) {
        return "the path contains a blank or a control character";
    }
    if (path_end == entry.size()) return {};
    return read_number(entry.substr(path_end + 1), "weight", to.weight);
}

// Enough to tell a slip from an address: up to eight groups of up to four digits, at most one gap,
// perhaps an IPv4 address at the end and a zone behind a percent sign. The resolver has the last
// word.
bool looks_like_ipv6(std::string_view text) noexcept {
    text = text.substr(0, text.find('%'));
    const auto is_part = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
               c == ':' || c == '.';
    };
    if (!std::all_of(text.begin(), text.end(), is_part)) return false;
    const std::size_t gap = text.find("::");
    const bool has_gap = gap != std::string_view::npos;
    if (has_gap && text.find("::", gap + 1) != std::string_view::npos) return false;
    const auto colons = std::count(text.begin(), text.end(), ':');
    const bool has_ipv4 = text.find('.') != std::string_view::npos;
    if (has_gap ? colons > 8 : colons != (has_ipv4 ? 6 : 7)) return false;
    std::size_t digits = 0;
    for (const char c : text.substr(0, std::min(text.find('.'), text.size()))) {
        digits = c == ':' ? 0 : digits + 1;
        if (digits > 4) return false;
    }
    return true;
}

fault parse_bracketed(std::string_view entry, std::size_t& host_end) {
    const std::size_t close = entry.find(']');
    if (close == std::string_view::npos) return "the closing bracket is missing";
    host_end = close + 1;
    if (!looks_like_ipv6(entry.substr(1, close - 1))) {
        return "there is no IPv6 address in the brackets";
    }
    const std::string_view tail = entry.substr(host_end);
    if (!tail.empty() && tail.find_first_of(": \t") != 0) {
        return "only a colon and the port may follow the closing bracket";
    }
    return {};
}

fault parse_name(std::string_view entry, std::size_t& host_end) {
    if (entry.find("::") != std::string_view::npos ||
        std::count(entry.begin(), entry.end(), ':') > 2) {
        return "too many colons; an IPv6 address is written in brackets, as in [::1]:11211";
    }
    host_end = std::min(entry.find_first_of(": \t"), entry.size());
    if (entry.substr(0, host_end).find_first_of("[]/") != std::string_view::npos) {
        return "a host contains no brackets and no slash";
    }
    return {};
}

fault parse_entry(std::string_view entry, server& to) {
    if (entry.empty()) return "the entry is empty";

    fault wrong;
    if (entry.front() == '/') {
        wrong = parse_unix(entry, to);
    } else {
        to.port = default_port;
        std::size_t host_end = 0;
        wrong =
            entry.front() == '[' ? parse_bracketed(entry, host_end) : parse_name(entry, host_end);
        if (!wrong.empty()) return wrong;

        const std::string_view tail = entry.substr(host_end);
        const std::size_t port_end = std::min(tail.find_first_of(": \t", 1), tail.size());
        to.host = entry.substr(0, host_end);
        to.text = entry.substr(0, host_end + port_end);
        wrong = read_port_and_weight(tail, to);
    }
    return wrong.empty() ? check_host(to.kind, to.host) : wrong;
}

// The address of a server made by hand, as somebody would have written it.
std::string written_address(const server& s) {
    if (s.kind == server::transport::unix_socket) return s.host;
    const bool needs_brackets = s.host.find(':') != std::string::npos && s.host.front() != '[';
    return (needs_brackets ? '[' + s.host + ']' : s.host) + ':' + std::to_string(s.port);
}

}  // namespace

config_result<server_list> server_list::parse(std::string_view text) {
    if (trimmed(text).empty()) return config_error("the server list is empty");

    std::vector<server> servers;
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find(',', start), text.size());
        const std::string_view entry = trimmed(text.substr(start, end - start));
        server parsed;
        if (const fault wrong = parse_entry(entry, parsed); !wrong.empty()) {
            return entry_error(servers.size() + 1, entry, wrong);
        }
        servers.push_back(std::move(parsed));
        start = end + 1;
    }
    return server_list(std::move(servers));
}

config_result<server_list> server_list::of(std::vector<server> servers) {
    if (servers.empty()) return config_error("the server list is empty");

    for (std::size_t i = 0; i < servers.size(); ++i) {
        server& s = servers[i];
        if (const fault wrong = check_host(s.kind, s.host); !wrong.empty()) {
            return entry_error(i + 1, s.text.empty() ? s.host : s.text, wrong);
        }
        if (s.kind == server::transport::tcp && s.port == 0) s.port = default_port;
        if (s.text.empty()) s.text = written_address(s);
    }
    return server_list(std::move(servers));
}

}  // namespace kmc
