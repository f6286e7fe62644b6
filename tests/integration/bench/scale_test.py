"""bench/scale writes what it says: every row of its matrix, as a table, a picture and JSON, of calls
that all went well; and it does not hide those that did not."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

SCALE = pathlib.Path(__file__).resolve().parents[3] / "bench" / "scale"
ROWS = {"Batches": 5, "Single gets": 4, "Values": 12, "Servers": 6, "Reactors": 4}


def run(driver, out):
    return subprocess.run([SCALE, "--quick", "--driver", driver, "--out", out],
                          capture_output=True, text=True, timeout=250)


class Scale(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = pathlib.Path(folder.name)

    def test_every_row_is_measured_and_drawn(self):
        done = run(os.environ["KMC_DRV"], self.out / "results")

        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads((self.out / "results/scale.json").read_text())
        for section, count in ROWS.items():
            rows = [row for row in document["rows"] if row["section"].startswith(section)]
            self.assertEqual(len(rows), count, section)
        for row in document["rows"]:
            with self.subTest(row=row["label"], section=row["section"]):
                for told in row["runs"]:
                    self.assertGreater(told["ops"], 0)
                    self.assertEqual(told["hits"], told["keys"])
                    self.assertEqual(told["servers"], sum(row["nodes"]))
        table = (self.out / "results/scale.md").read_text()
        self.assertEqual(done.stdout, table)
        lines = [line for line in table.splitlines() if line.startswith("| ")]
        self.assertEqual(sum("**" not in line for line in lines) - 1, len(document["rows"]))
        picture = xml.etree.ElementTree.parse(self.out / "results/scale.svg")
        circles = picture.findall(".//{http://www.w3.org/2000/svg}circle")
        self.assertEqual(len(circles), ROWS["Batches"] + ROWS["Single gets"])

    def test_a_call_that_failed_is_told(self):
        driver = self.out / "driver"
        driver.write_text("""#!/bin/sh
echo '{"ops":5,"keys":5,"hits":4,"misses":0,"errors":1,"user_s":1,"sys_s":1,"seconds":1,\
"cpu_ns_per_key":7,"p50_us":1,"p99_us":1}' | tr -d '\\\n'
echo it broke >&2
""")
        driver.chmod(0o755)

        done = run(driver, self.out / "results")

        self.assertEqual(done.returncode, 1)
        self.assertIn("calls failed, or found nothing\n  it broke", done.stderr)


if __name__ == "__main__":
    unittest.main()
