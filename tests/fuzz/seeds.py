"""Writes the inputs of tests/fuzz/corpus that were made by hand: python3 tests/fuzz/seeds.py

One file for each thing that a target should know from the start; the name says which. Files of
twelve hexadecimal digits were chosen from a long run, and `regression-*` once broke something:
neither is touched here. Run it again when a target reads its input another way.
"""

import pathlib
import struct
import zlib

CORPUS = pathlib.Path(__file__).parent / "corpus"


def keep(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data.encode("latin-1") if isinstance(data, str) else bytes(data))


def reply(opcode, opaque=1, status=0, extras=b"", key=b"", value=b"", cas=7):
    body = extras + key + value
    return struct.pack(">BBHBBHIIQ", 0x81, opcode, len(key), len(extras), 0, status, len(body),
                       opaque, cas) + body


FLAGS = b"\0\0\0\5"

for name, data in {
    "hit": reply(0x00, extras=FLAGS, value=b"World"),
    "quiet-hit-then-miss": reply(0x09, extras=FLAGS, value=b"v") + reply(0x00, 2, 1,
        value=b"Not found"),
    "touched": reply(0x1C, extras=FLAGS),
    "counted": reply(0x05, value=struct.pack(">Q", 41)),
    "statistics": reply(0x10, key=b"pid", value=b"1") + reply(0x10),
    "version": reply(0x0B, value=b"1.6.18"),
    "refused": reply(0x01, status=0x82, value=b"Out of memory"),
    "wants-a-login": reply(0x00, status=0x20, value=b"Auth failure."),
    "unknown-command": reply(0x00, status=0x81, value=b"Unknown command"),
    "head-alone": reply(0x00, extras=FLAGS, value=b"World")[:24],
    "key-longer-than-body": struct.pack(">BBHBBHIIQ", 0x81, 0, 9, 4, 0, 0, 12, 1, 0),
    "four-gigabytes-announced": struct.pack(">BBHBBHIIQ", 0x81, 0, 0, 4, 0, 0, 0xFFFFFFFF, 1, 0),
    "data-type": b"\x81\0\0\0\0\1" + bytes(18),
    "text-error": "ERROR\r\n",
    "text-too-many-connections": "ERROR Too many open connections\r\n",
    "text-wants-a-login": "CLIENT_ERROR unauthenticated\r\n",
    "request-instead-of-reply": b"\x80" + bytes(23),
}.items():
    keep("reply_decoder", name, data)

# ---- pipeline: limits, first sequence, steps -------------------------------------------------

(GET, GAT, TOUCH, SET, ADD, REPLACE, APPEND, PREPEND, DEL, INCR, DECR, FLUSH, STAT, NOOP,
 VERSION) = range(15)
LOUD = 225


def session(*steps, sizes=0xA9, slots=15, run=6, run_bytes=500, first=0):
    """Values up to 600 bytes, those from 16 on landed, statistics up to 4096."""
    return bytes([sizes, slots, run, run_bytes >> 8, run_bytes & 255, first]) + b"".join(steps)


def ask(*kinds, keeps_block=False):
    # Modulo 9 it is how many; the highest bit says that blocks are left to the pipeline.
    data = bytes([0, len(kinds) - 1 + (135 if keeps_block else 0)])
    for kind in kinds:
        data += bytes([kind, 20]) if SET <= kind % 15 <= PREPEND else bytes([kind])
    return data


def send(room=2047):
    return bytes([2, room >> 8, room & 255])


def answer(*dice):
    return bytes([4, len(dice) - 1, *dice])


ALL, BYTEWISE, COPIED = 0xC000, 0x0000, 0x2000


def deliver(size=ALL, how=0x0600):
    bits = size | how
    return bytes([7, bits >> 8, bits & 255])


def mistake(*edits, which=0, dice=0):
    return bytes([6, which, dice, len(edits)]) + b"".join(bytes(e) for e in edits)


def turn(*dice):
    return bytes([10, 2, 7, 255, *dice, 0xC6, 0])


ABANDON = bytes([9, 0])
LOSE = bytes([10, 0])


