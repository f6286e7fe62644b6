"""Typed values between kmc and another client: each reads the other's with the right type, and kmc
refuses by name what it does not read.

usage: typed_test.py pylibmc|php_memcached
"""

import math
import os
import pathlib
import struct
import sys
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from memcached_nodes import nodes  # noqa: E402
from talkers import Talker, run  # noqa: E402

OTHERS = {
    "pylibmc": [sys.executable, str(HERE / "typed_client.py")],
    "php_memcached": ["php", str(HERE / "typed_client.php")],
}
OTHER = sys.argv.pop()
KMC = os.environ["KMC_TYPED_CLIENT"]
WEIGHTS = [1, 2]

LONG_TEXT = "h\u00e9llo, " * 500
INTEGERS = ["0", "5", "-7", "2147483648", "-2147483649", str(2**63 - 1), str(-2**63)]
REALS = ["0.1", "1.5", "-2.0", "1e+300", "5e-324", "-0.0", str(1 / 3), "1.7976931348623157e+308",
         "inf", "-inf", "nan"]


def same_number(a, b):
    x, y = ({"INF": math.inf, "-INF": -math.inf, "NAN": math.nan}.get(t) or float(t)
            for t in (a, b))
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    return x == y and math.copysign(1, x) == math.copysign(1, y)


class Typed(unittest.TestCase):
    def setUp(self):
        context = nodes(len(WEIGHTS))
        servers = ",".join(f"{n.text}:{w}" for n, w in zip(context.__enter__(), WEIGHTS))
        self.addCleanup(context.__exit__, None, None, None)
        self.kmc, self.has_zlib = self.start_kmc(servers, OTHER)
        self.zipping = None
        if self.has_zlib:
            self.zipping, _ = self.start_kmc(servers, OTHER, "zlib")
        self.other = self.start(OTHERS[OTHER], servers)
        self.count = 0

    def start(self, command, servers):
        talker = Talker(command, servers)
        self.addCleanup(lambda: self.assertEqual(talker.end(), 0))
        return talker

    def start_kmc(self, servers, *words):
        # The words stand behind the servers, which Talker puts last.
        talker = self.start(["sh", "-c", 'exec "$0" "$2" $1', KMC, " ".join(words)], servers)
        return talker, talker.process.stdout.readline().strip() == "with zlib"

    def key(self):
        self.count += 1
        return f"k{self.count}"

    def put(self, talker, kind, value):
        key = self.key()
        data = value if isinstance(value, bytes) else value.encode()
        self.assertEqual(talker.ask(f"set {key} {kind} {data.hex()}"), "stored", (kind, value))
        return key

    def kmc_reads(self, key, kind):
        verb, *words = self.kmc.ask(f"get {key} {kind}").split(" ", 1)
        self.assertEqual(verb, "value", words)
        return bytes.fromhex(words[0] if words else "")

    def other_reads(self, key):
        kind, *hexed = self.other.ask(f"get {key}").split(" ")
        return kind, bytes.fromhex(hexed[0] if hexed else "")

    def assert_refused(self, key, words, kinds=("int", "bool", "real", "text", "bytes")):
        for kind in kinds:
            answer = self.kmc.ask(f"get {key} {kind}")
            self.assertTrue(answer.startswith("error "), answer)
            self.assertIn(f": {OTHER}: {words}", answer)

    # ---- kmc reads what the other client wrote -------------------------------------------------

    def test_kmc_reads_their_integers(self):
        for number in INTEGERS:
            key = self.put(self.other, "int", number)
            self.assertEqual(self.kmc_reads(key, "int").decode(), number)

    def test_kmc_reads_their_counters_after_they_shrank(self):
        key = self.put(self.other, "int", "1000")
        self.assertEqual(self.other.ask(f"decr {key}"), "999")
        self.assertEqual(self.kmc_reads(key, "int"), b"999")
        self.assertEqual(self.kmc_reads(key, "unsigned"), b"999")

    def test_kmc_reads_their_booleans(self):
        for value in ("true", "false"):
            key = self.put(self.other, "bool", value)
            self.assertEqual(self.kmc_reads(key, "bool").decode(), value)

    def test_kmc_reads_their_text_and_bytes(self):
        for text in ("", "plain", "h\u00e9llo \u20ac \U0001f418", LONG_TEXT):
            key = self.put(self.other, "text", text)
            self.assertEqual(self.kmc_reads(key, "text").decode(), text)
            self.assertEqual(self.kmc_reads(key, "bytes").decode(), text)
        for data in (b"", b"a\0b\xff", bytes(range(256))):
            key = self.put(self.other, "bytes", data)
            self.assertEqual(self.kmc_reads(key, "bytes"), data)
            self.assertEqual(self.kmc_reads(key, "text"), data)

    def test_kmc_reads_their_zlib_or_says_that_it_cannot(self):
        kinds = ["zlib-text", "zlib-bytes"] if OTHER == "pylibmc" else ["zlib-text"]
        for kind in kinds:
            key = self.put(self.other, kind, LONG_TEXT)
            if self.has_zlib:
                self.assertEqual(self.kmc_reads(key, "text").decode(), LONG_TEXT)
            else:
                answer = self.kmc.ask(f"get {key} text")
                self.assertIn("compressed by zlib, which this kmc was built without", answer)

    # ---- they read what kmc wrote --------------------------------------------------------------

    def test_they_read_the_integers_of_kmc(self):
        for number in INTEGERS:
            key = self.put(self.kmc, "int", number)
            self.assertEqual(self.other_reads(key), ("int", number.encode()))

    def test_they_count_with_the_integers_of_kmc(self):
        key = self.put(self.kmc, "int", "10")
        self.assertEqual(self.other.ask(f"decr {key}"), "9")
        self.assertEqual(self.kmc_reads(key, "int"), b"9")
        self.assertEqual(self.other_reads(key), ("int", b"9"))

    def test_they_read_the_booleans_of_kmc_as_they_read_their_own(self):
        for value in ("true", "false"):
            of_kmc = self.other_reads(self.put(self.kmc, "bool", value))
            self.assertEqual(of_kmc, self.other_reads(self.put(self.other, "bool", value)))
            self.assertIn(of_kmc[1].decode(), ("true", "false", "0", "1"))

    def test_they_read_the_text_and_bytes_of_kmc(self):
        marked = "bytes" if OTHER == "pylibmc" else "text"  # PHP's strings are both
        for text in ("", "plain", "h\u00e9llo \u20ac \U0001f418", LONG_TEXT):
            key = self.put(self.kmc, "text", text)
            self.assertEqual(self.other_reads(key), ("text", text.encode()))
        for data in (b"", b"a\0b\xff", bytes(range(256))):
            key = self.put(self.kmc, "bytes", data)
            self.assertEqual(self.other_reads(key), (marked, data))

    def test_they_read_what_kmc_compressed(self):
        if not self.has_zlib:
            return
        key = self.put(self.zipping, "text", LONG_TEXT)
        self.assertEqual(self.other_reads(key), ("text", LONG_TEXT.encode()))
        self.assertEqual(self.kmc_reads(key, "text").decode(), LONG_TEXT)
        marked = "bytes" if OTHER == "pylibmc" else "text"
        key = self.put(self.zipping, "bytes", b"\xff" * 5000)
        self.assertEqual(self.other_reads(key), (marked, b"\xff" * 5000))


