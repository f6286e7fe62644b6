"""kmc add, replace, append, prepend, cas and cp against memcached."""

import unittest

from kmc_tool import MISS, OK, PARTIAL, UNREACHABLE, USAGE, ClusterTest, memcached_nodes, run

EVERY_BYTE = bytes(range(256))


class Stores(ClusterTest):
    def token(self, key):
        return self.document(self.kmc("get", "--json", key))["keys"][0]["cas"]

    def value(self, key):
        answer = self.kmc("cat", key)
        self.check(answer, OK, stderr="")
        return answer.stdout

    def status(self, *command, code):
        answer = self.kmc(command[0], "--json", *command[1:])
        self.check(answer, code, stderr="")
        (entry,) = self.document(answer)["keys"]
        self.assertEqual(entry["server"], self.owner(entry["key"]))
        return entry["status"]

    def test_add_stores_only_where_nothing_is(self):
        self.check(self.kmc("add", "--flags", "9", "a", "first"), OK, b"", "")
        self.check(self.kmc("add", "a", "second"), MISS, b"",
                   'kmc: "a": not stored, there is such an item already\n')
        self.assertEqual(self.value("a"), b"first")
        self.assertEqual(self.status("add", "a", "x", code=MISS), "exists")
        self.assertEqual(self.status("add", "a2", "x", code=OK), "stored")

    def test_replace_stores_only_where_something_is(self):
        self.check(self.kmc("replace", "r", "x"), MISS, b"",
                   'kmc: "r": not stored, there is no such item\n')
        self.check(self.kmc("get", "r"), MISS)
        self.check(self.kmc("set", "r", "old"), OK)
        self.check(self.kmc("replace", "--flags", "5", "r", "new"), OK, b"", "")
        self.assertEqual(self.value("r"), b"new")
        self.assertEqual(self.document(self.kmc("get", "--json", "r"))["keys"][0]["flags"], 5)
        self.assertEqual(self.status("replace", "no-r", "x", code=MISS), "miss")
        self.assertEqual(self.status("replace", "r", "x", code=OK), "stored")

    def test_append_and_prepend_extend_and_keep_the_flags(self):
        self.check(self.kmc("set", "--flags", "3", "e", "-", stdin=EVERY_BYTE), OK)
        self.check(self.kmc("append", "e", "behind"), OK, b"", "")
        self.check(self.kmc("prepend", "e", "-", stdin=b"\0before"), OK, b"", "")
        self.assertEqual(self.value("e"), b"\0before" + EVERY_BYTE + b"behind")
        self.assertEqual(self.document(self.kmc("get", "--json", "e"))["keys"][0]["flags"], 3)
        for command in ("append", "prepend"):
            self.check(self.kmc(command, "nothing", "x"), MISS, b"",
                       'kmc: "nothing": not stored, there is no such item, or')
            self.assertEqual(self.status(command, "nothing", "x", code=MISS), "miss")
            self.assertEqual(self.status(command, "e", "x", code=OK), "stored")

    def test_cas_stores_if_the_token_is_current(self):
        self.check(self.kmc("set", "c", "one"), OK)
        token = self.token("c")
        self.check(self.kmc("cas", "c", "two", token), OK, b"", "")
        self.assertEqual(self.value("c"), b"two")
        self.check(self.kmc("cas", "c", "three", token), MISS, b"",
                   'kmc: "c": not stored, the item was changed since')
        self.assertEqual(self.value("c"), b"two")
        self.check(self.kmc("cas", "nothing", "x", token), MISS, b"",
                   'kmc: "nothing": not stored, there is no such item\n')
        self.assertEqual(self.status("cas", "c", "x", token, code=MISS), "exists")
        self.assertEqual(self.status("cas", "nothing", "x", token, code=MISS), "miss")
        self.assertEqual(self.status("cas", "c", "four", self.token("c"), code=OK), "stored")

    def test_the_token_of_a_store_is_the_items(self):
        for command in ("set", "replace", "append", "prepend"):
            entry = self.document(self.kmc(command, "--json", "t", "x"))["keys"][0]
            self.assertEqual(entry["cas"], self.token("t"))

    def test_a_server_without_cas_is_not_taken_for_a_won_comparison(self):
        with memcached_nodes.nodes(1, "-C") as (node,):
            self.check(self.kmc("set", "k", "x", servers=node.text), OK)
            answer = self.kmc("cas", "--json", "k", "y", "1", servers=node.text)
            self.check(answer, PARTIAL, stderr="")
            self.assertEqual(self.document(answer)["keys"][0]["error"]["code"], "no_cas")

    def test_a_ttl_is_that_of_the_new_item(self):
        self.check(self.kmc("add", "--ttl", "5m", "timed", "x"), OK)
        self.keeps_for("timed", 300)
        self.check(self.kmc("replace", "--ttl", "10m", "timed", "x"), OK)
        self.keeps_for("timed", 600)
        self.check(self.kmc("cas", "--ttl", "15m", "timed", "x", self.token("timed")), OK)
        self.keeps_for("timed", 900)
        self.check(self.kmc("append", "timed", "x"), OK)
        self.keeps_for("timed", 900)
        self.check(self.kmc("set", "--ttl", "never", "timed", "x"), OK)
        self.assertEqual(self.seconds_left("timed"), -1)


