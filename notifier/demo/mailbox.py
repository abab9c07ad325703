"""Where do the demo's mails arrive? A real SMTP server in this process, and what it took.

It knows every address, except those that begin with `nobody`: they bounce, as wrong ones do.
"""

from __future__ import annotations

import asyncio
import email.policy
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cached_property
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from notifier.clock import Clock, system_clock

__all__ = ["Mail", "MailServer", "Mailbox"]

NOBODY = "nobody"
UNKNOWN_HERE = "550 5.1.1 No such user here"
_URL = re.compile(r"<(https?://[^>\s]+)>")
_PARSER = BytesParser(policy=email.policy.default)


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One mail as it came over the wire. `number` counts from 1."""

    number: int
    at: datetime
    mail_from: str
    to: str
    raw: bytes

    @cached_property
    def parsed(self) -> EmailMessage:
        return _PARSER.parsebytes(self.raw)

    @property
    def subject(self) -> str:
        return str(self.parsed["Subject"] or "")

    @property
    def sender(self) -> str:
        """The name in From, or its address."""
        addresses = self.parsed["From"].addresses if self.parsed["From"] else ()
        return (addresses[0].display_name or addresses[0].addr_spec) if addresses else ""

    @cached_property
    def text(self) -> str:
        return self._part("plain")

    @cached_property
    def html(self) -> str:
        return self._part("html")

    @property
    def source(self) -> str:
        return self.raw.decode("utf-8", "replace")

    @property
    def one_click_url(self) -> str:
        """Where RFC 8058 lets a mail program unsubscribe with one POST; empty: nowhere."""
        posts = str(self.parsed["List-Unsubscribe-Post"] or "").replace(" ", "").lower()
        if posts != "list-unsubscribe=one-click":
            return ""
        found = _URL.search(str(self.parsed["List-Unsubscribe"] or ""))
        return found.group(1) if found else ""

    def _part(self, subtype: str) -> str:
        part = self.parsed.get_body((subtype,))
        return str(part.get_content()) if part is not None else ""


class Mailbox:
    """All mails, newest last, also as files. Safe for many threads."""

    def __init__(self, folder: Path, *, clock: Clock = system_clock) -> None:
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._read: set[int] = set()
        self._mails: list[Mail] = []
        self.on_mail: Callable[[Mail], None] = lambda _mail: None
        folder.mkdir(parents=True, exist_ok=True)
        for file in sorted(folder.glob("*.eml")):
            self._take_back(file)

    def add(self, *, mail_from: str, to: str, raw: bytes) -> Mail:
        with self._lock:
            mail = Mail(
                number=len(self._mails) + 1, at=self._clock(), mail_from=mail_from, to=to, raw=raw
            )
            self._mails.append(mail)
            (self._folder / f"{mail.number:06}.eml").write_bytes(
                b"X-Envelope-To: " + to.encode("utf-8", "replace") + b"\r\n" + raw
            )
        self.on_mail(mail)
        return mail

    def newest(self, *, to: str = "") -> list[Mail]:
        """Newest first; only those to one address when it is given."""
        with self._lock:
            return [mail for mail in reversed(self._mails) if not to or mail.to == to]

    def find(self, number: int) -> Mail | None:
        with self._lock:
            return self._mails[number - 1] if 0 < number <= len(self._mails) else None

    def mark_read(self, number: int) -> None:
        with self._lock:
            self._read.add(number)

    def is_read(self, number: int) -> bool:
        with self._lock:
            return number in self._read

    def count(self) -> tuple[int, int]:
        """All mails, and those not read."""
        with self._lock:
            return len(self._mails), len(self._mails) - len(self._read)

    def addresses(self) -> list[str]:
        """To whom mails came, the latest first."""
        with self._lock:
            return list(dict.fromkeys(mail.to for mail in reversed(self._mails)))

    def _take_back(self, file: Path) -> None:
        head, _, raw = file.read_bytes().partition(b"\r\n")
        number = len(self._mails) + 1
        self._mails.append(
            Mail(
                number=number,
                at=datetime.fromtimestamp(file.stat().st_mtime, UTC),
                mail_from="",
                to=head.partition(b": ")[2].decode("utf-8", "replace"),
                raw=raw,
            )
        )
        self._read.add(number)


class MailServer:
    """SMTP on a free port of this machine, in a thread of its own."""

    def __init__(self, take: Callable[[str, str, bytes], object]) -> None:
        self._take = take
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._loop = asyncio.new_event_loop()
        self._serving = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo-smtp", daemon=True)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Returns once mail is taken, so that a stop right after finds a loop that runs."""
        self._thread.start()
        self._serving.wait(timeout=5)

    def stop(self) -> None:
        """Stop listening and hang up."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=5)
        self._socket.close()

    def _run(self) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(loop.create_server(self._dialogue, sock=self._socket))
        loop.call_soon(self._serving.set)
        loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    def _dialogue(self) -> SMTP:
        return SMTP(
            _Handler(self._take),
            hostname="mail.kettle.example",
            ident="Kettle & Co demo mailbox",
            enable_SMTPUTF8=True,
            loop=self._loop,
        )


class _Handler:
    def __init__(self, take: Callable[[str, str, bytes], object]) -> None:
        self._take = take

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address.lower().startswith(NOBODY):
            return UNKNOWN_HERE
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        raw = envelope.original_content or b""
        for to in envelope.rcpt_tos:
            self._take(envelope.mail_from or "", to, raw)
        return "250 2.0.0 OK"
