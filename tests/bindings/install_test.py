"""What `cmake --install build --component bindings` puts in place, as its users find it:
install_test.py CMAKE BUILD_FOLDER C_COMPILER OLD_PROGRAM.c. A program written for libketama is
compiled with nothing but -lketama, and the Python package is installed by pip without a network.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

CMAKE, BUILD, COMPILER, PROGRAM = sys.argv[1:5]
SERVERS = b"127.0.0.1:11211\t600\n127.0.0.1:11212\t400\n"
USE_PACKAGE = """
import sys, ketama, kmc_ring
assert kmc_ring.__file__.startswith(sys.argv[2]), kmc_ring.__file__
continuum = ketama.Continuum(sys.argv[1])
assert repr(continuum) == "<ketama.Continuum from %r>" % sys.argv[1], continuum
point, server = continuum.get_server("test")
ring = kmc_ring.Ring.from_ketama_file(sys.argv[1])
print(point, server, ring.locate_many(["test"])[0])
"""


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=240, **options)
    if done.returncode != 0:
        raise AssertionError("%s: %s" % (command, done.stdout.decode()))
    return done.stdout.decode()


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        run(CMAKE, "--install", BUILD, "--component", "bindings", "--prefix", cls.root / "usr")
        cls.library = next((cls.root / "usr").glob("lib*/**/libketama.so.1")).parent
        cls.servers = cls.root / "servers"
        cls.servers.write_bytes(SERVERS)
        cls.environment = {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": str(cls.library)}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_a_program_for_libketama_needs_no_more_than_its_name(self):
        for language in ("c", "c++"):
            program = self.root / "program"
            run(COMPILER, "-x", language, "-o", program, PROGRAM, "-I", self.root / "usr/include",
                "-L", self.library, "-lketama")
            self.assertIn("[libketama.so.1]", run("readelf", "-d", program))
            answer = run(program, self.servers, input=b"test\n", env=self.environment)
            lines = answer.splitlines()
            self.assertEqual(lines[0], "Numpoints in continuum: %d" % (len(lines) - 2))
            self.assertEqual(lines[-1], "test 3446378249 3454255383 127.0.0.1:11211")

    def test_pip_installs_the_package_without_a_network(self):
        source = self.root / "usr/share/kmc/python"
        target = self.root / "site"
        run(sys.executable, "-m", "pip", "install", "--no-index", "--no-build-isolation",
            "--no-deps", "--no-cache-dir", "--target", target, source,
            env={**self.environment, "PIP_ROOT_USER_ACTION": "ignore", "HOME": str(self.root)})
        self.assertTrue(list(target.glob("kmc_ring-*.dist-info")))
        for place in (target, source):
            answer = run(sys.executable, "-c", USE_PACKAGE, self.servers, place, cwd=self.root,
                         env={**self.environment, "PYTHONPATH": str(place)})
            self.assertEqual(answer, "3454255383 127.0.0.1:11211 0\n")

    def test_a_library_that_is_not_there_is_named(self):
        place = str(self.root / "usr/share/kmc/python")
        answer = run(sys.executable, "-c", "try: import kmc_ring\n"
                     "except ImportError as error: print(error)",
                     env={"PYTHONPATH": place, "KMC_RING_LIBRARY": "/nowhere/libkmc_ring.so"})
        self.assertIn("/nowhere/libkmc_ring.so", answer)
        self.assertIn("KMC_RING_LIBRARY", answer)


unittest.main(argv=sys.argv[:1])