class Copies(ClusterTest):
    def entry(self, key, **where):
        return self.document(self.kmc("get", "--json", key, **where))["keys"][0]

    def test_value_and_flags_go_with_it(self):
        self.check(self.kmc("set", "--flags", "4294967295", "from", "-", stdin=EVERY_BYTE), OK)
        self.check(self.kmc("cp", "from", "to"), OK, b"", "")
        self.check(self.kmc("cat", "to"), OK, EVERY_BYTE)
        self.assertEqual(self.entry("to")["flags"], 4294967295)
        self.check(self.kmc("set", "empty", ""), OK)
        self.check(self.kmc("cp", "empty", "to"), OK)
        self.check(self.kmc("cat", "to"), OK, b"", "")

    def test_a_missing_source_leaves_the_copy_alone(self):
        self.check(self.kmc("set", "kept", "x"), OK)
        self.check(self.kmc("cp", "nothing", "kept"), MISS, b"", 'kmc: "nothing": no such item\n')
        self.check(self.kmc("get", "kept"), OK, b"x\n")

    def test_no_clobber_leaves_what_is_there_alone(self):
        self.check(self.kmc("set", "src", "new"), OK)
        self.check(self.kmc("cp", "--no-clobber", "src", "dst"), OK, b"", "")
        self.check(self.kmc("set", "dst", "mine"), OK)
        self.check(self.kmc("cp", "--no-clobber", "src", "dst"), MISS, b"",
                   'kmc: "src": not copied to "dst": there is such an item already\n')
        self.check(self.kmc("get", "dst"), OK, b"mine\n")
        answer = self.kmc("cp", "--json", "--no-clobber", "src", "dst")
        self.check(answer, MISS, stderr="")
        self.assertEqual(self.document(answer)["keys"],
                         [{"key": "src", "server": self.owner("src"), "status": "exists",
                           "to": "dst", "to_server": self.owner("dst")}])

    def test_another_cluster_is_reached(self):
        with memcached_nodes.nodes(1) as (other,):
            self.check(self.kmc("set", "--flags", "2", "k", "across"), OK)
            self.check(self.kmc("cp", "k", "k", "--to-servers", other.text), OK, b"", "")
            entry = self.entry("k", servers=other.text)
            self.assertEqual((entry["value"], entry["flags"]), ("across", 2))
            answer = self.kmc("cp", "--json", "k", "k2", "--to-servers", other.text)
            (entry,) = self.document(answer)["keys"]
            self.assertEqual((entry["server"], entry["to_server"], entry["status"]),
                             (self.owner("k"), other.text, "stored"))

    def test_a_copy_gets_a_time_to_live_of_its_own(self):
        self.check(self.kmc("set", "--ttl", "5m", "timed", "x"), OK)
        self.check(self.kmc("cp", "--ttl", "1h", "timed", "copy"), OK)
        self.keeps_for("copy", 3600)
        self.keeps_for("timed", 300)
        self.check(self.kmc("cp", "timed", "copy"), OK)
        self.assertEqual(self.seconds_left("copy"), -1)

    def test_a_dead_side_is_named(self):
        self.check(self.kmc("set", "k", "x"), OK)
        with memcached_nodes.refusing_server() as nobody:
            self.check(self.kmc("cp", "k", "k", "--to-servers", nobody), PARTIAL, b"",
                       f'kmc: "k": not copied to "k": {nobody}: no connection')
            answer = self.kmc("cp", "--json", "k", "k", "--to-servers", nobody)
            self.check(answer, PARTIAL, stderr="")
            self.assertEqual(self.document(answer)["keys"][0]["to_server"], nobody)
            self.check(self.kmc("cp", "k", "l", servers=nobody), UNREACHABLE, b"",
                       f'kmc: "k": {nobody}: no connection')

    def test_one_time_limit_holds_for_both_halves(self):
        self.check(self.kmc("set", "k", "x"), OK)
        with memcached_nodes.silent_server() as silent:
            answer = run("cp", "--timeout", "200ms", "k", "k", "--to-servers", silent,
                         servers=self.servers)
            self.check(answer, PARTIAL, b"", silent + ": the call's deadline passed")

    def test_what_cannot_be_copied_is_refused_before_anything_is_read(self):
        nowhere = "127.0.0.1:1"
        for command, named in ((["cp", "k", "k"], "same item"), (["cp", "k", ""], "DST: the key is"),
                               (["cp", "k", "k" * 251], "DST: the key is"),
                               (["cp", "--prefix", "p" * 100, "k", "k" * 151], "DST: the key is"),
                               (["cp", "k"], "DST"), (["cp"], "SRC"),
                               (["cp", "k", "l", "--to-servers", "a:b"], '--to-servers: server 1'),
                               (["cp", "k", "l", "--ttl", "0"], "--ttl")):
            with self.subTest(command=command):
                self.check(run(*command, servers=nowhere), USAGE, b"", named)


