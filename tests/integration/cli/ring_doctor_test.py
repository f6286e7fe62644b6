"""kmc ring doctor, on keys that kmc itself placed; other programs' keys are for the unit test of
the search."""

import tempfile
import unittest

from kmc_tool import MISS, OK, PARTIAL, PATIENT, USAGE, ClusterTest, run

SERVERS = "10.0.0.1:11211,10.0.0.2:11211,10.0.0.3:11212:2"
KEYS = [f"user:{i}:profile" for i in range(300)]


class Doctor(ClusterTest):
    def pairs(self, *arguments, servers=SERVERS):
        return run("ring", "locate", *arguments, stdin="\n".join(KEYS).encode(),
                   servers=servers).stdout

    def doctor(self, pairs, *arguments, servers=SERVERS):
        return run("ring", "doctor", "-", *arguments, stdin=pairs, servers=servers)

    def test_what_placed_the_keys_is_named_and_its_flags_place_them_again(self):
        for flags in (["--ring", "libmemcached_weighted"], ["--ring", "twemproxy"],
                      ["--ring", "libmemcached_ketama", "--hash", "murmur"],
                      ["--ring", "libmemcached_modula", "--hash", "fnv1a_64"],
                      ["--ring", "libmemcached_ketama", "--weights", "ignored",
                       "--point-hash", "md5"],
                      ["--ring", "pecl_consistent"]):
            with self.subTest(flags=flags):
                placed = self.pairs(*flags)
                answer = self.doctor(placed, "--json")
                document = self.document(answer)
                # Java's fnv differs only for keys that are not ASCII, and these all are.
                is_clear = "fnv1a_64" not in flags and "twemproxy" not in flags
                self.check(answer, OK if is_clear else PARTIAL, stderr="")
                self.assertEqual(document["verdict"], "found" if is_clear else "ambiguous")
                again = run("ring", "locate", *document["dialects"][0]["flags"],
                            stdin="\n".join(KEYS).encode())
                self.check(again, OK, placed)

    def test_the_text_says_what_to_paste(self):
        answer = self.doctor(self.pairs("--ring", "twemproxy", "--hash", "murmur"))
        self.check(answer, OK, stderr="")
        self.assertIn(b"twemproxy, hash murmur", answer.stdout)
        self.assertIn(b", {.hash = kmc::key_hash::murmur}};",
                      answer.stdout)
        self.assertIn(b"300 of 300 keys (100.00%)", answer.stdout)

    def test_dialects_that_are_one_ring_here_are_listed_together(self):
        equal = "10.0.0.1:11213,10.0.0.2:11213,10.0.0.3:11213"  # no port to leave out, no weight
        placed = self.pairs("--ring", "libketama", servers=equal)
        answer = self.doctor(placed, servers=equal)
        self.check(answer, OK, stderr="")
        text = answer.stdout.decode()
        self.assertIn("On this list the same for every key", text)
        for name in ("libketama", "libmemcached_weighted", "twemproxy"):
            self.assertIn(name + ", hash md5", text)
        self.assertNotIn("cannot tell it from", text)

    def test_a_list_that_no_text_says_is_given_as_code(self):
        # Few keys leave dialects that hash a path as if it were a host, with a port.
        answer = self.doctor(b"a\t/run/a\nb\t/run/b\n", "--json", servers="/run/a,/run/b")
        kinds = set()
        for dialect in self.document(answer)["dialects"]:
            kinds.add(dialect["flags"] is None)
            reads = "of({" if dialect["flags"] is None else "parse("
            self.assertIn("auto servers = kmc::server_list::" + reads, dialect["cpp"])
        self.assertEqual(kinds, {True, False})

    def test_when_none_fits_it_says_so(self):
        pairs = b"".join(b"%s\t10.0.0.%d:11211\n" % (k.encode(), i % 2 + 1)
                         for i, k in enumerate(KEYS))
        answer = self.doctor(pairs)
        self.check(answer, MISS)
        self.assertIn(b"none fits", answer.stdout)

    def test_too_few_keys_tell_no_dialect(self):
        answer = self.doctor(b"".join(self.pairs().splitlines(True)[:3]))
        self.check(answer, PARTIAL)
        self.assertIn(b"cannot tell it from", answer.stdout)
        self.assertIn(b"fit by accident", answer.stdout)

    def test_a_bad_line_is_named(self):
        self.check(self.doctor(b"a\t10.0.0.1:11211\nb\n"), USAGE, b"", "line 2")
        self.check(self.doctor(b"\n\na\tx\n"), USAGE, b"", "line 3")
        self.check(self.doctor(b"a\tx\n"), USAGE, b"", "none of the servers")
        self.check(self.doctor(b""), USAGE, b"", "no key")

    def test_a_prefix_that_leaves_no_key_is_refused(self):
        self.check(self.doctor(b"a\t10.0.0.1:11211\n", "--prefix", "p" * 250), USAGE, b"", "249")

    def test_live_nodes_are_asked(self):
        flags = ["--ring", "libmemcached_ketama", "--hash", "fnv1a_32"]
        for key in KEYS[:80]:
            self.check(self.kmc("set", key, "x", *flags), OK)
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("\n".join([*KEYS[:80], "nowhere"]))
            file.flush()
            answer = run("ring", "doctor", "--live", "--keys", file.name, "--json", *PATIENT,
                         servers=self.servers)
        document = self.document(answer)
        self.check(answer, OK, stderr="1 keys are on no server")
        self.assertEqual(document["keys"], 80)
        self.assertEqual(document["dialects"][0]["flags"][2:],
                         ["--ring", "libmemcached_ketama", "--hash", "fnv1a_32"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
