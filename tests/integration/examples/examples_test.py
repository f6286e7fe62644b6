"""Runs each example against a cluster and reads what it says."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import memcached_nodes  # noqa: E402  (the path is needed first)


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
        self.assertEqual(lines[22:], ["user:20: not there", "user:21: not there"])

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

    def test_inside_asio_asks_while_a_timer_ticks(self):
        lines = self.lines_of(run("05_inside_asio", self.servers))
        self.assertEqual([line for line in lines if line != "three ticks"],
                         ["ahmed: Hello Asio", "tek: Hello Asio", "nobody: not there"])
        self.assertEqual(lines.count("three ticks"), 1)

    def test_without_servers_they_say_how_to_be_called(self):
        for program in ("01_hello_cluster", "02_get_many", "03_errors", "05_inside_asio"):
            process = run(program)
            self.assertEqual(process.returncode, 2)
            self.assertIn("usage", process.stderr)
            process = run(program, "10.0.0.1:x")
            self.assertEqual(process.returncode, 2)
            self.assertIn('"10.0.0.1:x"', process.stderr)

    def test_a_cluster_that_is_down_is_named(self):
        with memcached_nodes.refusing_server() as nobody:
            process = run("01_hello_cluster", nobody)
            self.assertEqual(process.returncode, 1)
            self.assertIn(f"cannot store ahmed: {nobody}: no connection", process.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
