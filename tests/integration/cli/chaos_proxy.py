"""The real `kmc chaos` before a server, and frames of the binary protocol to talk through it."""

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess

from kmc_tool import memcached_nodes

# Far beyond what anything here takes.
PATIENCE_SECONDS = 30

GET, SET, GETQ, NOOP, VERSION = 0x00, 0x01, 0x09, 0x0a, 0x0b


class Chaos:
    """A running proxy; rules may be changed while it runs."""

    def __init__(self, target, *rules, listen="127.0.0.1:0", seed=1, arguments=()):
        given = [argument for rule in rules for argument in ("--rule", rule)]
        self.process = subprocess.Popen(
            [os.environ["KMC_CLI"], "chaos", "--json", *given, *arguments,
             *(() if seed is None else ("--seed", str(seed))), f"{listen}->{target}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=memcached_nodes.die_with_parent)
        self.start_line = self.read_line()
        self.text = self.start_line["listening"]

    def read_line(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"kmc chaos ended: {self.process.stderr.read().decode()}")
        return json.loads(line)

    def ask(self, command):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        return self.read_line()

    def hits(self):
        return [rule["hits"] for rule in self.ask("stats")["rules"]]

    def connect(self):
        if self.text.startswith("/"):
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(PATIENCE_SECONDS)
            s.connect(self.text)
            return Peer(s)
        host, port = self.text.rsplit(":", 1)
        return Peer(socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS))

    def fate_of_a_connection(self):
        """As Peer.end(), also where the reset comes before connect() has returned."""
        try:
            with self.connect() as through:
                return through.end()
        except ConnectionResetError:
            return b"", "reset"

    def end(self, how=signal.SIGTERM):
        """Returns the exit code and what it said last."""
        self.process.send_signal(how)
        out, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, json.loads(out)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=PATIENCE_SECONDS)


@contextlib.contextmanager
def chaos(*arguments, **options):
    running = Chaos(*arguments, **options)
    try:
        yield running
    finally:
        running.close()


class Peer:
    """One connection to the proxy, or of it."""

    def __init__(self, connected):
        self.socket = connected
        self.socket.settimeout(PATIENCE_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *frames):
        self.socket.sendall(b"".join(frames))

    def read(self, size):
        """So many bytes; fewer only where the stream ends."""
        got = b""
        while len(got) < size and (more := self.socket.recv(size - len(got))):
            got += more
        return got

    def frame(self):
        """One frame as bytes, shorter where the stream ends in it."""
        head = self.read(24)
        if len(head) < 24:
            return head
        return head + self.read(struct.unpack(">I", head[8:12])[0])

    def frames(self, count):
        return [self.frame() for _ in range(count)]

    def ask(self, request):
        self.send(request)
        return self.frame()

    def end(self):
        """How the stream goes on: what came, and "end" or "reset"."""
        got = b""
        try:
            while more := self.socket.recv(65536):
                got += more
        except ConnectionResetError:
            return got, "reset"
        return got, "end"

    def is_silent(self):
        """Whether nothing has come until now; asked after something that would have come later."""
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) is None
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(PATIENCE_SECONDS)


def request(opcode, key=b"", value=b"", extras=b"", opaque=0):
    body = extras + key + value
    return struct.pack(">BBHBBHIIQ", 0x80, opcode, len(key), len(extras), 0, 0, len(body), opaque,
                       0) + body


def reply(opcode, value=b"", opaque=0, status=0, extras=b""):
    body = extras + value
    return struct.pack(">BBHBBHIIQ", 0x81, opcode, 0, len(extras), 0, status, len(body), opaque,
                       0) + body


def get(key, opaque=0):
    return request(GET, key.encode(), opaque=opaque)


def store(key, value, opaque=0):
    return request(SET, key.encode(), value, bytes(8), opaque)


def noop(opaque=0):
    return request(NOOP, opaque=opaque)


def opaque_of(frame):
    return struct.unpack(">I", frame[12:16])[0]


def opaques_of(frames):
    return [opaque_of(frame) for frame in frames]


@contextlib.contextmanager
def listener():
    """A server of our own, for what memcached does not do: call accept() and talk."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        s.settimeout(PATIENCE_SECONDS)
        yield s, f"127.0.0.1:{s.getsockname()[1]}"
