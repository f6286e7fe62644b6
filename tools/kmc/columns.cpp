#include "columns.hpp"

#include <cstdio>

namespace kmc::cli {

std::string percent(double part) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f%%", part * 100);
    return text;
}

std::string signed_percent(double part) {
    char text[32];
    std::snprintf(text, sizeof text, "%+.2f%%", part * 100);
    return text;
}

std::string right(std::string text, std::size_t width) {
    return text.size() >= width ? text : std::string(width - text.size(), ' ') + text;
}

std::string left(std::string text, std::size_t width) {
    if (text.size() < width) text.resize(width, ' ');
    return text;
}

}  // namespace kmc::cli
