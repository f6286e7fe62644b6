"""kmc version, ping, stats and flush against memcached."""

import socket
import unittest

from kmc_tool import MISS, OK, PARTIAL, UNREACHABLE, USAGE, ClusterTest, memcached_nodes, run


def statistics_of(node, group=""):
    """What the server says in its text protocol, which kmc does not speak."""
    host, port = node.text.split(":")
    with socket.create_connection((host, int(port))) as s, s.makefile("rwb") as stream:
        stream.write(b"stats %s\r\n" % group.encode())
        stream.flush()
        found = {}
        while (line := stream.readline().decode().rstrip("\r\n")) != "END":
            _, name, text = line.split(" ", 2)
            found[name] = text
        return found


def table(process):
    """Rows of a table by name; the header stands under the empty name."""
    lines = process.stdout.decode().splitlines()
    rows = {"": lines[0].split()}
    rows.update((line.split()[0], line.split()[1:]) for line in lines[1:])
    return rows


class OneByOne(ClusterTest):
    def test_ping_tells_each_servers_round_trip(self):
        answer = self.kmc("ping")
        self.check(answer, OK, stderr="")
        lines = [line.split("\t") for line in answer.stdout.decode().splitlines()]
        self.assertEqual([line[0] for line in lines], self.servers.split(","))
        for line in lines:
            self.assertRegex(line[1], r"^\d+\.\d{3} ms$")
        document = self.document(self.kmc("ping", "--json"))
        for entry, server in zip(document["servers"], self.servers.split(","), strict=True):
            self.assertEqual((entry["server"], entry["status"]), (server, "ok"))
            self.assertGreater(entry["round_trip_ms"], 0)

    def test_one_server_may_be_asked_alone(self):
        second, third = self.cluster[1].text, self.cluster[2].text
        for command in ("ping", "version", "stats"):
            with self.subTest(command=command):
                answer = self.kmc(command, "--json", "--server", third, "--server", second,
                                  "--server", third)
                self.check(answer, OK, stderr="")
                self.assertEqual([e["server"] for e in self.document(answer)["servers"]],
                                 [second, third])

    def test_an_unknown_server_is_named_with_those_there_are(self):
        for command in (["ping"], ["version"], ["stats"], ["flush"]):
            with self.subTest(command=command):
                answer = self.kmc(*command, "--server", "cache-9")
                self.check(answer, USAGE, b"", '"cache-9" is none of the servers')
                self.check(answer, USAGE, b"", self.servers.replace(",", " "))

    def test_nobody_there_is_exit_code_4_and_some_there_3(self):
        with memcached_nodes.refusing_server() as nobody:
            for command in (["ping"], ["stats"], ["stats", "reset"], ["flush", "--all"]):
                with self.subTest(command=command):
                    sentence = f"kmc: {nobody}: no connection"
                    self.check(self.kmc(*command, servers=nobody), UNREACHABLE, b"", sentence)
                    answer = self.kmc(*command, servers=f"{self.cluster[0].text},{nobody}")
                    self.check(answer, PARTIAL, stderr=sentence)
                    self.assertIn(self.cluster[0].text, answer.stdout.decode())
                    answer = self.kmc(*command, "--json", servers=nobody)
                    self.check(answer, UNREACHABLE, stderr="")
                    entry = self.document(answer)["servers"][0]
                    self.assertEqual((entry["status"], entry["error"]["code"]),
                                     ("error", "connect_failed"))

    def test_a_silent_server_ends_at_the_timeout(self):
        with memcached_nodes.silent_server() as silent:
            for command in (["ping"], ["stats"], ["flush", "--all"]):
                with self.subTest(command=command):
                    self.check(run(*command, "--timeout", "50ms", servers=silent), UNREACHABLE,
                               b"", silent + ": the call's deadline passed")

    def test_wrong_arguments_are_named(self):
        for command, named in ((["ping", "k"], "k"), (["stats", "items", "x"], "x"),
                               (["flush", "k"], "k"), (["stats", "--group", "x"], "--group"),
                               (["ping", "--server"], "--server")):
            with self.subTest(command=command):
                self.check(run(*command, servers="127.0.0.1:1"), USAGE, b"", named)


