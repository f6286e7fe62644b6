"""--prefix, --hash-prefix, --hash-tag and --group: which key a server sees, and which server."""

import unittest

from kmc_tool import MISS, OK, USAGE, ClusterTest


class KeyFlags(ClusterTest):
    def where(self, key):
        """The servers that have it, each asked alone, so that no ring has a say."""
        return [n.text for n in self.cluster
                if self.kmc("get", key, servers=n.text).returncode == OK]

    def test_a_prefix_stands_before_the_key_on_the_server(self):
        self.check(self.kmc("set", "--prefix", "app:", "k", "v"), OK)
        self.assertEqual(self.where("app:k"), [self.owner("k")])
        self.assertEqual(self.where("k"), [])
        self.check(self.kmc("get", "--prefix", "app:", "k"), OK, b"v\n", "")
        self.check(self.kmc("get", "k"), MISS)

    def test_every_command_uses_them(self):
        flags = ("--prefix", "every:", "--group", "team")
        for command, output in ((["add", "n", "1"], b""), (["replace", "n", "2"], b""),
                                (["append", "n", "3"], b""), (["prepend", "n", "4"], b""),
                                (["cat", "n"], b"423"), (["incr", "n"], b"424\n"),
                                (["decr", "n"], b"423\n"), (["gat", "--ttl", "5m", "n"], b"423\n"),
                                (["touch", "--ttl", "5m", "n"], b""), (["exists", "n"], b"n\n"),
                                (["cp", "n", "m"], b""), (["set", "n", "5"], b""),
                                (["get", "n", "m"], b"n\t5\nm\t423\n")):
            with self.subTest(command=command):
                self.check(self.kmc(*command, *flags), OK, output, "")
        for key in ("every:n", "every:m"):
            self.assertEqual(self.where(key), [self.owner("team")])
        token = self.document(self.kmc("get", "--json", *flags, "n"))["keys"][0]["cas"]
        self.check(self.kmc("cas", *flags, "n", "6", token), OK)
        token = self.document(self.kmc("get", "--json", *flags, "n"))["keys"][0]["cas"]
        self.check(self.kmc("del", *flags, "--cas", token, "n"), OK)
        self.check(self.kmc("del", *flags, "m"), OK)
        self.assertEqual(self.where("every:n") + self.where("every:m"), [])

    def test_the_document_names_the_server_that_was_asked(self):
        key = next(k for k in map("k{}".format, range(1000))
                   if self.owner("p:" + k) != self.owner(k))
        for flags, owner in (([], self.owner(key)), (["--prefix", "p:"], self.owner(key)),
                             (["--prefix", "p:", "--hash-prefix"], self.owner("p:" + key)),
                             (["--group", "g"], self.owner("g"))):
            with self.subTest(flags=flags):
                entry = self.document(self.kmc("set", "--json", *flags, key, "v"))["keys"][0]
                self.assertEqual(entry["server"], owner)
                self.assertIn(owner, self.where("p:" + key if "--prefix" in flags else key))

    def test_items_of_one_tag_are_on_one_server(self):
        for i in range(10):
            self.check(self.kmc("set", "--hash-tag", "{}", f"{i}{{user}}", "v"), OK)
            self.assertEqual(self.where(f"{i}{{user}}"), [self.owner("user")])

    def test_a_key_that_is_too_long_with_its_prefix_is_refused(self):
        self.check(self.kmc("set", "--prefix", "p" * 10, "k" * 240, "v"), OK)
        answer = self.kmc("set", "--prefix", "p" * 10, "k" * 241, "v")
        self.check(answer, USAGE, b"", "the key is empty or too long")
        document = self.document(self.kmc("set", "--json", "--prefix", "p" * 10, "k" * 241, "v"))
        self.assertNotIn("server", document["keys"][0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
