#include "markup.hpp"

#include <cstdio>

namespace kmc::cli {
namespace {

constexpr const char* page_look = R"(:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 1150px; padding: 20px; background: #ffffff; color: #1c1f23;
       font: 14px/1.45 system-ui, "DejaVu Sans", sans-serif; }
svg { display: block; width: 100%; height: auto; margin: 12px 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 14px 4px 0; text-align: right; border-bottom: 1px solid #88888844; }
th:first-child, td:first-child { text-align: left; }
td i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 8px; }
@media (prefers-color-scheme: dark) {
  body { background: #16181c; color: #e8eaed; }
}
)";

}  // namespace

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&') {
            out += "&amp;";
        } else if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else if (c == '"') {
            out += "&quot;";
        } else if (c < 0x20 || c > 0x7e) {
            out += '?';
        } else {
            out += c;
        }
    }
    return out;
}

std::string svg_number(double x) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", x);
    return text;
}

std::string svg_text(double x, double y, std::string_view kind, std::string_view text) {
    return "<text x=\"" + svg_number(x) + "\" y=\"" + svg_number(y) + "\" class=\"" +
           std::string(kind) + "\">" + escaped(text) + "</text>\n";
}

std::string svg_head(std::string_view kind, double width, double height, std::string_view title) {
    return "<svg class=\"" + std::string(kind) +
           "\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + svg_number(width) + " " +
           svg_number(height) + "\" role=\"img\" aria-label=\"" + escaped(title) + "\">\n";
}

std::string picture_look(std::string_view kind) {
    const std::string svg = "svg." + std::string(kind);
    return svg +
           " { --ink: #1c1f23; --soft: #5b636d; --paper: #ffffff; --none: #c9ced4; "
           "--line: #00000010; }\n"
           "@media (prefers-color-scheme: dark) {\n  " +
           svg +
           " { --ink: #e8eaed; --soft: #a3abb5; --paper: #16181c; --none: #4a5058; "
           "--line: #ffffff14; }\n}\n" +
           svg + " { font: 13px system-ui, \"DejaVu Sans\", sans-serif; }\n" + svg +
           " .paper { fill: var(--paper); }\n" + svg + " text { fill: var(--ink); }\n" + svg +
           " .small { fill: var(--soft); font-size: 12px; }\n";
}

std::string page_with(std::string_view title, std::string_view styles, std::string_view body) {
    std::string out =
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
        escaped(title) + "</title>\n<style>\n" + page_look;
    out.append(styles).append("</style>\n</head>\n<body>\n").append(body);
    return out + "</body>\n</html>\n";
}

}  // namespace kmc::cli
