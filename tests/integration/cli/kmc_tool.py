"""How the tests call the command line: its path comes from the build, its environment is clean."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import memcached_nodes  # noqa: E402  (the path is needed first)

OK, MISS, USAGE, PARTIAL, UNREACHABLE = range(5)

# Far beyond what any answer takes: a busy machine must not look like a dead server.
PATIENT = ["--timeout", "30s"]


def run(*arguments, stdin=b"", servers=None):
    """Runs kmc; arguments may be str or bytes. Returns the finished process, output as bytes."""
    environment = {k: v for k, v in os.environ.items() if k != "KMC_SERVERS"}
    if servers is not None:
        environment["KMC_SERVERS"] = servers
    return subprocess.run([os.environ["KMC_CLI"], *arguments], input=stdin, env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)


class ToolTest(unittest.TestCase):
    def check(self, process, code, stdout=None, stderr=None):
        """Compares exit code and output; stderr is a text that has to occur in it."""
        shown = f"\nstdout: {process.stdout[:2000]!r}\nstderr: {process.stderr[:2000]!r}"
        self.assertEqual(process.returncode, code, shown)
        if stdout is not None:
            self.assertEqual(process.stdout, stdout, shown)
        if stderr == "":
            self.assertEqual(process.stderr, b"", shown)
        elif stderr is not None:
            self.assertIn(stderr, process.stderr.decode(), shown)

    def document(self, process):
        return json.loads(process.stdout.decode("utf-8"))


class ClusterTest(ToolTest):
    """Three nodes of its own for each class."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(memcached_nodes.nodes(3))
        cls.servers = ",".join(n.text for n in cls.cluster)

    def kmc(self, command, *arguments, stdin=b"", servers=None):
        return run(command, *PATIENT, *arguments, stdin=stdin, servers=servers or self.servers)

    def wait_until_gone(self, key, servers=None):
        """Until the server's clock has come to the end of the item's time."""
        give_up = time.monotonic() + 60
        while self.kmc("get", key, servers=servers).returncode != MISS:
            self.assertLess(time.monotonic(), give_up, "the item outlived its time by far")

    def seconds_left(self, key):
        """How long the item's server will keep it, -1 for ever; asked in a protocol that kmc does
        not speak, and that can tell."""
        host, port = self.owner(key).split(":")
        with socket.create_connection((host, int(port))) as s, s.makefile("rwb") as stream:
            stream.write(b"mg %s t\r\n" % key.encode())
            stream.flush()
            return int(stream.readline().decode().split()[1].removeprefix("t"))

    def keeps_for(self, key, seconds):
        # A minute for a busy machine.
        self.assertIn(self.seconds_left(key), range(seconds - 60, seconds + 2))

    def owner(self, key, servers=None):
        """The server that the ring maps a key to."""
        found = run("ring", "locate", stdin=key.encode(), servers=servers or self.servers)
        return found.stdout.decode().strip().rsplit("\t", 1)[1]

    def key_on(self, server, servers):
        return next(k for k in (f"key-{i}" for i in range(10000))
                    if self.owner(k, servers) == server)
