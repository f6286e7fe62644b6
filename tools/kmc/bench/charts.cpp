#include "bench/charts.hpp"

#include <algorithm>
#include <cmath>

#include "markup.hpp"
#include "ring/colours.hpp"

namespace kmc::cli::bench {
namespace {

constexpr double full_width = 1110;
constexpr double full_height = 360;
constexpr double left_edge = 90;
constexpr double right_edge = full_width - 40;
constexpr double top_edge = 50;
constexpr double bottom_edge = full_height - 40;

double across(double part) {
    return left_edge + part * (right_edge - left_edge);
}
double up(double part) {
    return bottom_edge - part * (bottom_edge - top_edge);
}
std::string place(const spot& s) {
    return svg_number(across(s.x)) + " " + svg_number(up(s.y));
}

void add_axes(std::string& out, const chart& drawn) {
    std::string grid;
    for (const axis_mark& m : drawn.below) {
        grid += "M" + place({m.at, 0}) + "V" + svg_number(top_edge);
        out += svg_text(across(m.at), bottom_edge + 20, "below", m.text);
    }
    for (const axis_mark& m : drawn.beside) {
        grid += "M" + place({0, m.at}) + "H" + svg_number(right_edge);
        out += svg_text(left_edge - 10, up(m.at) + 4, "beside", m.text);
    }
    out += "<path class=\"grid\" d=\"" + grid + "\"/>\n";
}

void add_levels(std::string& out, const chart& drawn, const std::string& colour) {
    for (const axis_mark& m : drawn.levels) {
        out += "<path class=\"level\" stroke=\"" + colour + "\" d=\"M" + place({0, m.at}) + "H" +
               svg_number(right_edge) + "\"/>\n";
        out += svg_text(right_edge, up(m.at) - 6, "end", m.text);
    }
}

}  // namespace

std::string chart_styles() {
    return picture_look("chart") + R"(svg.chart .below { fill: var(--soft); text-anchor: middle; }
svg.chart .beside { fill: var(--soft); text-anchor: end; }
svg.chart .end { fill: var(--soft); text-anchor: end; }
svg.chart .title { font-size: 15px; font-weight: 600; }
svg.chart .grid { stroke: var(--none); stroke-width: 1; fill: none; opacity: 0.5; }
svg.chart .line { stroke-width: 2; fill: none; stroke-linejoin: round; }
svg.chart .level { stroke-width: 1.5; stroke-dasharray: 6 5; fill: none; }
)";
}

std::string svg_of(const chart& drawn) {
    const std::vector<std::string> colours = server_colours(2);
    std::string out = svg_head("chart", full_width, full_height, drawn.title);
    out += "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n";
    out += svg_text(left_edge, top_edge - 24, "title", drawn.title);
    add_axes(out, drawn);
    add_levels(out, drawn, colours[1]);
    std::string d;
    for (const spot& s : drawn.line) d += (d.empty() ? "M" : "L") + place(s);
    if (!d.empty()) {
        out += "<path class=\"line\" stroke=\"" + colours[0] + "\" d=\"" + d + "\"/>\n";
    }
    for (const auto& [at, text] : drawn.points) {
        out += "<circle cx=\"" + svg_number(across(at.x)) + "\" cy=\"" + svg_number(up(at.y)) +
               "\" r=\"4\" fill=\"" + colours[0] + "\"/>\n";
        // Left of the point: the line goes up to the right.
        out += svg_text(across(at.x) - 8, up(at.y) - 8, "end", text);
    }
    return out + "</svg>\n";
}

scale round_scale(double most, unsigned marks) {
    if (!(most > 0)) return {};
    const double rough = most / marks;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    double step = 10 * power;
    for (const double digit : {1.0, 2.0, 5.0}) {
        if (digit * power >= rough) {
            step = digit * power;
            break;
        }
    }
    return {std::ceil(most / step) * step, step};
}

}  // namespace kmc::cli::bench
