"""The benchmark's driver does what it says it measures: every workload on real nodes, every value
compared, and a value that is not the key's is an error."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from memcached_nodes import item_of, nodes  # noqa: E402

KEYS = 60
VALUE = 40


def key(i):
    return "kmc-bench:" + str(i).zfill(22)


def value(i):
    return "".join(chr(ord("a") + (i + k) % 26) for k in range(VALUE))


def store(node, name, text):
    host, port = node.text.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as s:
        s.sendall(f"set {name} 0 0 {len(text)}\r\n{text}\r\n".encode())
        assert s.recv(100) == b"STORED\r\n"


class KmcDriver(unittest.TestCase):
    def setUp(self):
        context = nodes(2)
        self.nodes = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        for node in self.nodes:
            for i in range(KEYS):
                store(node, key(i), value(i))

    def run_driver(self, *more, status=0):
        done = subprocess.run(
            [os.environ["KMC_DRV"], "--servers", ",".join(node.text for node in self.nodes),
             "--keys", str(KEYS), "--value", str(VALUE), "--seconds", "0.2", "--warmup", "0.05",
             "--verify", "1", *more], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout)

    def test_every_workload_counts_what_it_did(self):
        for backend in ("io_uring", "epoll"):
            for workload, batch in (("get", 1), ("mget", 7), ("set", 1), ("mset", 7)):
                with self.subTest(backend=backend, workload=workload):
                    said = self.run_driver("--workload", workload, "--batch", "7", "--inflight", "3",
                                           "--variant", f"backend={backend}")
                    self.assertGreater(said["ops"], 10)
                    self.assertEqual(said["keys"], said["ops"] * batch)
                    self.assertEqual((said["hits"], said["misses"], said["errors"]),
                                     (said["keys"], 0, 0))
                    self.assertGreater(said["cpu_us_per_op"], 0)
                    self.assertGreaterEqual(said["max_us"], said["p50_us"])
        for i in range(KEYS):
            self.assertIn(value(i), [item_of(node, key(i)) for node in self.nodes])

    def test_a_value_that_is_not_the_keys_is_an_error(self):
        for node in self.nodes:
            store(node, key(5), value(6))
        for workload in ("get", "mget"):
            said = self.run_driver("--workload", workload, status=1)
            self.assertGreater(said["errors"], 0)

    def test_what_it_does_not_know_it_does_not_measure(self):
        for words in (["--workload", "walk"], ["--speed", "1"], ["--batch"], ["--keys", "many"]):
            done = subprocess.run([os.environ["KMC_DRV"], "--servers", "127.0.0.1:1", *words],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("kmc_drv: ", done.stderr)


if __name__ == "__main__":
    unittest.main()
