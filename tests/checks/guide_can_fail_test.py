"""Proves that guide.py finds what it is for: a small tree that is right, broken in one way each."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import guide  # noqa: E402  (the path is needed first)

EXAMPLE = """int main() {
    // [first]
    if (true) {
        return 0;
    }
    // [first]
}
"""
PAGE = """# A page

<!-- examples/one.cpp [first] -->
```cpp
if (true) {
    return 0;
}
```

See [the other](../../README.md).
"""


class GuideCanFail(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="kmc-guide-"))
        self.root = pathlib.Path(folder)
        (self.root / "examples").mkdir()
        (self.root / "docs/guide").mkdir(parents=True)
        self.example = self.root / "examples/one.cpp"
        self.page = self.root / "docs/guide/page.md"
        self.readme = self.root / "README.md"
        self.example.write_text(EXAMPLE)
        self.page.write_text(PAGE)
        self.readme.write_text("[a page](docs/guide/page.md)\n")

    def complaints(self, write=False):
        return "\n".join(guide.check(self.root, write))

    def test_a_right_tree_passes_and_stays_as_it_is(self):
        self.assertEqual(self.complaints(), "")
        self.assertEqual(self.complaints(write=True), "")
        self.assertEqual(self.page.read_text(), PAGE)

    def test_changed_code_is_found_and_written(self):
        self.example.write_text(EXAMPLE.replace("return 0", "return 1"))
        self.assertIn("page.md differs", self.complaints())
        self.assertEqual(self.complaints(write=True), "")
        self.assertEqual(self.page.read_text(), PAGE.replace("return 0", "return 1"))
        self.assertEqual(self.complaints(), "")

    def test_code_without_a_source_is_found(self):
        self.page.write_text(PAGE + "\n```cpp\nint x;\n```\n")
        self.assertIn("C++ that no example has", self.complaints())

    def test_a_region_that_is_not_there_is_found(self):
        self.page.write_text(PAGE.replace("[first] -->", "[second] -->"))
        self.assertIn("there is no examples/one.cpp [second]", self.complaints())

    def test_a_region_on_no_page_is_found(self):
        self.example.write_text(EXAMPLE + "// [more]\nint x;\n// [more]\n")
        self.assertIn("[more] is on no page", self.complaints())

    def test_regions_that_cross_or_do_not_end_are_found(self):
        self.example.write_text(EXAMPLE + "// [a]\n// [b]\n// [a]\n")
        self.assertIn("[b] begins inside [a]", self.complaints())
        self.example.write_text(EXAMPLE + "// [a]\n")
        self.assertIn("[a] has no end", self.complaints())

    def test_an_example_without_a_page_is_found(self):
        (self.root / "examples/two.cpp").write_text("int main() {}\n")
        self.assertIn("examples/two.cpp has no page", self.complaints())

    def test_a_page_that_the_readme_does_not_name_is_found(self):
        self.readme.write_text("nothing\n")
        self.assertIn("does not lead to docs/guide/page.md", self.complaints())

    def test_a_link_to_nowhere_is_found(self):
        self.page.write_text(PAGE.replace("../../README.md", "missing.md"))
        self.assertIn("nothing is at missing.md", self.complaints())

    def test_a_wrong_root_is_found(self):
        self.page.unlink()
        self.assertIn("is the root right?", self.complaints())


if __name__ == "__main__":
    unittest.main(verbosity=2)
