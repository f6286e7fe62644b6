// A ring as a picture: its arcs, its points, and each server's load beside its weight. Text in, SVG
// out; what is computed about rings is computed in src/inspect.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kmc::cli {

inline constexpr auto picture_nobody = static_cast<std::size_t>(-1);

struct picture_slice {
    double first = 0;  // of the circle, 0 to 1
    double last = 0;
    std::size_t line = 0;              // whose it is, or nobody's
    std::size_t out = picture_nobody;  // whose it would be, were that server in service
};

struct picture_line {
    std::string text;
    std::string colour;
    std::string note;  // "out of service", "new", "gone"
    double load = 0;
    double before = 0;  // where there is a before
    double weight = 0;
    std::size_t points = 0;
};

struct ring_picture {
    std::string title;
    std::vector<std::string> facts;  // lines below the title
    std::string legend;              // how to read the ring, in a line
    std::string digest;
    std::vector<picture_line> lines;
    std::vector<picture_slice> ring;
    std::vector<picture_slice> before;  // the ring as it was; empty if nothing changed
    std::vector<picture_slice> moved;   // parts of the circle that changed hands
    std::vector<std::pair<double, std::size_t>> points;  // where on the circle, whose
    bool has_before = false;
};

// The styles that a picture needs, for light and dark.
[[nodiscard]] std::string picture_styles();
// The element <svg>; complete by itself if it has its styles.
enum class picture_style : bool { inside, elsewhere };
[[nodiscard]] std::string svg_of(const ring_picture& picture, picture_style style);

// A page that needs nothing but itself.
[[nodiscard]] std::string page_of(const ring_picture& picture);

}  // namespace kmc::cli
