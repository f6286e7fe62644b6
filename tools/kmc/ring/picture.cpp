#include "ring/picture.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "columns.hpp"
#include "markup.hpp"

namespace kmc::cli {
namespace {

constexpr double middle = 260;  // of the ring, from the left and from the top
constexpr double ring_height = 2 * middle + 20;
constexpr double outer = 215;
constexpr double ring_width = 56;
constexpr double table_left = 530;
constexpr double bars_left = table_left + 250;
constexpr double bars_width = 240;
constexpr double line_height = 24;
constexpr double fact_height = 18;
constexpr double table_top = 62;
constexpr double full_width = 1110;

// On the circle of this radius; the ring begins at the top and goes on as clocks do.
std::string spot(double radius, double part) {
    const double angle = (part - 0.25) * 2 * std::numbers::pi;
    return svg_number(middle + radius * std::cos(angle)) + " " +
           svg_number(middle + radius * std::sin(angle));
}

// One half at most: an arc from a spot to itself is none.
void add_slice(std::string& d, double first, double last, double from, double to) {
    if (last - first > 0.5) {
        const double half = (first + last) / 2;
        add_slice(d, first, half, from, to);
        return add_slice(d, half, last, from, to);
    }
    const std::string big = " " + svg_number(to) + " " + svg_number(to) + " 0 0 1 ";
    const std::string small = " " + svg_number(from) + " " + svg_number(from) + " 0 0 0 ";
    d += "M" + spot(to, first) + "A" + big + spot(to, last) + "L" + spot(from, last) + "A" + small +
         spot(from, first) + "Z";
}

// The stripes over the arcs of a server that is out: in its colour, with the background between it
// and whoever has the arc now, so that they stand out on each colour.
std::string hatch_name(std::size_t line) {
    return "hatch-" + std::to_string(line);
}

void add_hatches(std::string& out, const ring_picture& picture) {
    std::vector<bool> is_used(picture.lines.size());
    for (const picture_slice& s : picture.ring) {
        if (s.out != picture_nobody) is_used[s.out] = true;
    }
    for (std::size_t i = 0; i < is_used.size(); ++i) {
        if (!is_used[i]) continue;
        out += "<defs><pattern id=\"" + hatch_name(i) +
               "\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" "
               "patternTransform=\"rotate(45)\"><path class=\"between\" d=\"M2.5 0V7\"/>"
               "<path stroke=\"" +
               picture.lines[i].colour +
               "\" stroke-width=\"3\" d=\"M2.5 0V7\"/></pattern></defs>\n";
    }
}

// Each line's slices are one path: a ring has thousands.
void add_ring(std::string& out, const ring_picture& picture,
              const std::vector<picture_slice>& slices, double from, double to,
              std::string_view what) {
    std::vector<std::string> paths(picture.lines.size() + 1);
    std::vector<std::string> hatched(picture.lines.size());
    for (const picture_slice& s : slices) {
        const bool is_nobody = s.line == picture_nobody;
        add_slice(paths[is_nobody ? picture.lines.size() : s.line], s.first, s.last, from, to);
        if (s.out != picture_nobody) add_slice(hatched[s.out], s.first, s.last, from, to);
    }
    for (std::size_t i = 0; i < paths.size(); ++i) {
        if (paths[i].empty()) continue;
        const bool is_nobody = i == picture.lines.size();
        out +=
            is_nobody
                ? "<path class=\"none\" d=\"" + paths[i] + "\"><title>nobody"
                : "<path data-s=\"" + std::to_string(i) + "\" fill=\"" + picture.lines[i].colour +
                      "\" d=\"" + paths[i] + "\"><title>" + escaped(picture.lines[i].text) + ": " +
                      percent(what == "before" ? picture.lines[i].before : picture.lines[i].load);
        out.append(" ").append(what).append("</title></path>\n");
    }
    for (std::size_t i = 0; i < hatched.size(); ++i) {
        if (hatched[i].empty()) continue;
        out += "<path class=\"hatch\" fill=\"url(#" + hatch_name(i) + ")\" d=\"" + hatched[i] +
               "\"/>\n";
    }
}

void add_points(std::string& out, const ring_picture& picture) {
    std::vector<std::string> paths(picture.lines.size());
    for (const auto& [at, line] : picture.points) {
        paths[line] += "M" + spot(outer + 4, at) + "L" + spot(outer + 14, at);
    }
    for (std::size_t i = 0; i < paths.size(); ++i) {
        if (paths[i].empty()) continue;
        out += "<path class=\"tick\" data-s=\"" + std::to_string(i) + "\" stroke=\"" +
               picture.lines[i].colour + "\" d=\"" + paths[i] + "\"/>\n";
    }
}

std::string bar(double y, double height, double width, std::string_view attributes) {
    return "<rect x=\"" + svg_number(bars_left) + "\" y=\"" + svg_number(y) + "\" width=\"" +
           svg_number(std::max(width, 0.0)) + "\" height=\"" + svg_number(height) + "\" " +
           std::string(attributes) + "/>\n";
}

// Both ends tell servers apart: a name in front, a number or a port behind.
std::string cut(const std::string& text, std::size_t most) {
    if (text.size() <= most) return text;
    const std::size_t tail = (most - 3) / 2;
    return text.substr(0, most - 3 - tail) + "..." + text.substr(text.size() - tail);
}

void add_table(std::string& out, const ring_picture& picture) {
    double most = 1e-9;
    for (const picture_line& line : picture.lines) {
        most = std::max({most, line.load, line.weight, line.before});
    }
    const double scale = bars_width / most;
    out += svg_text(table_left + 22, table_top - 16, "small", "server");
    out += svg_text(bars_left, table_top - 16, "small",
                    picture.has_before ? "load, thin bar: before, mark: weight share"
                                       : "load, mark: weight share");
    for (std::size_t i = 0; i < picture.lines.size(); ++i) {
        const picture_line& line = picture.lines[i];
        const double top = table_top + static_cast<double>(i) * line_height;
        out += "<g class=\"line\" data-s=\"" + std::to_string(i) + "\"><title>" +
               escaped(line.text) + ", " + std::to_string(line.points) + " points</title>\n";
        out += "<rect class=\"catch\" x=\"" + svg_number(table_left - 6) + "\" y=\"" +
               svg_number(top - 5) + "\" width=\"" + svg_number(full_width - table_left) +
               "\" height=\"" + svg_number(line_height) + "\"/>\n";
        out += "<rect x=\"" + svg_number(table_left) + "\" y=\"" + svg_number(top) +
               "\" width=\"14\" height=\"14\" rx=\"3\" fill=\"" + line.colour + "\"/>\n";
        const std::string name =
            line.note.empty() ? cut(line.text, 30)
                              : cut(line.text, 29 - line.note.size()) + " (" + line.note + ")";
        out += svg_text(table_left + 22, top + 12, "name", name);
        out += bar(top, picture.has_before ? 9 : 14, line.load * scale,
                   "fill=\"" + line.colour + "\"");
        if (picture.has_before) {
            out += bar(top + 11, 4, line.before * scale,
                       "fill=\"" + line.colour + "\" opacity=\"0.6\"");
        }
        if (line.weight > 0) {
            const std::string x = svg_number(bars_left + line.weight * scale);
            out += "<path class=\"mark\" d=\"M" + x + " " + svg_number(top - 3) + "V" +
                   svg_number(top + 17) + "\"/>\n";
        }
        out += svg_text(bars_left + bars_width + 10, top + 12, "name", percent(line.load));
        out += "</g>\n";
    }
}

}  // namespace

std::string picture_styles() {
    return picture_look("ring") +
           R"(svg.ring .title { font-size: 15px; font-weight: 600; text-anchor: middle; }
svg.ring .fact { fill: var(--soft); font-size: 12px; text-anchor: middle; }
svg.ring .tick { stroke-width: 1; fill: none; }
svg.ring .mark { stroke: var(--ink); stroke-width: 2; fill: none; }
svg.ring .none { fill: var(--none); }
svg.ring .moved { fill: var(--ink); }
svg.ring .between { stroke: var(--paper); stroke-width: 5; }
svg.ring .catch { fill: transparent; }
svg.ring .line:hover .catch { fill: var(--line); }
svg.ring.picked [data-s]:not(.picked) { opacity: 0.15; }
)";
}

