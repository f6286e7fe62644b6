"""A program that prints the server of each line of its input, held against the vectors of
libketama: programs_test.py VECTORS COMMAND... runs `COMMAND... SERVER_FILE`. The server is the last
word of a line; what a program prints before its answers is of no interest.
"""

import pathlib
import subprocess
import sys
import tempfile

from vector_files import cases


def run(command, path, keys):
    return subprocess.run(command + [path], input=b"".join(key + b"\n" for key in keys),
                          capture_output=True, timeout=120)


def check_case(command, path, case):
    pathlib.Path(path).write_bytes(case.file)
    done = run(command, path, [key for key, _ in case.answers])
    if done.returncode != 0:
        sys.exit("%s: exit code %d: %s" % (case.name, done.returncode, done.stderr.decode()))
    lines = done.stdout.splitlines()[-len(case.answers):]
    if len(lines) != len(case.answers):
        sys.exit("%s: %d answers for %d keys" % (case.name, len(lines), len(case.answers)))
    for line, (key, server) in zip(lines, case.answers):
        if line.split()[-1] != case.servers[server]:
            sys.exit("%s: %r is on %r, not on %r" % (case.name, key, case.servers[server], line))
    return len(lines)


def check_failure(command, path):
    pathlib.Path(path).write_bytes(b"a:1\t1\nb:1\tx\n")
    done = run(command, path, [b"key"])
    if done.returncode != 1 or b"line 2" not in done.stderr:
        sys.exit("a bad file: exit code %d: %s" % (done.returncode, done.stderr.decode()))


def main():
    vectors, command = sys.argv[1], sys.argv[2:]
    if not pathlib.Path(vectors).is_dir():
        print("SKIPPED: no golden vectors in %s: 22 cases" % vectors)
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/servers"
        counts = [check_case(command, path, case) for case in cases(vectors)]
        check_failure(command, path)
    if len(counts) != 22:
        sys.exit("%d cases" % len(counts))
    print("%d cases, %d answers" % (len(counts), sum(counts)))


main()
