"""kmc chaos before a real memcached: every fault really happens, and nothing else does."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from chaos_proxy import (GET, NOOP, PATIENCE_SECONDS, Peer, chaos, get, listener, noop,
                         opaque_of, opaques_of, reply, request, store)
from kmc_tool import OK, USAGE, ToolTest, memcached_nodes, run


class ChaosTest(ToolTest):
    @classmethod
    def setUpClass(cls):
        cls.node, = cls.enterClassContext(memcached_nodes.nodes(1))

    def proxy(self, *rules, **options):
        target = options.pop("target", self.node.text)
        return self.enterContext(chaos(target, *rules, **options))

    def connect(self, proxy):
        return self.enterContext(proxy.connect())

    def peer(self, *rules, **options):
        return self.connect(self.proxy(*rules, **options))

    def straight(self):
        host, port = self.node.text.rsplit(":", 1)
        return self.enterContext(Peer(socket.create_connection((host, int(port)))))


class Transparent(ChaosTest):
    def test_without_rules_everything_goes_through_unchanged(self):
        proxy = self.proxy()
        through, straight = self.connect(proxy), self.straight()
        for asked in (store("k", b"v" * 100_000, 7), get("k", 8), get("missing", 9), noop(10)):
            answer = through.ask(asked)
            if asked[1] == 1:  # each store has a cas of its own
                self.assertEqual(answer[:16], straight.ask(asked)[:16])
                continue
            self.assertEqual(answer[:16], straight.ask(asked)[:16])
            self.assertEqual(answer[24:], straight.ask(asked)[24:])
        seen = proxy.ask("stats")
        self.assertEqual((seen["connections"], seen["open"], seen["unreachable"]), (1, 1, 0))
        self.assertEqual((seen["request"]["frames"], seen["reply"]["frames"]), (4, 4))
        for direction in ("request", "reply"):
            self.assertEqual(seen[direction]["bytes_in"], seen[direction]["bytes_out"])
            self.assertGreater(seen[direction]["bytes_in"], 100_000)

    def test_other_protocols_pass_as_bytes_and_half_a_close_is_passed_on(self):
        with listener() as (server, where):
            through = self.peer(target=where)
            theirs = self.enterContext(Peer(server.accept()[0]))
            garbage = bytes(range(255, -1, -1)) * 1000
            through.send(garbage)
            self.assertEqual(theirs.read(len(garbage)), garbage)
            through.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(theirs.end(), (b"", "end"))
            theirs.send(b"HTTP/1.1 400 Bad Request\r\n")
            theirs.socket.close()
            self.assertEqual(through.end(), (b"HTTP/1.1 400 Bad Request\r\n", "end"))

    def test_half_a_frame_is_passed_on_when_the_stream_ends(self):
        with listener() as (server, where):
            through = self.peer(target=where)
            theirs = self.enterContext(Peer(server.accept()[0]))
            theirs.send(reply(GET, b"value")[:26])
            theirs.socket.close()
            self.assertEqual(through.end(), (reply(GET, b"value")[:26], "end"))

    def test_a_reset_of_the_server_is_one_of_the_client(self):
        with listener() as (server, where):
            through = self.peer(target=where)
            theirs = server.accept()[0]
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            theirs.close()
            self.assertEqual(through.end(), (b"", "reset"))

    def test_who_cannot_be_reached_is_a_reset_and_counted(self):
        with memcached_nodes.refusing_server() as nobody:
            proxy = self.proxy(target=nobody)
            self.assertEqual(proxy.fate_of_a_connection(), (b"", "reset"))
            self.assertEqual(proxy.ask("stats")["unreachable"], 1)

    def test_unix_sockets_on_both_sides(self):
        with tempfile.TemporaryDirectory() as folder:
            node = memcached_nodes.Node(unix_socket=f"{folder}/node")
            self.addCleanup(node.stop)
            proxy = self.proxy("reply frame 2: cut at 30", target=node.text,
                               listen=f"{folder}/proxy")
            self.assertEqual(proxy.text, f"{folder}/proxy")
            through = self.connect(proxy)
            through.send(store("k", b"value"), get("k"))
            self.assertEqual(len(through.frame()), 24)
            got, how = through.end()
            self.assertEqual((len(got), how), (30, "end"))
            proxy.end()
            self.assertFalse(os.path.exists(proxy.text))


class Endings(ChaosTest):
    def test_cut_ends_in_order_in_the_middle_of_a_frame(self):
        proxy = self.proxy("reply frame 3: cut at 10")
        through = self.connect(proxy)
        through.send(*(noop(i) for i in range(5)))
        self.assertEqual(opaques_of(through.frames(2)), [0, 1])
        got, how = through.end()
        self.assertEqual((len(got), how), (10, "end"))
        self.assertEqual(proxy.hits(), [1])
        self.assertEqual(opaque_of(self.connect(proxy).ask(noop(9))), 9)

    def test_reset_is_a_reset_for_both_ends(self):
        with listener() as (server, where):
            through = self.peer("request frame 2: reset at 4", target=where)
            theirs = self.enterContext(Peer(server.accept()[0]))
            through.send(noop(1), noop(2))
            self.assertEqual(theirs.end(), (noop(1) + noop(2)[:4], "reset"))
            self.assertEqual(through.end(), (b"", "reset"))

    def test_after_bytes_counts_what_arrived_whatever_it_is(self):
        for what, how in (("cut", "end"), ("reset", "reset")):
            with self.subTest(what=what), listener() as (server, where):
                through = self.peer(f"reply after 5 bytes: {what}", target=where)
                theirs = self.enterContext(Peer(server.accept()[0]))
                theirs.send(b"hello world")
                self.assertEqual(through.end(), (b"hello", how))

    def test_after_all_that_came_it_does_not_wait_for_more(self):
        with listener() as (server, where):
            through = self.peer("reply after 5 bytes: cut", target=where)
            self.enterContext(Peer(server.accept()[0])).send(b"hello")
            self.assertEqual(through.end(), (b"hello", "end"))

    def test_cut_and_reset_as_commands_end_all_connections(self):
        proxy = self.proxy()
        for command, how in (("cut", "end"), ("reset", "reset")):
            two = [self.connect(proxy) for _ in range(2)]
            for one in two:
                one.ask(noop())
            self.assertEqual(proxy.ask(command), {"ok": command, "connections": 2})
            self.assertEqual([one.end() for one in two], [(b"", how)] * 2)
            for one in two:
                one.socket.close()

    def test_drop_rest_is_silence_on_an_open_connection(self):
        proxy = self.proxy("reply frame 2: drop rest at 25")
        through = self.connect(proxy)
        through.send(noop(1), request(0x0b, opaque=2), noop(3))
        self.assertEqual(opaque_of(through.frame()), 1)
        self.assertEqual(len(through.read(25)), 25)
        self.connect(proxy).ask(noop())  # by now more would have come
        self.assertTrue(through.is_silent())
        self.assertEqual(proxy.ask("stats")["open"], 2)


class Accepting(ChaosTest):
    def test_connections_are_refused_by_number_in_both_ways(self):
        proxy = self.proxy("accept connection 2: reset", "accept connection 3: cut")
        first = self.connect(proxy)
        first.ask(noop())
        self.assertEqual(proxy.fate_of_a_connection(), (b"", "reset"))
        self.assertEqual(proxy.fate_of_a_connection(), (b"", "end"))
        self.assertEqual(opaque_of(self.connect(proxy).ask(noop(4))), 4)
        self.assertEqual(opaque_of(first.ask(noop(5))), 5)
        self.assertEqual(proxy.hits(), [1, 1])

    def test_held_connections_come_about_and_are_served_when_the_rules_are_cleared(self):
        proxy = self.proxy("accept: hold")
        through = self.connect(proxy)
        through.send(noop(1))
        seen = proxy.ask("stats")
        self.assertEqual((seen["connections"], seen["rules"][0]["hits"]), (0, 1))
        self.assertTrue(through.is_silent())
        proxy.ask("clear")
        self.assertEqual(opaque_of(through.frame()), 1)

    def test_with_an_empty_backlog_holding_is_a_black_hole(self):
        proxy = self.proxy("accept: hold", arguments=("--backlog", "0"))
        self.connect(proxy)
        host, port = proxy.text.rsplit(":", 1)
        with socket.socket() as s:
            s.settimeout(0.2)
            with self.assertRaises(TimeoutError):
                s.connect((host, int(port)))

    def test_a_rule_given_later_is_about_the_connection_that_comes_next(self):
        proxy = self.proxy()
        self.connect(proxy).ask(noop())
        self.assertEqual(proxy.ask("add accept once: reset"), {"ok": "add", "rule": 1})
        self.assertEqual(proxy.fate_of_a_connection(), (b"", "reset"))
        self.connect(proxy).ask(noop())


class Frames(ChaosTest):
    def test_delay_is_at_least_that_long_and_delays_overlap(self):
        through = self.peer("reply opcode version: delay 300ms")
        begin = time.monotonic()
        through.ask(noop())
        undelayed = time.monotonic() - begin
        begin = time.monotonic()
        through.send(*(request(0x0b, opaque=i) for i in range(50)))
        self.assertEqual(opaques_of(through.frames(50)), list(range(50)))
        took = time.monotonic() - begin
        self.assertGreaterEqual(took, 0.3)
        self.assertLess(took, 50 * 0.3)
        self.assertLess(undelayed, took)

    def test_stalls_add_up(self):
        through = self.peer("reply opcode version: stall 50ms")
        begin = time.monotonic()
        through.send(*(request(0x0b) for _ in range(4)))
        through.frames(4)
        self.assertGreaterEqual(time.monotonic() - begin, 4 * 0.05)

    def test_a_stall_without_a_time_lasts_until_the_rules_are_cleared(self):
        proxy = self.proxy("reply frame 2: stall at 3")
        through, other = self.connect(proxy), self.connect(proxy)
        through.send(noop(1), noop(2), noop(3))
        self.assertEqual(opaque_of(through.frame()), 1)
        self.assertEqual(through.read(3), b"\x81\x0a\0")
        other.ask(noop())
        self.assertTrue(through.is_silent())
        self.assertEqual(proxy.ask("clear"), {"ok": "clear", "rules": 1})
        self.assertEqual(through.read(24 - 3)[9:13], b"\0\0\0\2")
        self.assertEqual(opaque_of(through.frame()), 3)

    def test_a_long_delay_ends_when_the_rules_are_cleared(self):
        proxy = self.proxy("reply: delay 60m", "reply: stall 60m", "reply: slice 1 gap 60m")
        through = self.connect(proxy)
        through.send(noop(1))
        while proxy.ask("stats")["reply"]["frames"] == 0:
            pass
        proxy.ask("clear")
        self.assertEqual(opaque_of(through.frame()), 1)

    def test_slices_arrive_one_by_one(self):
        through = self.peer("reply: slice 1 gap 5ms")
        begin = time.monotonic()
        through.send(noop(3))
        pieces = []
        while sum(map(len, pieces)) < 24:
            pieces.append(through.socket.recv(100))
        self.assertGreaterEqual(time.monotonic() - begin, 23 * 0.005)
        self.assertGreater(len(pieces), 4)
        self.assertEqual(b"".join(pieces)[:2], b"\x81\x0a")

    def test_slices_of_any_size_both_ways_lose_nothing(self):
        through = self.peer("request: slice 1..7", "reply: slice 1..50")
        through.ask(store("sliced", b"x" * 3000))
        self.assertEqual(through.ask(get("sliced"))[28:], b"x" * 3000)

    def test_drop_takes_one_frame_out(self):
        through = self.peer("reply frame 2: drop")
        through.send(noop(1), noop(2), noop(3))
        self.assertEqual(opaques_of(through.frames(2)), [1, 3])

    def test_a_request_that_is_dropped_is_never_carried_out(self):
        through = self.peer("request key gone: drop")
        through.send(store("gone", b"x", 1), noop(2))
        self.assertEqual(opaque_of(through.frame()), 2)
        self.assertEqual(self.straight().ask(get("gone"))[6:8], b"\0\1")

    def test_duplicate_is_seen_twice(self):
        through = self.peer("reply frame 2: duplicate")
        through.send(noop(1), noop(2), noop(3))
        self.assertEqual(opaques_of(through.frames(4)), [1, 2, 2, 3])

    def test_a_duplicated_request_is_carried_out_twice(self):
        through = self.peer("request opcode 0x05: duplicate")
        count = request(0x05, b"twice", extras=bytes(7) + b"\1" + bytes(8) + bytes(4))
        through.send(count)
        self.assertEqual([frame[-1] for frame in through.frames(2)], [0, 1])

    def test_swap_really_swaps(self):
        through = self.peer("reply frame 2: swap")
        through.send(noop(1), noop(2), noop(3), noop(4))
        self.assertEqual(opaques_of(through.frames(4)), [1, 3, 2, 4])

    def test_a_swapped_frame_without_another_goes_on_when_the_rules_are_cleared(self):
        proxy = self.proxy("reply frame 2: swap")
        through, other = self.connect(proxy), self.connect(proxy)
        through.send(noop(1), noop(2))
        self.assertEqual(opaque_of(through.frame()), 1)
        other.ask(noop())
        self.assertTrue(through.is_silent())
        while proxy.hits() != [1]:
            pass
        proxy.ask("clear")
        self.assertEqual(opaque_of(through.frame()), 2)

    def test_a_flipped_bit_is_the_only_difference(self):
        self.straight().ask(store("flip", b"\0" * 500))
        right = self.straight().ask(get("flip"))
        for rule in ("reply opcode get: flip", "reply opcode get: flip bit 300"):
            with self.subTest(rule=rule):
                proxy = self.proxy(rule)
                through = self.connect(proxy)
                through.send(get("flip"))
                got = through.read(len(right))
                differ = int.from_bytes(got, "big") ^ int.from_bytes(right, "big")
                self.assertEqual(differ.bit_count(), 1)
                if rule.endswith("300"):
                    self.assertEqual(got[37] ^ right[37], 0x08)

    def test_a_bit_of_any_byte_of_any_protocol(self):
        with listener() as (server, where):
            through = self.peer("reply after 6 bytes: flip bit 2", target=where)
            self.enterContext(Peer(server.accept()[0])).send(b"hello world")
            self.assertEqual(through.read(11), b"hello World")

    def test_every_field_can_be_set(self):
        fields = {"magic": (0, 1, 0x7e), "opcode": (1, 2, 0x55), "keylen": (2, 4, 0x1234),
                  "extlen": (4, 5, 0x11), "datatype": (5, 6, 3), "status": (6, 8, 0x86),
                  "length": (8, 12, 0xfffffff0), "opaque": (12, 16, 0xdeadbeef),
                  "cas": (16, 24, 0x0102030405060708)}
        right = self.straight().ask(noop(7))
        for field, (begin, end, value) in fields.items():
            with self.subTest(field=field):
                through = self.peer(f"reply: set {field} {value:#x}")
                through.send(noop(7))
                expected = right[:begin] + value.to_bytes(end - begin, "big") + right[end:]
                self.assertEqual(through.read(24), expected)

    def test_bytes_and_frames_are_injected_in_front(self):
        for rule, bytes_ in (('inject "ERROR\\r\\n\\x00"', b"ERROR\r\n\0"),
                             ("inject hex 15030300020228", bytes.fromhex("15030300020228")),
                             ("inject frame getq opaque 9 value ha",
                              reply(0x09, b"ha", 9, extras=bytes(4))),
                             ("inject frame noop status 0x81 opaque 0x10",
                              reply(NOOP, opaque=16, status=0x81))):
            with self.subTest(rule=rule):
                through = self.peer("reply frame 2: " + rule)
                through.send(noop(1), noop(2))
                self.assertEqual(through.read(24 + len(bytes_) + 24)[24:-24], bytes_)

    def test_stop_reading_lets_the_senders_buffers_fill(self):
        with listener() as (server, where):
            proxy = self.proxy("request frame 2: stop reading", target=where)
            through = self.connect(proxy)
            theirs = self.enterContext(Peer(server.accept()[0]))
            through.send(noop(1), noop(2))
            self.assertEqual(theirs.frame(), noop(1))
            while proxy.hits() != [1]:
                pass
            before = proxy.ask("stats")["request"]["bytes_in"]
            sent = self.fill(through.socket)
            self.assertEqual(proxy.ask("stats")["request"]["bytes_in"], before)
            # The other side goes on.
            theirs.send(reply(NOOP, opaque=1))
            self.assertEqual(opaque_of(through.frame()), 1)
            proxy.ask("clear")
            self.assertEqual(theirs.frame(), noop(2))
            self.assertEqual(theirs.read(sent), b"x" * sent)

    def fill(self, sender):
        """Sends until nothing more is taken for a while: there is no other sign of full buffers."""
        sender.settimeout(0.2)
        sent = 0
        with self.assertRaises(TimeoutError):
            while True:
                sent += sender.send(b"x" * 65536)
        sender.settimeout(PATIENCE_SECONDS)
        return sent


class Conditions(ChaosTest):
    def flipped(self, proxy, asked):
        """Which of the requests got an unknown status."""
        with proxy.connect() as through:
            through.send(*asked)
            return [i for i in range(len(asked)) if through.frame()[6:8] == b"\x12\x34"]

    def check(self, when, asked, expected, connections=1):
        with self.subTest(when=when):
            proxy = self.proxy(f"reply {when}: set status 0x1234")
            for _ in range(connections - 1):
                self.assertEqual(self.flipped(proxy, asked), [])
            self.assertEqual(self.flipped(proxy, asked), expected)
            self.assertEqual(proxy.hits(), [len(expected)])

    def test_each_condition_chooses_its_frames(self):
        asked = [noop(0), get("none", 1), request(0x0b, opaque=2), noop(3), get("none", 4)]
        for when, expected in (("", [0, 1, 2, 3, 4]), ("frame 2", [1]), ("opcode get", [1, 4]),
                               ("opcode noop,0x0b", [0, 2, 3]), ("status 1", [1, 4]),
                               ("opaque 3", [3]), ("opcode get once", [1]), ("times 2", [0, 1]),
                               ("frame 2 opcode noop", []), ("connection 2", [])):
            self.check(when, asked, expected)
        self.check("connection 3 frame 4", asked, [3], connections=3)

    def test_keys_of_requests(self):
        proxy = self.proxy('request key "k 1": set opaque 99')
        through = self.connect(proxy)
        through.send(get("k", 1), get("k 1", 2), get("k 10", 3))
        self.assertEqual(opaques_of(through.frames(3)), [1, 99, 3])

    def test_the_same_seed_makes_the_same_faults(self):
        def faults(seed):
            proxy = self.proxy("reply probability 0.3: set status 0x1234", seed=seed)
            return [self.flipped(proxy, [noop()] * 100) for _ in range(3)]
        once, again, other = faults(7), faults(7), faults(8)
        self.assertEqual(once, again)
        self.assertNotEqual(once, other)
        self.assertNotEqual(once[0], once[1])
        self.assertTrue(30 < sum(map(len, once)) < 180, once)

    def test_the_seed_that_was_drawn_is_told_and_makes_the_same_faults(self):
        def drawn_bits(seed):
            proxy = self.proxy("reply: flip", seed=seed)
            got = []
            for _ in range(5):
                with proxy.connect() as through:
                    through.send(noop())
                    got.append(through.read(24))
            return int(proxy.start_line["seed"]), got
        seed, first = drawn_bits(None)
        self.assertEqual(drawn_bits(seed), (seed, first))
        self.assertGreater(len(set(first)), 1)


class Talk(ChaosTest):
    def test_as_text(self):
        process = subprocess.Popen(
            [os.environ["KMC_CLI"], "chaos", f"127.0.0.1:0->{self.node.text}", "--rule",
             "reply: drop", "--end-with-input"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=memcached_nodes.die_with_parent)
        out, errors = process.communicate(
            b"add reply once: cut\nadd reply: fry\nstats\nclear\ncut\nreset\nsing\n",
            timeout=PATIENCE_SECONDS)
        self.assertEqual((process.returncode, errors), (OK, b""))
        lines = out.decode().splitlines()
        self.assertRegex(lines[0], rf"^listening 127\.0\.0\.1:\d+ target {re.escape(self.node.text)}"
                                   r" seed \d+$")
        self.assertEqual(lines[1], "ok add rule=2")
        self.assertRegex(lines[2], r'^error rule "reply: fry", character 8 \(fry\): expected delay')
        nothing = ("stats connections=0 open=0 unreachable=0 request_frames=0 request_bytes_in=0 "
                   "request_bytes_out=0 reply_frames=0 reply_bytes_in=0 reply_bytes_out=0")
        self.assertEqual(lines[3], nothing + " rule_1=0 rule_2=0")
        self.assertEqual(lines[4:7], ["ok clear rules=2", "ok cut connections=0",
                                      "ok reset connections=0"])
        self.assertRegex(lines[7], r'^error there is no command "sing"')
        self.assertEqual(lines[8:], [nothing])

    def test_commands_may_come_from_a_file(self):
        with tempfile.TemporaryFile() as file:
            file.write(b"add reply: drop\nclear\n")
            file.seek(0)
            process = subprocess.run(
                [os.environ["KMC_CLI"], "chaos", f"127.0.0.1:0->{self.node.text}",
                 "--end-with-input"], stdin=file, stdout=subprocess.PIPE, check=True,
                timeout=PATIENCE_SECONDS)
        self.assertEqual(process.stdout.decode().splitlines()[1:3],
                         ["ok add rule=1", "ok clear rules=1"])

    def test_signals_end_it_and_the_end_of_input_does_not(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            proxy = self.proxy()
            proxy.ask("stats")
            proxy.process.stdin.close()
            through = self.connect(proxy)
            through.ask(noop())
            proxy.process.stdin = None
            code, last = proxy.end(how)
            self.assertEqual((code, last["connections"], last["open"]), (OK, 1, 1))
            self.assertEqual(through.end()[0], b"")

    def test_rules_from_a_file_come_first(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("# trouble\n\n  reply frame 1: drop # not a comment\n")
            file.flush()
            wrong = run("chaos", "127.0.0.1:0->127.0.0.1:1", "--rules", file.name)
            ToolTest.check(self, wrong, USAGE, b"", f"{file.name}, line 3: rule")
            file.seek(0)
            file.truncate()
            file.write("# trouble\n\n  reply frame 1: drop\n\treply frame 3: drop\r\n")
            file.flush()
            proxy = self.proxy("reply frame 4: drop", arguments=("--rules", file.name))
            through = self.connect(proxy)
            through.send(*(noop(i) for i in range(1, 6)))
            self.assertEqual(opaques_of(through.frames(2)), [2, 5])
            self.assertEqual(proxy.hits(), [1, 1, 1])

    def test_nothing_starts_with_a_bad_argument(self):
        good = f"127.0.0.1:0->{self.node.text}"
        for arguments, named in (
                ([], "PLACES"),
                (["127.0.0.1:0"], "LISTEN->TARGET"),
                (["127.0.0.1:0->"], "LISTEN->TARGET"),
                (["127.0.0.1:0->nowhere"], '"nowhere": expected host:port'),
                (["127.0.0.1:65536->127.0.0.1:1"], "127.0.0.1:65536"),
                (["/" + "x" * 200 + "->127.0.0.1:1"], "too long"),
                (["/nowhere/at/all->127.0.0.1:1"], "cannot listen on /nowhere/at/all"),
                ([f"{self.node.text}->127.0.0.1:1"], "cannot listen on " + self.node.text),
                ([good, "--seed", "x"], "x"),
                ([good, "--rules", "/nowhere"], "/nowhere"),
                ([good, "--rule", "reply: drop", "--rule", "reply frme 3: drop"],
                 'rule "reply frme 3: drop", character 7 (frme): expected connection, frame')):
            with self.subTest(arguments=arguments):
                ToolTest.check(self, run("chaos", *arguments), USAGE, b"", named)

    def test_the_help_has_the_grammar(self):
        text = run("chaos", "--help").stdout.decode()
        for word in ("LISTEN->TARGET", "--rule ", "--seed", "stop reading", "drop rest", "inject",
                     "probability", "clear"):
            self.assertIn(word, text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
