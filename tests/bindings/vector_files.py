"""The golden vectors of libketama for tests in Python."""

import pathlib


class Case:
    def __init__(self, vectors, path):
        self.name = path.stem
        self.servers = []
        self.points = []  # (value, number of the server)
        self.answers = []  # (key, number of the server)
        keys = []
        for line in path.read_text().splitlines():
            tag, *fields = line.split("\t")
            if tag == "file":
                self.file = bytes.fromhex(fields[0])
            elif tag == "server":
                self.servers.append(fields[1].encode())
            elif tag == "P":
                self.points.append((int(fields[0]), int(fields[1])))
            elif tag == "keyset":
                keys = _keys(vectors, fields[0])
            elif tag == "K":
                first = int(fields[0])
                for i, server in enumerate(fields[1].split()):
                    self.answers.append((keys[first + i], int(server)))
            elif tag == "X":
                self.answers.append((bytes.fromhex(fields[0]), int(fields[1])))


def _keys(vectors, name):
    text = (pathlib.Path(vectors) / "keys" / (name + ".tsv")).read_text()
    return [bytes.fromhex(line.split("\t")[1]) for line in text.splitlines()]


def cases(vectors):
    paths = sorted((pathlib.Path(vectors) / "libketama").glob("*.tsv"))
    return [Case(vectors, path) for path in paths if path.stem != "parse"]