def say(text):
    return bytes([10, 1, len(text)]) + text


everything = (ask(GET, GAT, TOUCH, SET, ADD, REPLACE, APPEND, PREPEND, DEL) +
              ask(INCR, DECR, FLUSH, STAT, NOOP, VERSION))
for name, data in {
    "one-hit": session(ask(GET), send(), answer(8), deliver()),
    "batch-of-misses-and-hits": session(ask(*[GET] * 8), send(), answer(1, 8, 1, 1, 16, 8, 1, 1),
        deliver()),
    "one-of-each": session(everything, send(), answer(*[4] * 8), answer(*[6] * 8), deliver()),
    "one-of-each-bytewise": session(everything, send(), answer(*[4] * 8), answer(*[6] * 8),
        deliver(ALL, BYTEWISE)),
    "one-of-each-refused": session(everything, send(), answer(*[3] * 8), answer(*[3] * 8),
        deliver()),
    "large-value-lands": session(ask(GET, keeps_block=True), send(), answer(200), deliver(40),
        deliver(50), deliver()),
    "large-value-by-feed-only": session(ask(GET), send(), answer(200), deliver(40, COPIED),
        deliver()),
    "abandoned-in-mid-landing": session(ask(GET), send(), answer(200), deliver(60), ABANDON,
        deliver()),
    "lost-in-mid-landing": session(ask(GET), send(), answer(200), deliver(60), LOSE, ask(GET),
        turn(8)),
    "abandoned-then-answered": session(ask(GET, GET, GET), ask(GET), send(), ABANDON,
        answer(8, 8, 8, 8), deliver()),
    "window-smaller-than-batch": session(ask(*[GET] * 9), send(), answer(8, 1), deliver(), send(),
        answer(8, 1, 8), deliver(), turn(8, 8, 8, 8), turn(8, 8, 8), slots=2),
    "one-slot": session(ask(GET, SET), turn(8), turn(8), slots=0),
    "sequence-wraps": session(ask(*[GET] * 8), turn(8, 1, 8, 1, 8, 1, 8, 8), turn(8), first=33),
    "statistics-without-end": session(ask(STAT, NOOP), send(), answer(67, 4), deliver()),
    "statistics-in-parts": session(ask(STAT), send(), answer(3), deliver(40), deliver(30),
        deliver()),
    "loud-among-quiet": session(ask(GET, GET + LOUD, GET), turn(1, 1, 8)),
    "opaque-of-another": session(ask(GET, GET, GET), send(), mistake((2, 9)), deliver()),
    "opaque-of-nobody": session(ask(GET), send(), mistake((2, 200)), deliver()),
    "same-answer-twice": session(ask(GET, GET), send(), mistake((11, 0)), deliver()),
    "skips-a-loud-one": session(ask(NOOP, GET), send(), mistake(which=1), deliver()),
    "wrong-opcode": session(ask(GET), send(), mistake((0, 9)), deliver()),
    "misunderstood": session(ask(GET, SET, GET), send(), mistake((1, 8), which=2, dice=1),
        deliver()),
    "wants-a-login": session(ask(GET), send(), mistake((1, 7), dice=1), deliver()),
    "flush-forbidden": session(ask(FLUSH), send(), mistake((1, 7), dice=3), deliver()),
    "body-too-long": session(ask(GET), send(), mistake((6, 0, 255, 255, 255, 255)), deliver()),
    "key-in-a-hit": session(ask(GET), send(), mistake((3, 3)), deliver()),
    "cut-frame": session(ask(GET), send(), mistake((12, 30)), deliver(), LOSE),
    "says-error": session(ask(GET), send(), say(b"ERROR\r\n"), deliver()),
    "says-too-many": session(say(b"ERROR Too many open connections\r\n"), ask(GET), send(),
        deliver()),
    "tiny-limits": session(ask(*[GET] * 5), ask(STAT), turn(200, 8, 8, 8, 200, 3), sizes=0x00,
        run=0, run_bytes=0),
}.items():
    keep("pipeline", name, data)

# ---- requests --------------------------------------------------------------------------------


