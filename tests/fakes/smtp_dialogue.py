"""How does the test mail server talk to one client? See smtp_server.py."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes.smtp_server import SmtpServer

_STEPS = "connect greeting ehlo starttls handshake auth mail rcpt data body dot rset quit"
STEPS = tuple(_STEPS.split())
LONGEST = 100.0  # seconds that an answer is held back, should nobody let it go


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to misbehave; see the top of this file."""

    at: str
    reply: str | bytes = ""
    drop: bool = False
    stall: bool = False
    delay: float = 0.0
    until: threading.Event | None = None
    stores: bool = False
    after_bytes: int = 0
    rcpt: str = ""
    message: int = 0
    connection: int = 0
    times: int = 0

    def __post_init__(self) -> None:
        if self.at not in STEPS:
            raise ValueError(f"{self.at!r} is not one of {', '.join(STEPS)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """What the server took. `raw` is without dot-stuffing; `number` counts accepted messages."""

    number: int
    mail_from: str
    rcpt_to: tuple[str, ...]
    raw: bytes
    connection: int
    mail_parameters: str = ""
    encrypted: bool = False
    user: str = ""

    @property
    def parsed(self) -> EmailMessage:
        parsed = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def message_id(self) -> str:
        match = re.search(rb"^message-id:\s*(\S+)", self.raw, re.I | re.M)
        return match[1].decode("ascii", "replace") if match else ""


class HangUp(Exception):
    """This connection is over."""


@dataclass(slots=True)
class _Transaction:
    number: int
    mail_from: str
    parameters: str
    rcpt_to: list[str] = field(default_factory=list)


class Dialogue:
    """One connection, from the greeting to its end."""

    def __init__(self, server: SmtpServer, sock: socket.socket, number: int) -> None:
        self._server = server
        self._sock = sock
        self._number = number
        self._buffer = b""
        self._user = ""
        self._transaction: _Transaction | None = None
        self._pending = b""

    def run(self) -> None:
        self._misbehave_or("connect")
        if self._server.security == "tls":
            self._encrypt()
        self._answer("greeting", "220 localhost ESMTP ready")
        commands: dict[str, Callable[[str], object]] = {
            "EHLO": self._ehlo,
            "HELO": lambda _: self._answer("ehlo", "250 localhost"),
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": lambda _: self._say("250 2.0.0 Ok"),
        }
        while True:
            line = self._read_line()
            verb = line.partition(" ")[0].upper()
            self._server.note_command(self._number, line if verb != "AUTH" else "AUTH …")
            if verb == "QUIT":
                self._answer("quit", "221 2.0.0 Bye")
                return
            if self._buffer and not self._server.pipelining:
                self._server.note_violation(f"sent ahead without PIPELINING, after {line}")
            commands.get(verb, self._unknown)(line)

    def _unknown(self, line: str) -> None:
        self._say("500 5.5.2 What?")

    def hang_up(self) -> None:
        self._sock.close()

    def shut_down(self) -> None:
        """From another thread: wakes this one up, with an end of file."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def _ehlo(self, line: str) -> None:
        self._transaction = None
        offers = ["8BITMIME", "ENHANCEDSTATUSCODES", f"SIZE {self._server.size_limit}"]
        if self._server.pipelining:
            offers.append("PIPELINING")
        if self._server.security == "starttls" and not self._is_encrypted:
            offers.append("STARTTLS")
        elif self._server.users:
            offers.append("AUTH " + " ".join(self._server.logins))
        lines = ["localhost", *offers]
        text = "\r\n".join(f"250-{offer}" for offer in lines[:-1]) + f"\r\n250 {lines[-1]}"
        self._answer("ehlo", text)

    def _starttls(self, line: str) -> None:
        if self._server.security != "starttls" or self._is_encrypted:
            self._say("502 5.5.1 Not offered")
            return
        self._answer("starttls", "220 2.0.0 Go ahead")
        self._encrypt()

    def _encrypt(self) -> None:
        self._misbehave_or("handshake")
        assert self._server.tls_context is not None
        try:
            self._sock = self._server.tls_context.wrap_socket(self._sock, server_side=True)
        except ssl.SSLError as error:
            raise HangUp from error
        self._buffer = b""

    def _auth(self, line: str) -> None:
        if not self._is_encrypted:
            self._server.note_violation("a login in clear")
        _, mechanism, *first = line.split(" ")
        if mechanism.upper() == "PLAIN":
            answer = first[0] if first else self._challenge("334 ")
            _, user, password = b64decode(answer).split(b"\0")
        else:
            user = b64decode(self._challenge("334 VXNlcm5hbWU6"))
            password = b64decode(self._challenge("334 UGFzc3dvcmQ6"))
        if self._server.users.get(user.decode()) == password.decode():
            self._answer("auth", "235 2.7.0 Welcome")
            self._user = user.decode()
        else:
            self._say("535 5.7.8 Wrong user or password")

    def _challenge(self, text: str) -> str:
        self._say(text)
        return self._read_line()

    def _mail(self, line: str) -> None:
        match = re.fullmatch(r"MAIL FROM:<([^<>]*)>(.*)", line, re.I)
        if match is None:
            self._say("501 5.5.4 Write MAIL FROM:<address>")
        elif self._transaction is not None:
            self._say("503 5.5.1 There is a transaction already")
        elif self._server.users and not self._user:
            self._say("530 5.7.0 Log in first")
        else:
            number = self._server.count_message()
            if self._answer("mail", "250 2.1.0 Ok", message=number):
                self._transaction = _Transaction(number, match[1], match[2].strip())

    def _rcpt(self, line: str) -> None:
        match = re.fullmatch(r"RCPT TO:<([^<>]+)>(.*)", line, re.I)
        if self._transaction is None:
            self._say("503 5.5.1 MAIL first")
        elif match is None:
            self._say("501 5.5.4 Write RCPT TO:<address>")
        elif self._answer("rcpt", "250 2.1.5 Ok", rcpt=(match[1],), message=self._message):
            self._transaction.rcpt_to.append(match[1])

    def _data(self, line: str) -> None:
        if self._transaction is None or not self._transaction.rcpt_to:
            self._say("503 5.5.1 RCPT first")
            return
        rcpt, number = tuple(self._transaction.rcpt_to), self._message
        if not self._answer("data", "354 Go ahead", rcpt=rcpt, message=number):
            return
        raw = self._read_text(self._find("body", rcpt=rcpt, message=number))
        fault = self._find("dot", rcpt=rcpt, message=number)
        if fault is None or fault.stores or (not fault.reply and not fault.drop):
            self._server.store(
                mail_from=self._transaction.mail_from,
                rcpt_to=rcpt,
                raw=raw,
                connection=self._number,
                mail_parameters=self._transaction.parameters,
                encrypted=self._is_encrypted,
                user=self._user,
            )
        self._transaction = None
        time.sleep(self._server.delay)
        self._server.wait_at_gate()
        self._apply(fault, f"250 2.0.0 Ok: queued as {len(self._server.messages):010d}")

    def _rset(self, line: str) -> None:
        self._transaction = None
        self._answer("rset", "250 2.0.0 Ok")

    @property
    def _message(self) -> int:
        return self._transaction.number if self._transaction else 0

    @property
    def _is_encrypted(self) -> bool:
        return isinstance(self._sock, ssl.SSLSocket)

    def _find(self, at: str, *, rcpt: tuple[str, ...] = (), message: int = 0) -> Fault | None:
        return self._server.find_fault(at, rcpt=rcpt, message=message, connection=self._number)

    def _answer(self, at: str, usual: str, *, rcpt: tuple[str, ...] = (), message: int = 0) -> bool:
        """Answer as usual or as a fault wants. Whether the usual answer was given."""
        return self._apply(self._find(at, rcpt=rcpt, message=message), usual)

    def _misbehave_or(self, at: str) -> None:
        """For the steps without an answer of their own."""
        self._apply(self._find(at), None)

    def _apply(self, fault: Fault | None, usual: str | None) -> bool:
        if fault is None:
            if usual is not None:
                self._say(usual)
            return True
        if fault.stall:
            self._server.wait_until_closed()
            raise HangUp
        self._server.wait_until_closed(fault.delay)
        if fault.until is not None:
            fault.until.wait(LONGEST)
        if fault.reply:
            self._say(fault.reply)
        if fault.drop:
            raise HangUp
        if not fault.reply and usual is not None:
            self._say(usual)
        return not fault.reply

    def _say(self, reply: str | bytes) -> None:
        self._sock.sendall(reply if isinstance(reply, bytes) else f"{reply}\r\n".encode())

    def _read_line(self) -> str:
        while b"\n" not in self._buffer:
            self._receive()
        line, _, self._buffer = self._buffer.partition(b"\n")
        if not line.endswith(b"\r"):
            self._server.note_violation("a command with a bare LF")
        return line.rstrip(b"\r").decode("utf-8", "replace")

    def _read_text(self, fault: Fault | None) -> bytes:
        """The text up to the dot, without dot-stuffing."""
        while not (self._buffer.startswith(b".\r\n") or b"\r\n.\r\n" in self._buffer):
            if fault is not None and len(self._buffer) >= fault.after_bytes:
                self._apply(fault, None)
                fault = None
            self._receive()
        if self._buffer.startswith(b".\r\n"):
            stuffed, self._buffer = b"", self._buffer[3:]
        else:
            end = self._buffer.index(b"\r\n.\r\n")
            stuffed, self._buffer = self._buffer[: end + 2], self._buffer[end + 5 :]
        self._look_at(stuffed)
        return re.sub(rb"(?m)^\.", b"", stuffed)

    def _look_at(self, text: bytes) -> None:
        lines = text.split(b"\r\n")
        if any(len(line) > 998 for line in lines):
            self._server.note_violation("a line of more than 998 octets")
        if any(b"\n" in line or b"\r" in line for line in lines):
            self._server.note_violation("a bare CR or LF in the text")

    def _receive(self) -> None:
        octets = self._sock.recv(65_536)
        if not octets:
            raise HangUp
        self._buffer += octets