class Stats(ClusterTest):
    def setUp(self):
        self.keys = [f"key-{i}" for i in range(30)]
        for key in (*self.keys[:10], *(self.key_on(n.text, self.servers) for n in self.cluster)):
            self.check(self.kmc("set", key, "x"), OK)
        self.kmc("get", *self.keys)

    def test_counters_are_summed_and_each_server_is_shown(self):
        rows = table(self.kmc("stats"))
        self.assertEqual(rows[""], ["sum", *self.servers.split(",")])
        said = [statistics_of(node) for node in self.cluster]
        for name in ("get_hits", "get_misses", "cmd_set", "curr_items", "limit_maxbytes", "threads",
                     "total_items"):
            with self.subTest(name=name):
                each = [s[name] for s in said]
                self.assertEqual(rows[name], [str(sum(map(int, each))), *each])
        self.assertGreaterEqual(int(rows["curr_items"][0]), 10)
        self.assertEqual(list(rows)[1:], list(said[0]))

    def test_what_does_not_add_up_has_no_sum(self):
        rows = table(self.kmc("stats"))
        for name in ("pid", "uptime", "time", "version", "libevent", "pointer_size", "rusage_user",
                     "rusage_system", "accepting_conns", "time_in_listen_disabled_us",
                     "hash_power_level", "hash_is_expanding", "slab_reassign_running",
                     "lru_crawler_running"):
            with self.subTest(name=name):
                self.assertEqual(rows[name][0], "-")
                self.assertNotIn("-", rows[name][1:])
        self.assertEqual({row[0] for name, row in table(self.kmc("stats", "settings")).items()
                          if name}, {"-"})

    def test_the_columns_line_up(self):
        answer = self.kmc("stats")
        self.assertEqual(len({len(line) for line in answer.stdout.splitlines()}), 1)

    def test_groups_are_shown_also_where_a_server_lacks_a_row(self):
        with memcached_nodes.nodes(1) as (empty,):
            servers = f"{self.cluster[0].text},{empty.text}"
            rows = table(self.kmc("stats", "items", servers=servers))
            self.assertEqual(rows["items:1:number"][0], rows["items:1:number"][1])
            self.assertEqual(rows["items:1:number"][2], "-")
            self.assertEqual(rows["items:1:age"][0], "-")
            rows = table(self.kmc("stats", "slabs", servers=self.servers))
            self.assertEqual(rows["1:chunk_size"][0], "-")
            self.assertEqual(int(rows["1:used_chunks"][0]), sum(map(int, rows["1:used_chunks"][1:])))

    def test_the_document_is_complete_and_exact(self):
        document = self.document(self.kmc("stats", "--json", "settings"))
        self.assertEqual((document["group"], document["sum"]), ("settings", {}))
        for entry, node in zip(document["servers"], self.cluster, strict=True):
            self.assertEqual((entry["server"], entry["stats"]),
                             (node.text, statistics_of(node, "settings")))
        document = self.document(self.kmc("stats", "--json"))
        for name, total in document["sum"].items():
            each = [int(e["stats"][name]) for e in document["servers"]]
            self.assertEqual(total, str(sum(each)), name)
        self.assertIn("get_hits", document["sum"])
        self.assertNotIn("pid", document["sum"])

    def test_an_unknown_group_is_a_miss(self):
        answer = self.kmc("stats", "nonsense")
        self.check(answer, MISS, b"",
                   f'kmc: {self.cluster[0].text}: there are no statistics called "nonsense"\n')
        answer = self.kmc("stats", "--json", "nonsense")
        self.check(answer, MISS, stderr="")
        self.assertEqual([e["status"] for e in self.document(answer)["servers"]], ["miss"] * 3)
        self.check(self.kmc("stats", "x" * 251), USAGE, b"")

    def test_reset_sets_counters_to_zero(self):
        self.assertGreater(sum(int(statistics_of(n)["get_misses"]) for n in self.cluster), 0)
        answer = self.kmc("stats", "reset")
        self.check(answer, OK, b"".join(b"%s\treset\n" % n.text.encode() for n in self.cluster), "")
        self.assertEqual({statistics_of(n)["get_misses"] for n in self.cluster}, {"0"})
        document = self.document(self.kmc("stats", "--json", "reset"))
        self.assertEqual([e["status"] for e in document["servers"]], ["reset"] * 3)

    def test_a_server_that_does_not_answer_has_an_empty_column(self):
        with memcached_nodes.refusing_server() as nobody:
            answer = self.kmc("stats", servers=f"{nobody},{self.cluster[0].text}")
            self.check(answer, PARTIAL, stderr=nobody)
            rows = table(answer)
            self.assertEqual(rows[""], ["sum", nobody, self.cluster[0].text])
            self.assertEqual(rows["curr_items"][1], "-")
            self.assertEqual(rows["curr_items"][0], rows["curr_items"][2])