def request(kind, bits=0, key=b"key", value=b"", flags=5, expiry=60):
    data = bytes([kind, bits, len(key)]) + key + struct.pack(">II", flags, expiry)
    if bits & 2 and kind in (SET, DEL):
        data += struct.pack(">Q", 0x1122334455667788)
    if kind in (INCR, DECR):
        return data + struct.pack(">QQ", 3, 100)
    return data + bytes([len(value)]) + value


def requests(*list_of, piece=16):
    return struct.pack(">I", 0xFFFFFFFE) + bytes([piece]) + b"".join(list_of)


keep("request_encoder", "one-of-each", requests(*[request(k, value=b"value") for k in range(15)]))
keep("request_encoder", "one-of-each-quiet", requests(*[request(k, 1,
     value=b"v") for k in range(15)]))
keep("request_encoder", "guarded", requests(request(SET, 2, value=b"v"), request(DEL, 3)))
keep("request_encoder", "shared-between-copies", requests(request(SET, value=b"a"), request(SET, 4,
     value=b"b" * 99), request(GET), request(APPEND, 5, value=b"c" * 20), piece=7))
keep("request_encoder", "longest-key", requests(request(GET, key=b"k" * 250)))
keep("request_encoder", "empty-value", requests(request(SET), request(STAT, key=b"")))

# ---- servers ---------------------------------------------------------------------------------

for name, text in {
    "names": "cache1.example:11212:3,cache2", "blank-weight": "10.0.0.1:11211 5",
    "ipv6": "[2001:db8::7]:11211:2, [::1]",
    "ipv6-zone": "[fe80::1%eth0]:5", "ipv6-ipv4": "[::ffff:10.0.0.1]",
    "path": "/run/memcached.sock:2", "path-with-colons": "/a:b/c:3:4",
    "port-0": "h:0", "port-65536": "h:65536", "weight-0": "h:1:0", "weight-over": "h:1:4294967296",
    "no-brackets": "::1",
    "two-commas": "a,,b", "blanks": " \t a \r\n, b ", "zero-byte": "a\0b",
    "no-port-before-weight": "h 5", "empty": "",
    "path-behind-port": "h:/x", "long": "a" * 256, "high-bytes": "caf\xc3\xa9:1",
}.items():
    keep("server_text", name, text)

for name, text in {
    "sound": "# servers\n1.2.3.4:11211\t900\n[::1]:5  7\n/s 12\n",
    "no-newline-at-end": "10.0.0.1:11211\t600", "carriage-returns": "1.2.3.4:1\t5\r\n",
    "late-comment": " #a\t5\n", "negative": "a:1\t-5\n", "weight-0": "a:1\t0\n",
    "letters-behind": "a:1\t5x y z\n", "zero-byte": "a:1\t50\0 b\n",
    "long-line": "a:1\t5 " + "x" * 200 + " 7\n", "long-comment": "#" + "a:1\t5 " * 40 + "\n",
    "address-23": "a" * 23 + "\t5\n", "address-24": "a" * 24 + "\t5\n",
    "no-weight": "a:1\n", "weight-over": "a:1\t4294967296\n", "plus": "a:1\t+7\n",
    "many-colons": "::1:5\t7\n", "empty": "", "blank-line": "  \n\n\na\t5\n",
}.items():
    keep("ketama_file", name, text)

# ---- rings -----------------------------------------------------------------------------------

RINGS = ["libmemcached_weighted", "libketama", "libmemcached_ketama", "libmemcached_spy",
    "libmemcached_modula", "twemproxy", "twemproxy_modula",
         "java_ketama", "spymemcached", "spymemcached_modula", "pecl_standard", "pecl_consistent",
         "rendezvous", "jump"]
KEYS = b"\5ahmed\3tek\4\xc3\xa9{}\0"


def ring(number, servers, ejected=(), key_hash=0, point_hash=0, bits=0, keys=KEYS):
    return bytes([1, number, key_hash, point_hash, bits,
        len(servers)]) + b"".join(servers) + bytes([len(ejected), *ejected]) + keys


