"""A proxy before one memcached that keeps back the first answer to one command until the client asks
something else: the server has done what it was asked, and the client's deadline passes."""

import contextlib
import socket
import struct
import threading

OPCODES = {"add": 0x02, "incr": 0x05}
HEADER = struct.Struct(">BBHBBHIIQ")


class Connection:
    def __init__(self, owner, client, server):
        self.owner, self.client, self.server = owner, client, server
        self.lock = threading.Lock()
        self.held = b""  # answers that have to wait, in their order

    def start(self):
        for pump in (self.questions, self.answers):
            threading.Thread(target=pump, daemon=True).start()

    def questions(self):
        with contextlib.suppress(OSError):
            while data := self.client.recv(65536):
                with self.lock:
                    if self.held:
                        self.client.sendall(self.held)
                        self.held = b""
                self.server.sendall(data)
        hang_up(self.client, self.server)

    def answers(self):
        with contextlib.suppress(OSError), self.server.makefile("rb") as stream:
            while len(header := stream.read(HEADER.size)) == HEADER.size:
                opcode, length = HEADER.unpack(header)[1], HEADER.unpack(header)[6]
                answer = header + stream.read(length)
                with self.lock:
                    if opcode == self.owner.opcode and self.owner.kept_back == 0:
                        self.owner.kept_back = 1
                        self.held = answer
                    elif self.held:
                        self.held += answer
                    else:
                        self.client.sendall(answer)
        hang_up(self.client, self.server)


class Proxy:
    def __init__(self, node, command):
        host, port = node.text.rsplit(":", 1)
        self.upstream = (host, int(port))
        self.opcode = OPCODES[command]
        self.kept_back = 0
        self.sockets = [socket.create_server(("127.0.0.1", 0))]
        self.text = f"127.0.0.1:{self.sockets[0].getsockname()[1]}"
        self.server = threading.Thread(target=self.serve, daemon=True)
        self.server.start()

    def serve(self):
        with contextlib.suppress(OSError):  # the door was closed
            while True:
                client, _ = self.sockets[0].accept()
                server = socket.create_connection(self.upstream)
                self.sockets += [client, server]
                Connection(self, client, server).start()

    def close(self):
        hang_up(self.sockets[0])
        self.server.join()
        hang_up(*self.sockets)
        for s in self.sockets:
            s.close()


def hang_up(*sockets):
    for s in sockets:
        with contextlib.suppress(OSError):
            s.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def between(node, command):
    proxy = Proxy(node, command)
    try:
        yield proxy
    finally:
        proxy.close()
