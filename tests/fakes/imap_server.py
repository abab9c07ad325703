"""A small IMAP server on 127.0.0.1 for tests (RFC 3501), which misbehaves on command.

    with ImapServer() as server:              # users={"bounces": "secret"}, folders INBOX
        server.deliver(raw)                   # a mail arrives; its UID
        server.misbehave("fetch", drop=100)   # hangs up after 100 octets of the answer
        server.misbehave("login", reply=b"{tag} NO [UNAVAILABLE] Later\\r\\n")
        server.misbehave("search", stall=True)        # no answer until the test ends
        server.misbehave("fetch", drip=True)          # never a whole line, always a little more
        server.misbehave("greeting", reply=b"* BYE Too many connections\\r\\n", drop=0)
        server.withhold(uid, drop=0)          # hangs up whenever this mail is asked for
        server.behave()
        server.renumber()                     # UIDVALIDITY changes, mails have new UIDs

It keeps folders, UIDs and flags, and `commands` holds what was asked, passwords left out. `changed`
lists every command that would have changed something: assert that it is empty.

    ImapServer(security="tls"|"starttls"|"none", certificate=Authority(folder).issue("localhost"),
               capabilities=("AUTH=PLAIN",), users={"bounces": "secret"})
"""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from tests.fakes.certificates import Certificate

_READING = {"CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "AUTHENTICATE", "LOGIN"} | {
    "EXAMINE",
    "LIST",
    "SEARCH",
    "FETCH",
}
_FETCH = re.compile(r"(\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)")
_SEARCH = re.compile(r"UID (\d+):(\d+) SINCE (\d\d-\w{3}-\d{4})")


@dataclass(slots=True, kw_only=True)
class StoredMail:
    uid: int
    raw: bytes
    at: datetime


@dataclass(slots=True, kw_only=True)
class Folder:
    validity: int = 1000
    next_uid: int = 1
    mails: list[StoredMail] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    reply: bytes | None
    drop: int | None
    stall: bool
    drip: bool
    after: int


class _HangUp(Exception):
    pass


