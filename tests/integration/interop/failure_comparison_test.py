"""The same failures into kmc and libmemcached, both told the same: which calls fail in which phase,
and where the keys go. What differs is listed here with its reason. A difference that is not listed
fails the test, and so does one that is listed and not seen.

Compared are phases and places, never milliseconds. Each client has items of its own, which the ring
places by a name that both share. docs/from_libmemcached.md tells the same for people.

usage: failure_comparison_test.py SCRIPT | documented PAGE
"""

import collections
import concurrent.futures
import itertools
import os
import pathlib
import random
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from memcached_nodes import Node  # noqa: E402
from talkers import SKIPPED, Talker, engine_is_refused  # noqa: E402

KMC = os.environ.get("KMC_FAILURE_CLIENT")
LIBMEMCACHED = os.environ.get("KMC_LIBMEMCACHED_CLIENT")

PLACED_KEYS = 600
SAMPLE_PER_SERVER = 2
PAUSE_SECONDS = 0.05
# A kmc connection that served for a second is made anew without a wait.
BEFORE_SECONDS = 1.2
# What has not settled by then does not settle: all waits of both clients are a few seconds.
PATIENCE_SECONDS = 6
# A libmemcached client tries a dead server again after its dead timeout and up to a second.
AWAY_SECONDS = 2 + 2.5
RETURN_PATIENCE_SECONDS = 20
ATTEMPTS = 3

# Nothing but a hung server is to run into it.
SETTINGS = {"timeout": 3, "remove_failed": 1, "retry_timeout": 1, "dead_timeout": 2, "eject": 1}

# Each call to a hung server waits for it.
HUNG = {"timeout": 0.5}

# What the two call the same thing.
MEANINGS = {
    "CONNECTION_FAILURE": "unreachable",
    "SERVER_TEMPORARILY_DISABLED": "unreachable",
    "connect_failed": "unreachable",
    "SERVER_MARKED_DEAD": "dead",
    "server_dead": "dead",
    "SOME_ERRORS": "some errors",
    "TIMEOUT": "timeout",
    "timed_out": "timeout",
}

Difference = collections.namedtuple("Difference", "phase aspect libmemcached kmc reason")
Script = collections.namedtuple(
    "Script", "title differences weights lost settings fault heal only_kmc",
    defaults=[(1, 1, 1), (0,), {}, "kill", "restart", {}])
Call = collections.namedtuple("Call", "at phase client verb key owner outcome")

# ---- the differences, and why ------------------------------------------------------------------

FAILING = "until its keys work"
AWAY = "while it is away"
BACK = "when it is back"

FINDS_LIMIT = (
    "libmemcached notices a lost connection, then counts one failed connect, then fails the call "
    "that finds the limit reached; kmc notices at once, and the call whose connect reached the "
    "limit goes to the new owner")
CALLS_PROBE = (
    "libmemcached tries a dead server with a caller's request, which fails, and fails the next "
    "one, again each dead_timeout; kmc asks with a NOOP of its own, and no call is the probe")
HANGS = (
    "libmemcached counts failed connects only, and the kernel of a hung server goes on taking "
    "connections; kmc counts calls without a sign of life, too")
MULTI_GET = (
    "libmemcached's multi-get returns SUCCESS and leaves the keys out, as if they were misses; "
    "kmc gives each key its own error")
LOST_CONNECTION = (
    "libmemcached notices that the connection is gone when a call uses it, and that call fails; "
    "kmc reads on idle connections, and makes a new one for the call")
SHARE = (
    "kmc takes servers out of service up to max_ejected, by default half of the weights; "
    "libmemcached knows no such limit")
DEAD_IS_SAID = (
    "without ejection libmemcached knows no dead servers, and connects anew each retry_timeout "
    "for a caller; kmc says that the server is dead, and probes on its own")
NONE_LEFT = (
    "with no server left libmemcached keeps its ring and goes on trying them with callers' "
    "requests; kmc says that they are dead, and probes on its own")
ZERO = "kmc refuses dead_timeout 0, after which libmemcached never tries a dead server again"

