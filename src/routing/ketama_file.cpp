// The file that libketama reads: `address<TAB>weight` a line. A running fleet's ring is what
// libketama made of its file, not what the file seems to say, so every oddity of that reader is
// kept, and each one that changed something is told as a warning. What crashes libketama or has no
// meaning is an error here.

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

using detail::quoted;

constexpr std::uint16_t default_port = 11211;
constexpr std::size_t longest_line = 126;    // fgets() into 127 bytes
constexpr std::size_t longest_address = 23;  // more is an error in libketama
constexpr std::size_t sound_address = 21;    // more overruns a buffer there
constexpr std::string_view delimiters = "\t ";

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

// What one call of fgets() returns: a line with its newline, the last line without one, or the
// next 126 bytes of a long line. The C string that libketama sees ends at a zero byte.
struct raw_line {
    std::string_view text;
    std::size_t number = 1;  // of the line in the file, also for its second and later pieces
    bool is_cut = false;     // the next piece belongs to the same line
    bool has_zero = false;   // bytes behind a zero byte are lost
};

class line_reader {
public:
    explicit line_reader(std::string_view content) noexcept : rest_(content) {}

    bool next(raw_line& out) noexcept {
        if (rest_.empty()) return false;
        const std::size_t newline = rest_.find('\n');
        const std::size_t whole = newline == std::string_view::npos ? rest_.size() : newline + 1;
        const std::size_t size = std::min(whole, longest_line);
        out.number = number_;
        out.is_cut = size < whole;
        out.text = rest_.substr(0, size);
        if (!out.is_cut) ++number_;
        rest_.remove_prefix(size);

        const std::size_t zero = out.text.find('\0');
        out.has_zero = zero != std::string_view::npos;
        out.text = out.text.substr(0, zero);
        return true;
    }

private:
    std::string_view rest_;
    std::size_t number_ = 1;
};

// strtok() with tab and space: the next word, empty at the end.
std::string_view take_word(std::string_view& rest) noexcept {
    rest.remove_prefix(std::min(rest.find_first_not_of(delimiters), rest.size()));
    const std::size_t size = std::min(rest.find_first_of(delimiters), rest.size());
    const std::string_view word = rest.substr(0, size);
    rest.remove_prefix(size);
    return word;
}

std::string_view without_line_end(std::string_view text) noexcept {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    return text;
}

// strtol() in base 10, within what server::weight holds.
struct weight_reading {
    std::uint32_t value = 0;
    std::size_t used = 0;  // bytes read, with the sign
    std::string fault;
};

weight_reading read_weight(std::string_view text) {
    weight_reading out;
    const std::size_t first = std::min(text.find_first_not_of("\v\f\r\n"), text.size());
    const bool has_sign = first < text.size() && (text[first] == '-' || text[first] == '+');
    const bool is_negative = has_sign && text[first] == '-';
    const std::size_t digits = first + (has_sign ? 1 : 0);

    const char* const end = text.data() + text.size();
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data() + digits, end, value);
    if (read.ec == std::errc::invalid_argument) {
        out.fault = "the weight has no digits";
        return out;
    }
    out.used = static_cast<std::size_t>(read.ptr - text.data());
    if (read.ec == std::errc{} && value == 0) {
        out.fault = "the weight is 0";
    } else if (is_negative) {
        out.fault = "the weight is negative";
    } else if (read.ec != std::errc{} || value > std::numeric_limits<std::uint32_t>::max()) {
        out.fault = "the weight is over 4294967295";
    } else {
        out.value = static_cast<std::uint32_t>(value);
    }
    return out;
}

bool read_port(std::string_view text, std::uint16_t& port) noexcept {
    std::uint16_t value = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (text.empty() || read.ec != std::errc{} || read.ptr != end) return false;
    port = value == 0 ? default_port : value;
    return true;
}

// Where to connect for an address. libketama never asks: to it an address is only text, so what is
// not host:port, [v6]:port or a path is taken as a host with the default port.
server server_at(std::string_view address, std::uint32_t weight) {
    server out;
    out.text = address;
    out.host = address;
    out.weight = weight;
    if (address.front() == '/') {
        out.kind = server::transport::unix_socket;
        return out;
    }
    out.port = default_port;
    const std::size_t colon = address.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return out;

    const std::string_view host = address.substr(0, colon);
    const bool is_bracketed = host.front() == '[' && host.back() == ']';
    const bool is_plain = host.find(':') == std::string_view::npos;
    if ((is_bracketed || is_plain) && read_port(address.substr(colon + 1), out.port)) {
        out.host = host;
    }
    return out;
}

