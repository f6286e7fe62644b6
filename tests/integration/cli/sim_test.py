"""kmc sim: what it tells of an outage follows from the outage and the policy, and repeats itself."""

import unittest

from kmc_tool import OK, USAGE, ToolTest, run

SMALL = ["--servers", "4", "--clients", "50", "--keys", "400", "--rate", "400", "--duration", "40s"]
PARTITION = ["--outage", "s1:10s..25s,partition", "--dead-timeout", "2s", "--writes", "20"]


class SimTest(ToolTest):
    def sim(self, *arguments):
        answer = run("sim", *SMALL, "--json", *arguments)
        self.check(answer, OK, stderr="")
        return self.document(answer)

    def runs(self, *arguments):
        return {r["on_dead"]: r for r in self.sim(*arguments)["runs"]}


class Outages(SimTest):
    def test_the_same_seed_is_the_same_story_and_another_is_not(self):
        asked = ["sim", *SMALL, "--outage", "s1:10s", "--compare"]
        for form in ([], ["--json"]):
            first = run(*asked, *form)
            self.check(first, OK, stderr="")
            self.assertEqual(run(*asked, *form).stdout, first.stdout)
            self.assertNotEqual(run(*asked, *form, "--seed", "2").stdout, first.stdout)

    def test_without_outages_nothing_is_wrong(self):
        told, = self.sim()["runs"]
        self.assertGreater(told["reads"]["all"]["count"], 10_000)
        self.assertEqual(told["reads"]["all"]["errors"], 0)
        self.assertEqual(told["errors"], {})
        self.assertEqual(told["stale"], {"reads": 0, "longest_ms": None, "behind_source": 0})
        self.assertEqual(told["health"]["ejections"], 0)
        self.assertEqual(told["outages"], [])
        self.assertLess(told["reads"]["all"]["p99_ms"], 5)

    def test_ejection_makes_an_outage_cheaper(self):
        outage = ["--outage", "s1:10s..30s,hang", "--dead-timeout", "2s"]
        never, = self.sim(*outage, "--remove-failed", "0")["runs"]
        soon, = self.sim(*outage, "--remove-failed", "2", "--on-dead", "next_server")["runs"]
        self.assertGreater(never["reads"]["all"]["errors"], 100)
        self.assertLess(soon["reads"]["all"]["errors"], never["reads"]["all"]["errors"] / 5)
        self.assertGreater(soon["reads"]["affected_in_outage"]["hit_rate"],
                           never["reads"]["affected_in_outage"]["hit_rate"] + 0.3)
        self.assertEqual(never["health"]["ejections"], 0)
        self.assertEqual((soon["health"]["ejections"], soon["health"]["readmissions"]), (1, 1))
        self.assertEqual(never["health"]["stand_ins"], 0)
        self.assertGreater(soon["health"]["stand_ins"], 100)
        self.assertIsNone(never["outages"][0]["to_ejection_ms"])
        self.assertLess(soon["outages"][0]["to_ejection_ms"], 3000)

    def test_what_moves_may_be_stale_when_it_comes_back_and_what_fails_is_not(self):
        told = self.runs(*PARTITION, "--compare")
        self.assertEqual(list(told), ["fail_fast", "next_server", "rebuild"])
        self.assertEqual(told["fail_fast"]["stale"]["reads"], 0)
        self.assertGreater(told["fail_fast"]["updates"]["not_acknowledged"], 10)
        self.assertGreater(told["next_server"]["stale"]["reads"], 0)
        self.assertGreater(told["next_server"]["stale"]["longest_ms"], 0)
        self.assertGreater(told["next_server"]["reads"]["affected_in_outage"]["hit_rate"],
                           told["fail_fast"]["reads"]["affected_in_outage"]["hit_rate"])

    def test_a_server_without_memory_is_never_stale(self):
        told = self.runs("--outage", "s1:10s..25s,kill", "--dead-timeout", "2s", "--writes", "20",
                         "--compare")
        self.assertEqual([t["stale"]["reads"] for t in told.values()], [0, 0, 0])

    def test_a_server_is_back_soon_after_it_can_be(self):
        for how in ("kill", "hang", "partition"):
            with self.subTest(how=how):
                told, = self.sim("--outage", f"s1:10s..20s,{how}", "--dead-timeout", "2s")["runs"]
                news, = told["outages"]
                self.assertIsNotNone(news["to_ejection_ms"])
                # Probes wait 2 s and longer each time: 3, 4.5, 6.75, and a tenth.
                self.assertLess(news["to_first_success_ms"], 7500)
                self.assertGreater(told["health"]["probes"], 1)
                self.assertLess(news["dials_per_second_mean"], 5)
                whats = [e["what"] for e in told["events"]]
                self.assertEqual(whats[0], "server dead")
                self.assertEqual(whats.count("server dead"), told["health"]["ejections"])

    def test_slow_and_flapping_servers_show(self):
        slow, = self.sim("--outage", "s1:10s..30s,slow:80ms")["runs"]
        # What comes while others wait waits less.
        self.assertGreater(slow["reads"]["affected_in_outage"]["p50_ms"], 20)
        self.assertGreater(slow["reads"]["affected_in_outage"]["p99_ms"], 70)
        self.assertEqual(slow["health"]["ejections"], 0)
        flap, = self.sim("--outage", "s1:10s..30s,flap:3s/1s")["runs"]
        self.assertGreater(flap["reads"]["affected_in_outage"]["errors"], 0)
        calm, = self.sim()["runs"]
        self.assertLess(flap["reads"]["all"]["hit_rate"], calm["reads"]["all"]["hit_rate"])

    def test_too_many_dead_are_refused(self):
        outages = [a for i in range(3) for a in ("--outage", f"s{i}:10s..30s,hang")]
        told, = self.sim(*outages, "--max-ejected", "0.5")["runs"]
        self.assertLessEqual(told["health"]["ejections"] - told["health"]["readmissions"], 2)
        self.assertGreater(told["health"]["refused"], 0)


