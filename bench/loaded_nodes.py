"""memcached nodes with the data set of the benchmark's drivers (tools/load/data_set.hpp) on them.

Every node has every key, since where a key belongs is the client's to say. A node may stand in a
server list under many names: it then listens on so many ports, and costs a client as many
connections as so many servers would.
"""

import contextlib
import os
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests" / "integration"))

from memcached_nodes import Node  # noqa: E402

LETTERS = b"abcdefghijklmnopqrstuvwxyz"
PATIENCE_SECONDS = 120
SENT_AT_ONCE = 1 << 20


def key(i, key_bytes=32):
    head = b"kmc-bench:"
    return head + str(i).encode().rjust(key_bytes - len(head), b"0")


def items(count, value_bytes):
    """The requests that store the data set, in pieces."""
    letters = LETTERS * (value_bytes // len(LETTERS) + 2)
    piece = bytearray()
    for i in range(count):
        start = i % len(LETTERS)
        piece += b"set %s 0 0 %d noreply\r\n" % (key(i), value_bytes)
        piece += letters[start:start + value_bytes]
        piece += b"\r\n"
        if len(piece) >= SENT_AT_ONCE:
            yield piece
            piece = bytearray()
    yield piece


class LoadedNode:
    def __init__(self, names, cpu):
        ports = ",".join(["127.0.0.1"] * names)
        self.node = Node("-m", "512", "-c", "8192", host=ports)
        self.names = ["127.0.0.1:" + line.split()[2]
                      for line in self.node.port_file.read_text().splitlines()]
        if cpu is not None:
            for thread in os.listdir(f"/proc/{self.node.process.pid}/task"):
                os.sched_setaffinity(int(thread), {cpu})

    def store(self, pieces, count):
        host, port = self.names[0].rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as s:
            for piece in pieces:
                s.sendall(piece)
            s.sendall(b"stats\r\n")
            lines = s.makefile("rb")
            stats = dict(line.split()[1:3] for line in iter(lines.readline, b"END\r\n")
                         if line.startswith(b"STAT "))
        stored = int(stats[b"curr_items"])
        if stored != count or stats[b"evictions"] != b"0":
            raise RuntimeError(f"{stored} of {count} items are on {self.names[0]}")


@contextlib.contextmanager
def loaded_nodes(names_of_each, keys, value_bytes, cpu=None):
    """Gives the names of all. `names_of_each` says for each node how many it has."""
    started = []
    try:
        for names in names_of_each:
            started.append(LoadedNode(names, cpu))
        for node in started:
            node.store(items(keys, value_bytes), keys)
        yield [name for node in started for name in node.names]
    finally:
        for node in started:
            node.node.stop()
