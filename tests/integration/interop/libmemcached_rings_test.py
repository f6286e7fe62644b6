"""kmc beside the libmemcached of this machine: random configuration strings, of which
`kmc config convert` and libmemcached itself make a ring, and random keys that both place."""

import ctypes
import ctypes.util
import os
import random
import sys
import unittest

from places import SEED, converted, places_of, random_key

SKIPPED = 77
CONFIGURATIONS = 50
KEYS = 1000
HASHES = ["MD5", "CRC", "FNV1_64", "FNV1A_64", "FNV1_32", "FNV1A_32", "JENKINS", "MURMUR"]


class LibMemcached:
    """As much of its C interface as tells where a key is."""

    def __init__(self, library):
        bytes_of = [ctypes.c_char_p, ctypes.c_size_t]
        self.of = self.function(library.memcached, ctypes.c_void_p, bytes_of)
        self.free = self.function(library.memcached_free, None, [ctypes.c_void_p])
        self.place = self.function(library.memcached_generate_hash, ctypes.c_uint32,
                                   [ctypes.c_void_p, *bytes_of])
        self.server = self.function(library.memcached_server_instance_by_position, ctypes.c_void_p,
                                    [ctypes.c_void_p, ctypes.c_uint32])
        self.name = self.function(library.memcached_server_name, ctypes.c_char_p, [ctypes.c_void_p])
        self.port = self.function(library.memcached_server_port, ctypes.c_uint16, [ctypes.c_void_p])

    @staticmethod
    def function(entry, result, arguments):
        entry.restype, entry.argtypes = result, arguments
        return entry

    def places(self, configuration, keys):
        client = self.of(configuration, len(configuration))
        if not client:
            raise ValueError("libmemcached refuses it")
        try:
            return [self.text(client, self.place(client, key, len(key))) for key in keys]
        finally:
            self.free(client)

    def text(self, client, place):
        server = self.server(client, place)
        name = self.name(server).decode()
        return name if name.startswith("/") else f"{name}:{self.port(server)}"


def random_server(rng, number):
    if rng.random() < 0.15:
        return f'--SOCKET="/tmp/kmc-{number}.sock"'
    host = rng.choice([f"10.0.{number // 200}.{number % 200 + 1}", f"cache{number}.example"])
    port = rng.choice(["", f":{20000 + number}"])
    weight = rng.choice(["", "", f"/?{rng.choice([1, 2, 3, 7, 50])}"])
    # The weight stands behind a port; without one it would be part of the name.
    return f"--SERVER={host}{port or (':11211' if weight else '')}{weight}"


def random_configuration(rng):
    count = rng.choice([1, 2, 3, 4, 5, 8, 13, 30])
    words = [random_server(rng, number) for number in range(count)]
    if rng.random() < 0.7:
        words.append(f"--HASH={rng.choice(HASHES)}")
    if rng.random() < 0.8:
        words.append(rng.choice(["--DISTRIBUTION=consistent", "--DISTRIBUTION=modula",
                                 f"--DISTRIBUTION=consistent,{rng.choice(HASHES)}"]))
    if rng.random() < 0.3:
        words.append("--SORT-HOSTS")
    if rng.random() < 0.3:
        words += ['--NAMESPACE="app:"', *rng.choice([[], ["--HASH-WITH-NAMESPACE"]])]
    if rng.random() < 0.5:
        rng.shuffle(words)
    return " ".join(words).encode()


class LibMemcachedRings(unittest.TestCase):
    def test_random_configurations(self):
        rng = random.Random(SEED)
        rings = set()
        for _ in range(CONFIGURATIONS):
            configuration = random_configuration(rng)
            keys = [random_key(rng) for _ in range(KEYS)]
            with self.subTest(seed=SEED, configuration=configuration):
                document = converted("libmemcached", configuration)
                rings.add(document["ring"]["name"])
                ours = places_of(document["flags"], keys)
                theirs = THEIRS.places(configuration, keys)
                self.assertEqual(len(ours), KEYS)
                self.assertEqual([row for row in zip(keys, ours, theirs) if row[1] != row[2]], [])
        self.assertGreater(len(rings), 1)


if __name__ == "__main__":
    name = ctypes.util.find_library("memcached")
    if name is None:
        print("NOT TESTED: libmemcached is not installed: run scripts/setup", file=sys.stderr)
        sys.exit(SKIPPED if os.environ.get("KMC_TEST_ALLOW_NO_INTEROP") == "1" else 1)
    print(f"KMC_SEED={SEED}", file=sys.stderr)
    THEIRS = LibMemcached(ctypes.CDLL(name))
    unittest.main()
