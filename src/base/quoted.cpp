#include "base/quoted.hpp"

#include <cstddef>

namespace kmc::detail {

namespace {

constexpr std::size_t longest_shown = 60;

void append_escaped(std::string& to, char byte) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto value = static_cast<unsigned char>(byte);

    if (byte == '"' || byte == '\\') {
        to += '\\';
        to += byte;
    } else if (byte == '\n') {
        to += "\\n";
    } else if (byte == '\r') {
        to += "\\r";
    } else if (byte == '\t') {
        to += "\\t";
    } else if (value < 0x20 || value > 0x7e) {
        to += "\\x";
        to += digits[value >> 4];
        to += digits[value & 0xf];
    } else {
        to += byte;
    }
}

}  // namespace

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char byte : text.substr(0, longest_shown)) append_escaped(out, byte);
    out += text.size() > longest_shown ? "\"..." : "\"";
    return out;
}

}  // namespace kmc::detail
