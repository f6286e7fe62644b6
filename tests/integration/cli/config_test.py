"""kmc config convert: settings of other clients in, settings of kmc out. Whether the keys are then
where they were is asked of kmc ring locate, with the flags that were printed."""

import json
import os
import pathlib
import unittest

from kmc_tool import OK, USAGE, ToolTest, run

PYLIBMC = b'{"servers": ["10.0.0.1:11211:3", "10.0.0.2:5"], "behaviors": {"ketama_weighted": true}}'
POOL = b"""alpha:
  listen: 127.0.0.1:22121
  hash: md5
  hash_tag: "{}"
  distribution: ketama
  auto_eject_hosts: true
  timeout: 400
  servers:
   - 10.0.0.1:11211:1
   - 10.0.0.2:11212:2
"""


class Convert(ToolTest):
    def convert(self, dialect, text, *arguments):
        return run("config", "convert", "--from", dialect, *arguments, stdin=text)

    def converted(self, dialect, text, *arguments):
        answer = self.convert(dialect, text, "--json", *arguments)
        self.check(answer, OK)
        return self.document(answer)

    def test_the_text_is_cpp_a_list_and_flags(self):
        answer = self.convert("pylibmc", PYLIBMC)
        self.check(answer, OK, b"""// C++
auto servers = kmc::server_list::parse("10.0.0.1:11211:3,10.0.0.2:5");
kmc::client_options options;
options.ring = kmc::ring::libmemcached_weighted;
options.health.remove_failed = 0;
options.health.retry_timeout = std::chrono::seconds(2);

# server list
10.0.0.1:11211:3,10.0.0.2:5

# flags of kmc
--servers 10.0.0.1:11211:3,10.0.0.2:5 --ring libmemcached_weighted
""", stderr="")

    def test_a_list_that_no_code_makes_is_a_comment(self):
        answer = self.convert("libketama", b"a\x01b:11211\t600\nc:11211\t300\n")
        self.check(answer, OK, None, "nor does C++")
        self.assertNotIn(b"server_list::of({", answer.stdout)
        self.assertNotIn(b"auto servers", answer.stdout)
        self.assertRegex(answer.stdout, rb"// No code makes this list: .*control character")
        document = self.converted("libketama", b"a\x01b:11211\t600\nc:11211\t300\n")
        self.assertIn("// No code makes this list", document["cpp"])
        # Refused by nobody, as odd as it looks.
        answer = self.convert("libketama", b"a,b:11211\t600\nc:11211\t300\n")
        self.assertIn(b"server_list::of({", answer.stdout)

    def test_a_folder_cannot_be_read(self):
        answer = run("config", "convert", "--from", "libketama", "/")
        self.check(answer, USAGE, b"", 'cannot read "/"')

    def test_bytes_that_no_literal_holds_are_refused(self):
        pool = POOL.replace(b'"{}"', b'"\\0\\0"')
        self.check(self.convert("twemproxy", pool), USAGE, b"", "zero byte")

    def test_the_document_holds_the_same(self):
        document = self.converted("twemproxy", POOL)
        self.assertEqual(document["servers"], "10.0.0.1:11211,10.0.0.2:11212:2")
        self.assertEqual(document["ring"], {"name": "twemproxy", "hash": "md5",
                                            "point_hash": "own", "weights": "automatic",
                                            "labels": "own", "key_bytes": "with_sign"})
        self.assertEqual(document["hash_tag"], "{}")
        self.assertEqual(document["health"]["on_dead"], "rebuild")
        self.assertEqual(document["health"]["dead_timeout_ms"], 30000)
        self.assertEqual(document["timeouts_ms"]["call"], 400)
        self.assertEqual(document["flags"][-2:], ["--hash-tag", "{}"])
        self.assertIn("options.health.on_dead = kmc::on_dead::rebuild;", document["cpp"])
        self.assertEqual(len(document["warnings"]), 2)

    def test_warnings_are_lines_on_standard_error(self):
        answer = self.convert("pylibmc", b'{"ketama": true, "receive_timeout": 5}',
                              "--servers", "a,b")
        self.check(answer, OK, stderr="kmc: receive_timeout: has no effect there")
        self.assertEqual(len(answer.stderr.splitlines()), 2)

    def test_each_client_is_known(self):
        cases = {
            "php-memcached": b'{"OPT_LIBKETAMA_COMPATIBLE": true, "servers": [["a", 1, 2]]}',
            "libmemcached": b"--SERVER=a.b:5/?3 --DISTRIBUTION=consistent --HASH=MD5\n",
            "libketama": b"10.0.0.1:11211\t900\n",
            "twemproxy": POOL, "pylibmc": PYLIBMC}
        for dialect, text in cases.items():
            with self.subTest(dialect=dialect):
                self.assertTrue(self.converted(dialect, text)["servers"])

    def test_php_may_be_an_array_of_calls_or_have_its_servers_beside(self):
        calls = b'[["addServers", [["a", 1, 2]]], ["opt", "OPT_LIBKETAMA_COMPATIBLE", true]]'
        beside = self.converted("php-memcached", b'{"OPT_LIBKETAMA_COMPATIBLE": true}',
                                "--servers", "a:1:2")
        self.assertEqual(self.converted("php-memcached", calls), beside)

    def test_the_order_of_time_counts(self):
        later = b'{"servers": ["a:1:5", "b:1"], "behaviors": {}, "behaviors_after": ' \
                b'[{"ketama": true}, {"hash": "md5"}]}'
        flags = self.converted("pylibmc", later)["flags"]
        self.assertEqual(flags[2:], ["--ring", "libmemcached_ketama", "--hash", "md5",
                                     "--point-hash", "one_at_a_time", "--weights", "ignored"])

    def test_keys_are_where_pylibmc_stored_them_by_the_flags(self):
        folder = pathlib.Path(os.environ["KMC_VECTORS_DIR"], "routing")
        if not folder.is_dir():
            self.skipTest("no golden vectors")
        checked = 0
        for file in sorted(folder.glob("pylibmc/*.tsv")):
            rows = [line.split("\t") for line in file.read_text().splitlines()]
            head = {row[0]: row[1] for row in rows if row[0] not in ("server", "K", "X")}
            if head["binary"] == "1":
                continue
            servers = [row[2] for row in rows if row[0] == "server"]
            whole = json.dumps({"servers": servers, "behaviors": json.loads(head["behaviors"]),
                                "behaviors_after": json.loads(head["behaviors_after"])})
            flags = self.converted("pylibmc", whole.encode())["flags"]
            keys = [bytes.fromhex(line.split("\t")[1]) for line in
                    (folder / "keys" / (head["keyset"] + ".tsv")).read_text().splitlines()]
            asked = []
            for row in rows:
                if row[0] != "K":
                    continue
                asked += [(keys[int(row[1]) + i], int(answer))
                          for i, answer in enumerate(row[2].split(" ")) if answer != "-"]
            found = run("ring", "locate", *flags,
                        stdin=b"".join(key + b"\n" for key, _ in asked))
            with self.subTest(file=file.name):
                self.check(found, OK, stderr="")
                places = [line.rsplit(b"\t", 1)[1].decode() for line in
                          found.stdout.splitlines()]
                texts = [":".join(s.split(":")[:2]) for s in servers]
                self.assertEqual(places, [texts[answer] for _, answer in asked])
                checked += 1
        self.assertEqual(checked, 25)

    def test_what_no_text_can_say_is_left_to_cpp(self):
        answer = self.convert("pylibmc", b"{}", "--servers", "[::1]:5,[::2]")
        self.check(answer, OK, stderr="kmc: no text says all of this server list")
        self.assertIn(b'.host = "::1", .port = 5,', answer.stdout)
        self.assertNotIn(b"--servers", answer.stdout)
        named = self.converted("twemproxy", b"p: {servers: [a:1:1 x]}")
        self.assertIsNone(named["flags"])
        self.assertIn('.name = "x"', named["cpp"])
        # a:11211:3 would be another ring, where the address is hashed as it is written.
        bare = self.converted("libketama", b"a\t3\n")
        self.assertIsNone(bare["flags"])
        self.assertIn('.text = "a",', bare["cpp"])
        elsewhere = self.converted("pylibmc", b'{"ketama_weighted": true}', "--servers", "a:11211:3")
        self.assertEqual(elsewhere["servers"], "a:11211:3")

    def test_one_pool_of_several_has_to_be_named(self):
        two = POOL + POOL.replace(b"alpha", b"beta").replace(b"md5", b"murmur")
        self.check(self.convert("twemproxy", two), USAGE, b"", "but alpha beta; name one")
        self.assertEqual(self.converted("twemproxy", two, "--pool", "beta")["ring"]["hash"],
                         "murmur")
        self.check(self.convert("twemproxy", two, "--pool", "gamma"), USAGE, b"",
                   'there is no pool "gamma" (known: alpha beta)')

    def test_what_cannot_be_read_is_one_line(self):
        cases = [
            ("pylibmc", b"{", "line 1, column 2"),
            ("pylibmc", b'{"a": ' + b"\xff" * 600, "line 1, column 7: syntax error"),
            ("pylibmc", b"[]", "not a JSON object"),
            ("pylibmc", b'{"ketama": 1.5}', "no flag, no whole number and no text"),
            ("pylibmc", b'{"ketmaa": 1}', "did you mean ketama?"),
            ("pylibmc", b'{"behaviors": {}, "severs": []}', "known: servers behaviors"),
            ("php-memcached", b"5", "neither an object"),
            ("php-memcached", b'[["addSever", "a", 1]]', "a call is"),
            ("libmemcached", b"--SERVER", "needs a value"),
            ("twemproxy", b"a: [", "standard input: "),
            ("twemproxy", b"a: 1", "not a YAML map"),
            ("twemproxy", b"a: {servers: [x:1:1, x:1:1]}", "refuses a second server"),
            ("libketama", b"a:1\n", "line 1"),
            ("moxi", b"", "--from"),
        ]
        for dialect, text, message in cases:
            with self.subTest(dialect=dialect, text=text):
                answer = self.convert(dialect, text)
                self.check(answer, USAGE, b"", message)
                self.assertEqual(len(answer.stderr.splitlines()), 1)
                self.assertTrue(answer.stderr.isascii())
                self.assertLess(len(answer.stderr), 1000)
        self.check(run("config", "convert", "--from", "libketama", "/no/such/file"), USAGE, b"",
                   "cannot read")
        self.check(self.convert("pylibmc", PYLIBMC, "--servers", "a"), USAGE, b"",
                   "leave out --servers")


if __name__ == "__main__":
    unittest.main(verbosity=2)