class Pylibmc(Typed):
    def test_integers_above_64_bits_are_refused(self):
        key = self.put(self.other, "int", str(2**64))
        self.assertIn("does not fit the type", self.kmc.ask(f"get {key} unsigned"))

    def test_unsigned_integers_arrive_whole(self):
        key = self.put(self.kmc, "unsigned", str(2**64 - 1))
        self.assertEqual(self.other_reads(key), ("int", str(2**64 - 1).encode()))

    def test_pickled_objects_are_refused_by_name(self):
        for value in ("[1, 2]", "{'a': 1}", "None"):
            self.assert_refused(self.put(self.other, "object", value),
                                "a pickled object (flags 0x1)")
        self.assert_refused(self.put(self.other, "real", "1.5"), "a pickled object (flags 0x1)")

    def test_what_pylibmc_has_no_form_for_is_not_written(self):
        for kind, value in (("real", b"1.5"), ("single", b"1.5"), ("text", b"\xff")):
            answer = self.kmc.ask(f"set k {kind} {value.hex()}")
            self.assertTrue(answer.startswith("error ") and answer.endswith("not sent"), answer)
        self.assertEqual(self.kmc.ask("get k text"), "miss")


class PhpMemcached(Typed):
    def test_kmc_reads_their_doubles(self):
        for number in REALS:
            key = self.put(self.other, "real", number)
            read = self.kmc_reads(key, "real").decode()
            self.assertTrue(same_number(read, number), (read, number))

    def test_they_read_the_doubles_of_kmc(self):
        for number in REALS:
            kind, read = self.other_reads(self.put(self.kmc, "real", number))
            self.assertEqual(kind, "real")
            self.assertTrue(same_number(read.decode(), number), (read, number))
        for number in ("0.1", "inf", "nan", "3.4028235e+38"):
            kind, read = self.other_reads(self.put(self.kmc, "single", number))
            self.assertEqual(kind, "real")
            self.assertTrue(same_number(read.decode(), number), (read, number))
        key = self.put(self.other, "real", "0.1")
        (nearest,) = struct.unpack("f", struct.pack("f", 0.1))
        self.assertEqual(float(self.kmc_reads(key, "single")), nearest)

    def test_flags_of_the_user_do_not_hide_the_type(self):
        key = self.put(self.other, "flagged-int", "5")
        self.assertEqual(self.kmc_reads(key, "int"), b"5")

    def test_integers_that_php_has_not_are_not_written(self):
        answer = self.kmc.ask(f"set k unsigned {str(2**63).encode().hex()}")
        self.assertTrue(answer.startswith("error ") and answer.endswith("not sent"), answer)
        self.assertEqual(self.kmc.ask("get k unsigned"), "miss")

    def test_serialized_objects_are_refused_by_name(self):
        for kind, words in (("object", "a serialized object (flags 0x4)"),
                            ("igbinary", "an object serialized by igbinary (flags 0x5)"),
                            ("json", "JSON (flags 0x6)"),
                            ("msgpack", "an object serialized by msgpack (flags 0x7)")):
            self.assert_refused(self.put(self.other, kind, "[1,2]"), words)

    def test_fastlz_is_refused_by_name(self):
        key = self.put(self.other, "fastlz-text", LONG_TEXT)
        self.assert_refused(key, "a string, compressed by fastlz (flags 0x50)")


# Typed's tests run as those of the class that is about the other client.
for name in ("Typed", "PhpMemcached" if OTHER == "pylibmc" else "Pylibmc"):
    del globals()[name]

if __name__ == "__main__":
    run(OTHER, KMC)
