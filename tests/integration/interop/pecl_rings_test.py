"""kmc's rings pecl_standard and pecl_consistent against the extension itself: random lists of
servers, and 10,000 random keys that both place. Nobody connects to anything."""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import unittest

from places import SEED, places_of, random_key

HERE = pathlib.Path(__file__).parent
SKIPPED = 77
KEYS = 1000
HASHES = {"crc32": "crc32a", "fnv": "fnv1a_32"}


def random_server(rng, number):
    """Host, port and weight as PHP is told them; each address once."""
    weight = rng.choice([1, 1, 2, 3, 7, 20])
    if rng.random() < 0.2:
        return [f"unix:///tmp/kmc-{number}.sock", 0, weight]
    host = rng.choice(["127.0.0.1", "localhost", f"10.0.0.{number}"])
    return [host, 11211 if host.startswith("10.") else 20000 + number, weight]


def for_kmc(server):
    host, port, weight = server
    return (f"{host.removeprefix('unix://')}:{weight}" if port == 0
            else f"{host}:{port}:{weight}")


class PeclRings(unittest.TestCase):
    def setUp(self):
        self.php = subprocess.Popen(["php", str(HERE / "pecl_rings.php")], text=True,
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(self.end)

    def end(self):
        self.php.stdin.close()
        self.php.stdout.close()
        self.assertEqual(self.php.wait(timeout=60), 0)

    def places_of_extension(self, strategy, function, servers, keys):
        asked = {"strategy": strategy, "function": function, "servers": servers,
                 "keys": [key.hex() for key in keys]}
        self.php.stdin.write(json.dumps(asked) + "\n")
        self.php.stdin.flush()
        return json.loads(self.php.stdout.readline())

    def places_of_kmc(self, strategy, function, servers, keys):
        places = places_of(["--ring", f"pecl_{strategy}", "--hash", HASHES[function],
                            "--servers", ",".join(map(for_kmc, servers))], keys)
        return [f"unix://{place}:0" if place.startswith("/") else place for place in places]

    def test_ten_random_lists(self):
        rng = random.Random(SEED)
        for count in (1, 2, 3, 4, 5, 8, 13, 21, 34, 100):
            servers = [random_server(rng, number + 1) for number in range(count)]
            keys = [random_key(rng) for _ in range(KEYS)]
            for strategy in ("standard", "consistent"):
                for function in HASHES:
                    with self.subTest(seed=SEED, servers=servers, ring=strategy, hash=function):
                        ours = self.places_of_kmc(strategy, function, servers, keys)
                        self.assertEqual(len(ours), KEYS)
                        self.assertEqual(
                            ours, self.places_of_extension(strategy, function, servers, keys))


if __name__ == "__main__":
    modules = "" if shutil.which("php") is None else subprocess.run(
        ["php", "-m"], capture_output=True, text=True).stdout
    if "memcache" not in modules.split():
        print("NOT TESTED: php-memcache is not installed: run scripts/setup", file=sys.stderr)
        sys.exit(SKIPPED if os.environ.get("KMC_TEST_ALLOW_NO_INTEROP") == "1" else 1)
    print(f"KMC_SEED={SEED}", file=sys.stderr)
    unittest.main()
