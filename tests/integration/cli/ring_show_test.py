"""kmc ring show: numbers that add up, pictures that are well-formed and need nothing else, and a
page that a real browser draws."""

import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
import zlib

from kmc_tool import OK, USAGE, ToolTest, run

THREE = "10.0.0.1:11211,10.0.0.2:11211,10.0.0.3:11211:2"
FIFTY = ",".join(f"10.0.1.{i}:11211:{i % 4 + 1}" for i in range(50))
CHROMIUM = shutil.which("chromium")


def pixels(path):
    """Of a PNG of 8 bits without interlace: its rows, as bytes, and the bytes of a pixel."""
    data = path.read_bytes()
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert depth == 8 and kind in (2, 6)
    channels = 3 if kind == 2 else 4
    packed, at = b"", 8
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at:at + 8])
        if name == b"IDAT":
            packed += data[at + 8:at + 8 + size]
        at += size + 12
    raw, rows, above = zlib.decompress(packed), [], bytearray(width * channels)
    for y in range(height):
        line = raw[y * (width * channels + 1):(y + 1) * (width * channels + 1)]
        row = bytearray(line[1:])
        for x in range(len(row)):
            left = row[x - channels] if x >= channels else 0
            up, corner = above[x], above[x - channels] if x >= channels else 0
            if line[0] == 1:
                row[x] = (row[x] + left) & 255
            elif line[0] == 2:
                row[x] = (row[x] + up) & 255
            elif line[0] == 3:
                row[x] = (row[x] + (left + up) // 2) & 255
            elif line[0] == 4:
                near = min((abs(up - corner), 0, left), (abs(left - corner), 1, up),
                           (abs(left + up - 2 * corner), 2, corner))
                row[x] = (row[x] + near[2]) & 255
        rows.append(row)
        above = row
    return rows, channels


class Show(ToolTest):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def show(self, *arguments, servers=THREE):
        return run("ring", "show", *arguments, servers=servers)

    def draw(self, *arguments, servers=THREE):
        svg, html = self.folder / "ring.svg", self.folder / "ring.html"
        self.check(self.show("--svg", str(svg), "--html", str(html), *arguments,
                             servers=servers), OK, stderr="")
        return svg.read_text(), html.read_text()

    def test_two_texts_of_one_address_are_one_server(self):
        document = self.document(self.show("--json", "--ejected", "b", servers="a,a:11211,b"))
        self.assertEqual([s["server"] for s in document["servers"]], ["a:11211", "b"])
        self.assertAlmostEqual(sum(s["before"] for s in document["servers"]), 1)

    def test_a_server_may_be_new_and_out(self):
        document = self.document(self.show("--json", "--new", "a,b", "--ejected", "b", servers="a"))
        self.assertEqual(document["servers"][1]["note"], "new, out")

    def test_shares_add_up(self):
        for ring in ("libketama", "libmemcached_ketama", "pecl_consistent", "rendezvous"):
            with self.subTest(ring=ring):
                document = self.document(self.show("--json", "--ring", ring))
                for what in ("load", "weight_share"):
                    self.assertAlmostEqual(sum(s[what] for s in document["servers"]), 1)
                self.assertAlmostEqual(document["servers"][2]["load"], 0.5, delta=0.1)
                self.assertLess(document["deviation"], 0.3)

    def test_the_text_names_every_server(self):
        text = self.show().stdout.decode()
        for part in ("10.0.0.1:11211", "10.0.0.3:11211", "standard deviation", "exact"):
            self.assertIn(part, text)

    def test_a_dead_server_has_nothing_and_its_arcs_are_hatched(self):
        document = self.document(self.show("--json", "--ejected", "10.0.0.2:11211"))
        self.assertEqual([s["load"] > 0 for s in document["servers"]], [True, False, True])
        svg, _ = self.draw("--ejected", "10.0.0.2:11211")
        self.assertIn('class="hatch"', svg)
        self.assertNotIn('class="hatch"', self.draw()[0])
        nobody = self.document(self.show("--json", "--ejected", "10.0.0.2:11211", "--on-dead",
                                         "fail_fast"))
        self.assertAlmostEqual(nobody["unserved"],
                               self.document(self.show("--json"))["servers"][1]["load"])

    def test_before_and_after(self):
        svg, _ = self.draw("--new", THREE + ",10.0.0.4:11211")
        self.assertIn('class="moved"', svg)
        document = self.document(self.show("--json", "--new", THREE + ",10.0.0.4:11211"))
        self.assertEqual([s.get("note") for s in document["servers"]], [None, None, None, "new"])
        self.assertAlmostEqual(document["moved"], 0.2, delta=0.1)

    def test_pictures_are_well_formed_and_need_nothing_else(self):
        for arguments in ([], ["--ring", "jump", "--servers", "a,b,c"],
                          ["--new", FIFTY], ["--servers", "one"]):
            with self.subTest(arguments=arguments):
                svg, html = self.draw(*arguments)
                xml.etree.ElementTree.fromstring(svg)
                body = re.search("<svg.*</svg>", html, re.S).group(0)
                xml.etree.ElementTree.fromstring(body)
                for text in (svg, html):
                    rest = text.replace("http://www.w3.org/2000/svg", "")
                    self.assertIsNone(re.search(r"https?:|//[a-z]|@import|<link|src=", rest))
                    self.assertIn("prefers-color-scheme: dark", text)

    def test_a_name_cannot_steer_the_page(self):
        _, html = self.draw("--servers", "/<script>alert(1)</script>&\"x,b", "--ring", "libketama")
        self.assertNotIn("<script>alert", html)

    def test_fifty_servers_have_fifty_colours(self):
        svg, _ = self.draw(servers=FIFTY)
        colours = set(re.findall(r'rx="3" fill="(#[0-9a-f]{6})"', svg))
        self.assertEqual(len(colours), 50)
        parts = [[int(c[i:i + 2], 16) for i in (1, 3, 5)] for c in colours]
        nearest = min(sum((x - y) ** 2 for x, y in zip(a, b)) ** 0.5
                      for i, a in enumerate(parts) for b in parts[:i])
        self.assertGreater(nearest, 15)

    def test_bad_arguments_are_said(self):
        self.check(self.show("--ejected", "nobody"), USAGE, b"", "is none of the servers")
        self.check(self.show("--on-dead", "x"), USAGE, b"", "next_server")
        self.check(self.show("--svg", "/no/such/folder/x.svg"), USAGE, None, "cannot write")

    @unittest.skipUnless(CHROMIUM, "SKIPPED: the page is NOT opened in a browser, because "
                                   "chromium is not installed")
    def test_a_browser_draws_the_page(self):
        self.draw("--new", THREE + ",10.0.0.4:11211")
        picture = self.folder / "page.png"
        subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu",
                        f"--user-data-dir={self.folder / 'profile'}", "--window-size=1180,900",
                        f"--screenshot={picture}", (self.folder / "ring.html").as_uri()],
                       check=True, timeout=240, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        colours = re.findall(r'rx="3" fill="#([0-9a-f]{6})"',
                             (self.folder / "ring.html").read_text())
        self.assertEqual(len(colours), 4)
        rows, channels = pixels(picture)
        counts = {bytes.fromhex(c): 0 for c in colours}
        for row in rows:
            for x in range(0, len(row), channels):
                colour = bytes(row[x:x + 3])
                if colour in counts:
                    counts[colour] += 1
        self.assertGreater(min(counts.values()), 1000, counts)


if __name__ == "__main__":
    if not CHROMIUM:
        print("SKIPPED: chromium is not installed, so NO browser opens the page of kmc ring show",
              file=sys.stderr)
    unittest.main(verbosity=2)