KILLED_AT_1 = [
    Difference(FAILING, "its keys fail", "some", "none", FINDS_LIMIT),
    Difference(FAILING, "errors", "dead, unreachable", "", FINDS_LIMIT),
]
PROBED_BY_CALLS = [
    Difference(AWAY, "its keys fail", "some", "none", CALLS_PROBE),
    Difference(AWAY, "errors", "dead, unreachable", "", CALLS_PROBE),
]

SCRIPTS = {
    "killed": Script("killed, limit 1", KILLED_AT_1 + PROBED_BY_CALLS),
    "killed_at_limit_2": Script("killed, limit 2", [
        Difference(FAILING, "errors", "dead, unreachable", "unreachable", FINDS_LIMIT),
        Difference(FAILING, "multi-get of its keys", "miss", "miss, unreachable", MULTI_GET),
    ] + PROBED_BY_CALLS, settings={"remove_failed": 2}),
    "hung": Script("hung, limit 2", [
        Difference(FAILING, "settles", "no", "yes", HANGS),
        Difference(FAILING, "its keys fail", "all", "some", HANGS),
        Difference(FAILING, "multi-get of its keys", "miss", "miss, timeout", MULTI_GET),
        Difference(AWAY, "its keys fail", "all", "none", HANGS),
        Difference(AWAY, "errors", "timeout", "", HANGS),
        # Whether a call meets the end of a stalled connection depends on the moment.
    ], settings={**HUNG, "remove_failed": 2}, fault="hang", heal="go_on",
        only_kmc={"stall_timeout": 60}),
    # Nothing in kmc ends before the calls do, so that both only run into their deadlines.
    "hung_for_good": Script("hung, limit out of reach", [
        Difference(FAILING, "multi-get of its keys", "miss", "timeout", MULTI_GET),
        Difference(AWAY, "multi-get of its keys", "miss", "timeout", MULTI_GET),
    ], settings={**HUNG, "remove_failed": 1000}, fault="hang", heal="go_on",
        only_kmc={"connect_timeout": 60, "stall_timeout": 60}),
    "restarted_at_once": Script("killed and restarted at once", [
        Difference(FAILING, "its keys fail", "some", "none", LOST_CONNECTION),
        Difference(FAILING, "errors", "unreachable", "", LOST_CONNECTION),
    ], settings={"remove_failed": 2}, heal=None),
    "heaviest_lost": Script("heaviest killed, binary protocol", [
        Difference(FAILING, "multi-get of its keys", "miss, some errors", "miss", FINDS_LIMIT),
    ] + KILLED_AT_1 + PROBED_BY_CALLS, weights=(900, 300, 1500), lost=(2,),
        settings={"binary": 1}, only_kmc={"max_ejected": 1}),
    "heaviest_lost_by_default": Script("heaviest killed, max_ejected 0.5", [
        Difference(FAILING, "settles", "yes", "no", SHARE),
        Difference(FAILING, "its keys fail", "some", "all", SHARE),
        Difference(FAILING, "errors", "dead, unreachable", "unreachable", SHARE),
        Difference(FAILING, "multi-get of its keys", "miss", "unreachable", MULTI_GET),
        Difference(AWAY, "its keys fail", "some", "all", SHARE),
        Difference(AWAY, "errors", "dead, unreachable", "unreachable", SHARE),
        Difference(AWAY, "multi-get of its keys", "miss", "unreachable", MULTI_GET),
    ], weights=(900, 300, 1500), lost=(2,)),
    "all_lost": Script("all three killed", [
        Difference(FAILING, "multi-get of its keys", "dead, miss, unreachable",
                   "dead, unreachable", MULTI_GET),
        Difference(AWAY, "errors", "dead, unreachable", "dead", NONE_LEFT),
        Difference(AWAY, "multi-get of its keys", "dead, unreachable", "dead", NONE_LEFT),
    ], lost=(0, 1, 2), only_kmc={"max_ejected": 1}),
    "no_ejection": Script("killed, no ejection", [
        Difference(FAILING, "errors", "unreachable", "dead, unreachable", DEAD_IS_SAID),
        Difference(FAILING, "multi-get of its keys", "miss", "dead, unreachable", MULTI_GET),
        Difference(AWAY, "errors", "unreachable", "dead", DEAD_IS_SAID),
        Difference(AWAY, "multi-get of its keys", "miss", "dead", MULTI_GET),
    ], settings={"remove_failed": 2, "eject": 0}),
    "dead_timeout_0": Script("dead_timeout 0", [
        Difference("before", "takes the settings", "yes", "no", ZERO),
    ], settings={"dead_timeout": 0}),
}

