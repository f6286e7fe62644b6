#include "routing/java_address.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <vector>

namespace kmc::detail {

namespace {

bool read_part(std::string_view text, int base, std::uint32_t max, std::uint32_t& out) noexcept {
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, out, base);
    return !text.empty() && read.ec == std::errc{} && read.ptr == end && out <= max;
}

// The numbers between the separators; nothing if one of them is none.
std::optional<std::vector<std::uint32_t>> parts_of(std::string_view text, char separator, int base,
                                                   std::uint32_t max) {
    std::vector<std::uint32_t> parts;
    if (text.empty()) return parts;
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find(separator, start), text.size());
        std::uint32_t part = 0;
        if (!read_part(text.substr(start, end - start), base, max, part)) return std::nullopt;
        parts.push_back(part);
        start = end + 1;
    }
    return parts;
}

std::optional<std::string> java_ipv6(std::string_view text) {
    constexpr std::size_t words = 8;
    const std::size_t gap = text.find("::");
    const bool has_gap = gap != std::string_view::npos;
    auto all = parts_of(text.substr(0, gap), ':', 16, 0xffff);
    const auto behind =
        has_gap ? parts_of(text.substr(gap + 2), ':', 16, 0xffff) : std::vector<std::uint32_t>();
    if (!all || !behind) return std::nullopt;
    const std::size_t written = all->size() + behind->size();
    if (has_gap ? written >= words : written != words) return std::nullopt;
    all->resize(words - behind->size());
    all->insert(all->end(), behind->begin(), behind->end());

    std::string out;
    for (const std::uint32_t word : *all) {
        std::array<char, 4> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), word, 16).ptr;
        out.append(out.empty() ? "" : ":").append(digits.data(), end);
    }
    return out;
}

}  // namespace

std::optional<std::string> java_address(std::string_view host) {
    if (host.size() > 1 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    if (host.find(':') != std::string_view::npos) return java_ipv6(host);
    const auto parts = parts_of(host, '.', 10, 255);
    if (!parts || parts->size() != 4) return std::nullopt;
    std::string out;
    for (const std::uint32_t part : *parts) {
        out.append(out.empty() ? "" : ".").append(std::to_string(part));
    }
    return out;
}

}  // namespace kmc::detail
