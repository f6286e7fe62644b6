// The picture as a page: everything inside, nothing fetched, and readable without its script, which
// only answers the pointer.

#include "ring/columns.hpp"
#include "ring/picture.hpp"

namespace kmc::cli {
namespace {

constexpr const char* page_styles = R"(:root { color-scheme: light dark; }
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

constexpr const char* script = R"(const ring = document.querySelector("svg.ring");
const pick = (s) => {
  ring.classList.toggle("picked", s !== null);
  for (const e of ring.querySelectorAll("[data-s]")) e.classList.toggle("picked", e.dataset.s === s);
};
document.addEventListener("pointerover", (e) => {
  const at = e.target.closest("[data-s]");
  pick(at ? at.dataset.s : null);
});
)";

std::string row_of(const ring_picture& picture, std::size_t i) {
    const picture_line& line = picture.lines[i];
    std::string row = "<tr data-s=\"" + std::to_string(i) +
                      "\"><td><i style=\"background:" + line.colour + "\"></i>" +
                      escaped(line.text) +
                      (line.note.empty() ? "" : " (" + escaped(line.note) + ")") + "</td><td>" +
                      std::to_string(line.points) + "</td>";
    if (picture.has_before) row += "<td>" + percent(line.before) + "</td>";
    row += "<td>" + percent(line.load) + "</td><td>" + percent(line.weight) + "</td><td>" +
           (line.weight > 0 ? signed_percent(line.load / line.weight - 1) : "") + "</td></tr>\n";
    return row;
}

}  // namespace

std::string page_of(const ring_picture& picture) {
    std::string out =
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
        escaped(picture.title) + "</title>\n<style>\n" + page_styles + picture_styles() +
        "</style>\n</head>\n<body>\n";
    out += svg_of(picture, picture_style::elsewhere);
    out += "<table>\n<tr><th>server</th><th>points</th>";
    if (picture.has_before) out += "<th>load before</th>";
    out += "<th>load</th><th>weight share</th><th>load against weight</th></tr>\n";
    for (std::size_t i = 0; i < picture.lines.size(); ++i) out += row_of(picture, i);
    return out + "</table>\n<script>\n" + script + "</script>\n</body>\n</html>\n";
}

}  // namespace kmc::cli