# ---- clients and servers -----------------------------------------------------------------------


class Client:
    """Two processes of a kind: what a multi-get met is not to be hidden from the single calls."""

    def __init__(self, name, program, settings, servers):
        self.name = name
        words = [f"{key}={value}" for key, value in settings.items()]
        self.single = Talker([program, *words], servers)
        self.many = Talker([program, *words], servers)
        self.greeting = {t.process.stdout.readline().strip() for t in (self.single, self.many)}

    def is_open(self):
        return self.greeting == {"open"}

    def ask(self, line):
        answer = (self.many if line.startswith("mget ") else self.single).ask(line)
        if not answer:
            raise AssertionError(f"{self.name} is gone")
        return answer

    def end(self):
        return [self.single.end(), self.many.end()]


def outcome_of(answer):
    """stored, hit, miss, or what went wrong, in words that both share."""
    word, _, rest = answer.replace("error:", "error ").partition(" ")
    return MEANINGS.get(rest, rest) if word == "error" else word


def blamed(answer, code):
    """What a key's answer is worth with what the multi-get returned as a whole."""
    if code in ("-", "SUCCESS") or (code == "SOME_ERRORS" and answer == "hit"):
        return answer
    return f"error {code}"


def values_in(node, keys):
    """The items among these, read over the text protocol."""
    host, port = node.text.rsplit(":", 1)
    found = {}
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as s:
        lines = s.makefile("r", newline="\r\n")
        for start in range(0, len(keys), 100):
            s.sendall(f"get {' '.join(keys[start:start + 100])}\r\n".encode())
            while (line := lines.readline()).startswith("VALUE"):
                found[line.split()[1]] = lines.readline().removesuffix("\r\n")
    return found


# ---- one run -----------------------------------------------------------------------------------