std::string svg_of(const ring_picture& picture, picture_style style) {
    const double height = std::max(
        ring_height, table_top + static_cast<double>(picture.lines.size()) * line_height + 20);
    std::string out = svg_head("ring", full_width, height, picture.title);
    if (style == picture_style::inside) out += "<style>\n" + picture_styles() + "</style>\n";
    out += "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n";
    add_hatches(out, picture);
    if (picture.before.empty()) {
        add_ring(out, picture, picture.ring, outer - ring_width, outer, "of the load");
    } else {
        add_ring(out, picture, picture.ring, outer - 36, outer, "now");
        add_ring(out, picture, picture.before, outer - 82, outer - 48, "before");
        std::string d;
        for (const picture_slice& s : picture.moved) {
            add_slice(d, s.first, s.last, outer - 45, outer - 39);
        }
        if (!d.empty())
            out += "<path class=\"moved\" d=\"" + d + "\"><title>moved</title></path>\n";
    }
    add_points(out, picture);
    double y = middle - fact_height / 2 * static_cast<double>(picture.facts.size());
    out += svg_text(middle, y, "title", picture.title);
    for (const std::string& fact : picture.facts) {
        out += svg_text(middle, y += fact_height, "fact", fact);
    }
    out += svg_text(middle, ring_height - 26, "fact", picture.legend);
    out += svg_text(middle, ring_height - 8, "fact", "digest " + picture.digest);
    add_table(out, picture);
    return out + "</svg>\n";
}

}  // namespace kmc::cli
