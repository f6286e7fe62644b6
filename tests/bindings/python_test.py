"""The Python package, as a program uses it: python_test.py VECTORS"""

import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

import kmc_ring
import ketama
from vector_files import cases

VECTORS = sys.argv.pop()


def text_of(name):
    return name.encode(errors="surrogateescape")


@unittest.skipUnless(pathlib.Path(VECTORS).is_dir(), "no golden vectors in " + VECTORS)
class VectorsOfLibketama(unittest.TestCase):
    def test_every_point_and_answer_of_a_ring(self):
        all_cases = cases(VECTORS)
        self.assertEqual(len(all_cases), 22)
        for case in all_cases:
            with self.subTest(case.name):
                ring = kmc_ring.Ring.from_ketama_text(case.file)
                names = [text_of(name) for name in ring.servers]
                self.assertEqual(names, case.servers)
                self.assertEqual([(value, names[server]) for value, server in ring.points()],
                                 [(value, names[server]) for value, server in case.points])
                found = ring.locate_many([key for key, _ in case.answers])
                self.assertEqual([names[server] for server in found],
                                 [names[server] for _, server in case.answers])
                for (key, _), server in zip(case.answers[:50], found):
                    self.assertEqual(ring.locate(key), server)

    def test_every_answer_of_a_continuum(self):
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/servers"
            for case in cases(VECTORS):
                pathlib.Path(path).write_bytes(case.file)
                continuum = ketama.Continuum(path)
                self.assertEqual([value for value, _ in continuum.get_points()],
                                 [value for value, _ in case.points])
                for key, server in case.answers:
                    self.assertEqual(text_of(continuum.get_server(key)[1]), case.servers[server])


class Continuum(unittest.TestCase):
    def test_what_python_ketama_answers(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"127.0.0.1:11211\t600\n127.0.0.1:11212\t400\n")
            file.flush()
            continuum = ketama.Continuum(file.name)
        self.assertEqual(continuum.get_server("test"), (3454255383, "127.0.0.1:11211"))
        self.assertEqual(ketama.hashi("test"), 3446378249)

    def test_failures(self):
        with self.assertRaisesRegex(ketama.KetamaError, "Invalid filename specified: /nowhere"):
            ketama.Continuum("/nowhere")
        with tempfile.NamedTemporaryFile() as file:
            with self.assertRaises(ketama.KetamaError):
                ketama.Continuum(file.name)
            file.write(b"a:1\t1\n")
            file.flush()
            with self.assertRaises(TypeError):
                ketama.Continuum(file.name).get_server("a\0b")


class Ring(unittest.TestCase):
    def test_servers_settings_and_digest(self):
        ring = kmc_ring.Ring("a:1:2,b:1", ring="libmemcached_ketama", hash="md5", weights="ignored")
        self.assertEqual((ring.servers, ring.weights), (["a:1", "b:1"], [2, 1]))
        self.assertEqual(ring.hash("foo"), 3675831724)
        self.assertEqual(len(ring.points()), 200)
        self.assertEqual(ring.server(b"foo"), ring.servers[ring.locate("foo")])
        same = kmc_ring.Ring(["a:1:2", "b:1"], ring="libmemcached_ketama", hash="md5",
                             weights="ignored")
        self.assertEqual(ring.digest(), same.digest())
        other = kmc_ring.Ring("a:1:2,b:1", ring="libketama")
        self.assertNotEqual(ring.digest(), other.digest())

    @unittest.skipUnless("KMC_CLI" in os.environ, "NOT TESTED: the tool kmc is not built")
    def test_the_command_line_says_the_same_digest(self):
        for ring in ("libketama", "libmemcached_modula", "twemproxy", "java_ketama", "rendezvous"):
            for servers in ("a:1:2,b:1", "10.0.0.1,10.0.0.2:11211:3"):
                said = subprocess.run(
                    [os.environ["KMC_CLI"], "ring", "digest", "--ring", ring, "--servers", servers],
                    capture_output=True, text=True, check=True).stdout
                self.assertEqual(said.split()[0], kmc_ring.Ring(servers, ring=ring).digest())

    def test_what_cannot_be_opened_says_why(self):
        for arguments, words in (
            (("a", "ketama"), "libketama"),
            (("a:1:0", "libketama"), "weight"),
            (("a\0b", "libketama"), "zero byte"),
        ):
            with self.assertRaisesRegex(kmc_ring.RingError, words):
                kmc_ring.Ring(*arguments)
        with self.assertRaisesRegex(kmc_ring.RingError, "weights=used"):
            kmc_ring.Ring("a", "libmemcached_ketama", weights="often")

    def test_no_keys_and_keys_with_zero_bytes(self):
        ring = kmc_ring.Ring("a,b,c", ring="rendezvous")
        self.assertEqual(ring.locate_many([]), [])
        keys = [b"", b"\0", b"a\0b", b"a\0c", b"a"]
        self.assertEqual(ring.locate_many(keys), [ring.locate(key) for key in keys])
        self.assertNotEqual(ring.hash(b"a\0b"), ring.hash(b"a\0c"))

    def test_warnings_of_a_file(self):
        ring = kmc_ring.Ring.from_ketama_text("a:1 900\nb:1 400")
        self.assertEqual(ring.weights, [900, 40])
        self.assertEqual(len(ring.warnings), 1)

    def test_threads(self):
        ring = kmc_ring.Ring("a,b,c", ring="libketama")
        keys = ["key%d" % i for i in range(5000)]
        right = ring.locate_many(keys)
        found = []
        threads = [threading.Thread(target=lambda: found.append(ring.locate_many(keys)))
                   for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [right] * 4)


result = unittest.main(exit=False).result
for _, why in result.skipped:
    print("SKIPPED:", why)
sys.exit(1 if not result.wasSuccessful() else 77 if result.skipped else 0)