class Run:
    def __init__(self, script):
        self.script = script
        # Nobody else has this address, so that a port on it is still free when its node returns,
        # and no connection attempt can meet itself.
        host = ".".join(["127", *(str(random.randint(1, 254)) for _ in range(3))])
        self.nodes = [Node(host=host) for _ in script.weights]
        servers = ",".join(f"{n.text}:{w}" for n, w in zip(self.nodes, script.weights))
        print(f"servers {servers}")
        settings = {**SETTINGS, **script.settings}
        self.libmemcached = Client("libmemcached", LIBMEMCACHED, settings, servers)
        self.kmc = Client("kmc", KMC, {**settings, **script.only_kmc}, servers)
        self.clients = [self.libmemcached, self.kmc]
        self.is_down = set()
        self.calls = []
        self.aspects = {}
        self.home = {}
        self.tokens = itertools.count()
        self.latest = {}
        self.began = time.monotonic()

    def end(self):
        statuses = [status for client in self.clients for status in client.end()]
        for node in self.nodes:
            node.stop()
        return statuses

    def say(self, phase, aspect, client, value):
        self.aspects.setdefault((phase, aspect), {})[client.name] = value

    # ---- where keys are

    def places(self, phase, client):
        """Where each key is that the client stored: asked from the servers themselves. None when
        a store failed, which is a call of the phase like others."""
        token = f"placed{next(self.tokens)}"
        names = [f"k{i}" for i in range(PLACED_KEYS)]
        for name in names:
            answer = client.ask(f"set {name} {client.name}:{name} {token}")
            if answer != "stored":
                self.calls.append(Call(time.monotonic() - self.began, phase, client.name, "set",
                                       name, self.home.get(name), outcome_of(answer)))
                return None
        found = {}
        for place, node in enumerate(self.nodes):
            if place in self.is_down:
                continue
            items = values_in(node, [f"{client.name}:{name}" for name in names])
            for item, value in items.items():
                name = item.partition(":")[2]
                if value == token:
                    check(name not in found, f"{item} was stored on two servers")
                    found[name] = place
        check(len(found) == PLACED_KEYS, f"{client.name}: stored keys are on no server")
        return found

    def settled_places(self, phase, client):
        # Not in the middle of a round of libmemcached's own probing.
        deadline = time.monotonic() + RETURN_PATIENCE_SECONDS
        while (found := self.places(phase, client)) is None:
            check(time.monotonic() < deadline, f"{client.name}: its stores go on failing")
            time.sleep(PAUSE_SECONDS)
        return found

    def compare_places(self, phase):
        maps = {}
        for client in self.clients:
            maps[client.name] = self.settled_places(phase, client)
            self.say(phase, "places", client, maps[client.name])
        return maps["libmemcached"]

    # ---- calls

    def choose_sample(self, home):
        chosen = collections.defaultdict(list)
        for name, place in home.items():
            if len(chosen[place]) < SAMPLE_PER_SERVER:
                chosen[place].append(name)
        check(len(chosen) == len(self.nodes), "a server has no keys")
        # Those of the lost servers first: nothing else makes libmemcached look at its ring.
        self.sample = sorted(((name, place) for place, names in chosen.items() for name in names),
                             key=lambda one: one[1] not in self.script.lost)
        self.many = []
        for name, place in self.sample:
            # Plain keys, found by their own names.
            for i in range(10000):
                key = f"many{i}"
                if key not in (k for k, _ in self.many) and self.ring_says(key) == place:
                    self.many.append((key, place))
                    break

    def ring_says(self, key):
        if key not in self.ring:
            check(self.kmc.ask(f"set {key} {key} there") == "stored", "a store failed")
            self.ring[key] = next(place for place, node in enumerate(self.nodes)
                                  if values_in(node, [key]))
        return self.ring[key]

    def round(self, phase, client):
        """Each kind of call for keys of each server; whether all for the lost ones went well."""
        made = []

        def note(verb, key, owner, outcome):
            made.append(Call(time.monotonic() - self.began, phase, client.name, verb, key, owner,
                             outcome))

        for name, owner in self.sample:
            item = f"{client.name}:{name}"
            self.latest[item] = f"{item}={next(self.tokens)}"
            answer = client.ask(f"set {name} {item} {self.latest[item]}")
            note("set", name, owner, outcome_of(answer))
            answer = client.ask(f"get {name} {item}")
            check(not answer.startswith("hit ") or answer.startswith(f"hit {item}="),
                  f"{client.name}: {item} has the value of another: {answer}")
            note("get", name, owner, outcome_of(answer))
        code, *answers = client.ask("mget " + " ".join(k for k, _ in self.many)).split()
        for (key, owner), answer in zip(self.many, answers, strict=True):
            note("mget", key, owner, outcome_of(blamed(answer, code.partition("/")[0])))
        self.calls += made
        return not any(is_failure(c) for c in made if c.owner in self.script.lost)

    def rounds(self, phase, is_over, at_least=0, patience=PATIENCE_SECONDS):
        """Rounds of all clients at the same time, each until it says that it is over. Who never
        was?"""
        start = time.monotonic()

        def play(client):
            while True:
                went_well = self.round(phase, client)
                seconds = time.monotonic() - start
                if seconds >= at_least and is_over(client, went_well):
                    return True
                if seconds >= max(at_least, patience):
                    return False
                time.sleep(PAUSE_SECONDS)

        with concurrent.futures.ThreadPoolExecutor(len(self.clients)) as pool:
            verdicts = list(pool.map(play, self.clients))
        return [client for client, was_over in zip(self.clients, verdicts) if not was_over]

    def summarize(self, phase):
        """How the calls of a phase went, as aspects to compare."""
        lost = self.script.lost
        for client in self.clients:
            mine = [c for c in self.calls if (c.phase, c.client) == (phase, client.name)]
            single = [c for c in mine if c.verb != "mget"]
            many = [c for c in mine if c.verb == "mget"]
            # Where weights differ, keys move between the others too, and are missed there.
            is_answer_enough = len(set(self.script.weights)) > 1
            for aspect, value in {
                "its keys fail": share([c for c in single if c.owner in lost]),
                "errors": listed(c.outcome for c in single if is_failure(c)),
                "other keys fail": share([c for c in single if c.owner not in lost]),
                "multi-get of its keys": listed(c.outcome for c in many if c.owner in lost),
                "multi-get of other keys": listed(
                    c.outcome for c in many if c.owner not in lost
                    and (is_failure(c) or not is_answer_enough)),
            }.items():
                self.say(phase, aspect, client, value)
            failed = sum(map(is_failure, single))
            seconds = max(c.at for c in mine) - min(c.at for c in mine)
            print(f"  {phase}: {client.name}: {failed} of {len(single)} calls failed, "
                  f"in {seconds:.1f} s")

    # ---- the phases

    def play(self):
        script = self.script
        self.ring = {}
        if not self.open_all():
            return self.play_libmemcached_alone()
        home = self.home = self.compare_places("before")
        self.choose_sample(home)
        self.rounds("before", lambda *_: True, at_least=BEFORE_SECONDS)
        self.summarize("before")

        for place in script.lost:
            getattr(self.nodes[place], script.fault)()
            self.is_down.add(place)
            if script.heal is None:
                self.nodes[place].restart()
                self.is_down.remove(place)
        stuck = self.rounds(FAILING, lambda _, went_well: went_well)
        for client in self.clients:
            self.say(FAILING, "settles", client, "no" if client in stuck else "yes")
        self.summarize(FAILING)
        if script.heal is None:
            check(self.compare_places("home") == home, "keys moved though the server was back")
            return
        if not stuck:
            self.check_moves(home, self.compare_places(AWAY))
        # Not in the middle of libmemcached's own probing, which fails more than one call.
        self.rounds(AWAY, lambda client, went_well: went_well or client in stuck,
                    at_least=AWAY_SECONDS, patience=AWAY_SECONDS + PATIENCE_SECONDS)
        self.summarize(AWAY)

        for place in script.lost:
            getattr(self.nodes[place], script.heal)()
        self.is_down.clear()
        self.rounds(BACK, lambda client, well: well and self.are_home(client),
                    patience=RETURN_PATIENCE_SECONDS)
        self.summarize_return()
        check(self.compare_places("home") == home, "the keys did not come home")
        self.rounds("home", lambda *_: True, at_least=0.5)
        self.summarize("home")

    def open_all(self):
        for client in self.clients:
            self.say("before", "takes the settings", client, "yes" if client.is_open() else "no")
        check(self.libmemcached.is_open(), "libmemcached refuses the settings")
        return self.kmc.is_open()

    def are_home(self, client):
        """Whether what the last round stored is where it was before, and what the process for
        multi-gets stores is so as well."""
        for name, owner in self.sample:
            item = f"{client.name}:{name}"
            also = f"{client.name}:many:{name}"
            if client.many.ask(f"set {name} {also} {self.latest[item]}") != "stored":
                return False
            found = values_in(self.nodes[owner], [item, also])
            if [found.get(item), found.get(also)] != [self.latest[item]] * 2:
                return False
        return True

    def summarize_return(self):
        # Where calls for the dead server fail, how many more fail after its return depends on the
        # moment. Where its keys are elsewhere, nobody should notice the return at all.
        if self.aspects[FAILING, "settles"] == {"libmemcached": "yes", "kmc": "yes"}:
            self.summarize(BACK)

    def check_moves(self, home, away):
        lost = self.script.lost
        its = collections.Counter(away[name] for name in home if home[name] in lost)
        moved = sum(home[name] not in lost and home[name] != away[name] for name in home)
        print(f"  its {sum(its.values())} keys went to {dict(its)}, "
              f"{moved} of others moved as well")
        check(its and not set(its) & set(lost), "no keys left the lost server")
        # Equal weights keep their points, unequal ones are shared out anew.
        is_equal = len(set(self.script.weights)) == 1
        check((moved == 0) == is_equal, "keys of other servers moved, or did not, against the ring")

    def play_libmemcached_alone(self):
        """What would become of it where kmc refuses to start."""
        print(f"  kmc: {self.kmc.greeting}")
        check("dead_timeout must be above zero" in str(self.kmc.greeting), self.kmc.greeting)
        home = self.settled_places("before", self.libmemcached)
        name = next(name for name, place in home.items() if place in self.script.lost)

        def is_marked_dead():
            return self.libmemcached.ask(f"set {name} x x") == "error SERVER_MARKED_DEAD"

        lost = self.nodes[self.script.lost[0]]
        lost.kill()
        wait_until(lambda: all(is_marked_dead() for _ in range(3)), "it was dead for good")
        lost.restart()
        start = time.monotonic()
        while time.monotonic() - start < AWAY_SECONDS:
            check(is_marked_dead(), "libmemcached has found its way out of dead_timeout 0")
            time.sleep(PAUSE_SECONDS)

    # ---- the verdict

    def was_disturbed(self):
        """Whether a server that did not hang was too slow: the machine has other things to do."""
        hung = self.script.lost if self.script.fault == "hang" else ()
        return any(c.outcome == "timeout" and c.owner not in hung for c in self.calls)

    def differences(self):
        return {key: (both["libmemcached"], both["kmc"]) for key, both in self.aspects.items()
                if len(both) == 2 and both["libmemcached"] != both["kmc"]}


