"""What kmc says to arguments, lists, files and names that are no good: always exit code 2, and
always what was wrong."""

import os
import tempfile
import unittest

from kmc_tool import OK, USAGE, ToolTest, run


KEYED = ("get", "cat", "gat", "exists", "set", "add", "replace", "append", "prepend", "cas", "cp",
         "del", "touch", "incr", "decr")
SERVERS = ("version", "ping", "stats", "flush")


class Usage(ToolTest):
    def test_help_stands_on_standard_output(self):
        for command in ([], ["ring"], ["ring", "locate"], ["chaos"], ["sim"], ["bench"],
                        *([c] for c in KEYED + SERVERS)):
            with self.subTest(command=command):
                self.check(run(*command, "--help"), OK, stderr="")
        top = run("--help").stdout.decode()
        for word in ("KMC_SERVERS", "--servers-file", "ring", "unreachable", "partial", "_base64"):
            self.assertIn(word, top)
        for command in KEYED + SERVERS:
            self.assertRegex(top, rf"\n  {command}  +[A-Z]")
            text = run(command, "--help").stdout.decode()
            for flag in ("--servers ", "--servers-file", "--ring", "--json", "--timeout"):
                self.assertIn(flag, text)
            for flag in ("--prefix", "--hash-prefix", "--hash-tag", "--group"):
                self.assertEqual(flag in text, command in KEYED, (command, flag))
        self.assertRegex(run("--version").stdout.decode(), r"^\d+\.\d+\.\d+\n$")

    def test_wrong_arguments_are_named(self):
        for command, named in (
                ([], "subcommand"),
                (["fetch", "k"], "fetch"),
                (["get"], "KEY"),
                (["del"], "KEY"),
                (["set", "k"], "VALUE"),
                (["set"], "KEY"),
                (["get", "--jsn", "k"], "--jsn"),
                (["get", "--jsn"], "--jsn"),
                (["ring"], "subcommand"),
                (["ring", "find"], "find"),
                (["get", "--raw", "--json", "k"], "--raw"),
                (["get", "--timeout", "soon", "k"], "soon"),
                (["get", "--timeout", "0", "k"], "--timeout"),
                (["get", "--timeout", "-1", "k"], "--timeout"),
                (["get", "--timeout", "nan", "k"], "--timeout"),
                (["get", "--timeout", "5parsecs", "k"], "parsecs"),
                (["set", "--ttl", "0", "k", "v"], "--ttl"),
                (["set", "--ttl", "always", "k", "v"], "always"),
                (["set", "--ttl", "1e300", "k", "v"], "--ttl"),
                (["set", "--flags", "4294967296", "k", "v"], "4294967296"),
                (["set", "--flags", "-1", "k", "v"], "-1"),
                (["set", "--flags", "x", "k", "v"], "x"),
                (["get", "--prefix", "", "k"], "--prefix"),
                (["get", "--prefix", "p" * 250, "k"], "--prefix"),
                (["get", "--hash-prefix", "k"], "--prefix"),
                (["get", "--hash-tag", "{", "k"], "--hash-tag"),
                (["get", "--hash-tag", "{{}}", "k"], "--hash-tag"),
                (["get", "--group", "", "k"], "--group"),
                (["get", "--group", "g" * 251, "k"], "--group"),
                (["ring", "locate", "--hash-tag", "x"], "--hash-tag"),
                (["get", "--item-size-max", "10", "k"], "10"),
                (["get", "--item-size-max", "2g", "k"], "2147483648")):
            with self.subTest(command=command):
                self.check(run(*command, servers="127.0.0.1:1"), USAGE, b"", named)

    def test_no_servers_says_where_they_come_from(self):
        for command in (["get", "k"], ["cat", "k"], ["gat", "--ttl", "1", "k"], ["exists", "k"],
                        ["set", "k", "v"], ["add", "k", "v"], ["replace", "k", "v"],
                        ["append", "k", "v"], ["prepend", "k", "v"], ["cas", "k", "v", "1"],
                        ["cp", "k", "l"], ["del", "k"], ["touch", "--ttl", "1", "k"], ["incr", "k"],
                        ["decr", "k"], ["version"], ["ping"], ["stats"], ["flush", "--all"],
                        ["ring", "locate"]):
            for servers in (None, ""):
                with self.subTest(command=command, servers=servers):
                    self.check(run(*command, servers=servers), USAGE, b"", "KMC_SERVERS")
        self.check(run("version", "--servers", "", servers="127.0.0.1:1"), USAGE, b"", "server")

    def test_a_malformed_list_names_the_entry_and_what_is_wrong(self):
        for servers, named in (
                ("127.0.0.1:port", '"127.0.0.1:port"'),
                ("127.0.0.1:65536", '"127.0.0.1:65536"'),
                ("127.0.0.1:11211:", '"127.0.0.1:11211:"'),
                ("127.0.0.1:11211:x", '"127.0.0.1:11211:x"'),
                ("127.0.0.1:11211:1:1", '"127.0.0.1:11211:1:1"'),
                ("127.0.0.1,,127.0.0.3", "server 2"),
                ("127.0.0.1,:11211", '":11211"'),
                ("127.0.0.1,[::1:11211", '"[::1:11211"'),
                (" ", "empty"),
                (",", "server 1")):
            with self.subTest(servers=servers):
                self.check(run("get", "k", servers=servers), USAGE, b"", named)
                self.check(run("ring", "locate", "--servers", servers, stdin=b"k\n"), USAGE, b"",
                           named)

    def test_a_file_that_is_no_server_file_is_named(self):
        missing = "/no/such/file"
        self.check(run("version", "--servers-file", missing), USAGE, b"", missing)
        with tempfile.TemporaryDirectory(prefix="kmc-") as folder:
            self.check(run("version", "--servers-file", folder), USAGE, b"", folder)
            path = os.path.join(folder, "servers")
            for text in ("", "# nothing but words\n", "no tab here\n"):
                with self.subTest(text=text):
                    with open(path, "w", encoding="ascii") as file:
                        file.write(text)
                    self.check(run("version", "--servers-file", path), USAGE, b"", path)

    def test_an_unknown_ring_lists_those_there_are(self):
        for command in (["get", "k"], ["version"], ["ring", "locate"]):
            with self.subTest(command=command):
                answer = run(*command, "--ring", "ketama", servers="127.0.0.1:1")
                self.check(answer, USAGE, b"", '"ketama"')
                self.check(answer, USAGE, b"", "libmemcached_weighted")
                self.check(answer, USAGE, b"", "libketama")

    def test_an_unknown_backend_is_named(self):
        os.environ["KMC_BACKEND"] = "kqueue"
        self.addCleanup(os.environ.pop, "KMC_BACKEND", None)
        self.check(run("get", "k", servers="127.0.0.1:1"), USAGE, b"", "kqueue")

    def test_a_full_disk_is_not_success(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        import subprocess
        with open("/dev/full", "wb") as full:
            process = subprocess.run(
                [os.environ["KMC_CLI"], "ring", "locate", "--servers", "one"], input=b"k\n",
                stdout=full, stderr=subprocess.PIPE, timeout=120)
        self.assertEqual(process.returncode, USAGE)
        self.assertIn(b"cannot write", process.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
