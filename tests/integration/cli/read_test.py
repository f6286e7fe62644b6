"""kmc cat, gat and exists against memcached."""

import unittest

from kmc_tool import MISS, OK, PARTIAL, UNREACHABLE, USAGE, ClusterTest, memcached_nodes, run

EVERY_BYTE = bytes(range(256))


class Cat(ClusterTest):
    def test_the_bytes_of_values_stand_one_behind_the_other(self):
        self.check(self.kmc("set", "bytes", "-", stdin=EVERY_BYTE), OK)
        self.check(self.kmc("set", "text", "no newline"), OK)
        self.check(self.kmc("cat", "bytes", "text", "bytes"), OK,
                   EVERY_BYTE + b"no newline" + EVERY_BYTE, "")

    def test_what_is_not_there_is_complained_about_and_the_others_printed(self):
        self.check(self.kmc("set", "a", "A"), OK)
        self.check(self.kmc("cat", "a", "nothing", "a"), MISS, b"AA",
                   'kmc: "nothing": no such item\n')

    def test_its_document_is_that_of_get(self):
        self.check(self.kmc("set", "--flags", "7", "j", "v"), OK)
        arguments = ("--json", "j", "nothing")
        cat, get = self.kmc("cat", *arguments), self.kmc("get", *arguments)
        self.check(cat, MISS, get.stdout, "")
        self.assertEqual(self.document(cat)["keys"][0]["flags"], 7)


class GetAndTouch(ClusterTest):
    def test_it_prints_like_get(self):
        self.check(self.kmc("set", "one", "1"), OK)
        self.check(self.kmc("set", "two", "2"), OK)
        self.check(self.kmc("gat", "--ttl", "5m", "one"), OK, b"1\n", "")
        self.check(self.kmc("gat", "--ttl", "5m", "one", "two"), OK, b"one\t1\ntwo\t2\n", "")
        self.check(self.kmc("gat", "--ttl", "5m", "--raw", "one", "two"), OK, b"12", "")
        self.check(self.kmc("gat", "--ttl", "5m", "one", "nothing"), MISS, b"one\t1\n",
                   'kmc: "nothing": no such item\n')

    def test_the_new_time_to_live_counts(self):
        self.check(self.kmc("set", "k", "x"), OK)
        self.check(self.kmc("gat", "--ttl", "5m", "k"), OK)
        self.keeps_for("k", 300)
        self.check(self.kmc("gat", "--ttl", "never", "k"), OK)
        self.assertEqual(self.seconds_left("k"), -1)

    def test_the_document_has_value_flags_and_token(self):
        self.check(self.kmc("set", "--flags", "4294967295", "j", "value"), OK)
        answer = self.kmc("gat", "--json", "--ttl", "never", "j", "nothing")
        self.check(answer, MISS, stderr="")
        hit, miss = self.document(answer)["keys"]
        self.assertEqual((hit["status"], hit["value"], hit["flags"]), ("hit", "value", 4294967295))
        self.assertGreater(int(hit["cas"]), 0)
        self.assertEqual(miss["status"], "miss")


class Exists(ClusterTest):
    def test_it_prints_those_that_are_there(self):
        for key in ("a", "b"):
            self.check(self.kmc("set", key, "x"), OK)
        self.check(self.kmc("exists", "a", "b"), OK, b"a\nb\n", "")
        self.check(self.kmc("exists", "a", "nothing", "b"), MISS, b"a\nb\n",
                   'kmc: "nothing": no such item\n')
        self.check(self.kmc("exists", "nothing"), MISS, b"")

    def test_quiet_answers_with_the_exit_code_only(self):
        self.check(self.kmc("set", "q", "x"), OK)
        self.check(self.kmc("exists", "--quiet", "q"), OK, b"", "")
        self.check(self.kmc("exists", "--quiet", "q", "nothing"), MISS, b"", "")
        with memcached_nodes.refusing_server() as nobody:
            self.check(self.kmc("exists", "--quiet", "q", servers=nobody), UNREACHABLE, b"", nobody)

    def test_asking_leaves_no_item_behind(self):
        for _ in range(2):
            self.check(self.kmc("exists", "asked"), MISS)
        self.check(self.kmc("get", "asked"), MISS)
        self.check(self.kmc("add", "asked", "x"), OK)

    def test_the_document_says_hit_or_miss(self):
        self.check(self.kmc("set", "j", "x"), OK)
        answer = self.kmc("exists", "--json", "j", "nothing")
        self.check(answer, MISS, stderr="")
        document = self.document(answer)
        self.assertEqual([(e["key"], e["status"]) for e in document["keys"]],
                         [("j", "hit"), ("nothing", "miss")])
        self.assertEqual((document["hits"], document["misses"], document["errors"]), (1, 1, 0))


class Wrong(ClusterTest):
    COMMANDS = (["cat"], ["gat", "--ttl", "5m"], ["exists"])

    def test_nobody_there_is_exit_code_4(self):
        with memcached_nodes.refusing_server() as nobody:
            for command in self.COMMANDS:
                with self.subTest(command=command):
                    self.check(self.kmc(*command, "k", servers=nobody), UNREACHABLE, b"",
                               f'kmc: "k": {nobody}: no connection')
                    answer = self.kmc(*command, "--json", "k", servers=nobody)
                    self.check(answer, UNREACHABLE, stderr="")
                    self.assertEqual(self.document(answer)["keys"][0]["error"]["code"],
                                     "connect_failed")

    def test_one_dead_server_costs_its_own_keys_only(self):
        with memcached_nodes.refusing_server() as nobody:
            servers = f"{self.cluster[0].text},{nobody}"
            alive, dead = (self.key_on(s, servers) for s in servers.split(","))
            self.check(self.kmc("set", alive, "x", servers=servers), OK)
            for command in self.COMMANDS:
                with self.subTest(command=command):
                    self.check(self.kmc(*command, dead, alive, servers=servers), PARTIAL,
                               stderr=nobody)

    def test_a_bad_key_is_named_and_harms_no_other(self):
        self.check(self.kmc("set", "fine", "x"), OK)
        for command in self.COMMANDS:
            with self.subTest(command=command):
                self.check(self.kmc(*command, "k" * 251), USAGE, b"", "the key is empty or too long")
                self.check(self.kmc(*command, "fine", ""), PARTIAL, stderr="the key is empty")

    def test_wrong_arguments_are_named(self):
        for command, named in ((["gat", "k"], "--ttl"), (["gat", "--ttl", "0", "k"], "--ttl"),
                               (["gat", "--ttl", "5m"], "KEY"), (["cat"], "KEY"),
                               (["exists"], "KEY"), (["cat", "--ttl", "5", "k"], "--ttl"),
                               (["exists", "--quiet", "--json", "k"], "--quiet")):
            with self.subTest(command=command):
                self.check(run(*command, servers="127.0.0.1:1"), USAGE, b"", named)


if __name__ == "__main__":
    unittest.main(verbosity=2)
