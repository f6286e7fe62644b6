"""Proves that fault_matrix.py finds what it is for: a small tree that is right, broken in one way
each."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import fault_matrix  # noqa: E402  (the path is needed first)

TESTS = """TEST_CASE("it is \\"there\\", all the same", "[tag]") {
TEST_CASE(
    "a name of "
    "two lines") {
constexpr one cases[] = {
    {"a case of a table", a_case_of_a_table},
"""


class FaultMatrixCanFail(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="kmc-matrix-"))
        self.root = pathlib.Path(folder)
        (self.root / "tests/unit").mkdir(parents=True)
        (self.root / "docs").mkdir()
        (self.root / "tests/unit/some_test.cpp").write_text(TESTS)
        self.page = self.root / "docs/fault_matrix.md"
        self.text = "# A page\n- about something\n" + "".join(
            f'\n### {row}. A fault\nIt is seen.\n- `some_test`: "a name of two lines"\n'
            for row in sorted(fault_matrix.REQUIRED)
        )

    def complaints(self, text):
        self.page.write_text(text)
        return "\n".join(fault_matrix.check(self.root))

    def test_a_right_page_passes(self):
        self.assertEqual(self.complaints(self.text), "")
        for case in ('it is \\"there\\", all the same', "a case of a table"):
            more = self.text + f'- `some_test`: "{case}"\n'
            self.assertEqual(self.complaints(more), "")

    def test_a_case_that_is_gone_is_found(self):
        broken = self.text.replace("two lines", "three lines", 1)
        self.assertIn('some_test has no case "a name of three lines"', self.complaints(broken))

    def test_a_file_that_is_gone_is_found(self):
        self.assertIn("0 files have the name", self.complaints(self.text.replace("some_", "other_", 1)))

    def test_a_name_of_two_files_is_found(self):
        (self.root / "tests/some_test.cpp").write_text(TESTS)
        self.assertIn("2 files have the name", self.complaints(self.text))

    def test_a_row_that_is_missing_is_found(self):
        self.assertIn("row 7 is missing", self.complaints(self.text.replace("### 7.", "### 70.")))

    def test_a_row_without_a_test_is_found(self):
        self.assertIn("row 99 names no test", self.complaints(self.text + "\n### 99. A fault\nYes.\n"))

    def test_a_row_that_is_there_twice_is_found(self):
        self.assertIn("row 8 is there twice", self.complaints(self.text.replace("### 7.", "### 8.")))

    def test_a_line_that_is_written_wrong_is_found(self):
        self.assertIn("neither a test", self.complaints(self.text + "- `some_test` shows it\n"))

    def test_a_wrong_root_is_found(self):
        self.assertIn("is the root right?", "".join(fault_matrix.check(self.root / "docs")))


if __name__ == "__main__":
    unittest.main(verbosity=2)
