#include "values/utf8.hpp"

#include <cstddef>
#include <cstdint>

namespace kmc::detail {
namespace {

// What may follow a first byte: how many bytes, and which range the first of them is in. The other
// ones are 0x80 to 0xbf. Unicode's table of well-formed sequences.
struct followers {
    std::size_t count;
    std::uint8_t low = 0x80;
    std::uint8_t high = 0xbf;
};

constexpr std::size_t nothing_may = 4;

constexpr followers followers_of(std::uint8_t first) noexcept {
    if (first < 0x80) return {0};
    if (first < 0xc2) return {nothing_may};
    if (first < 0xe0) return {1};
    if (first == 0xe0) return {2, 0xa0};
    if (first == 0xed) return {2, 0x80, 0x9f};
    if (first < 0xf0) return {2};
    if (first == 0xf0) return {3, 0x90};
    if (first < 0xf4) return {3};
    if (first == 0xf4) return {3, 0x80, 0x8f};
    return {nothing_may};
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    for (std::size_t i = 0; i < text.size();) {
        const followers f = followers_of(byte(i));
        ++i;
        if (f.count == 0) continue;
        if (f.count == nothing_may || text.size() - i < f.count) return false;
        if (byte(i) < f.low || byte(i) > f.high) return false;
        for (std::size_t k = 1; k < f.count; ++k) {
            if (byte(i + k) < 0x80 || byte(i + k) > 0xbf) return false;
        }
        i += f.count;
    }
    return true;
}

}  // namespace kmc::detail
