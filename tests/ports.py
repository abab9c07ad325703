"""Which port may a program listen on that a test starts, and that reads its port from a file?"""

from __future__ import annotations

import socket

_held: list[socket.socket] = []


def free_port() -> int:
    """A port of 127.0.0.1 that the system gives to nobody else while this process lives.

    It stays bound and is never listened on here. A program that sets SO_REUSEADDR, as servers do,
    may listen on it all the same, again and again; other tests ask for any port and get another.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    _held.append(held)
    return int(held.getsockname()[1])
