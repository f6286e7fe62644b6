"""What the interop tests share: clients as processes, and what to do when one is not there."""

import os
import shutil
import subprocess
import sys
import unittest

SKIPPED = 77


class Talker:
    """A client as a process: commands in, one line of answer each."""

    def __init__(self, command, servers):
        self.process = subprocess.Popen([*command, servers], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self):
        self.process.stdin.close()
        status = self.process.wait(timeout=30)
        self.process.stdout.close()
        return status


def missing(other):
    """What is not installed, in words; None when all is there."""
    if other == "pylibmc":
        there = subprocess.run([sys.executable, "-c", "import pylibmc"], capture_output=True)
        return None if there.returncode == 0 else "python3-pylibmc is not installed"
    if shutil.which("php") is None:
        return "php-cli is not installed"
    modules = subprocess.run(["php", "-m"], capture_output=True, text=True).stdout
    return None if "memcached" in modules.split() else "php-memcached is not installed"


def engine_is_refused(kmc_client):
    """Kmc would not run on the engine that was asked for."""
    asked = subprocess.run([kmc_client, "127.0.0.1:1"],
                           stdin=subprocess.DEVNULL)
    return asked.returncode == SKIPPED


def run(other, kmc_client):
    """The tests of the calling program, unless something that they need is missing."""
    if (absent := missing(other)) is not None:
        print(f"NOT TESTED: {absent}: run scripts/setup", file=sys.stderr)
        sys.exit(SKIPPED if os.environ.get("KMC_TEST_ALLOW_NO_INTEROP") == "1" else 1)
    if engine_is_refused(kmc_client):
        print("NOT TESTED on the engine that was asked for", file=sys.stderr)
        sys.exit(SKIPPED if os.environ.get("KMC_TEST_ALLOW_NO_URING") == "1" else 1)
    unittest.main()
