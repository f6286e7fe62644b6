"""Runs each example against a cluster, on the engine that KMC_BACKEND names, and reads what it
says."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import late_answer  # noqa: E402  (the path is needed first)
import memcached_nodes  # noqa: E402

SKIPPED = 77  # what CTest is told to show as skipped
ALL = ("01_hello_cluster", "02_get_many", "03_errors", "04_counters", "05_inside_asio",
       "06_locks", "07_compare_and_swap", "08_other_threads", "09_together", "10_deadlines",
       "11_typed_values", "12_write_many", "13_stream", "14_failures")


def run(program, *arguments, servers=None):
    environment = {k: v for k, v in os.environ.items() if k != "KMC_SERVERS"}
    if servers is not None:
        environment["KMC_SERVERS"] = servers
    path = pathlib.Path(os.environ["KMC_EXAMPLES"]) / program
    return subprocess.run([path, *arguments], env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60)


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cluster = cls.enterClassContext(memcached_nodes.nodes(3))
        cls.texts = [n.text for n in cluster]
        cls.servers = ",".join(cls.texts)

    def lines_of(self, process):
        self.assertEqual(process.returncode, 0, process.stdout + process.stderr)
        self.assertEqual(process.stderr, "")  # also where a runtime says that it fell back
        return process.stdout.splitlines()

    def test_hello_cluster_shows_both_values_and_where_they_are(self):
        for process in (run("01_hello_cluster", self.servers),
                        run("01_hello_cluster", servers=self.servers)):
            lines = self.lines_of(process)
            self.assertEqual(len(lines), 2)
            for line, key in zip(lines, ("ahmed", "tek")):
                found = re.fullmatch(rf"{key} = Hello World, on (.*)", line)
                self.assertTrue(found, line)
                self.assertIn(found.group(1), self.texts)

    def test_get_many_answers_each_key_in_order(self):
        lines = self.lines_of(run("02_get_many", self.servers))
        self.assertEqual(lines[:2], ["round 1: 20 hits, 2 misses, 0 errors",
                                     "round 2: 20 hits, 2 misses, 0 errors"])
        self.assertEqual(lines[2:22], [f"user:{i}: name of user {i}" for i in range(20)])
        self.assertEqual(lines[22:25], ["user:20: not there", "user:21: not there",
                                        "kept 20 for an hour"])
        self.expect_trace(lines[25:], r"(\d+) keys, \d+ bytes, [\d.e-]+ ms", 22)

    def test_errors_shows_each_kind(self):
        lines = self.lines_of(run("03_errors", self.servers))
        expected = [
            r'a bad list: server 1 "10\.0\.0\.1:port": .+',
            r"a miss is a value: nothing there, no error",
            r"an empty key: the key is empty or too long, not sent",
            r"two megabytes: .*the value is over the item size limit, not sent",
            r"200 keys: some answered by the living",
            r"of the dead one's: 127\.0\.0\.1:1: no connection to the server could be made, "
            r"not sent",
            r"may a failed store have happened\? no",
        ]
        self.assertEqual(len(lines), len(expected), lines)
        for line, pattern in zip(lines, expected):
            self.assertRegex(line, rf"^{pattern}$")

    def expect(self, program, patterns, servers=None):
        lines = self.lines_of(run(program, servers or self.servers))
        self.assertEqual(len(lines), len(patterns), lines)
        for line, pattern in zip(lines, patterns):
            self.assertRegex(line, rf"^{pattern}$")

    def expect_trace(self, lines, rest, keys):
        rows = [re.fullmatch(rf"(.*): {rest}", line) for line in lines]
        self.assertTrue(all(rows), lines)
        self.assertEqual(len({row[1] for row in rows}), len(rows))
        self.assertLessEqual({row[1] for row in rows}, set(self.texts))
        self.assertEqual(sum(int(row[2]) for row in rows), keys)

    def test_counters_count_and_stop_at_zero(self):
        for _ in range(2):  # it begins anew each time
            self.expect("04_counters", [
                r"visits: 1, then 2",
                r"so far: 2",
                r"nowhere: no such counter",
                r'lamps: 9, as text "9 "',
                r"after taking 100: 0",
                r"counting a name: .*: the item is no number \(status 6\), answered",
            ])

    def test_a_count_without_an_answer_is_not_repeated(self):
        with memcached_nodes.nodes(1) as (node,), late_answer.between(node, "incr") as proxy:
            process = run("04_counters", proxy.text)
            self.assertEqual(process.returncode, 1)
            self.assertIn("this visit may be missing", process.stderr)
            self.assertEqual(proxy.kept_back, 1)
            # Two visits: the one without an answer was counted, and nobody counted it again.
            self.assertEqual(memcached_nodes.item_of(node, "visits:/home"), "2")

    def test_inside_asio_asks_while_a_timer_ticks(self):
        lines = self.lines_of(run("05_inside_asio", self.servers))
        self.assertEqual([line for line in lines if line != "three ticks"],
                         ["ahmed: Hello Asio", "tek: Hello Asio", "nobody: not there"])
        self.assertEqual(lines.count("three ticks"), 1)

    LOCK_LINES = [
        "ann has the lock",
        "bob has to wait",
        "ann releases it",
        "bob has the lock",
        "ann cannot release what is bob's",
        "bob releases it, once",
    ]

    def test_locks_belong_to_their_owners(self):
        for _ in range(2):
            self.expect("06_locks", self.LOCK_LINES)

    def test_a_lock_whose_answer_is_late_has_its_owner(self):
        with memcached_nodes.nodes(1) as (node,), late_answer.between(node, "add") as proxy:
            self.expect("06_locks", self.LOCK_LINES, proxy.text)
            self.assertEqual(proxy.kept_back, 1)

    def test_compare_and_swap_loses_nothing(self):
        self.expect("07_compare_and_swap", [
            r"4 writers, 25 lines each: 100 lines",
            r"somebody was faster: read again, decide again",
            r"it was 120, and is 90",
        ])

    def test_other_threads_wait_or_resume_at_home(self):
        self.expect("08_other_threads", [
            r"blocking threads: 4 of 4 read what they wrote",
            r"a foreign coroutine resumed on its own thread",
        ])

    def test_together_gives_each_call_its_answer(self):
        self.expect("09_together", [r"name: Ahmed", r"visits: 1", r"online: no"])

    def test_deadlines_keep_what_came_and_calls_can_be_taken_back(self):
        self.expect("10_deadlines", [
            r"some keys have their answer",
            r"of the others it says why they have none",
            r"by a scope: .*: the call was cancelled, not sent",
            r"by a stop token: .*the call was cancelled, not sent",
        ])

    def test_typed_values_are_read_as_what_they_are(self):
        self.expect("11_typed_values", [
            r"a number: 42, as text: 42",
            r"Ahmed has 42 points",
            r"not a player: .*, answered",
            r"from Python: 7",
            r"from Python: .*pickled.*, answered",
        ])

    def test_write_many_has_an_answer_for_each_entry(self):
        for _ in range(2):
            lines = self.lines_of(run("12_write_many", self.servers))
            absent = "nothing there (of add: something was)"
            self.assertEqual(lines[:5], ["done", "done", absent, absent, "done"])
            self.assertRegex(lines[5], r"^is not: the key is empty or too long, not sent$")
            self.assertEqual(lines[6:11], ["the page has a token", "visits: 2",
                                           "the page has a token", "visits: 3",
                                           "touched 3, removed 3, missing 2"])
            self.expect_trace(lines[11:-1], r"(\d+) entries, \d+ bytes, \d+ us", 5)
            self.assertEqual(lines[-1], "the servers were sent 5 entries")

    def test_a_stream_hands_out_every_key_and_may_be_left(self):
        self.expect("13_stream", [
            r"item:1000: not there",
            r"1000 hits, 1 misses, 0 errors",
            r"left after 3",
        ])

    def test_without_servers_they_say_how_to_be_called(self):
        for program in ALL:
            process = run(program)
            self.assertEqual(process.returncode, 2)
            self.assertIn("usage", process.stderr)
            process = run(program, "10.0.0.1:x")
            self.assertEqual(process.returncode, 2)
            self.assertIn('"10.0.0.1:x"', process.stderr)

    def test_with_a_cluster_that_is_down_they_fail(self):
        with memcached_nodes.refusing_server() as nobody:
            for program in ALL:
                if program == "03_errors":
                    continue  # shows errors, and is content
                process = run(program, nobody)
                self.assertEqual(process.returncode, 1, program)

    def test_a_cluster_that_is_down_is_named(self):
        with memcached_nodes.refusing_server() as nobody:
            process = run("01_hello_cluster", nobody)
            self.assertEqual(process.returncode, 1)
            self.assertIn(f"cannot store ahmed: {nobody}: no connection", process.stderr)


def fallback():
    """What a runtime says when it may not use the engine that was asked for."""
    with memcached_nodes.refusing_server() as nobody:
        said = run("01_hello_cluster", nobody).stderr
    return next((line for line in said.splitlines() if " instead of " in line), None)

    def test_failures_are_told_counted_and_routed_around(self):
        lines = self.lines_of(run("14_failures", self.servers))
        down = lines[0].split(": ")[0]
        self.assertNotIn(down, self.texts)
        self.assertEqual(lines, [
            f"{down}: server dead, no connection to the server could be made",
            "first: no connection to the server could be made",
            "then: the server is out of service after repeated failures",
            "asked 1 time, ejected 1 time, dead",
            "a stand-in says: kept elsewhere",
        ])


if __name__ == "__main__":
    reason = fallback()
    if reason is not None and os.environ.get("KMC_TEST_ALLOW_NO_URING") == "1":
        print(f"SKIPPED: NOT run on {os.environ['KMC_BACKEND']}: {reason}", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