class Flush(ClusterTest):
    def setUp(self):
        self.on = {}
        for node in self.cluster:
            self.on[node.text] = self.key_on(node.text, self.servers)
            self.check(self.kmc("set", self.on[node.text], "x"), OK)

    def left(self):
        """Which servers still have their item."""
        hits = self.document(self.kmc("get", "--json", *self.on.values()))["keys"]
        return [e["server"] for e in hits if e["status"] == "hit"]

    def test_nothing_is_flushed_unless_servers_are_named(self):
        for command in (["flush"], ["flush", "--json"], ["flush", "--delay", "1"],
                        ["flush", "--server", self.cluster[0].text, "--server", "typo"],
                        ["flush", "--all", "--server", self.cluster[0].text],
                        ["flush", "--all", "--delay", "60d"], ["flush", "--all", "--delay", "0"],
                        ["flush", "--all", "--prefix", "mine:"], ["flush", "--all", "extra"]):
            with self.subTest(command=command):
                self.check(self.kmc(*command), USAGE, b"")
                self.assertEqual(self.left(), list(self.on))
        self.check(self.kmc("flush"), USAGE, b"", "--server, or say --all")

    def test_a_named_server_forgets_and_the_others_do_not(self):
        first, second, third = self.on
        self.check(self.kmc("flush", "--server", second), OK, f"{second}\tflushed\n".encode(), "")
        self.assertEqual(self.left(), [first, third])
        self.check(self.kmc("flush", "--server", third, "--server", first), OK,
                   f"{first}\tflushed\n{third}\tflushed\n".encode(), "")
        self.assertEqual(self.left(), [])

    def test_all_is_all(self):
        answer = self.kmc("flush", "--all", "--json")
        self.check(answer, OK, stderr="")
        self.assertEqual(self.document(answer)["servers"],
                         [{"server": s, "status": "flushed", "delay_seconds": 0} for s in self.on])
        self.assertEqual(self.left(), [])

    def test_a_delay_is_told_and_kept(self):
        # A node of its own: around a delayed flush, memcached loses what is stored.
        with memcached_nodes.nodes(1) as (node,):
            self.check(self.kmc("set", "k", "x", servers=node.text), OK)
            self.check(self.kmc("flush", "--all", "--delay", "1h", servers=node.text), OK,
                       f"{node.text}\twill be flushed in 3600 s\n".encode(), "")
            self.check(self.kmc("get", "k", servers=node.text), OK)
            self.check(self.kmc("flush", "--all", "--delay", "1500ms", servers=node.text), OK,
                       f"{node.text}\twill be flushed in 2 s\n".encode(), "")
            self.wait_until_gone("k", servers=node.text)

    def test_a_server_that_forbids_it_says_so(self):
        with memcached_nodes.nodes(1, "-F") as (node,):
            self.check(self.kmc("set", "k", "x", servers=node.text), OK)
            self.check(self.kmc("flush", "--all", servers=node.text), PARTIAL, b"", "memcached -F")
            document = self.document(self.kmc("flush", "--all", "--json", servers=node.text))
            self.assertEqual(document["servers"][0]["error"]["code"], "auth_failed")
            self.check(self.kmc("get", "k", servers=node.text), OK)


if __name__ == "__main__":
    unittest.main(verbosity=2)