def check(holds, words):
    if not holds:
        raise AssertionError(words)


def wait_until(holds, words):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        check(time.monotonic() < deadline, f"never seen: {words}")
        time.sleep(PAUSE_SECONDS)


def is_failure(call):
    return call.outcome not in ("stored", "hit", "miss")


def share(calls):
    failed = sum(map(is_failure, calls))
    return "none" if failed == 0 else "all" if failed == len(calls) else "some"


def listed(words):
    return ", ".join(sorted(set(words)))


def short(value):
    return value if isinstance(value, str) else f"places {hash(tuple(value.items())):x}"


def judge(script, seen):
    """What is wrong, one line each."""
    listed_ones = {(d.phase, d.aspect): d for d in script.differences}
    wrong = []
    for key, (theirs, ours) in seen.items():
        d = listed_ones.get(key)
        what = f"{key[0]}: {key[1]}: libmemcached {short(theirs)!r}, kmc {short(ours)!r}"
        if d is None:
            wrong.append(f"not listed: {what}")
        elif (d.libmemcached, d.kmc) != (theirs, ours):
            wrong.append(f"listed otherwise: {what}")
        else:
            print(f"difference: {what}: {d.reason}")
    wrong += [f"listed and not seen: {d.phase}: {d.aspect}" for key, d in listed_ones.items()
              if key not in seen]
    return wrong


