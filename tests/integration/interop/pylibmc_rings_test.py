"""kmc beside the pylibmc of this machine: random behaviors over nodes of unequal weights, keys that
pylibmc stores, and the nodes on which they are then found."""

import json
import os
import pathlib
import random
import socket
import sys
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from memcached_nodes import nodes  # noqa: E402
from places import SEED, converted, places_of, random_key  # noqa: E402
from talkers import missing  # noqa: E402

SKIPPED = 77
CLIENTS = 20
KEYS = 500
NODES = 6
HASHES = ["default", "md5", "crc", "fnv1_64", "fnv1a_64", "fnv1_32", "fnv1a_32", "murmur",
          "jenkins"]


def talk(node, request, end):
    host, port = node.text.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as s:
        s.sendall(request)
        told = b""
        while not told.endswith(end):
            more = s.recv(65536)
            if not more:
                raise RuntimeError("the node hung up")
            told += more
        return told


def keys_on(node, keys):
    """Those of the keys that the node has. Values are empty, so that lines are lines."""
    found = set()
    for at in range(0, len(keys), 50):
        told = talk(node, b"get " + b" ".join(keys[at:at + 50]) + b"\r\n", b"END\r\n")
        found |= {line.split(b" ")[1] for line in told.split(b"\r\n")
                  if line.startswith(b"VALUE ")}
    return found


def random_behaviors(rng):
    chosen = {}
    if rng.random() < 0.6:
        chosen["hash"] = rng.choice(HASHES)
    for name, chance in (("ketama", 0.5), ("ketama_weighted", 0.3), ("_sort_hosts", 0.2)):
        if rng.random() < chance:
            chosen[name] = rng.random() < 0.9
    if rng.random() < 0.3:
        chosen["distribution"] = rng.choice(["modula", "consistent", "consistent ketama",
                                             "consistent ketama spy"])
    if rng.random() < 0.2:
        chosen["ketama_hash"] = rng.choice(["md5", "crc"])
    return chosen


class PylibmcRings(unittest.TestCase):
    def setUp(self):
        context = nodes(NODES)
        self.nodes = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def test_random_behaviors(self):
        rng = random.Random(SEED)
        rings = set()
        for _ in range(CLIENTS):
            used = rng.sample(self.nodes, rng.randint(1, NODES))
            weighted = rng.random() < 0.6
            settings = {
                "servers": [f"{node.text}:{rng.choice([1, 2, 3, 9]) if weighted else 1}"
                            for node in used],
                "behaviors": random_behaviors(rng),
                "behaviors_after": [random_behaviors(rng)] if rng.random() < 0.3 else [],
            }
            with self.subTest(seed=SEED, binary=(binary := rng.random() < 0.5), **settings):
                rings.add(self.check_places(settings, binary, rng))
        self.assertGreater(len(rings), 1)

    def check_places(self, settings, binary, rng):
        for node in self.nodes:
            talk(node, b"flush_all\r\n", b"OK\r\n")
        keys = list({random_key(rng) for _ in range(KEYS)})
        client = pylibmc.Client(settings["servers"], binary=binary, behaviors=settings["behaviors"])
        for update in settings["behaviors_after"]:
            client.behaviors.update(update)
        for key in keys:
            self.assertTrue(client.set(key, b""))

        document = converted("pylibmc", json.dumps(settings).encode())
        places = places_of(document["flags"], keys)
        for node in self.nodes:
            due = {key for key, place in zip(keys, places) if place == node.text}
            self.assertEqual(keys_on(node, keys), due)
        return document["ring"]["name"]


if __name__ == "__main__":
    if (absent := missing("pylibmc")) is not None:
        print(f"NOT TESTED: {absent}: run scripts/setup", file=sys.stderr)
        sys.exit(SKIPPED if os.environ.get("KMC_TEST_ALLOW_NO_INTEROP") == "1" else 1)
    import pylibmc
    print(f"KMC_SEED={SEED}", file=sys.stderr)
    unittest.main()
