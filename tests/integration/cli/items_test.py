"""kmc get, set, del and version against memcached."""

import base64
import contextlib
import os
import pathlib
import tempfile
import unittest

from kmc_tool import (MISS, OK, PARTIAL, UNREACHABLE, USAGE, ClusterTest, memcached_nodes, run)

EVERY_BYTE = bytes(range(256))


class Items(ClusterTest):
    def test_a_stored_value_comes_back_with_a_newline_behind_it(self):
        self.check(self.kmc("set", "greeting", "Hello World"), OK, b"", "")
        self.check(self.kmc("get", "greeting"), OK, b"Hello World\n", "")

    def test_several_keys_come_back_as_lines_in_their_order(self):
        for key in ("c", "a", "b"):
            self.check(self.kmc("set", key, "value of " + key), OK)
        self.check(self.kmc("get", "c", "a", "b", "a"), OK,
                   b"c\tvalue of c\na\tvalue of a\nb\tvalue of b\na\tvalue of a\n", "")

    def test_a_miss_is_exit_code_1_and_a_line_on_standard_error(self):
        self.check(self.kmc("set", "there", "x"), OK)
        self.check(self.kmc("get", "not-there"), MISS, b"", 'kmc: "not-there": no such item\n')
        self.check(self.kmc("get", "there", "not-there"), MISS, b"there\tx\n", "no such item")

    def test_raw_prints_the_bytes_and_nothing_else(self):
        self.check(self.kmc("set", "bytes", "-", stdin=EVERY_BYTE), OK)
        self.check(self.kmc("get", "--raw", "bytes"), OK, EVERY_BYTE, "")
        self.check(self.kmc("get", "--raw", "bytes", "bytes"), OK, EVERY_BYTE * 2, "")

    def test_an_empty_value_is_a_value(self):
        self.check(self.kmc("set", "empty", ""), OK)
        self.check(self.kmc("get", "empty"), OK, b"\n", "")
        self.check(self.kmc("set", "empty-too", "-", stdin=b""), OK)
        self.check(self.kmc("get", "--raw", "empty-too"), OK, b"", "")

    def test_keys_may_hold_any_bytes_that_an_argument_can(self):
        odd = [bytes(range(0x80, 0x100)), b"two words", b"tab\there", b"line\nbreak", b"{}", b"[]",
               b"[a,b]", b"[", b"++", b"\x01", b"%%", b"\"q\"", b"get", b"a=b", b"\xf0\x9f\x98\x80", b"k" * 250]
        for key in odd:
            with self.subTest(key=key):
                self.check(self.kmc("set", key, b"of " + key), OK, b"", "")
                self.check(self.kmc("get", key), OK, b"of " + key + b"\n", "")
        self.check(self.kmc("get", "--raw", *odd), OK, b"".join(b"of " + k for k in odd), "")

    def test_keys_and_values_with_a_dash_go_behind_two_dashes(self):
        self.check(self.kmc("set", "--", "-key", "-5"), OK)
        self.check(self.kmc("set", "plain", "--", "--"), OK)
        self.check(self.kmc("get", "--", "-key"), OK, b"-5\n")
        self.check(self.kmc("get", "plain", "--", "-key"), OK, b"plain\t--\n-key\t-5\n")

    def test_del_removes_and_says_what_was_not_there(self):
        self.check(self.kmc("set", "d1", "x"), OK)
        self.check(self.kmc("set", "d2", "x"), OK)
        self.check(self.kmc("del", "d1", "d2"), OK, b"", "")
        self.check(self.kmc("get", "d1"), MISS)
        self.check(self.kmc("del", "d1"), MISS, b"", 'kmc: "d1": no such item\n')

    def test_version_lists_every_server_in_order(self):
        answer = self.kmc("version")
        self.check(answer, OK, stderr="")
        lines = [line.split("\t") for line in answer.stdout.decode().splitlines()]
        self.assertEqual([line[0] for line in lines], self.servers.split(","))
        for line in lines:
            self.assertRegex(line[1], r"^1\.\d+\.\d+$")

    def test_an_item_goes_when_its_time_is_over(self):
        self.check(self.kmc("set", "--ttl", "1s", "short", "x"), OK)
        self.wait_until_gone("short")

    def test_a_ttl_of_days_keeps_also_above_what_the_server_counts_from_now(self):
        self.check(self.kmc("set", "--ttl", "1d", "kept", "x"), OK)
        self.check(self.kmc("get", "kept"), OK)
        self.check(self.kmc("set", "--ttl", "60d", "kept-long", "x"), OK)
        self.check(self.kmc("get", "kept-long"), OK)

    def test_a_unix_socket_is_a_server(self):
        with tempfile.TemporaryDirectory(prefix="kmc-") as folder:
            node = memcached_nodes.Node(unix_socket=folder + "/mc.sock")
            self.addCleanup(node.stop)
            self.check(self.kmc("set", "u", "unix", servers=node.text), OK)
            self.check(self.kmc("get", "u", servers=node.text), OK, b"unix\n")
            self.assertEqual(self.kmc("version", servers=node.text).stdout.split(b"\t")[0],
                             node.text.encode())

    def test_both_engines_serve(self):
        for backend in ("io_uring", "epoll"):
            with self.subTest(backend=backend):
                os.environ["KMC_BACKEND"] = backend
                self.addCleanup(os.environ.pop, "KMC_BACKEND", None)
                self.check(self.kmc("set", "engine", backend), OK)
                self.check(self.kmc("get", "engine"), OK, backend.encode() + b"\n")


