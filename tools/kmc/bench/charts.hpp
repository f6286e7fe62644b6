// A line over two axes, as SVG. What is drawn, and on which scales, is the caller's: places are
// parts of the axes, from 0 to 1.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kmc::cli::bench {

struct spot {
    double x = 0;
    double y = 0;
};

struct axis_mark {
    double at = 0;
    std::string text;
};

struct chart {
    std::string title = {};
    std::vector<axis_mark> below = {};   // of the horizontal axis
    std::vector<axis_mark> beside = {};  // of the vertical axis
    std::vector<spot> line = {};
    std::vector<std::pair<spot, std::string>> points = {};  // on the line, with what they are
    std::vector<axis_mark> levels = {};                     // dashed, across
};

[[nodiscard]] std::string chart_styles();
[[nodiscard]] std::string svg_of(const chart& drawn);

// An axis from 0 to at least `most`, with round numbers at about so many marks.
struct scale {
    double most = 1;
    double step = 1;
};
[[nodiscard]] scale round_scale(double most, unsigned marks);

}  // namespace kmc::cli::bench
