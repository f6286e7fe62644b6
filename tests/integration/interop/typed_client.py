"""pylibmc's side of the typed interop test. Values travel as the hexadecimal digits of their text
form.

    set KEY TYPE HEX   ->  stored       TYPE: int, bool, real, text, bytes, object, zlib-text,
                                        zlib-bytes
    decr KEY           ->  the new number
    get KEY            ->  TYPE HEX | error
"""

import ast
import sys

import pylibmc


def parsed(kind, data):
    if kind in ("bytes", "zlib-bytes"):
        return data
    text = data.decode()
    if kind in ("text", "zlib-text"):
        return text
    if kind == "bool":
        return text == "true"
    return {"int": int, "real": float, "object": ast.literal_eval}[kind](text)


def told(value):
    if isinstance(value, bytes):
        return "bytes", value
    kind = {bool: "bool", int: "int", float: "real", str: "text"}.get(type(value), "object")
    return kind, (value if kind == "text" else repr(value)).encode()


def main():
    client = pylibmc.Client(sys.argv[1].split(","), binary=True,
                            behaviors={"ketama_weighted": True})
    for line in sys.stdin:
        verb, key, *words = line.split()
        if verb == "set":
            kind, data = words[0], bytes.fromhex(words[1] if len(words) > 1 else "")
            how = {"min_compress_len": 100} if kind.startswith("zlib") else {}
            print("stored" if client.set(key, parsed(kind, data), **how) else "refused", flush=True)
        elif verb == "decr":
            print(client.decr(key), flush=True)
        elif verb == "get":
            try:
                kind, data = told(client.get(key))
                print(kind, data.hex(), flush=True)
            except (pylibmc.Error, ValueError):
                print("error", flush=True)
        else:
            sys.exit(2)


main()