# ---- the page ----------------------------------------------------------------------------------


def table():
    """The differences as docs/from_libmemcached.md has them."""
    reasons = []
    rows = ["| what happens | phase | compared | libmemcached | kmc | why |",
            "| --- | --- | --- | --- | --- | --- |"]
    for script in SCRIPTS.values():
        for d in script.differences:
            if d.reason not in reasons:
                reasons.append(d.reason)
            rows.append(f"| {script.title} | {d.phase} | {d.aspect} | {d.libmemcached or '-'} "
                        f"| {d.kmc or '-'} | {reasons.index(d.reason) + 1} |")
    numbered = [f"{i}. {reason}." for i, reason in enumerate(reasons, 1)]
    return "\n".join([*rows, "", *numbered]) + "\n"


def is_documented(page):
    if table() in pathlib.Path(page).read_text():
        return True
    print(f"{page} does not have this:\n\n{table()}", file=sys.stderr)
    return False


def main():
    if sys.argv[1] == "documented":
        return 0 if is_documented(sys.argv[2]) else 1
    script = SCRIPTS[sys.argv[1]]
    if not LIBMEMCACHED:
        print("NOT TESTED: libmemcached-dev is not installed: run scripts/setup", file=sys.stderr)
        return SKIPPED if os.environ.get("KMC_TEST_ALLOW_NO_INTEROP") == "1" else 1
    if engine_is_refused(KMC):
        print("NOT TESTED on the engine that was asked for", file=sys.stderr)
        return SKIPPED if os.environ.get("KMC_TEST_ALLOW_NO_URING") == "1" else 1
    for _ in range(ATTEMPTS):
        run = Run(script)
        try:
            run.play()
        except AssertionError:
            if not run.was_disturbed():
                raise
        finally:
            statuses = run.end()
        check(not any(statuses), f"the clients ended with {statuses}")
        if not run.was_disturbed():
            break
        print("a server that did not hang was too slow for a call: that proves nothing")
    wrong = judge(script, run.differences())
    if run.was_disturbed():
        wrong.append(f"this machine was too busy, {ATTEMPTS} times")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
