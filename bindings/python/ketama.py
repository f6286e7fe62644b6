"""In the place of python_ketama, for programs that import it:

    import ketama
    continuum = ketama.Continuum("/etc/servers")
    point, server = continuum.get_server("key")

The file is read once; a new Continuum reads it again.
"""

import bisect
import os

import kmc_ring

__all__ = ["Continuum", "KetamaError", "hashi"]


class KetamaError(Exception):
    """Why a file makes no continuum."""


def _key(key):
    if not isinstance(key, (str, bytes)):
        raise TypeError("a key is text or bytes")
    coded = key if isinstance(key, bytes) else key.encode()
    if b"\0" in coded:
        raise TypeError("a key has no zero bytes")
    return coded


_any_ring = kmc_ring.Ring("localhost", ring="libketama")


def hashi(key):
    """The hash that keys are looked up by."""
    return _any_ring.hash(_key(key))


class Continuum:
    """The ring of a libketama file."""

    def __init__(self, filename):
        if not os.path.exists(filename):
            raise KetamaError("Invalid filename specified: %s" % filename)
        try:
            ring = kmc_ring.Ring.from_ketama_file(filename)
        except kmc_ring.RingError as error:
            raise KetamaError(str(error)) from None
        names = ring.servers
        points = ring.points()
        self._filename = filename
        self._hash = ring.hash
        self._values = [value for value, _ in points]
        self._points = [(value, names[server]) for value, server in points]

    def __repr__(self):
        return "<ketama.Continuum from %r>" % self._filename

    def get_server(self, key):
        """(point, server): the first point at or above the key's hash, or else the lowest."""
        at = bisect.bisect_left(self._values, self._hash(_key(key)))
        return self._points[at if at < len(self._points) else 0]

    def get_points(self):
        """All of them, lowest first."""
        return list(self._points)
