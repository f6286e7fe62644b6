#include "ring/colours.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numbers>

namespace kmc::cli {
namespace {

constexpr std::size_t most_colours = 64;

// In the space OKLab, where distances are what eyes see.
struct colour {
    double lightness, a, b;
    std::string text{};
};

double gamma(double linear) {
    return linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
}

// False if no screen can show it.
bool write_text(colour& c) {
    const double l = std::pow(c.lightness + 0.3963377774 * c.a + 0.2158037573 * c.b, 3);
    const double m = std::pow(c.lightness - 0.1055613458 * c.a - 0.0638541728 * c.b, 3);
    const double s = std::pow(c.lightness - 0.0894841775 * c.a - 1.2914855480 * c.b, 3);
    const std::array<double, 3> rgb = {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
                                       -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
                                       -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
    c.text = "#";
    for (const double part : rgb) {
        if (part < 0 || part > 1) return false;
        char hex[4];
        std::snprintf(hex, sizeof hex, "%02x",
                      static_cast<unsigned>(std::lround(gamma(part) * 255)) & 0xffU);
        c.text += hex;
    }
    return true;
}

std::vector<colour> candidates() {
    std::vector<colour> all;
    for (const double lightness : {0.62, 0.50, 0.72, 0.56, 0.67, 0.78}) {
        for (const double chroma : {0.15, 0.09, 0.19, 0.05}) {
            for (int step = 0; step < 36; ++step) {
                const double hue = (250 + step * 10) * std::numbers::pi / 180;
                colour c{lightness, chroma * std::cos(hue), chroma * std::sin(hue)};
                if (write_text(c)) all.push_back(c);
            }
        }
    }
    return all;
}

double distance(const colour& x, const colour& y) {
    return std::hypot(x.lightness - y.lightness, x.a - y.a, x.b - y.b);
}

}  // namespace

std::vector<std::string> server_colours(std::size_t count) {
    const std::vector<colour> all = candidates();
    std::vector<double> nearest(all.size(), 1e9);
    std::vector<std::string> chosen;
    std::size_t next = 0;
    while (chosen.size() < std::min(count, most_colours)) {
        chosen.push_back(all[next].text);
        for (std::size_t i = 0; i < all.size(); ++i) {
            nearest[i] = std::min(nearest[i], distance(all[i], all[next]));
        }
        next = static_cast<std::size_t>(std::max_element(nearest.begin(), nearest.end()) -
                                        nearest.begin());
    }
    for (std::size_t i = most_colours; i < count; ++i) chosen.push_back(chosen[i % most_colours]);
    return chosen;
}

}  // namespace kmc::cli
