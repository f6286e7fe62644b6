"""The rings of kmc: which memcached server has a key.

    import kmc_ring

    ring = kmc_ring.Ring("10.0.0.1:11211,10.0.0.2:11211:3", ring="libmemcached_weighted")
    ring.locate(b"user:1")              # the number of its server
    ring.server(b"user:1")              # the server as it was written
    ring.locate_many([b"a", "b"])       # a list of numbers, in one call

Works on libkmc_ring.so through ctypes and needs nothing to be built. Nothing is connected to. A ring
does not change, and any number of threads may ask it.
"""

import ctypes
import os

__all__ = ["Ring", "RingError"]


class RingError(ValueError):
    """Why a ring could not be opened."""


class _Point(ctypes.Structure):
    _fields_ = [("value", ctypes.c_uint32), ("server", ctypes.c_uint32)]


def _load():
    """The library that KMC_RING_LIBRARY names, or the system's."""
    name = os.environ.get("KMC_RING_LIBRARY", "libkmc_ring.so.0.1")
    try:
        library = ctypes.CDLL(name)
    except OSError as error:
        raise ImportError("%s; install kmc's bindings, or set KMC_RING_LIBRARY to the file"
                          % error) from error
    text, handle, size = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t
    number = ctypes.c_uint32
    for name, result, arguments in (
        ("open", handle, [text, text, text]),
        ("open_ketama_file", handle, [text, text, text]),
        ("open_ketama_text", handle, [text, text, text, size]),
        ("close", None, [handle]),
        ("error", text, []),
        ("warning", text, [handle, size]),
        ("server_count", size, [handle]),
        ("server_name", text, [handle, size]),
        ("server_weight", number, [handle, size]),
        ("locate", number, [handle, text, size]),
        ("locate_many", None, [handle, ctypes.POINTER(text), ctypes.POINTER(size), size,
                               ctypes.POINTER(number), ctypes.POINTER(number)]),
        ("hash", number, [handle, text, size]),
        ("points", size, [handle, ctypes.POINTER(_Point), size]),
        ("digest", None, [handle, text]),
    ):
        function = getattr(library, "kmc_ring_" + name)
        function.restype = result
        function.argtypes = arguments
    return library


_library = _load()


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode()


def _c_text(text):
    """C would take what follows a zero byte for nothing."""
    coded = _bytes(text)
    if b"\0" in coded:
        raise RingError("a zero byte in %r" % text)
    return coded


class Ring:
    """A ring over `servers`: "host[:port[:weight]]" or "/path[:weight]", separated by commas, or a
    list of such texts. Settings are those of kmc_ring.h, by keyword: hash="md5",
    point_hash=..., weights="used", labels="libmemcached", bytes="without_sign".
    """

    def __init__(self, servers, ring, **settings):
        text = servers if isinstance(servers, (str, bytes)) else ",".join(servers)
        self._open("open", ring, settings, _c_text(text))

    @classmethod
    def from_ketama_file(cls, path, ring="libketama", **settings):
        """Over the servers of a libketama file."""
        made = cls.__new__(cls)
        made._open("open_ketama_file", ring, settings, _c_text(os.fspath(path)))
        return made

    @classmethod
    def from_ketama_text(cls, text, ring="libketama", **settings):
        """Over the servers of the text of such a file."""
        made = cls.__new__(cls)
        coded = _bytes(text)
        made._open("open_ketama_text", ring, settings, coded, len(coded))
        return made

    def _open(self, how, ring, settings, *source):
        self._handle = None
        words = " ".join("%s=%s" % pair for pair in settings.items())
        call = getattr(_library, "kmc_ring_" + how)
        self._handle = call(_c_text(ring), _c_text(words), *source)
        if not self._handle:
            raise RingError(_library.kmc_ring_error().decode(errors="backslashreplace"))

    def __del__(self, close=_library.kmc_ring_close):
        if getattr(self, "_handle", None):
            close(self._handle)

    @property
    def servers(self):
        """The servers as they were written, in their order."""
        return [self._name(i) for i in range(_library.kmc_ring_server_count(self._handle))]

    @property
    def weights(self):
        return [_library.kmc_ring_server_weight(self._handle, i)
                for i in range(_library.kmc_ring_server_count(self._handle))]

    @property
    def warnings(self):
        """What libketama reads otherwise than it stands in its file."""
        found = []
        while (warning := _library.kmc_ring_warning(self._handle, len(found))) is not None:
            found.append(warning.decode(errors="backslashreplace"))
        return found

    def _name(self, number):
        name = _library.kmc_ring_server_name(self._handle, number)
        return name.decode(errors="surrogateescape")

    def hash(self, key):
        coded = _bytes(key)
        return _library.kmc_ring_hash(self._handle, coded, len(coded))

    def locate(self, key):
        """The number of the key's server. Keys are bytes, or text that is sent as UTF-8."""
        coded = _bytes(key)
        return _library.kmc_ring_locate(self._handle, coded, len(coded))

    def server(self, key):
        return self._name(self.locate(key))

    def locate_many(self, keys):
        """The numbers of the servers of all keys, a list. One call of the library."""
        coded = [_bytes(key) for key in keys]
        count = len(coded)
        servers = (ctypes.c_uint32 * count)()
        _library.kmc_ring_locate_many(
            self._handle, (ctypes.c_char_p * count)(*coded),
            (ctypes.c_size_t * count)(*map(len, coded)), count, servers, None)
        return list(servers)

    def points(self):
        """(value, number of the server), lowest first; empty for rings that have none."""
        count = _library.kmc_ring_points(self._handle, None, 0)
        room = (_Point * count)()
        _library.kmc_ring_points(self._handle, room, count)
        return [(point.value, point.server) for point in room]

    def digest(self):
        """32 hexadecimal digits: rings that agree on it agree on every key's server. `kmc ring
        digest` prints it, too."""
        out = ctypes.create_string_buffer(33)
        _library.kmc_ring_digest(self._handle, out)
        return out.value.decode()