def ip(last, weight=1):
    return bytes([weight, last])


for number, name in enumerate(RINGS):
    keep("rings", name, ring(number, [ip(1), ip(2), ip(3)]))
    keep("rings", name + "-weighted-ejected", ring(number, [ip(1), ip(2, 4), ip(3, 2), ip(4)], [1]))
keep("rings", "all-ejected", ring(1, [ip(1), ip(2)], [0, 1]))
keep("rings", "weight-0", ring(0, [ip(1, 0), ip(2)]))
keep("rings", "weight-0-alone", ring(5, [ip(1, 0)]))
keep("rings", "huge-weights", ring(6, [ip(1, 7), ip(2, 7)]))
keep("rings", "names-and-paths", ring(5, [bytes([1 | 2 << 4 | 64, 5]) + b"cache\3abc",
     bytes([1 | 3 << 4, 4]) + b"sock"]))
keep("rings", "a-name-on-spymemcached", ring(8, [bytes([1 | 2 << 4, 5]) + b"cache", ip(1)]))
keep("rings", "same-server-twice", ring(5, [ip(1), ip(1)]))
keep("rings", "no-servers", ring(0, []))
keep("rings", "tags", b"\0\x08a{b}c{d}\4{}{x\2p:\2{}\1")
keep("rings", "no-tag", b"\0\x03key\0\2p:\0\0")

# ---- values ----------------------------------------------------------------------------------

DIALECTS = {"kmc": 0x00, "pylibmc": 0x10, "php": 0x20}
RAW, RAW_WIDE = 2, 10
for name, dialect in DIALECTS.items():
    for text in ("1", "-129", "18446744073709551616", "3.5e-3", "nan", "", "7   "):
        flags = {"kmc": 0, "pylibmc": 4, "php": 1}[name]
        keep("typed_values", f"{name}-{text.strip() or 'empty'}",
             bytes([dialect | RAW, 3, flags]) + text.encode())
    keep("typed_values", f"{name}-unfolds-to-64k", bytes([dialect, 3, 255, 255, 0]) + b"a\0")
    keep("typed_values", f"{name}-unfolds-too-far", bytes([dialect, 1, 255, 255, 0]) + b"a\0")
    keep("typed_values", f"{name}-damaged-stream", bytes([dialect, 3, 1, 0,
         3]) + b"abcd\2\0\5\0\x77\0\6\2\1")
stream = zlib.compress(b"hello" * 20)
keep("typed_values", "kmc-stream", bytes([RAW_WIDE, 3]) + struct.pack(">I", 0x8000) + stream)
keep("typed_values", "kmc-stream-and-more", bytes([RAW_WIDE, 3]) + struct.pack(">I",
     0x8000) + stream + b"x")
keep("typed_values", "pylibmc-stream", bytes([0x10 | RAW, 3, 8 | 16]) + stream)
keep("typed_values", "pylibmc-pickle", bytes([0x10 | RAW, 3, 1]) + b"\x80\4K\1.")
keep("typed_values", "php-stream", bytes([0x20 | RAW, 3, 0x30]) + struct.pack("<I", 100) + stream)
keep("typed_values", "php-stream-of-wrong-size", bytes([0x20 | RAW, 3, 0x30]) + struct.pack("<I",
     99) + stream)
keep("typed_values", "php-announces-4-gigabytes", bytes([0x20 | RAW, 3,
     0x30]) + b"\xff\xff\xff\xff" + stream)
keep("typed_values", "php-false", bytes([0x20 | RAW, 3, 3]))


def word_of(text):
    word = "".join(c if c.isascii() and c.isalnum() else "-" for c in text)[:24].strip("-")
    return word or text.encode("latin-1").hex()


# ---- text ------------------------------------------------------------------------------------