class Shape(SimTest):
    def test_the_document_has_every_part(self):
        document = self.sim(*PARTITION, "--weights", "1,2,1,1", "--ring", "libketama")
        self.assertEqual(set(document), {"plan", "runs"})
        self.assertEqual(document["plan"]["weights"], [1, 2, 1, 1])
        self.assertEqual(document["plan"]["ring"], "libketama")
        self.assertEqual(document["plan"]["outages"],
                         [{"server": "s1", "kind": "partition", "begin_ms": 10000.0,
                           "end_ms": 25000.0}])
        told, = document["runs"]
        self.assertEqual(set(told), {
            "on_dead", "reads", "errors", "loads", "updates", "fills_failed", "stale", "health",
            "outages", "events", "timeline", "trace_hash"})
        for sort in ("all", "in_outage", "affected", "affected_in_outage"):
            self.assertEqual(set(told["reads"][sort]),
                             {"count", "hits", "errors", "hit_rate", "p50_ms", "p99_ms"})
        self.assertEqual(sum(told["errors"].values()), told["reads"]["all"]["errors"])
        self.assertEqual(len(told["timeline"]), 40)
        self.assertGreaterEqual(told["reads"]["all"]["count"],
                                sum(s["reads"] for s in told["timeline"]))

    def test_the_table_has_a_column_for_each_policy(self):
        answer = run("sim", *SMALL, "--outage", "s1:10s", "--compare")
        self.check(answer, OK, stderr="")
        lines = answer.stdout.decode().splitlines()
        self.assertIn("s1 is killed", lines[2])
        self.assertEqual(lines[4].split(), ["fail_fast", "next_server", "rebuild"])
        rates = [line.split() for line in lines if line.startswith("hit rate")]
        self.assertEqual(rates[0].count("%"), 3)


class Refusals(ToolTest):
    def test_what_makes_no_sense_is_named(self):
        for arguments, named in (
                (["--outages", "s1:30s"], "--outages"),
                (["--servers", "0"], "0"),
                (["--servers", "three"], "three"),
                (["--outage", "s12:30s"], "the last server is s11"),
                (["--outage", "cache1:30s"], "s0 to s11"),
                (["--outage", "s1"], "expected a time"),
                (["--outage", "s1:soon"], "expected a time"),
                (["--outage", "s1:30s..10s"], "before it begins"),
                (["--outage", "s1:30s..3m"], "the rehearsal after 2m"),
                (["--outage", "s1:3m"], "the rehearsal after 2m"),
                (["--outage", "s1:30s,burn"], "burn"),
                (["--outage", "s1:30s,slow"], "slow needs a time"),
                (["--outage", "s1:30s,flap:1s"], "two times"),
                (["--outage", "s1:30s,kill:9"], "kill takes nothing"),
                (["--outage", "s1:10s..30s", "--outage", "s1:20s..40s,hang"], "overlap"),
                (["--weights", "1,2"], "--weights has 2, --servers 12"),
                (["--weights", "1,,2"], "--weights"),
                (["--ring", "circle"], "circle"),
                (["--servers", "2", "--weights", "1,2", "--ring", "jump"], "weight"),
                (["--on-dead", "panic"], "panic"),
                (["--on-dead", "rebuild", "--compare"], "--compare"),
                (["--on-dead", "next_server", "--remove-failed", "0"], "--remove-failed 0"),
                (["--compare", "--remove-failed", "0"], "--remove-failed 0"),
                (["--stand-in-ttl", "5s"], "--on-dead next_server"),
                (["--rate", "100", "--think", "1s"], "--think"),
                (["--max-ejected", "2"], "2"),
                (["--skew", "-1"], "-1"),
                (["--update", "forget"], "forget"),
                (["--ttl", "60d"], "--ttl")):
            with self.subTest(arguments=arguments):
                self.check(run("sim", *arguments), USAGE, b"", named)


if __name__ == "__main__":
    unittest.main(verbosity=2)
