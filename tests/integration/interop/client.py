"""pylibmc's side: the same commands and answers as client.cpp."""

import sys

import pylibmc


def value_of(author, key, i):
    return f"{author}:{key}:{'x' * (i % 97)}".encode()


def main():
    client = pylibmc.Client(sys.argv[1].split(","), binary=True,
                            behaviors={"ketama_weighted": True})
    for line in sys.stdin:
        verb, *words = line.split()
        author = words.pop(0) if verb in ("write", "read") else None
        prefix, count = words[0], int(words[1])
        keys = [f"{prefix}{i}" for i in range(count)]
        if verb == "write":
            # bytes, not str: stored as they are, with flags 0.
            written = sum(bool(client.set(key, value_of(author, key, i)))
                          for i, key in enumerate(keys))
            print("written", written, flush=True)
        elif verb == "read":
            found = client.get_multi(keys)
            right = sum(found.get(key) == value_of(author, key, i) for i, key in enumerate(keys))
            print("right", right, "wrong", len(found) - right, "missing", count - len(found),
                  "errors", 0, flush=True)
        else:
            sys.exit(2)


main()
