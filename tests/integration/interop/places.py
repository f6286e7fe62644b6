"""Where kmc puts keys, asked by way of its command line: the settings of another client, converted,
and then located. Nobody connects to anything."""

import json
import os
import random
import subprocess

SEED = int(os.environ.get("KMC_SEED", random.SystemRandom().getrandbits(32)))


def random_key(rng, longest=60):
    """Bytes that every client takes in a key, text protocol included."""
    return bytes(rng.choice([*range(0x21, 0x7f), *range(0x80, 0x100)])
                 for _ in range(rng.randint(1, longest)))


def converted(dialect, text):
    """What `kmc config convert` makes of settings, as a document."""
    done = subprocess.run([os.environ["KMC_CLI"], "config", "convert", "--from", dialect, "--json"],
                          input=text, capture_output=True, timeout=60, check=True)
    return json.loads(done.stdout)


def places_of(flags, keys):
    """The server of each key as host:port or path."""
    done = subprocess.run([os.environ["KMC_CLI"], "ring", "locate", *flags],
                          input=b"\n".join(keys) + b"\n", capture_output=True, timeout=60,
                          check=True)
    texts = [line.rsplit(b"\t", 1)[1].decode() for line in done.stdout.split(b"\n")[:-1]]
    return [text if text.startswith("/") or ":" in text else f"{text}:11211" for text in texts]
