"""kmc and another client on one cluster of five nodes with unequal weights: each reads all that
the other wrote, and both put every key on the same server.

usage: interop_test.py pylibmc|php_memcached
"""

import os
import pathlib
import socket
import sys
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from memcached_nodes import nodes  # noqa: E402
from talkers import Talker, run  # noqa: E402

COUNT = 2000
WEIGHTS = [1, 2, 3, 5, 8]

OTHERS = {
    "pylibmc": [sys.executable, str(HERE / "client.py")],
    "php_memcached": ["php", str(HERE / "client.php")],
}
OTHER = sys.argv.pop()


def items_in(node):
    host, port = node.text.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as s:
        s.sendall(b"stats\r\n")
        told = b""
        while not told.endswith(b"END\r\n"):
            told += s.recv(65536)
    for line in told.decode().splitlines():
        if line.startswith("STAT curr_items "):
            return int(line.split()[2])
    raise RuntimeError("no curr_items")


class Interop(unittest.TestCase):
    def setUp(self):
        context = nodes(len(WEIGHTS))
        self.nodes = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        servers = ",".join(f"{n.text}:{w}" for n, w in zip(self.nodes, WEIGHTS))
        self.kmc = self.start([os.environ["KMC_INTEROP_CLIENT"]], servers)
        self.other = self.start(OTHERS[OTHER], servers)

    def start(self, command, servers):
        talker = Talker(command, servers)
        self.addCleanup(lambda: self.assertEqual(talker.end(), 0))
        return talker

    def items(self):
        return [items_in(node) for node in self.nodes]

    def due(self, prefix):
        """How many keys the ring gives to each server, as kmc says."""
        counts = [int(n) for n in self.kmc.ask(f"locate {prefix} {COUNT}").split()]
        self.assertEqual(sum(counts), COUNT)
        self.assertTrue(all(counts), counts)
        return counts

    def assert_all_right(self, answer):
        self.assertEqual(answer, f"right {COUNT} wrong 0 missing 0 errors 0")

    def test_the_other_client_reads_all_that_kmc_wrote(self):
        self.assertEqual(self.kmc.ask(f"write kmc user: {COUNT}"), f"written {COUNT}")

        self.assertEqual(self.items(), self.due("user:"))
        self.assert_all_right(self.other.ask(f"read kmc user: {COUNT}"))

    def test_kmc_reads_all_that_the_other_client_wrote(self):
        self.assertEqual(self.other.ask(f"write them session/ {COUNT}"), f"written {COUNT}")

        self.assertEqual(self.items(), self.due("session/"))
        self.assert_all_right(self.kmc.ask(f"read them session/ {COUNT}"))

    def test_both_put_the_same_keys_on_the_same_servers(self):
        self.assertEqual(self.kmc.ask(f"write kmc k {COUNT}"), f"written {COUNT}")
        after_kmc = self.items()
        self.assertEqual(self.other.ask(f"write them k {COUNT}"), f"written {COUNT}")

        # Overwritten in place: one key on two servers would be two items.
        self.assertEqual(self.items(), after_kmc)
        self.assert_all_right(self.kmc.ask(f"read them k {COUNT}"))
        self.assertEqual(self.kmc.ask(f"drop k {COUNT}"), f"dropped {COUNT}")
        self.assertEqual(sum(self.items()), 0)
        self.assertEqual(self.other.ask(f"read them k {COUNT}"),
                         f"right 0 wrong 0 missing {COUNT} errors 0")


if __name__ == "__main__":
    run(OTHER, os.environ["KMC_INTEROP_CLIENT"])