class ketama_file_parser {
public:
    explicit ketama_file_parser(std::string_view name) : name_(name) {}

    // Empty, or why the line fails the file.
    std::string add_line(const raw_line& line) {
        std::string_view rest = line.text;
        const std::string_view address = take_word(rest);
        if (without_line_end(address).empty()) return "the line has only blanks";
        if (address.size() > longest_address) {
            return "the address is over " + std::to_string(longest_address) + " bytes";
        }
        const std::string_view word = take_word(rest);
        if (word.empty()) return "there is no weight behind the address";

        // libketama takes the last byte for the newline, whatever it is.
        const std::string_view kept = word.substr(0, word.size() - 1);
        const weight_reading weight = read_weight(kept);
        const bool lost_digit = is_digit(word.back()) && weight.used == kept.size();
        if (!weight.fault.empty()) {
            if (!lost_digit) return weight.fault;
            return weight.fault + " once its last byte is dropped, as libketama does to " +
                   quoted(word);
        }

        servers_.push_back(server_at(address, weight.value));
        warn_about_address(line, address);
        warn_about_weight(line, word, weight, lost_digit);
        warn_about_line(line, rest);
        return {};
    }

    // Comments and empty lines: nothing is read, but a long comment goes on as a line of its own.
    void skip_line(const raw_line& line) { warn_about_line(line, {}); }

    [[nodiscard]] config_error error_at(const raw_line& line, std::string_view what) const {
        return config_error(place(line) + ": " + std::string(what) + " in " +
                            quoted(without_line_end(line.text)));
    }

    std::vector<server> take_servers() noexcept { return std::move(servers_); }
    std::vector<std::string> take_warnings() noexcept { return std::move(warnings_); }

private:
    [[nodiscard]] std::string place(const raw_line& line) const {
        return name_ + ", line " + std::to_string(line.number);
    }

    void warn(const raw_line& line, const std::string& what) {
        warnings_.push_back(place(line) + ": " + what);
    }

    void warn_about_address(const raw_line& line, std::string_view address) {
        if (address.front() == '#') {
            warn(line, "only a # in the first column starts a comment; libketama reads " +
                           quoted(address) + " as a server");
        }
        if (address.size() > sound_address) {
            warn(line, "libketama overruns a buffer with an address of more than 21 bytes, " +
                           quoted(address));
        }
        const bool is_bracketed = address.front() == '[' && address.back() == ']';
        if (servers_.back().port == default_port && servers_.back().host == address &&
            !is_bracketed && address.find(':') != std::string_view::npos) {
            warn(line, "no port can be read from " + quoted(address) +
                           "; it is taken as a host with port 11211");
        }
    }

    void warn_about_weight(const raw_line& line, std::string_view word,
                           const weight_reading& weight, bool lost_digit) {
        const std::string_view stands = without_line_end(word);
        const std::string counts = " counts as " + std::to_string(weight.value);
        if (lost_digit) {
            warn(line, "libketama drops the last byte of a weight that no newline follows, so " +
                           quoted(stands) + counts);
        } else if (weight.used < stands.size()) {
            warn(line, "libketama ignores what follows the digits, so the weight " +
                           quoted(stands) + counts);
        }
    }

    void warn_about_line(const raw_line& line, std::string_view rest) {
        const std::string_view columns = without_line_end(rest);
        if (columns.find_first_not_of(delimiters) != std::string_view::npos) {
            warn(line, "libketama ignores what follows the weight, " + quoted(columns));
        }
        if (line.is_cut) {
            warn(line, "libketama reads what lies beyond 126 bytes as another line");
        }
        if (line.has_zero) warn(line, "libketama ignores what follows a zero byte");
    }

    std::string name_;
    std::vector<server> servers_;
    std::vector<std::string> warnings_;
};

}  // namespace

config_result<server_list> server_list::parse_ketama_file(std::string_view content,
                                                          std::string_view name) {
    ketama_file_parser parser{name};
    line_reader lines(content);
    for (raw_line line; lines.next(line);) {
        if (line.text.size() < 2 || line.text.front() == '#') {
            parser.skip_line(line);
        } else if (const std::string wrong = parser.add_line(line); !wrong.empty()) {
            return parser.error_at(line, wrong);
        }
    }

    server_list list(parser.take_servers());
    if (list.servers_.empty()) return config_error(std::string(name) + ": no server is defined");
    list.warnings_ = parser.take_warnings();
    return list;
}

}  // namespace kmc
