"""Lines over two logarithmic axes, as SVG that is readable on light and on dark ground."""

import html
import math

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 78, 40, 48, 62

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #333 }
  .title { font-size: 15px; font-weight: 600 }
  .grid { stroke: #8884; stroke-width: 1 }
  .line { fill: none; stroke-width: 2.5 }
  .a { stroke: #0b6bcb } .fa { fill: #0b6bcb }
  .b { stroke: #b8500c } .fb { fill: #b8500c }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd }
    .a { stroke: #6db3f8 } .fa { fill: #6db3f8 }
    .b { stroke: #f0a05a } .fb { fill: #f0a05a }
  }
"""


class Axis:
    """From the decade below the least value to the one above the greatest."""

    def __init__(self, values, start, end):
        self.first = math.floor(math.log10(min(values)) + 1e-9)
        self.last = max(math.ceil(math.log10(max(values)) - 1e-9), self.first + 1)
        self.start, self.end = start, end

    def place(self, value):
        part = (math.log10(value) - self.first) / (self.last - self.first)
        return self.start + part * (self.end - self.start)

    def decades(self):
        return [10 ** power for power in range(self.first, self.last + 1)]


def log_plot(title, x_title, y_title, lines):
    """`lines`: pairs of a name and its points, two at most; each point is (x, least, y, most)."""
    xs = [p[0] for _, points in lines for p in points]
    ys = [y for _, points in lines for p in points for y in p[1:]]
    across, up = Axis(xs, LEFT, WIDTH - RIGHT), Axis(ys, HEIGHT - BOTTOM, TOP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
           f"<title>{html.escape(title)}</title>", f"<style>{STYLE}</style>",
           f'<text class="title" x="{LEFT}" y="22">{html.escape(title)}</text>']
    for value in across.decades():
        x = across.place(value)
        out.append(f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        out.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">'
                   f"{value:,}</text>")
    for value in up.decades():
        y = up.place(value)
        out.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 14}" text-anchor="middle">'
               f"{html.escape(x_title)}</text>")
    out.append(f'<text transform="translate(18 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)"'
               f' text-anchor="middle">{html.escape(y_title)}</text>')
    for at, (kind, (name, points)) in enumerate(zip("ab", lines, strict=False)):
        placed = [(across.place(x), up.place(y)) for x, _, y, _ in points]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in placed)
        out.append(f'<path class="line {kind}" d="M{path}"/>')
        for (x, least, y, most), (px, py) in zip(points, placed, strict=True):
            out.append(f'<path class="{kind}" d="M{px:.1f} {up.place(least):.1f}'
                       f'V{up.place(most):.1f}"/>')
            out.append(f'<circle class="f{kind}" cx="{px:.1f}" cy="{py:.1f}" r="4">'
                       f"<title>{x:,}: {y:,.0f}</title></circle>")
        y = TOP + 18 + 20 * at
        out.append(f'<path class="line {kind}" d="M{WIDTH - 250} {y - 4}h24"/>')
        out.append(f'<text x="{WIDTH - 218}" y="{y}">{html.escape(name)}</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"
