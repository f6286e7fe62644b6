"""Runs the demo on the engine that KMC_BACKEND names: its own verdict, what it shows, and that it
leaves nothing behind, also when it is interrupted."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

SKIPPED = 77  # what CTest is told to show as skipped
DEMO = os.environ["KMC_DEMO"]
BACKEND = os.environ["KMC_BACKEND"]


def children_of(pid):
    """Processes whose parent is `pid`."""
    found = set()
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it ended meanwhile
        if int(fields[1]) == pid:
            found.add(int(stat.parent.name))
    return found


def is_running(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


class Demo(unittest.TestCase):
    whole_run = subprocess.run([DEMO], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               timeout=250)

    def test_it_shows_the_main_job_and_means_it(self):
        text = self.whole_run.stdout
        shown = text + self.whole_run.stderr
        self.assertEqual(self.whole_run.returncode, 0, shown)
        self.assertNotIn("NOT TRUE", shown)
        self.assertTrue(text.endswith("Every value read was the value written.\n"), shown)
        self.assertRegex(text, rf"(?m)^  backend: {BACKEND}\b")

        # The spread: every node has keys, ten thousand in all.
        rows = re.findall(r"^  (127\.0\.0\.1:\d+) +(\d+) +[\d.]+ % +([\d,]+) ", text, re.MULTILINE)
        self.assertEqual([int(weight) for _, weight, _ in rows], [1, 2, 2, 3, 4])
        self.assertEqual(sum(int(keys.replace(",", "")) for _, _, keys in rows), 10_000)
        self.assertEqual(text.count("640,000 hits, 0 misses, 0 errors"), 2)

        # The four batches: whole, wounded, healed but empty, whole again.
        killed = re.search(r"^Kill (127\.0\.0\.1:\d+) ", text, re.MULTILINE).group(1)
        victim = re.findall(rf"^  {killed}  +(\d+) of (\d+) keys(.*)$", text, re.MULTILINE)
        self.assertEqual(len(victim), 4, shown)
        asked = victim[0][1]
        self.assertGreater(int(asked), 0)
        self.assertEqual(victim[0], (asked, asked, ""))
        self.assertEqual(victim[1][:2], ("0", asked))
        self.assertRegex(victim[1][2], rf"^, {asked} errors: .*connection")
        self.assertEqual(victim[2], ("0", asked, f", {asked} misses"))
        self.assertEqual(victim[3], (asked, asked, ""))

    def test_an_interrupted_demo_leaves_no_process(self):
        process = subprocess.Popen([DEMO], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        process.stdout.readline()  # the nodes run before it says its first word
        nodes = children_of(process.pid)
        self.assertEqual(len(nodes), 5)

        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)

        give_up = time.monotonic() + 30
        while any(is_running(pid) for pid in nodes) and time.monotonic() < give_up:
            time.sleep(0.01)
        self.assertEqual([pid for pid in nodes if is_running(pid)], [])

    def test_an_unknown_flag_is_refused(self):
        process = subprocess.run([DEMO, "--backend", "kqueue"], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(process.returncode, 2)
        self.assertIn("usage", process.stderr)


if __name__ == "__main__":
    found = re.search(r"^  backend: (\w+)(.*)$", Demo.whole_run.stdout, re.MULTILINE)
    fell_back = found and found.group(1) != BACKEND
    if fell_back and os.environ.get("KMC_TEST_ALLOW_NO_URING") == "1":
        print(f"SKIPPED: the demo was NOT run on {BACKEND}, because it says:{found.group(0)}",
              file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
