// What pictures and pages of the command line share: the look, light and dark, and the words of SVG
// and HTML.

#pragma once

#include <string>
#include <string_view>

namespace kmc::cli {

// & < > " and bytes that are no text.
[[nodiscard]] std::string escaped(std::string_view text);

// A length or place in a picture.
[[nodiscard]] std::string svg_number(double x);
[[nodiscard]] std::string svg_text(double x, double y, std::string_view kind,
                                   std::string_view text);
// The tag <svg>, to be closed.
// @param kind  its class: what picture_look() is asked for.
[[nodiscard]] std::string svg_head(std::string_view kind, double width, double height,
                                   std::string_view title);

// Colours by name (--ink, --soft, --paper, --none, --line), for light and dark, and the styles that
// every picture of this class has: of its background, text, and smaller text.
[[nodiscard]] std::string picture_look(std::string_view kind);

// A page that needs nothing but itself.
[[nodiscard]] std::string page_with(std::string_view title, std::string_view styles,
                                    std::string_view body);

}  // namespace kmc::cli
