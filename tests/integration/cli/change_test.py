"""kmc touch, incr, decr and del --cas against memcached."""

import unittest

from kmc_tool import MISS, OK, PARTIAL, UNREACHABLE, USAGE, ClusterTest, memcached_nodes, run

LARGEST = 2**64 - 1


class Touch(ClusterTest):
    def test_it_says_what_was_not_there(self):
        for key in ("a", "b"):
            self.check(self.kmc("set", key, "x"), OK)
        self.check(self.kmc("touch", "--ttl", "5m", "a", "b"), OK, b"", "")
        self.check(self.kmc("touch", "--ttl", "5m", "a", "nothing"), MISS, b"",
                   'kmc: "nothing": no such item\n')
        answer = self.kmc("touch", "--json", "--ttl", "5m", "a", "nothing")
        self.check(answer, MISS, stderr="")
        self.assertEqual([e["status"] for e in self.document(answer)["keys"]], ["touched", "miss"])

    def test_the_new_time_to_live_counts(self):
        self.check(self.kmc("set", "k", "x"), OK)
        for ttl, seconds in (("400", 400), ("90s", 90), ("2h", 7200), ("60d", 60 * 86400)):
            self.check(self.kmc("touch", "--ttl", ttl, "k"), OK)
            self.keeps_for("k", seconds)
        self.check(self.kmc("touch", "--ttl", "never", "k"), OK)
        self.assertEqual(self.seconds_left("k"), -1)


class Counters(ClusterTest):
    def test_it_prints_what_the_counter_became(self):
        self.check(self.kmc("set", "n", "40"), OK)
        self.check(self.kmc("incr", "n"), OK, b"41\n", "")
        self.check(self.kmc("incr", "n", "9"), OK, b"50\n", "")
        self.check(self.kmc("decr", "n"), OK, b"49\n", "")
        self.check(self.kmc("decr", "n", "010"), OK, b"39\n", "")
        self.check(self.kmc("incr", "n", "0"), OK, b"39\n", "")

    def test_counters_go_to_the_end_of_64_bits(self):
        self.check(self.kmc("set", "big", "0"), OK)
        self.check(self.kmc("incr", "big", str(LARGEST)), OK, b"%d\n" % LARGEST)
        entry = self.document(self.kmc("decr", "--json", "big", "1"))["keys"][0]
        self.assertEqual((entry["status"], entry["value"]), ("counted", str(LARGEST - 1)))
        self.check(self.kmc("incr", "big", "3"), OK, b"1\n")
        self.check(self.kmc("decr", "big", "5"), OK, b"0\n")

    def test_a_counter_that_is_not_there_is_created_on_demand_only(self):
        for command in ("incr", "decr"):
            key = "new-" + command
            self.check(self.kmc(command, key), MISS, b"", f'kmc: "{key}": no such item\n')
            self.check(self.kmc("get", key), MISS)
            answer = self.kmc(command, "--json", key)
            self.check(answer, MISS, stderr="")
            self.assertEqual(self.document(answer)["keys"][0]["status"], "miss")
            self.check(self.kmc(command, key, "5", "--initial", "100"), OK, b"100\n", "")
            self.check(self.kmc(command, key, "5", "--initial", "100"), OK,
                       b"105\n" if command == "incr" else b"95\n", "")
        self.check(self.kmc("incr", "largest", "--initial", str(LARGEST)), OK, b"%d\n" % LARGEST)
        self.check(self.kmc("incr", "zero", "--initial", "0"), OK, b"0\n")

    def test_a_created_counter_has_its_time_to_live(self):
        self.check(self.kmc("incr", "timed", "--initial", "1", "--ttl", "5m"), OK)
        self.keeps_for("timed", 300)
        self.check(self.kmc("decr", "for-ever", "--initial", "1"), OK)
        self.assertEqual(self.seconds_left("for-ever"), -1)

    def test_text_is_no_counter(self):
        self.check(self.kmc("set", "text", "abc"), OK)
        self.check(self.kmc("incr", "text"), PARTIAL, b"", "the item is no number")
        document = self.document(self.kmc("decr", "--json", "text"))
        self.assertEqual(document["keys"][0]["error"]["code"], "not_a_number")


class RemoveIf(ClusterTest):
    def test_a_token_guards_an_item(self):
        token = self.document(self.kmc("set", "--json", "g", "one"))["keys"][0]["cas"]
        self.check(self.kmc("set", "g", "two"), OK)
        self.check(self.kmc("del", "--cas", token, "g"), MISS, b"",
                   'kmc: "g": not removed, the item was changed since')
        answer = self.kmc("del", "--json", "--cas", token, "g")
        self.check(answer, MISS, stderr="")
        self.assertEqual(self.document(answer)["keys"][0]["status"], "exists")
        self.check(self.kmc("get", "g"), OK, b"two\n")
        token = self.document(self.kmc("get", "--json", "g"))["keys"][0]["cas"]
        self.check(self.kmc("del", "--cas", token, "g"), OK, b"", "")
        self.check(self.kmc("del", "--cas", token, "g"), MISS, b"", 'kmc: "g": no such item\n')


class Wrong(ClusterTest):
    COMMANDS = (["touch", "--ttl", "5m", "k"], ["incr", "k"], ["decr", "k", "--initial", "1"],
                ["del", "--cas", "5", "k"])

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
                    answer = run(*command, "--timeout", "50ms", servers=silent)
                    self.check(answer, UNREACHABLE, b"", silent + ": the call's deadline passed")

    def test_bad_keys_are_named(self):
        for command in self.COMMANDS:
            for key in ("", "k" * 251):
                with self.subTest(command=command):
                    bad = [key if a == "k" else a for a in command]
                    self.check(self.kmc(*bad), USAGE, b"", "the key is empty or too long")

    def test_wrong_arguments_are_named(self):
        for command, named in (
                (["touch", "k"], "--ttl"), (["touch", "--ttl", "5"], "KEY"), (["incr"], "KEY"),
                (["touch", "--ttl", "soon", "k"], "soon"),
                (["incr", "k", "x"], '"x" is no number from 0'),
                (["incr", "k", "-1"], '"-1" is no number'),
                (["incr", "k", "1.5"], '"1.5" is no number'),
                (["decr", "k", str(LARGEST + 1)], str(LARGEST + 1)),
                (["incr", "k", "--initial", "many"], "--initial"),
                (["incr", "k", "--ttl", "5"], "--initial"), (["incr", "k", "1", "2"], "2"),
                (["del", "--cas", "5", "k", "l"], "one key"), (["del", "--cas", "0", "k"], "--cas")):
            with self.subTest(command=command):
                self.check(run(*command, servers="127.0.0.1:1"), USAGE, b"", named)


if __name__ == "__main__":
    unittest.main(verbosity=2)
