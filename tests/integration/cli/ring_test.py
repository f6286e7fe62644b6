"""kmc ring locate: keys of any bytes in, lines out. Whose rings these are is ring_vectors_test.py's
to say."""

import base64
import tempfile
import unittest

from kmc_tool import OK, USAGE, ToolTest, run

# Names that nobody can resolve and addresses nobody answers at: whoever asked the network for
# them would fail or hang.
NOWHERE = "cache-a.invalid:11211:3,192.0.2.1,[2001:db8::1]:11300:2,/no/such/socket:2"


class Locate(ToolTest):
    def locate(self, keys, *arguments, servers=NOWHERE):
        return run("ring", "locate", *arguments, stdin=keys, servers=servers)

    def test_servers_are_printed_as_they_were_given_without_the_weight(self):
        keys = b"".join(b"key%d\n" % i for i in range(200))
        answer = self.locate(keys)
        self.check(answer, OK, stderr="")
        lines = [line.split("\t") for line in answer.stdout.decode().splitlines()]
        self.assertEqual([line[0] for line in lines], keys.decode().split())
        self.assertEqual({line[1] for line in lines},
                         {"cache-a.invalid:11211", "192.0.2.1", "[2001:db8::1]:11300",
                          "/no/such/socket"})

    def test_a_key_is_any_bytes_but_newline(self):
        keys = [bytes(b for b in range(256) if b != 10)[:250], b"\0", b"a\0b", b"tab\tkey",
                b" blanks ", b"carriage\r", b"\xff" * 250]
        answer = self.locate(b"\n".join(keys) + b"\n")
        self.check(answer, OK, stderr="")
        self.assertEqual([line.rsplit(b"\t", 1)[0] for line in answer.stdout.split(b"\n")[:-1]],
                         keys)

    def test_a_last_line_without_its_newline_is_a_key(self):
        self.check(self.locate(b"a\nb", servers="one"), OK, b"a\tone\nb\tone\n")

    def test_no_keys_no_lines(self):
        self.check(self.locate(b""), OK, b"", "")

    def test_lines_that_cannot_be_keys_are_named_and_the_others_answered(self):
        answer = self.locate(b"a\n\nb\n" + b"k" * 251 + b"\nc\n", servers="one")
        self.check(answer, USAGE, b"a\tone\nb\tone\nc\tone\n")
        self.assertEqual(answer.stderr, b"kmc: line 2: the key is empty\n"
                                        b"kmc: line 4: the key is longer than 250 bytes\n")

    def test_the_document_holds_the_same(self):
        answer = self.locate(b"a\n\xff\n\nb\n", "--json", "--ring", "libketama", servers="one:1")
        self.check(answer, USAGE, stderr="")
        document = self.document(answer)
        self.assertEqual(document["ring"], "libketama")
        self.assertEqual(document["keys"],
                         [{"key": "a", "server": "one:1"},
                          {"key_base64": base64.b64encode(b"\xff").decode(), "server": "one:1"},
                          {"line": 3, "error": "the key is empty"},
                          {"key": "b", "server": "one:1"}])
        self.assertEqual(self.document(self.locate(b"", "--json"))["keys"], [])

    def test_the_two_rings_differ(self):
        keys = b"".join(b"key%d\n" % i for i in range(200))
        rings = {self.locate(keys, "--ring", name).stdout
                 for name in ("libketama", "libmemcached_weighted")}
        self.assertEqual(len(rings), 2)

    def owners(self, keys, *arguments):
        lines = self.locate("\n".join(keys).encode() + b"\n", *arguments).stdout.decode()
        return [line.rsplit("\t", 1)[1] for line in lines.splitlines()]

    def test_a_prefix_moves_keys_only_if_it_is_hashed(self):
        keys = [f"key{i}" for i in range(200)]
        plain = self.owners(keys)
        self.assertEqual(self.owners(keys, "--prefix", "app:"), plain)
        hashed = self.owners(keys, "--prefix", "app:", "--hash-prefix")
        self.assertNotEqual(hashed, plain)
        self.assertEqual(hashed, self.owners(["app:" + key for key in keys]))

    def test_a_prefix_takes_room_from_the_keys(self):
        answer = self.locate(b"k" * 240 + b"\n" + b"k" * 241 + b"\n", "--prefix", "p" * 10)
        self.check(answer, USAGE, stderr="line 2: the key is longer than 250 bytes, prefix included")
        self.assertEqual(len(answer.stdout.splitlines()), 1)

    def test_of_a_key_with_a_tag_the_tag_counts(self):
        names = [f"user{i}" for i in range(100)]
        for tag in ("{}", "[]", "<>", "\\/", "--"):
            with self.subTest(tag=tag):
                tagged = [f"a{tag[0]}{name}{tag[1]}b" for name in names]
                self.assertEqual(self.owners(tagged, "--hash-tag=" + tag), self.owners(names))
                self.assertNotEqual(self.owners(tagged), self.owners(names))
        tagged = [f"a{{{name}}}" for name in names]
        self.assertEqual(self.owners(tagged, "--hash-tag", "{}"), self.owners(names))

    def test_a_group_is_on_one_server(self):
        keys = [f"key{i}" for i in range(50)]
        self.assertEqual(set(self.owners(keys, "--group", "team")), set(self.owners(["team"])))

    def test_another_hash_is_another_place(self):
        keys = b"".join(b"key%d\n" % i for i in range(200))
        places = {self.locate(keys, "--ring", "libmemcached_modula", "--hash", name).stdout
                  for name in ("md5", "crc", "fnv1a_32")}
        self.assertEqual(len(places), 3)
        self.assertEqual(self.locate(keys, "--ring", "libmemcached_modula").stdout,
                         self.locate(keys, "--ring", "libmemcached_modula", "--hash",
                                     "one_at_a_time").stdout)

    def test_all_rings_answer_at_once_and_each_as_alone(self):
        servers = "10.0.0.1:11211,10.0.0.2:11212,10.0.0.3:1"
        answer = self.locate(b"a\nfoo\n", "--ring", "all", servers=servers)
        self.check(answer, OK, stderr="")
        lines = [line.split("\t") for line in answer.stdout.decode().splitlines()]
        self.assertEqual(len(lines), 2 * 14)
        for key, ring, server in lines:
            alone = self.locate(key.encode(), "--ring", ring, servers=servers)
            self.check(alone, OK, f"{key}\t{server}\n".encode())
        document = self.document(self.locate(b"a\nfoo\n", "--ring", "all", "--json",
                                             servers=servers))
        self.assertEqual([[entry["key"], ring, entry["servers"][ring]]
                          for entry in document["keys"] for _, ring, _ in lines[:14]], lines)

    def test_rings_that_cannot_hold_the_list_are_named_and_left_out(self):
        answer = self.locate(b"a\n", "--ring", "all", servers="cache-a:11211:2,cache-b")
        self.check(answer, OK, stderr="kmc: spymemcached: server 2")
        rings = [line.split("\t")[1] for line in answer.stdout.decode().splitlines()]
        self.assertNotIn("spymemcached", rings)
        self.assertNotIn("jump", rings)
        self.assertEqual(len(rings), 12)

    def test_unknown_words_are_answered_with_the_nearest(self):
        self.check(self.locate(b"a\n", "--ring", "twemprox"), USAGE, b"",
                   "did you mean twemproxy?")
        self.check(self.locate(b"a\n", "--hash", "fnv1a-64"), USAGE, b"",
                   "did you mean fnv1a_64?")
        self.check(self.locate(b"a\n", "--ring", "libketama", "--hash", "crc"), USAGE, b"",
                   "the ring libketama has no hash crc (known: md5)")

    def test_what_libketama_would_misread_is_a_warning(self):
        # The last line lacks its newline, so that libketama takes 30 for 3.
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"10.0.0.1:11211\t10\n10.0.0.2:11211\t30")
            file.flush()
            answer = run("ring", "locate", "--servers-file", file.name, stdin=b"k\n")
            self.check(answer, OK, stderr=file.name)

    def test_a_hundred_thousand_keys_keep_their_order(self):
        keys = b"".join(b"key%d\n" % i for i in range(100_000))
        answer = self.locate(keys)
        self.check(answer, OK, stderr="")
        self.assertEqual(b"".join(line.split(b"\t")[0] + b"\n"
                                  for line in answer.stdout.splitlines()), keys)


if __name__ == "__main__":
    unittest.main(verbosity=2)