for number, texts in enumerate([
    ["ERROR\r\n", "ERROR Too many open connections\r\n", "CLIENT_ERROR unauthenticated\r\n",
        "CLIENT_ERROR bad", "SERVER_ERROR x", "ERR", "HTTP/1.1 400", "VALUE k 0 1"],
    ["caf\xc3\xa9", "\xc0\x80", "\xed\xa0\x80", "\xf0\x9f\x98\x80", "\xf4\x90\x80\x80", "\xe2\x82"],
    ["10.0.0.1", "010.0.0.1", "[::1]", "2001:db8::7", "1.2.3", "::ffff:1.2.3.4"],
    ["libketama", "murmur3", "fnv1a_64", "nothing"],
    ["a\"b\\c\n\xff", "x" * 61],
]):
    for text in texts:
        kind = ["line", "utf8", "address", "name", "quoted"][number]
        keep("foreign_text", f"{kind}-{word_of(text)}", bytes([number]) + text.encode("latin-1"))


def stats(group, *servers):
    data = bytes([0, group, len(servers) - 1])
    for entries in servers:
        data += bytes([len(entries)])
        for name, value in entries:
            data += bytes([len(name)]) + name + bytes([len(value)]) + value
    return data


keep("command_line", "sums", stats(0, [(b"curr_items", b"5"), (b"uptime", b"9")], [(b"curr_items",
     b"7")]))
keep("command_line", "sum-overflows", stats(0, [(b"bytes", b"18446744073709551615")], [(b"bytes",
     b"1")]))
keep("command_line", "steers-the-terminal", stats(1, [(b"\x1b[2J", b"\r\n\x07")], []))
for number, texts in {2: ["90", "1.5s", "250ms", "5M", "7d", "1e9", "nan", "-1", "0x10",
    "99999999999999999999"], 3: ["never", "5m", "0"],
                      4: ["3", "070000", "70001", "+5", "\x015"],
                          5: ["text", "\x1b[2J", "\xff\xfe", "[a,b]"]}.items():
    for text in texts:
        kind = {2: "time", 3: "ttl", 4: "number", 5: "shown"}[number]
        keep("command_line", f"{kind}-{word_of(text)}", bytes([number]) + text.encode("latin-1"))

POOL = """alpha:
  listen: 127.0.0.1:22121
  hash: fnv1a_64
  hash_tag: "{}"
  distribution: ketama
  auto_eject_hosts: true
  server_retry_timeout: 2000
  servers:
   - 127.0.0.1:11211:1
   - 127.0.0.1:11212:2 named
"""
for number, beside, texts in [
    (0, 1, {"flags": '{"ketama": true, "hash": "md5", "remove_failed": 1, "dead_timeout": 60}',
            "numbers": '{"ketama_weighted": 1, "_sort_hosts": 0, "connect_timeout": 250}',
            "spy": '{"distribution": "consistent ketama spy", "namespace": "x:"}'}),
    (0, 0, {"whole": '{"servers": ["a:1:2", "/s"], "behaviors": {"ketama": true}, '
                     '"behaviors_after": [{"hash": "crc"}, {"ketama": false}]}'}),
    (1, 1, {"options": '{"OPT_LIBKETAMA_COMPATIBLE": true, "Memcached::OPT_PREFIX_KEY": "p"}'}),
    (1, 0, {"calls": '[["opt", "OPT_HASH", "HASH_MD5"], ["addServer", "a", 1, 2], '
                     '["addServers", [["b", 2], ["c", 3, 4]]]]',
            "servers": '{"2": 1, "servers": [["a", 11211, 0]]}'}),
    (2, 0, {"string": '--SERVER=a:1/?3 --SOCKET="/s" --DISTRIBUTION=consistent,MD5 --HASH=MD5',
            "namespace": '--NAMESPACE="n" --HASH-WITH-NAMESPACE --SERVER=a --SORT-HOSTS'}),
    (3, 0, {"pool": POOL, "random": POOL.replace("ketama", "random")}),
    (3, 2, {"one-of-two": POOL + POOL.replace("alpha", "beta")}),
    (4, 0, {"file": "10.0.0.1:11211\t600\n10.0.0.2:11211 300\n# no comment\n"}),
]:
    client = ["pylibmc", "php", "libmemcached", "twemproxy", "libketama"][number]
    for name, text in texts.items():
        keep("translation", f"{client}-{name}", bytes([number, beside]) + text.encode())
