"""kmc bench against real nodes: what it says it did, it did, and what went wrong shows."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import xml.etree.ElementTree

from kmc_tool import (MISS, OK, PARTIAL, PATIENT, UNREACHABLE, USAGE, ClusterTest, ToolTest,
                      memcached_nodes, run)

SHORT = ["--duration", "300ms", "--warmup", "50ms"]
FEW = [*SHORT, "--keys", "200"]
PERCENTILES = ("p50", "p90", "p99", "p99.9", "max")


def started(servers, *arguments):
    environment = {**os.environ, "KMC_SERVERS": servers}
    return subprocess.Popen([os.environ["KMC_CLI"], "bench", *PATIENT, *arguments],
                            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finished(process):
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def gets_of(node):
    host, port = node.text.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=60) as s, s.makefile("rwb") as stream:
        stream.write(b"stats\r\n")
        stream.flush()
        lines = list(iter(stream.readline, b"END\r\n"))
    return next(int(line.split()[2]) for line in lines if line.startswith(b"STAT cmd_get "))


@contextlib.contextmanager
def more_gets(node, count):
    """Ends when the node has answered so many more than at its beginning."""
    wanted = gets_of(node) + count
    yield
    give_up = time.monotonic() + 60
    while gets_of(node) < wanted:
        assert time.monotonic() < give_up, "the measurement does not begin"
        time.sleep(0.005)


class Workloads(ClusterTest):
    def bench(self, *arguments, code=OK):
        few = [] if "--keys" in arguments else ["--keys", "200"]
        answer = self.kmc("bench", *SHORT, *few, "--json", *arguments)
        self.check(answer, code)
        return self.document(answer)

    def test_every_workload_counts_what_it_did(self):
        for backend in ("io_uring", "epoll"):
            for workload, batch in (("get", 1), ("mget", 7), ("set", 1), ("mset", 7)):
                with self.subTest(backend=backend, workload=workload):
                    more = ["--batch", "7"] if batch == 7 else []
                    told = self.bench("--workload", workload, "--backend", backend, "--verify",
                                      "--inflight", "3", *more)
                    self.assertGreater(told["calls"], 10)
                    self.assertEqual(told["keys"], told["calls"] * batch)
                    self.assertEqual((told["hits"], told["misses"]), (told["keys"], 0))
                    self.assertEqual(told["errors"],
                                     {"count": 0, "by_reason": {}, "before_and_after": 0})
                    self.assertEqual(told["plan"]["backend"], backend)
                    self.assertEqual("stored_before" in told, "get" in workload)
                    self.check_numbers(told)

    def check_numbers(self, told):
        self.assertAlmostEqual(told["seconds"], 0.3, delta=0.29)
        self.assertAlmostEqual(told["calls_per_second"], told["calls"] / told["seconds"], 3)
        self.assertAlmostEqual(told["keys_per_second"], told["keys"] / told["seconds"], 3)
        self.assertAlmostEqual(told["megabytes_per_second"],
                               told["hits"] * 100 / 1e6 / told["seconds"], 6)
        cpu = told["cpu"]
        self.assertGreater(cpu["us_per_call"], 0)
        self.assertAlmostEqual(cpu["us_per_call"] * told["calls"],
                               (cpu["user_seconds"] + cpu["system_seconds"]) * 1e6, 0)
        self.assertAlmostEqual(cpu["ns_per_key"] * told["keys"],
                               (cpu["user_seconds"] + cpu["system_seconds"]) * 1e9, 0)
        times = [told["time_us"][p] for p in PERCENTILES]
        self.assertEqual(times, sorted(times))
        self.assertGreater(times[0], 1)
        # The last look is at the end, and what ends between the two is in one of them only.
        seen = sum(t["calls"] for t in told["timeline"])
        self.assertAlmostEqual(seen, told["calls"], delta=told["calls"] * 0.5)
        self.assertGreaterEqual(len(told["timeline"]), 3)

    def test_threads_and_connections_are_used(self):
        told = self.bench("--threads", "2", "--connections", "2", "--inflight", "8")
        self.assertEqual((told["plan"]["threads"], told["plan"]["connections"]), (2, 2))
        self.assertEqual(told["hits"], told["keys"])

    def test_what_it_stores_has_its_name_and_goes_by_itself(self):
        self.bench("--prefix", "mine:", "--hash-prefix", "--ttl", "10m", "--keys", "20",
                   "--key-size", "14", "--value", "30")
        self.keeps_for("mine:kmc-bench:0019", 600)
        for i, letters in ((0, "abcd"), (19, "tuvw")):
            value = self.kmc("get", f"mine:kmc-bench:{i:04}").stdout.decode().rstrip("\n")
            self.assertEqual((value[:4], len(value)), (letters, 30))
        self.bench("--workload", "set", "--prefix", "sets:", "--hash-prefix", "--ttl", "never",
                   "--keys", "1")
        self.assertEqual(self.seconds_left("sets:kmc-bench:" + "0" * 22), -1)

    def test_without_loading_nothing_is_stored_and_misses_are_told(self):
        told = self.bench("--no-load", "--prefix", "none:", code=MISS)
        self.assertEqual((told["hits"], told["misses"]), (0, told["keys"]))
        self.assertEqual(self.kmc("get", "none:kmc-bench:" + "0" * 22).returncode, MISS)

    def test_sets_load_when_they_are_told_to(self):
        told = self.bench("--workload", "set", "--load")
        self.assertEqual(told["stored_before"]["items"], 200)

    def test_a_value_that_is_not_the_keys_is_an_error(self):
        self.kmc("set", "wrong:kmc-bench:" + "0" * 22, "b" * 100)
        asked = ["--no-load", "--keys", "1", "--prefix", "wrong:", "--hash-prefix"]
        told = self.bench(*asked, "--verify", code=PARTIAL)
        self.assertEqual(told["errors"]["by_reason"], {"wrong_value": told["keys"]})
        self.assertGreater(self.bench(*asked)["hits"], 0)

    def test_what_servers_refuse_is_counted_by_its_reason(self):
        # The client lets it pass, the server does not.
        told = self.bench("--workload", "set", "--value", "1100000", "--keys", "2",
                          "--item-size-max", "2m", code=USAGE)
        self.assertEqual(list(told["errors"]["by_reason"]), ["too_large"])

    def test_what_it_writes_is_announced(self):
        answer = self.kmc("bench", *FEW)
        self.check(answer, OK, stderr='stores 200 items of 100 bytes as "kmc-bench:..." for 3600 s')
        self.check(self.kmc("bench", *FEW, "--no-load"), OK, stderr="")

    def test_the_text_has_every_number(self):
        answer = self.kmc("bench", *FEW, "--workload", "mget", "--batch", "5")
        self.check(answer, OK)
        text = answer.stdout.decode()
        self.assertIn("3 servers, ring libmemcached_weighted", text)
        self.assertIn("mget of 5 keys from 200", text)
        for line in (r"calls +\d+ +\d+ a second", r"keys +\d+ +\d+ a second",
                     r"values +[\d.]+ MB +[\d.]+ MB a second", r"hits +\d+", r"misses +0",
                     r"errors +0", r"processor per call +[\d.]+ us",
                     r"processor per key +[\d.]+ ns", r"sleeps per call +[\d.]+",
                     *(rf"time {p} +[\d.]+ [mu]?s" for p in PERCENTILES)):
            self.assertRegex(text, rf"(?m)^{line}$")


class OpenLoop(ClusterTest):
    def bench(self, *arguments, code=OK):
        answer = self.kmc("bench", *FEW, "--json", *arguments)
        self.check(answer, code)
        return self.document(answer)

    def test_every_call_that_was_due_has_a_time(self):
        for more in ([], ["--threads", "2"], ["--backend", "epoll"]):
            with self.subTest(more=more):
                told = self.bench("--rate", "2000", *more)
                # 300 ms of a call every 500 us.
                self.assertEqual(told["time_us"]["count"], 600)
                self.assertEqual(told["begun_late_us"]["count"] + told["never_begun"], 600)
                self.assertEqual(told["plan"]["loop"], "open")
                self.assertGreater(told["pacing_cpu_seconds"], 0)
                self.assertGreaterEqual(told["cpu"]["user_seconds"], 0)
                self.assertGreaterEqual(told["time_us"]["max"], told["begun_late_us"]["p50"])

    def test_random_arrivals_repeat_with_the_seed(self):
        counts = [self.bench("--rate", "2000", "--arrivals", "poisson", "--seed", seed)
                  ["time_us"]["count"] for seed in "778"]
        self.assertEqual(counts[0], counts[1])
        for count in counts:
            self.assertAlmostEqual(count, 600, delta=250)

    def test_beyond_the_callers_calls_wait_and_their_waiting_counts(self):
        told = self.bench("--rate", "10000000", "--inflight", "1")
        self.assertEqual(told["time_us"]["count"], 3_000_000)
        self.assertGreater(told["never_begun"], 2_000_000)
        # Half of all were never begun by the end: half of the measured time and more.
        self.assertGreater(told["time_us"]["p50"], 100_000)
        self.assertLessEqual(told["time_us"]["max"], 30e6)


class Trouble(ToolTest):
    def test_a_server_that_stalls_shows_in_an_open_loop_and_hardly_in_a_closed_one(self):
        with memcached_nodes.nodes(1) as (node,):
            told = {}
            for loop, rate in (("open", ["--rate", "500"]), ("closed", [])):
                with more_gets(node, 200):
                    process = started(node.text, "--json", "--duration", "4s", "--warmup", "10ms",
                                      "--keys", "100", *rate)
                node.hang()
                time.sleep(1)  # what it is about
                node.go_on()
                answer = finished(process)
                self.check(answer, OK)
                told[loop] = self.document(answer)["time_us"]
            self.assertGreater(told["open"]["max"], 0.9e6)
            self.assertGreater(told["closed"]["max"], 0.9e6)
            # Of 2,000 calls 500 were due meanwhile: a quarter, of which a twentieth is five.
            self.assertGreater(told["open"]["p90"], 0.3e6)
            self.assertGreater(told["open"]["p99"], 0.8e6)
            self.assertLess(told["closed"]["p99"], 0.1e6)

    def test_a_server_that_is_down_is_no_end_and_no_success(self):
        with memcached_nodes.refusing_server() as gone:
            answer = run("bench", *FEW, servers=gone)
            self.check(answer, UNREACHABLE, b"", "200 of 200 items could not be stored")
            answer = run("bench", *FEW, "--json", servers=gone)
            self.check(answer, UNREACHABLE, stderr="")
            stored = self.document(answer)["stored_before"]
            self.assertEqual((stored["items"], stored["failed"], stored["reason"]),
                             (200, 200, "connect_failed"))
            answer = run("bench", *FEW, "--no-load", "--json", servers=gone)
            self.check(answer, UNREACHABLE)
            told = self.document(answer)
            self.assertGreater(told["calls"], 10)
            self.assertEqual(sum(told["errors"]["by_reason"].values()), told["keys"])
            self.assertLessEqual(set(told["errors"]["by_reason"]),
                                 {"connect_failed", "server_dead"})
            with memcached_nodes.nodes(1) as (node,):
                for loop in ([], ["--rate", "500"]):
                    answer = run("bench", *FEW, "--json", *loop, servers=f"{node.text},{gone}")
                    self.check(answer, PARTIAL)
                    told = self.document(answer)
                    self.assertGreater(told["hits"], 0)
                    self.assertGreater(told["errors"]["count"], 0)
                    self.assertEqual(told["hits"] + told["errors"]["count"], told["keys"])
                    self.assertGreater(told["stored_before"]["failed"], 0)

    def test_a_server_that_dies_meanwhile_is_counted(self):
        with memcached_nodes.nodes(2) as (stays, dies):
            with more_gets(stays, 200):
                process = started(f"{stays.text},{dies.text}", "--json", "--duration", "2s")
            dies.kill()
            answer = finished(process)
            self.check(answer, PARTIAL)
            told = self.document(answer)
            self.assertGreater(told["hits"], 0)
            self.assertGreater(told["errors"]["count"] + told["errors"]["before_and_after"], 0)

    def test_a_signal_ends_it_early_with_what_there_is(self):
        with memcached_nodes.nodes(1) as (node,):
            for wanted in (signal.SIGINT, signal.SIGTERM):
                for loop in ([], ["--rate", "0.5", "--inflight", "5"], ["--rate", "2000"]):
                    with self.subTest(wanted=wanted, loop=loop):
                        with more_gets(node, 1):
                            process = started(node.text, "--json", "--duration", "1h", "--ttl",
                                              "never", "--warmup", "1ms", *loop)
                        process.send_signal(wanted)
                        answer = finished(process)
                        told = self.document(answer)
                        self.assertTrue(told["ended_early"])
                        self.assertLess(told["seconds"], 60)
                        # The signal may have come in the millisecond of the warm-up.
                        self.check(answer, OK if told["seconds"] > 0 else PARTIAL, stderr="")

    def test_a_signal_in_the_warm_up_leaves_nothing_to_tell(self):
        with memcached_nodes.nodes(1) as (node,):
            for loop in ([], ["--rate", "100"]):
                with more_gets(node, 1):
                    process = started(node.text, "--warmup", "30m", *loop)
                process.send_signal(signal.SIGINT)
                self.check(finished(process), PARTIAL, b"", "before anything was measured")

    def test_a_signal_in_the_warm_up_leaves_no_page(self):
        with tempfile.TemporaryDirectory(prefix="kmc-") as folder, \
                memcached_nodes.nodes(1) as (node,):
            page = pathlib.Path(folder) / "bench.html"
            with more_gets(node, 1):
                process = started(node.text, "--warmup", "30m", "--html", str(page))
            process.send_signal(signal.SIGINT)
            self.check(finished(process), PARTIAL, b"", "before anything was measured")
            self.assertFalse(page.exists())

    def test_a_second_signal_does_not_wait_for_calls(self):
        with memcached_nodes.nodes(1) as (node,):
            with more_gets(node, 1):
                process = started(node.text, "--duration", "1h", "--ttl", "never")
            node.hang()
            process.send_signal(signal.SIGINT)
            give_up = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < give_up:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=0.2)  # longer than what is taken for the same signal
                except subprocess.TimeoutExpired:
                    pass
            self.assertEqual(finished(process).returncode, -signal.SIGTERM)

    def test_a_signal_that_comes_twice_is_one(self):
        with memcached_nodes.nodes(1) as (node,):
            with more_gets(node, 1):
                process = started(node.text, "--json", "--duration", "1h", "--ttl", "never",
                                  "--warmup", "1ms")
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
            answer = finished(process)
            self.assertTrue(self.document(answer)["ended_early"])


class Page(ClusterTest):
    def test_the_page_needs_nothing_else_and_has_two_pictures_and_the_table(self):
        with tempfile.TemporaryDirectory(prefix="kmc-") as folder:
            page = pathlib.Path(folder) / "bench.html"
            for more in ([], ["--rate", "1000"], ["--no-load", "--prefix", "none:"]):
                with self.subTest(more=more):
                    answer = self.kmc("bench", *FEW, "--html", str(page), *more)
                    self.assertIn(answer.returncode, (OK, MISS))
                    text = page.read_text()
                    pictures = re.findall("<svg.*?</svg>", text, re.S)
                    self.assertEqual(len(pictures), 2)
                    for picture in pictures:
                        root = xml.etree.ElementTree.fromstring(picture)
                        path, = [e for e in root if e.get("class") == "line"]
                        self.assertRegex(path.get("d"), r"^M[\d.]+ [\d.]+L")
                        self.assertNotIn("nan", picture)
                        self.assertNotIn("inf", picture)
                    for mark in ("50 %", "90 %", "99 %"):
                        self.assertIn(f">{mark}<", pictures[0])
                    self.assertEqual(">asked for<" in pictures[1], more[:1] == ["--rate"])
                    rest = text.replace("http://www.w3.org/2000/svg", "")
                    for foreign in ("http", "src=", "href", "<script", "@import", "url("):
                        self.assertNotIn(foreign, rest)
                    self.assertIn("prefers-color-scheme: dark", text)
                    xml.etree.ElementTree.fromstring(
                        re.search("<table>.*</table>", text, re.S).group(0))
                    for p in PERCENTILES:
                        self.assertIn(f"<td>time {p}</td>", text)

    def test_a_file_that_cannot_be_written_is_told_before_anything_is_done(self):
        answer = self.kmc("bench", "--duration", "1h", "--ttl", "never", "--html",
                          "/no/such/folder/x.html")
        self.check(answer, USAGE, b"", "cannot write")


class Refusals(ToolTest):
    def test_what_makes_no_sense_is_named(self):
        for arguments, named in (
                (["--workload", "walk"], "walk"),
                (["--batch", "0", "--workload", "mget"], "--batch"),
                (["--batch", "10"], "--batch is for mget and mset"),
                (["--inflight", "0"], "--inflight"),
                (["--inflight", "1", "--threads", "2"], "--inflight is less than --threads"),
                (["--inflight", "1000000", "--workload", "mget"], "--inflight times --batch"),
                (["--threads", "0"], "--threads"),
                (["--connections", "17"], "--connections"),
                (["--rate", "0"], "--rate"),
                (["--rate", "1e9"], "--rate"),
                (["--rate", "nan"], "--rate"),
                (["--rate", "fast"], "fast"),
                (["--arrivals", "poisson"], "--rate"),
                (["--rate", "10", "--arrivals", "bus"], "bus"),
                (["--backend", "kqueue"], "kqueue"),
                (["--key-size", "14", "--keys", "100000"], "--key-size is at least 15"),
                (["--key-size", "248", "--prefix", "abc"], "--key-size is at most 247"),
                (["--value", "2000000"], "--item-size-max"),
                (["--duration", "soon"], "soon"),
                (["--duration", "0"], "--duration"),
                (["--duration", "2h"], "--ttl ends before"),
                (["--load", "--no-load"], "--load"),
                (["--seed", "-1"], "-1"),
                (["get"], "get")):
            with self.subTest(arguments=arguments):
                self.check(run("bench", *arguments, servers="127.0.0.1:1"), USAGE, b"", named)
        self.check(run("bench"), USAGE, b"", "KMC_SERVERS")


if __name__ == "__main__":
    unittest.main(verbosity=2)
