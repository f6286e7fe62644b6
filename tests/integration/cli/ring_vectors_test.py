"""kmc ring locate against rings that other programs made: every key of every case on the server
that libketama or libmemcached said."""

import os
import pathlib
import sys
import tempfile
import unittest

from kmc_tool import OK, ToolTest, run

VECTORS = pathlib.Path(os.environ.get("KMC_VECTORS_DIR", "")) / "routing"
SKIPPED = 77  # what CTest is told to show as skipped


class Case:
    """One file of vectors: the servers, and what the original answered for each key."""

    def __init__(self, path):
        rows = [line.split("\t") for line in path.read_text().split("\n") if line]
        self.file = bytes.fromhex(next((r[1] for r in rows if r[0] == "file"), ""))
        self.ops = [r[1:] for r in rows if r[0] == "op"]
        self.servers = [r[2:] for r in rows if r[0] == "server"]
        self.keys, self.results = [], []
        names = []
        for row in rows:
            if row[0] == "keyset":
                names = [bytes.fromhex(line.split("\t")[1]) for line in
                         (VECTORS / "keys" / (row[1] + ".tsv")).read_text().splitlines()]
            elif row[0] == "K":
                answers = [int(a) for a in row[2].split(" ")]
                self.keys += names[int(row[1]):int(row[1]) + len(answers)]
                self.results += answers
            elif row[0] == "X" and b"\n" not in bytes.fromhex(row[1]):
                self.keys.append(bytes.fromhex(row[1]))
                self.results.append(int(row[2]))


class Vectors(ToolTest):
    def compare(self, case, texts, *arguments):
        answer = run("ring", "locate", *arguments, stdin=b"\n".join(case.keys) + b"\n")
        self.check(answer, OK)
        expected = [key + b"\t" + texts[result].encode()
                    for key, result in zip(case.keys, case.results)]
        lines = answer.stdout.split(b"\n")
        self.assertEqual(lines.pop(), b"")
        self.assertEqual(lines, expected)
        return len(expected)

    def test_files_of_libketama_give_its_ring(self):
        compared = 0
        for path in sorted((VECTORS / "libketama").glob("*.tsv")):
            if path.stem == "parse":
                continue
            with self.subTest(case=path.stem), tempfile.NamedTemporaryFile() as file:
                case = Case(path)
                file.write(case.file)
                file.flush()
                compared += self.compare(case, [s[0] for s in case.servers], "--servers-file",
                                         file.name, "--ring", "libketama")
        self.assertGreaterEqual(compared, 40_000)
        print(f"{compared} keys compared", file=sys.stderr)

    def test_lists_give_the_ring_of_libmemcached(self):
        compared = 0
        for path in sorted((VECTORS / "libmemcached").glob("weighted-*.tsv")):
            case = Case(path)
            adds = [op[1:] for op in case.ops if op[0] == "add"]
            if [op for op in case.ops if op[0] != "add"] != [["behavior", "KETAMA_WEIGHTED", "1"]]:
                continue  # another key hash, another ring
            with self.subTest(case=path.stem):
                servers = ",".join(f"{host}:{port}:{weight}" for host, port, weight in adds)
                texts = [f"{host}:{port}" for host, port, _ in adds]
                compared += self.compare(case, texts, "--servers", servers)
                if len(adds) == 3:
                    self.compare(case, texts, "--servers", servers, "--ring",
                                 "libmemcached_weighted")
        self.assertGreaterEqual(compared, 20_000)
        print(f"{compared} keys compared", file=sys.stderr)


if __name__ == "__main__":
    if not VECTORS.is_dir():
        print("SKIPPED: kmc ring locate is NOT compared with other programs' rings, "
              f"because there is no folder {VECTORS}", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
