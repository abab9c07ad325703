"""What is an open, logged-in connection before letters go over it?

`detach` gives its socket to a lane (lane.py), which carries letters without waiting. Until then
it can be asked with waiting, for `notifier check`.
"""

from __future__ import annotations

import socket

from notifier.channels.smtp.reply import Reply, ReplyReader
from notifier.channels.smtp.settings import Settings
from notifier.channels.smtp.wire import NoReply, Wire

__all__ = ["Session"]


class Session:
    """A logged-in connection and what the server offers on it."""

    def __init__(self, wire: Wire, settings: Settings, *, extensions: dict[str, str]) -> None:
        self._wire = wire
        self._settings = settings
        self.extensions = extensions

    def detach(self) -> tuple[socket.socket, ReplyReader]:
        """The socket, not waiting any more, and what was read from it already."""
        return self._wire.detach()

    def try_sender(self, address: str) -> Reply:
        """MAIL FROM and RSET, to see whether the server takes the sender. Raises NoReply."""
        patience = self._settings.command_timeout
        self._wire.write(f"MAIL FROM:<{address}>\r\n".encode("ascii"), timeout=patience)
        reply = self._wire.read_reply(timeout=patience)
        self._wire.write(b"RSET\r\n", timeout=patience)
        self._wire.read_reply(timeout=patience)
        return reply

    def close(self) -> None:
        """QUIT if the other side still listens, then hang up. Never raises, never waits."""
        try:
            self._wire.write(b"QUIT\r\n", timeout=1)
        except NoReply:
            self._wire.close()
            return
        self._wire.close()
