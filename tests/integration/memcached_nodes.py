"""memcached processes, and servers that misbehave, for tests written in Python.

Every process gets a port of its own from the kernel, is ended by its pid at the end of the test,
and does not outlive the test if that is killed. Nothing here waits for a fixed time.
"""

import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

START_PATIENCE_SECONDS = 20
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Node:
    """One memcached on a free loopback port, or on a Unix socket."""

    def __init__(self, *extra, unix_socket=None, host="127.0.0.1"):
        if shutil.which("memcached") is None:
            raise RuntimeError("memcached is not installed")
        self.folder = tempfile.TemporaryDirectory(prefix="kmc-node-")
        self.port_file = pathlib.Path(self.folder.name) / "port"
        self.extra = extra
        self.host = host
        self.text = unix_socket
        if unix_socket:
            self.start("-s", unix_socket)
            self.wait_for(lambda: can_connect(unix_socket))
        else:
            self.start_on_port(-1)

    def start_on_port(self, port):
        self.port_file.unlink(missing_ok=True)
        self.start("-l", self.host, "-p", str(port))
        self.wait_for(lambda: port_in(self.port_file))
        self.text = f"{self.host}:{port_in(self.port_file)}"

    def start(self, *where):
        user = ["-u", "root"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            ["memcached", *where, "-U", "0", "-m", "64", "-t", "1", *user, *self.extra],
            env={**os.environ, "MEMCACHED_PORT_FILENAME": str(self.port_file)},
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        """Empty, where it was. With a host of its own nobody took the port meanwhile."""
        self.start_on_port(int(self.text.rsplit(":", 1)[1]))

    def hang(self):
        """It takes connections, since its kernel does, and never answers."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def wait_for(self, is_there):
        give_up = time.monotonic() + START_PATIENCE_SECONDS
        while not is_there():
            if self.process.poll() is not None or time.monotonic() > give_up:
                self.stop()
                raise RuntimeError("memcached did not start")
            time.sleep(0.005)

    def stop(self):
        self.kill()
        self.folder.cleanup()


def port_in(file):
    # "TCP INET: 40123", written under another name and renamed once the node listens.
    try:
        return int(file.read_text().split()[2])
    except (FileNotFoundError, IndexError):
        return None


def can_connect(path):
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


def item_of(node, key):
    """The text behind a key, read over the text protocol; None when there is none."""
    host, port = node.text.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=START_PATIENCE_SECONDS) as s:
        s.sendall(f"get {key}\r\n".encode())
        lines = s.makefile("r", newline="\r\n")
        if not lines.readline().startswith("VALUE"):
            return None
        return lines.readline().removesuffix("\r\n")


@contextlib.contextmanager
def nodes(count, *extra):
    started = []
    try:
        for _ in range(count):
            started.append(Node(*extra))
        yield started
    finally:
        for node in started:
            node.stop()


@contextlib.contextmanager
def silent_server():
    """Accepts connections (in the kernel) and never says a word."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        yield f"127.0.0.1:{s.getsockname()[1]}"


@contextlib.contextmanager
def refusing_server():
    """A port that is taken and on which nobody listens: connections are refused."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{s.getsockname()[1]}"