class ImapServer:
    """See the top of this file."""

    def __init__(
        self,
        *,
        security: Literal["tls", "starttls", "none"] = "none",
        certificate: Certificate | None = None,
        capabilities: tuple[str, ...] = ("AUTH=PLAIN",),
        users: dict[str, str] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.host, self.port = "127.0.0.1", 0
        self.security = security
        self.capabilities = capabilities
        self.users = users or {"bounces": "secret"}
        self.folders = {"INBOX": Folder()}
        self.commands: list[str] = []
        self.changed: list[str] = []
        self.connections = 0
        self.logins = 0
        self.tls = certificate.server_context() if certificate else None
        self.clock = clock
        self.faults: dict[str, _Fault] = {}
        self.withheld: dict[int, _Fault] = {}  # by UID
        self.seen: dict[str, int] = {}
        self.closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server((self.host, 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> ImapServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.closing.set()
        self._listener.close()
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def deliver(self, raw: bytes, *, folder: str = "INBOX", at: datetime | None = None) -> int:
        """A mail arrives; its UID."""
        box = self.folders[folder]
        uid = box.next_uid
        box.next_uid += 1
        box.mails.append(StoredMail(uid=uid, raw=raw, at=at or self.clock()))
        return uid

    def renumber(self, *, folder: str = "INBOX") -> None:
        """As after a restore of the server: another UIDVALIDITY, and UIDs from 1."""
        box = self.folders[folder]
        box.validity += 1
        for uid, mail in enumerate(box.mails, 1):
            mail.uid = uid
        box.next_uid = len(box.mails) + 1

    def misbehave(
        self,
        at: str,
        *,
        reply: bytes | None = None,
        drop: int | None = None,
        stall: bool = False,
        drip: bool = False,
        after: int = 0,
    ) -> None:
        """At `greeting` or a command in small letters, from the one after the first `after` on:
        another answer ({tag} stands for the tag), an end after so many octets of it, or none."""
        self.seen.pop(at, None)
        self.faults[at] = _Fault(reply=reply, drop=drop, stall=stall, drip=drip, after=after)

    def withhold(self, uid: int, *, reply: bytes | None = None, drop: int | None = None) -> None:
        """As misbehave(), each time this mail is asked for."""
        self.withheld[uid] = _Fault(reply=reply, drop=drop, stall=False, drip=False, after=0)

    def behave(self) -> None:
        self.faults.clear()
        self.withheld.clear()

    def asked(self, word: str) -> int:
        """How many commands held this word."""
        return sum(word in command for command in self.commands)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        self._open.add(sock)
        try:
            if self.security == "tls":
                assert self.tls is not None
                sock = self.tls.wrap_socket(sock, server_side=True)
                self._open.add(sock)
            _Session(self, sock).talk()
        except (_HangUp, OSError, ssl.SSLError):
            return
        finally:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


class _Session:
    """One connection."""

    def __init__(self, server: ImapServer, sock: socket.socket) -> None:
        self._server = server
        self._sock = sock
        self._input = sock.makefile("rb")
        self._encrypted = server.security == "tls"
        self._user = ""
        self._folder: Folder | None = None

    def talk(self) -> None:
        self._say("greeting", b"* OK [CAPABILITY IMAP4rev1] Kettle mail is ready\r\n", tag="*")
        while (line := self._input.readline()) and line.isascii():
            tag, _, rest = line.decode().strip().partition(" ")
            word, _, arguments = rest.partition(" ")
            if word.upper() == "UID":
                word, _, arguments = arguments.partition(" ")
            self._obey(tag, word.upper(), arguments)

    def _obey(self, tag: str, word: str, arguments: str) -> None:
        shown = "" if word in ("LOGIN", "AUTHENTICATE") else f" {arguments}"
        self._server.commands.append(f"{word}{shown}")
        if word not in _READING:
            self._server.changed.append(f"{word}{shown}")
        answer = getattr(self, f"_{word.lower()}", self._unknown)(tag, arguments)
        self._say(word.lower(), answer, tag=tag, uid=arguments.partition(" ")[0])
        if word == "STARTTLS" and answer.startswith(f"{tag} OK".encode()):
            assert self._server.tls is not None
            self._sock = self._server.tls.wrap_socket(self._sock, server_side=True)
            self._input = self._sock.makefile("rb")
            self._encrypted = True
        if word == "LOGOUT":
            raise _HangUp

    def _say(self, at: str, answer: bytes, *, tag: str, uid: str = "") -> None:
        server = self._server
        fault = server.faults.get(at)
        if at == "fetch" and uid.isdigit():
            fault = server.withheld.get(int(uid), fault)
        count = server.seen[at] = server.seen.get(at, 0) + 1
        if fault is None or count <= fault.after:
            self._sock.sendall(answer)
            return
        if fault.stall or fault.drip:
            while not server.closing.wait(0.01 if fault.drip else None):
                self._sock.sendall(b"*")
            raise _HangUp
        if fault.reply is not None:
            answer = fault.reply.replace(b"{tag}", tag.encode())
        self._sock.sendall(answer if fault.drop is None else answer[: fault.drop])
        if fault.drop is not None:
            raise _HangUp

    def _unknown(self, tag: str, _arguments: str) -> bytes:
        return f"{tag} BAD Not known here\r\n".encode()

    def _capability(self, tag: str, _arguments: str) -> bytes:
        words = ["IMAP4rev1", *self._server.capabilities]
        if self._server.security == "starttls" and not self._encrypted:
            words = ["IMAP4rev1", "STARTTLS", "LOGINDISABLED"]
        return f"* CAPABILITY {' '.join(words)}\r\n{tag} OK Done\r\n".encode()

    def _noop(self, tag: str, _arguments: str) -> bytes:
        return f"{tag} OK Done\r\n".encode()

    def _logout(self, tag: str, _arguments: str) -> bytes:
        return f"* BYE Until then\r\n{tag} OK Done\r\n".encode()

    def _starttls(self, tag: str, _arguments: str) -> bytes:
        if self._server.security != "starttls":
            return f"{tag} BAD No TLS here\r\n".encode()
        return f"{tag} OK Begin\r\n".encode()

    def _login(self, tag: str, arguments: str) -> bytes:
        found = re.fullmatch(r'("?)(\S+?)\1 "((?:[^"\\]|\\.)*)"', arguments)
        if found is None:
            return f"{tag} BAD Name and password\r\n".encode()
        return self._enter(tag, found[2], re.sub(r"\\(.)", r"\1", found[3]))

    def _authenticate(self, tag: str, arguments: str) -> bytes:
        if arguments.upper() != "PLAIN":
            return f"{tag} NO Only PLAIN\r\n".encode()
        self._sock.sendall(b"+ \r\n")
        _, name, password = base64.b64decode(self._input.readline()).decode().split("\0")
        return self._enter(tag, name, password)

    def _enter(self, tag: str, name: str, password: str) -> bytes:
        server = self._server
        server.logins += 1
        if "LOGINDISABLED" in server.capabilities and not self._encrypted:
            return f"{tag} NO [PRIVACYREQUIRED] Encrypt first\r\n".encode()
        if server.users.get(name) != password:
            return f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials\r\n".encode()
        self._user = name
        return f"{tag} OK [CAPABILITY IMAP4rev1] Logged in\r\n".encode()

    def _list(self, tag: str, _arguments: str) -> bytes:
        lines = [f'* LIST (\\HasNoChildren) "/" "{name}"\r\n' for name in self._server.folders]
        return "".join([*lines, f"{tag} OK Done\r\n"]).encode()

    def _examine(self, tag: str, arguments: str) -> bytes:
        name = re.sub(r"\\(.)", r"\1", arguments.strip('"'))
        folder = self._server.folders.get(name)
        if not self._user or folder is None:
            return f"{tag} NO [NONEXISTENT] Unknown mailbox\r\n".encode()
        self._folder = folder
        return (
            "* FLAGS (\\Answered \\Seen)\r\n"
            f"* {len(folder.mails)} EXISTS\r\n* 0 RECENT\r\n"
            f"* OK [UIDVALIDITY {folder.validity}] UIDs valid\r\n"
            f"* OK [UIDNEXT {folder.next_uid}] Predicted next UID\r\n"
            f"{tag} OK [READ-ONLY] Examine completed\r\n"
        ).encode()

    def _search(self, tag: str, arguments: str) -> bytes:
        asked = _SEARCH.fullmatch(arguments)
        if asked is None or self._folder is None:
            return f"{tag} BAD Not understood\r\n".encode()
        since = datetime.strptime(f"{asked[3]} +0000", "%d-%b-%Y %z").date()
        found = [
            str(mail.uid)
            for mail in self._folder.mails
            if int(asked[1]) <= mail.uid <= int(asked[2]) and mail.at.date() >= since
        ]
        return f"* SEARCH {' '.join(found)}".rstrip().encode() + f"\r\n{tag} OK Done\r\n".encode()

    def _fetch(self, tag: str, arguments: str) -> bytes:
        asked = _FETCH.fullmatch(arguments)
        if asked is None or self._folder is None:
            return f"{tag} BAD Not understood\r\n".encode()
        done = f"{tag} OK Done\r\n".encode()
        for number, mail in enumerate(self._folder.mails, 1):
            if mail.uid == int(asked[1]):
                raw = mail.raw[: int(asked[2])]
                # the flags of another mail have just changed: said in between, as servers do
                head = f"* 1 FETCH (FLAGS ())\r\n* {number} FETCH (UID {mail.uid} BODY[]<0> "
                return head.encode() + f"{{{len(raw)}}}\r\n".encode() + raw + b")\r\n" + done
        return done
