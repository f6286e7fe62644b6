#include "chaos/words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

namespace kmc::chaos {
namespace {

template <class Number>
std::optional<Number> whole(std::string_view text, int base) noexcept {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [rest, wrong] = std::from_chars(text.data(), end, number, base);
    if (wrong != std::errc() || rest != end) return std::nullopt;
    return number;
}

// Digits with at most one point: what from_chars reads beyond that ("inf", "1e3", "-1") is refused.
std::optional<double> fraction_in(std::string_view text) noexcept {
    if (text.empty() || text.find_first_not_of("0123456789.") != text.npos) return std::nullopt;
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, wrong] = std::from_chars(text.data(), end, number);
    if (wrong != std::errc() || rest != end) return std::nullopt;
    return number;
}

// Reads the quoted word that begins at `at`, and moves `at` behind it.
std::optional<word> quoted_word(std::string_view text, std::size_t& at) {
    word w{.text = {}, .place = at, .is_quoted = true};
    for (++at; at < text.size(); ++at) {
        if (text[at] == '"') {
            ++at;
            return w;
        }
        if (text[at] != '\\') {
            w.text += text[at];
            continue;
        }
        if (++at == text.size()) return std::nullopt;
        constexpr std::string_view names = "nrt0\\\"";
        constexpr std::string_view bytes("\n\r\t\0\\\"", 6);
        if (const std::size_t i = names.find(text[at]); i != names.npos) {
            w.text += bytes[i];
        } else if (text[at] == 'x') {
            const auto byte = whole<std::uint8_t>(text.substr(at + 1, 2), 16);
            if (!byte || at + 2 >= text.size()) return std::nullopt;
            w.text += static_cast<char>(*byte);
            at += 2;
        } else {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

}  // namespace

std::vector<word> words_of(std::string_view text, std::optional<flaw>& wrong) {
    std::vector<word> words;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == ' ' || text[at] == '\t') {
            ++at;
        } else if (text[at] == ':') {
            words.push_back({.text = ":", .place = at++});
        } else if (text[at] == '"') {
            const std::size_t begin = at;
            auto w = quoted_word(text, at);
            if (!w) {
                wrong = {begin,
                         "a text in quotes that does not end, or has an escape other than "
                         "\\n \\r \\t \\0 \\\\ \\\" \\xHH"};
                return {};
            }
            words.push_back(std::move(*w));
        } else {
            const std::size_t end = std::min(text.find_first_of(" \t:\"", at), text.size());
            words.push_back({.text = std::string(text.substr(at, end - at)), .place = at});
            at = end;
        }
    }
    return words;
}

std::optional<std::uint64_t> number_in(std::string_view text) noexcept {
    if (text.starts_with("0x")) return whole<std::uint64_t>(text.substr(2), 16);
    return whole<std::uint64_t>(text, 10);
}

std::optional<nanoseconds> time_in(std::string_view text) noexcept {
    struct unit {
        std::string_view name;
        double nanoseconds;
    };
    // The longer names first: "ms" ends with "s".
    constexpr std::array<unit, 4> units{{{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}}};
    constexpr double longest = 24.0 * 60 * 60 * 1e9;
    for (const unit& u : units) {
        if (!text.ends_with(u.name)) continue;
        text.remove_suffix(u.name.size());
        const auto number = fraction_in(text);
        if (!number || *number <= 0 || *number * u.nanoseconds > longest) return std::nullopt;
        return nanoseconds(static_cast<nanoseconds::rep>(*number * u.nanoseconds));
    }
    return std::nullopt;
}

std::optional<double> probability_in(std::string_view text) noexcept {
    const auto number = fraction_in(text);
    if (!number || *number <= 0 || *number > 1) return std::nullopt;
    return number;
}

std::optional<std::string> bytes_in_hex(std::string_view text) {
    if (text.empty() || text.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const auto byte = whole<std::uint8_t>(text.substr(i, 2), 16);
        if (!byte) return std::nullopt;
        bytes += static_cast<char>(*byte);
    }
    return bytes;
}

}  // namespace kmc::chaos