class Wrong(ClusterTest):
    COMMANDS = (["add", "k", "v"], ["replace", "k", "v"], ["append", "k", "v"],
                ["prepend", "k", "v"], ["cas", "k", "v", "1"])

    def test_nobody_there_is_exit_code_4(self):
        with memcached_nodes.refusing_server() as nobody:
            for command in self.COMMANDS:
                with self.subTest(command=command):
                    self.check(self.kmc(*command, servers=nobody), UNREACHABLE, b"",
                               f'kmc: "k": {nobody}: no connection')
                    document = self.document(self.kmc(*command, "--json", servers=nobody))
                    self.assertEqual(document["keys"][0]["error"]["code"], "connect_failed")

    def test_a_silent_server_ends_at_the_timeout(self):
        with memcached_nodes.silent_server() as silent:
            for command in self.COMMANDS:
                with self.subTest(command=command):
                    self.check(run(*command, "--timeout", "50ms", servers=silent), UNREACHABLE,
                               b"", silent + ": the call's deadline passed")

    def test_bad_keys_and_large_values_are_refused_before_they_are_sent(self):
        big = b"x" * (2 * 1024 * 1024)
        for name, _, _, *token in self.COMMANDS:
            with self.subTest(command=name):
                for key in ("", "k" * 251):
                    self.check(self.kmc(name, key, "v", *token), USAGE, b"", "the key is empty or")
                self.check(self.kmc(name, "k", "-", *token, stdin=big), USAGE, b"",
                           "the value is over the item size limit, not sent")

    def test_wrong_arguments_are_named(self):
        for command, named in (
                (["add", "k"], "VALUE"), (["replace"], "KEY"), (["append", "k"], "VALUE"),
                (["cas", "k", "v"], "TOKEN"),
                (["cas", "k", "v", "0"], 'TOKEN: "0" is no number from 1'),
                (["cas", "k", "v", "-1"], '"-1" is no number'),
                (["cas", "k", "v", "0x10"], '"0x10" is no number'),
                (["cas", "k", "v", ""], '"" is no number'),
                (["cas", "k", "v", "18446744073709551616"], "18446744073709551616"),
                (["append", "--ttl", "5", "k", "v"], "--ttl"),
                (["prepend", "--flags", "5", "k", "v"], "--flags"),
                (["add", "--ttl", "forever", "k", "v"], "never"),
                (["add", "--flags", "4294967296", "k", "v"], "4294967296")):
            with self.subTest(command=command):
                self.check(run(*command, servers="127.0.0.1:1"), USAGE, b"", named)


if __name__ == "__main__":
    unittest.main(verbosity=2)
