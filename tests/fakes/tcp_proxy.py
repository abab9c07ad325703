"""A line between a client and a server that delays, cuts, freezes or garbles on command.

    with TcpProxy(("127.0.0.1", smtp.port)) as line:
        ...                                               # the client connects to line.port
    line.misbehave(Cut(up=4000))                          # after 4,000 bytes from the client
    line.misbehave(Cut(down=b"250 2.0.0", reset=True))    # in place of these bytes; by RST
    line.misbehave(Cut(up=b"COMMIT", forward=True))       # they arrive, the answer does not
    line.misbehave(Cut(up=b"DATA", stall=True))           # nothing moves any more
    line.misbehave(Cut(up=900, garble=True))              # one byte is changed, e.g. within TLS
    line.delay = 0.05                                     # seconds for every piece, both ways
    line.cuts                                             # how many there were
    line.heard                                            # what clients said, as a listener hears

A fault is for the n-th connection (`connection`) and for a number of `times` (0: always). The
server may listen on a Unix socket: then its path is given in place of host and port.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

HEARD = 100_000  # octets that are kept
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close by RST


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Where and how the line breaks. `up` is from the client, `down` from the server: after so
    many bytes, or where these bytes come. `forward`: they are let through before."""

    up: int | bytes = b""
    down: int | bytes = b""
    forward: bool = False
    reset: bool = False
    stall: bool = False
    garble: bool = False
    connection: int = 0
    times: int = 0


@dataclass(slots=True, eq=False)
class _Pair:
    """One connection through the proxy."""

    number: int
    client: socket.socket
    server: socket.socket
    passed: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    tail: dict[str, bytes] = field(default_factory=lambda: {"up": b"", "down": b""})
    is_stalled: bool = False


class TcpProxy:
    """See the top of this file."""

    def __init__(self, target: tuple[str, int] | str) -> None:
        self._target = target
        self.delay = 0.0
        self.cuts = 0
        self.heard = b""
        self.connections = 0
        self._faults: list[Cut] = []
        self._fired: dict[int, int] = {}
        self._lock = threading.Lock()
        self._open: set[_Pair] = set()
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> TcpProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()

    def misbehave(self, *faults: Cut) -> None:
        with self._lock:
            self._faults += faults

    def behave(self) -> None:
        with self._lock:
            self._faults.clear()

    def cut_all(self, *, reset: bool = False) -> None:
        """Everybody's line is cut now."""
        with self._lock:
            pairs = list(self._open)
        for pair in pairs:
            self._end(pair, reset=reset)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = self._dial()
            except OSError:
                client.close()
                continue
            with self._lock:
                self.connections += 1
                pair = _Pair(self.connections, client, server)
                self._open.add(pair)
            for way, source, sink in (("up", client, server), ("down", server, client)):
                threading.Thread(
                    target=self._carry, args=(pair, way, source, sink), daemon=True
                ).start()

    def _dial(self) -> socket.socket:
        if isinstance(self._target, str):
            line = socket.socket(socket.AF_UNIX)
            line.connect(self._target)
            return line
        return socket.create_connection(self._target)

    def _carry(self, pair: _Pair, way: str, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):  # somebody hung up
            while octets := source.recv(65_536):
                if self.delay:
                    time.sleep(self.delay)
                if way == "up":
                    self.heard = (self.heard + octets)[-HEARD:]
                if pair.is_stalled:
                    self._closing.wait()
                    break
                if not self._pass_on(pair, way, octets, sink):
                    return
        self._end(pair)

    def _pass_on(self, pair: _Pair, way: str, octets: bytes, sink: socket.socket) -> bool:
        """False when the line was cut."""
        found = self._find(pair, way, octets)
        if found is None:
            sink.sendall(octets)
            self._note(pair, way, octets)
            return True
        cut, before = found
        if cut.garble:
            sink.sendall(octets[:before] + bytes([octets[before] ^ 0x55]) + octets[before + 1 :])
            self._note(pair, way, octets)
            return True
        sink.sendall(octets if cut.forward else octets[:before])
        if cut.stall:
            pair.is_stalled = True
            self._closing.wait()
        elif cut.forward:  # let the other side act on it; its answer goes nowhere
            pair.is_stalled = True
            with contextlib.suppress(OSError):
                pair.server.settimeout(5)
                pair.server.recv(1, socket.MSG_PEEK)
        self._end(pair, reset=cut.reset)
        return False

    def _find(self, pair: _Pair, way: str, octets: bytes) -> tuple[Cut, int] | None:
        """The fault that falls into these bytes, and how many of them come before it."""
        with self._lock:
            for cut in self._faults:
                at = self._position(cut.up if way == "up" else cut.down, pair, way, octets)
                fired = self._fired.get(id(cut), 0)
                if at is None or cut.connection not in (0, pair.number):
                    continue
                if cut.times and fired >= cut.times:
                    continue
                self._fired[id(cut)] = fired + 1
                self.cuts += 1
                return cut, at
        return None

    @staticmethod
    def _position(where: int | bytes, pair: _Pair, way: str, octets: bytes) -> int | None:
        if isinstance(where, int):
            at = where - pair.passed[way]
            return at if 0 <= at < len(octets) else None
        if not where:
            return None
        tail = pair.tail[way]
        at = (tail + octets).find(where)
        return max(0, at - len(tail)) if at >= 0 else None

    @staticmethod
    def _note(pair: _Pair, way: str, octets: bytes) -> None:
        pair.passed[way] += len(octets)
        pair.tail[way] = (pair.tail[way] + octets)[-24:]

    def _end(self, pair: _Pair, *, reset: bool = False) -> None:
        with self._lock:
            self._open.discard(pair)
        for line in (pair.client, pair.server):
            with contextlib.suppress(OSError):
                if reset:
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                # a thread that reads from it keeps it open until it is woken
                line.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
            line.close()