class Json(ClusterTest):
    def test_get_says_hits_misses_and_errors(self):
        self.check(self.kmc("set", "--flags", "4294967295", "j", "value"), OK)
        answer = self.kmc("get", "--json", "j", "not-there", "")
        self.check(answer, PARTIAL, stderr="")
        document = self.document(answer)
        hit, miss, error = document["keys"]
        self.assertEqual((document["hits"], document["misses"], document["errors"]), (1, 1, 1))
        self.assertEqual((hit["key"], hit["status"], hit["value"], hit["flags"], hit["server"]),
                         ("j", "hit", "value", 4294967295, self.owner("j")))
        self.assertGreater(int(hit["cas"]), 0)
        self.assertEqual(miss, {"key": "not-there", "server": self.owner("not-there"),
                                "status": "miss"})
        self.assertEqual((error["status"], error["error"]["code"], error["error"]["stage"]),
                         ("error", "bad_key", "not_sent"))

    def test_bytes_that_are_no_text_stand_in_base64(self):
        key = b"\xff\xfe"
        self.check(self.kmc("set", key, "-", stdin=EVERY_BYTE), OK)
        entry = self.document(self.kmc("get", "--json", key))["keys"][0]
        self.assertEqual(base64.b64decode(entry["key_base64"]), key)
        self.assertEqual(base64.b64decode(entry["value_base64"]), EVERY_BYTE)
        self.assertNotIn("key", entry)
        self.assertNotIn("value", entry)

    def test_text_that_needs_escapes_survives(self):
        text = 'quote " backslash \\ newline \n nul-free \x01 \u20ac \U0001f600'
        self.check(self.kmc("set", text[:40], text), OK)
        entry = self.document(self.kmc("get", "--json", text[:40]))["keys"][0]
        self.assertEqual((entry["key"], entry["value"]), (text[:40], text))

    def test_set_del_and_version_have_documents_too(self):
        stored = self.document(self.kmc("set", "--json", "doc", "x"))["keys"]
        self.assertEqual([(e["key"], e["status"]) for e in stored], [("doc", "stored")])
        removed = self.kmc("del", "--json", "doc", "doc-not-there")
        self.check(removed, MISS, stderr="")
        self.assertEqual([(e["key"], e["status"]) for e in self.document(removed)["keys"]],
                         [("doc", "deleted"), ("doc-not-there", "miss")])
        versions = self.document(self.kmc("version", "--json"))["servers"]
        self.assertEqual([(e["server"], e["status"]) for e in versions],
                         [(s, "ok") for s in self.servers.split(",")])


class BadInput(ClusterTest):
    def test_an_empty_or_long_key_is_named_and_harms_no_other(self):
        self.check(self.kmc("set", "fine", "x"), OK)
        too_long = "k" * 251
        for command in (["get", ""], ["del", ""], ["set", "", "v"], ["get", too_long],
                        ["set", too_long, "v"], ["del", too_long]):
            with self.subTest(command=command):
                self.check(self.kmc(*command), USAGE, b"", "the key is empty or too long")
        self.check(self.kmc("get", "fine", too_long, ""), PARTIAL, b"fine\tx\n", '"": the key is')

    def test_a_value_that_no_server_takes_is_refused_before_it_is_sent(self):
        big = b"x" * (2 * 1024 * 1024)
        self.check(self.kmc("set", "big", "-", stdin=big), USAGE, b"",
                   "the value is over the item size limit, not sent")
        document = self.document(self.kmc("set", "--json", "big", "-", stdin=big))
        self.assertEqual(document["keys"][0]["error"]["code"], "too_large")

    def test_a_value_over_the_servers_own_limit_is_its_refusal(self):
        with memcached_nodes.nodes(1, "-I", "128k", "-o", "slab_chunk_max=64") as (small,):
            self.check(self.kmc("set", "big", "-", stdin=b"x" * 200_000, servers=small.text),
                       USAGE, b"", "over the item size limit")
            self.check(self.kmc("set", "small", "x", servers=small.text), OK)

    def test_a_larger_limit_may_be_asked_for(self):
        with memcached_nodes.nodes(1, "-I", "4m") as (large,):
            value = b"x" * (2 * 1024 * 1024)
            limit = ["--item-size-max", "4m"]
            self.check(self.kmc("set", *limit, "big", "-", stdin=value, servers=large.text), OK)
            self.check(self.kmc("get", *limit, "--raw", "big", servers=large.text), OK, value)


