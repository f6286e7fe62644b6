// The picture as a page: everything inside, nothing fetched, and readable without its script, which
// only answers the pointer.

#include "columns.hpp"
#include "markup.hpp"
#include "ring/picture.hpp"

namespace kmc::cli {
namespace {

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
    std::string out = svg_of(picture, picture_style::elsewhere);
    out += "<table>\n<tr><th>server</th><th>points</th>";
    if (picture.has_before) out += "<th>load before</th>";
    out += "<th>load</th><th>weight share</th><th>load against weight</th></tr>\n";
    for (std::size_t i = 0; i < picture.lines.size(); ++i) out += row_of(picture, i);
    out += "</table>\n<script>\n" + std::string(script) + "</script>\n";
    return page_with(picture.title, picture_styles(), out);
}

}  // namespace kmc::cli
