"""kmc ring digest, points and diff."""

import tempfile
import unittest

from kmc_tool import OK, USAGE, ToolTest, run

THREE = "10.0.0.1:11211,10.0.0.2:11211,10.0.0.3:11211"
FOUR = THREE + ",10.0.0.4:11211"


class Compare(ToolTest):
    def digest(self, *arguments, servers=THREE):
        answer = run("ring", "digest", *arguments, servers=servers)
        self.check(answer, OK, stderr="")
        self.assertRegex(answer.stdout.decode(), r"\A[0-9a-f]{32}\n")
        return answer.stdout.decode()

    def test_a_digest_tells_points_apart_and_nothing_else(self):
        one = self.digest()
        self.assertEqual(one, self.digest(servers="10.0.0.3,10.0.0.2,10.0.0.1"))
        others = {one, self.digest("--hash", "murmur"), self.digest("--ring", "libketama"),
                  self.digest(servers=FOUR), self.digest("--ring", "jump")}
        self.assertEqual(len(others), 5)
        self.assertEqual(len(self.digest("--verbose").splitlines()), 4)
        document = self.document(run("ring", "digest", "--json", "--verbose", servers=THREE))
        self.assertEqual(document["digest"] + "\n", one)
        self.assertEqual(document["servers"][0]["points"], 160)

    def test_points_are_in_order_and_are_those_that_locate_uses(self):
        lines = [line.split("\t") for line in
                 run("ring", "points", servers=THREE).stdout.decode().splitlines()]
        values = [int(line[0]) for line in lines]
        self.assertEqual(len(lines), 480)
        self.assertEqual(values, sorted(values))
        only = run("ring", "points", "--server", "10.0.0.2:11211", servers=THREE)
        self.assertEqual(only.stdout.decode().splitlines(),
                         ["\t".join(line) for line in lines if line[1] == "10.0.0.2:11211"])
        document = self.document(run("ring", "points", "--json", servers=THREE))
        self.assertEqual([p["point"] for p in document["points"]], values)
        self.check(run("ring", "points", "--ring", "jump", servers=THREE), USAGE, b"", "no points")
        twice = run("ring", "points", "--server", "a", servers="a,b,a").stdout
        self.assertEqual(len(twice.splitlines()), 320)

    def diff(self, *arguments):
        answer = run("ring", "diff", "--json", *arguments)
        self.check(answer, OK, stderr="")
        return self.document(answer)

    def test_what_moves_is_what_locate_says(self):
        keys = "".join(f"key{i}\n" for i in range(3000))
        places = [run("ring", "locate", stdin=keys.encode(), servers=s).stdout.splitlines()
                  for s in (THREE, FOUR)]
        moved = sum(a != b for a, b in zip(*places)) / 3000
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(keys)
            file.flush()
            real = self.diff(THREE, FOUR, "--keys", file.name)
        self.assertAlmostEqual(real["moved"], moved)
        exact = self.diff(THREE, FOUR)
        self.assertTrue(exact["exact"])
        self.assertAlmostEqual(exact["moved"], moved, delta=0.03)
        self.assertAlmostEqual(exact["servers"][3]["gained"], exact["moved"])
        self.assertAlmostEqual(sum(s["lost"] for s in exact["servers"]), exact["moved"])

    def test_nothing_moves_between_equal_rings_and_much_between_dialects(self):
        self.assertEqual(self.diff(THREE, THREE)["moved"], 0)
        other = self.diff(THREE, "--old-ring", "libketama")
        self.assertTrue(other["exact"])
        self.assertAlmostEqual(other["moved"], 2 / 3, delta=0.15)
        self.assertFalse(self.diff(THREE, FOUR, "--ring", "jump")["exact"])

    def test_without_a_server_its_keys_move_and_no_others(self):
        change = self.diff(THREE, "--without", "10.0.0.2:11211")
        self.assertAlmostEqual(change["moved"], change["servers"][1]["lost"])
        self.assertEqual(change["servers"][1]["new"], 0)
        self.assertEqual(change["unserved"], 0)
        rebuilt = self.diff(THREE, "--without", "10.0.0.2:11211", "--on-dead", "rebuild")
        self.assertEqual(rebuilt["servers"][1]["new"], 0)
        failed = self.diff(THREE, "--without", "10.0.0.2:11211", "--on-dead", "fail_fast")
        self.assertAlmostEqual(failed["unserved"], change["servers"][1]["lost"])

    def test_a_list_may_be_a_file(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("10.0.0.1:11211\t1\n10.0.0.2:11211\t1\n10.0.0.3:11211\t1\n")
            file.flush()
            self.assertEqual(self.diff(THREE, "@" + file.name)["moved"], 0)

    def test_the_text_has_a_line_for_each_server(self):
        answer = run("ring", "diff", THREE, FOUR)
        self.check(answer, OK, stderr="")
        self.assertIn(b"exact", answer.stdout)
        self.assertTrue(answer.stdout.decode().splitlines()[-1].endswith("  new"))

    def test_a_list_comes_from_flags_or_the_environment(self):
        self.assertEqual(self.digest(), self.digest("--servers", THREE, servers=FOUR))

    def test_settings_are_those_of_the_ring_or_an_error(self):
        ketama = ("--ring", "libmemcached_ketama")
        spy = ("--ring", "spymemcached", "--servers", "10.0.0.1,10.0.0.2")
        others = {self.digest(*flags) for flags in (
            ketama, (*ketama, "--point-hash", "md5"), (*ketama, "--weights", "used"),
            (*ketama, "--key-bytes", "without_sign"), spy,
            (*spy, "--labels", "libmemcached"))}
        self.assertEqual(len(others), 6)
        self.assertEqual(self.digest(*ketama), self.digest(*ketama, "--key-bytes", "with_sign",
                                                           "--labels", "own"))
        for flags, words in (
                (("--weights", "ussed"), "did you mean used?"),
                (("--labels", "x"), "known: own libmemcached"),
                (("--key-bytes", "without-sign"), "did you mean without_sign?"),
                (("--hash", ""), "there is no hash"),
                (("--ring", "libketma"), "did you mean libketama?"),
                (("--labels", "libmemcached"), "only one form of labels")):
            with self.subTest(flags=flags):
                self.check(run("ring", "digest", *flags, servers=THREE), USAGE, b"", words)
        self.check(run("ring", "diff", THREE, "--without", "x"), USAGE, b"", "none of the servers")

    def test_the_old_ring_has_the_settings_of_the_new_or_its_own(self):
        new = ("--ring", "libmemcached_ketama", "--hash", "md5")
        self.assertEqual(self.diff(THREE, *new, "--old-hash", "md5")["moved"], 0)
        old = self.diff(THREE, *new, "--old-point-hash", "one_at_a_time")
        self.assertEqual(old["old"], "libmemcached_ketama, hash md5, point-hash one_at_a_time")
        self.assertGreater(old["moved"], 0)
        own = self.diff(THREE, *new, "--old-ring", "libmemcached_ketama")
        self.assertEqual(own["old"], "libmemcached_ketama, hash one_at_a_time")
        self.check(run("ring", "diff", THREE, "--old-weights", "x"), USAGE, b"", "automatic")


if __name__ == "__main__":
    unittest.main(verbosity=2)