class Failures(ClusterTest):
    def test_nobody_there_is_exit_code_4_and_names_the_server(self):
        with memcached_nodes.refusing_server() as nobody:
            for command in (["get", "k"], ["get", "k", "l"], ["set", "k", "v"], ["del", "k"],
                            ["version"]):
                with self.subTest(command=command):
                    self.check(self.kmc(*command, servers=nobody), UNREACHABLE, b"",
                               nobody + ": no connection to the server could be made")
            document = self.document(self.kmc("get", "--json", "k", servers=nobody))
            error = document["keys"][0]["error"]
            self.assertEqual((error["code"], error["stage"], error["maybe_executed"]),
                             ("connect_failed", "not_sent", False))

    def test_an_unknown_name_is_unreachable(self):
        # Longer than a label of a name may be, so that no name server is asked.
        name = "x" * 64 + ".invalid:11211"
        self.check(self.kmc("get", "k", servers=name), UNREACHABLE, b"",
                   name + ": no connection to the server could be made")

    def test_a_silent_server_ends_at_the_timeout(self):
        with memcached_nodes.silent_server() as silent:
            for command in (["get", "k"], ["set", "k", "v"], ["version"]):
                with self.subTest(command=command):
                    answer = run(command[0], "--timeout", "50ms", *command[1:], servers=silent)
                    self.check(answer, UNREACHABLE, b"", silent + ": the call's deadline passed")

    def test_one_dead_server_costs_its_own_keys_only(self):
        with memcached_nodes.refusing_server() as nobody:
            servers = f"{self.cluster[0].text},{nobody}"
            alive = self.key_on(self.cluster[0].text, servers)
            dead = self.key_on(nobody, servers)
            self.check(self.kmc("set", alive, "x", servers=servers), OK)
            self.check(self.kmc("get", alive, dead, servers=servers), PARTIAL,
                       f"{alive}\tx\n".encode(), f'"{dead}": {nobody}: ')
            self.check(self.kmc("version", servers=servers), PARTIAL, stderr=nobody)
            self.check(self.kmc("del", dead, alive, servers=servers), PARTIAL, b"", nobody)
            self.check(self.kmc("get", dead, servers=servers), UNREACHABLE)


class Servers(ClusterTest):
    """Where the list comes from: flags before the environment, one flag at a time."""

    def test_the_flag_wins_over_the_environment(self):
        first, second = self.cluster[0].text, self.cluster[1].text
        answer = self.kmc("version", "--servers", second, servers=first)
        self.check(answer, OK)
        self.assertEqual(answer.stdout.split(b"\t")[0], second.encode())

    def test_a_file_wins_over_the_environment(self):
        with file_of(f"# ours\n{self.cluster[2].text}\t5\n") as path:
            answer = self.kmc("version", "--servers-file", path, servers=self.cluster[0].text)
            self.check(answer, OK, stderr="")
            self.assertEqual(answer.stdout.split(b"\t")[0], self.cluster[2].text.encode())

    def test_both_flags_are_one_too_many(self):
        with file_of(f"{self.cluster[2].text}\t5\n") as path:
            self.check(self.kmc("version", "--servers-file", path, "--servers", self.servers),
                       USAGE, b"", "--servers")

    def test_the_flags_work_before_and_behind_the_keys(self):
        self.check(run("set", "k", "v", "--servers", self.servers, "--timeout", "30s"), OK)
        self.check(run("get", "--servers", self.servers, "--timeout=30s", "k"), OK, b"v\n")


@contextlib.contextmanager
def file_of(text):
    with tempfile.TemporaryDirectory(prefix="kmc-") as folder:
        path = pathlib.Path(folder) / "servers"
        path.write_text(text)
        yield str(path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
