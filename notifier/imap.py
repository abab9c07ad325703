"""What lies in a folder on an IMAP server (RFC 3501)? It is looked at; nothing in it is changed.

    with open_folder(login, at_most=60) as folder:
        for uid in folder.uids(1, folder.next_uid - 1, since=day):
            raw = folder.mail(uid)

The folder is opened for reading only (EXAMINE), and mails are read without being marked as read
(BODY.PEEK). The server may be slow, broken or hostile: the line has limits (imap_wire), and
everything that can go wrong is an errors.LookFailed that says what to do.
"""

from __future__ import annotations

import imaplib
import re
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from notifier.domain.one_line import one_line
from notifier.errors import LookFailed
from notifier.imap_wire import LARGEST, TIMEOUT, Wire, words

__all__ = ["LARGEST", "NOT_GIVEN", "TIMEOUT", "ImapLogin", "OpenFolder", "open_folder"]

NOT_GIVEN = "not_given"  # the code of a LookFailed after which the line goes on
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LISTED = re.compile(rb'\) (?:"(?:[^"\\]|\\.)*"|NIL) "?(.+?)"?$')
_NOTHING = re.compile(rb"BODY\[\]\S* NIL\b", re.I)
# RFC 5530: not the fault of name or password
_LATER = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapLogin:
    """Where to, as whom, and into which folder."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    username: str
    password: str = field(repr=False)
    ca_file: str
    folder: str

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"


class OpenFolder:
    """A folder as it was when it was opened. Every method raises errors.LookFailed."""

    def __init__(self, wire: Wire, login: ImapLogin) -> None:
        self._wire = wire
        self._login = login
        self.mails = self._examine()
        self.validity = self._number("UIDVALIDITY")
        self.next_uid = self._number("UIDNEXT")

    def _examine(self) -> int:
        kind, answer = self._wire.select(_quoted(self._login.folder), readonly=True)
        if kind != "OK":
            raise LookFailed(
                "no_folder",
                f"There is no folder {self._login.folder!r} that {self._login.username!r} may "
                f"read at {self._login.place}: {words(answer)} {self._folders()}",
            )
        return int(answer[0] or 0)

    def _folders(self) -> str:
        """A sentence with the folders there are."""
        _, lines = self._wire.list()
        found = [_LISTED.search(line) for line in lines if isinstance(line, bytes)]
        names = [_from_utf7(one[1]) for one in found if one]
        return f"There are: {', '.join(names[:12])}." if names else ""

    def _number(self, name: str) -> int:
        _, values = self._wire.response(name)
        found = re.match(rb"\d{1,10}", values[-1] or b"") if values else None
        if found is None:
            raise _broken(self._login, f"it does not say {name} of {self._login.folder!r}")
        return int(found[0])

    def uids(self, first: int, last: int, *, since: date) -> list[int]:
        """Which mails between these two, both included, came on that day or later; ascending."""
        day = f"{since.day:02d}-{_MONTHS[since.month - 1]}-{since.year}"
        with _told(self._login):
            self._wire.next_answer()
            kind, answer = self._wire.uid("SEARCH", "UID", f"{first}:{last}", "SINCE", day)
            if kind != "OK":
                raise _broken(self._login, f"it does not search: {words(answer)}")
            found = {int(one) for line in answer if line for one in line.split()}
        return sorted(uid for uid in found if first <= uid <= last)

    def mail(self, uid: int) -> bytes | None:
        """The mail, or the first LARGEST + 1 octets of it; None when it is gone. Of a LookFailed
        with another code than NOT_GIVEN the line is not to be used any more."""
        with _told(self._login):
            self._wire.next_answer()
            asked = f"(BODY.PEEK[]<0.{LARGEST + 1}>)"
            kind, answer = self._wire.uid("FETCH", str(uid), asked)
            if kind == "OK":
                for part in answer:
                    if isinstance(part, tuple) and b"BODY[" in part[0].upper():
                        return bytes(part[1])
                if not any(isinstance(part, bytes) and _NOTHING.search(part) for part in answer):
                    return None
            raise LookFailed(
                NOT_GIVEN, f"{self._login.place} does not give the mail {uid}: {words(answer)}"
            )


@contextmanager
def open_folder(login: ImapLogin, *, at_most: float) -> Iterator[OpenFolder]:
    """Connect, encrypt, log in and open the folder. Raises errors.LookFailed.

    `at_most`: seconds until the line is given up, whatever is under way.
    """
    context = _tls_context(login)
    with _told(login):
        wire = Wire(
            login.host,
            login.port,
            context=context,
            at_once=login.security == "tls",
            deadline=time.monotonic() + at_most,
        )
    try:
        with _told(login):
            if login.security == "starttls":
                wire.encrypt()
            _log_in(wire, login)
            wire.next_answer()
            folder = OpenFolder(wire, login)
        yield folder
        with suppress(LookFailed), _told(login):
            wire.logout()
    finally:
        wire.shutdown()


def _log_in(wire: Wire, login: ImapLogin) -> None:
    """By AUTHENTICATE PLAIN (RFC 4616), which takes every letter, else by LOGIN."""
    if wire.state == "AUTH":  # the server knows us by our address
        return
    if "LOGINDISABLED" in wire.capabilities and "AUTH=PLAIN" not in wire.capabilities:
        raise _no_plaintext(login, "LOGINDISABLED")
    try:
        if "AUTH=PLAIN" in wire.capabilities:
            secret = f"\0{login.username}\0{login.password}".encode()
            wire.authenticate("PLAIN", lambda _asked: secret)
        elif (login.username + login.password).isascii():
            wire.login(login.username, login.password)
        else:
            raise LookFailed(
                "login_refused",
                f"{login.place} takes a login in plain ASCII only. Give the mailbox such a name "
                "and password.",
            )
    except wire.abort:
        raise
    except wire.error as error:
        said = words(error.args)
        if "[PRIVACYREQUIRED]" in said.upper():
            raise _no_plaintext(login, said) from error
        if any(code in said.upper() for code in _LATER):
            raise LookFailed(
                "unavailable", f"{login.place} lets nobody in at the moment: {said}"
            ) from error
        raise LookFailed(
            "login_refused",
            f"{login.place} refuses the login of {login.username!r}: {said} Correct username and "
            "password. Some providers want a password made for programs, and IMAP turned on.",
        ) from error


def _no_plaintext(login: ImapLogin, said: str) -> LookFailed:
    return LookFailed(
        "plaintext_refused",
        f"{login.place} takes no password on this line ({said}). "
        'Set security to "tls" (port 993) or "starttls" (port 143).',
    )


def _tls_context(login: ImapLogin) -> ssl.SSLContext | None:
    """One that always verifies certificate and name; None where nothing is encrypted."""
    if login.security == "none":
        return None
    try:
        context = ssl.create_default_context(cafile=login.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise LookFailed(
            "ca_file", f"The certificates in {login.ca_file!r} cannot be read: {error}."
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@contextmanager
def _told(login: ImapLogin) -> Iterator[None]:
    """Whatever goes wrong in here becomes one kind of error, with what to do."""
    try:
        yield
    except LookFailed:
        raise
    except ssl.SSLCertVerificationError as error:
        raise LookFailed(
            "certificate",
            f"The certificate of {login.place} does not hold: "
            f"{error.verify_message.rstrip('.')}. Write the host as its certificate has it, or "
            "name the authority that signed it in ca_file.",
        ) from error
    except ssl.SSLError as error:
        raise LookFailed(
            "tls",
            f"{login.place} does not speak TLS as it should ({error.reason or error}). "
            'Port 993 goes with security = "tls", port 143 with "starttls".',
        ) from error
    except TimeoutError as error:
        raise LookFailed(
            "timeout", f"{login.place} does not answer in time. Check host, port and security."
        ) from error
    except OSError as error:
        raise LookFailed(
            "unreachable",
            f"{login.place} cannot be reached: {error.strerror or error}. Check host and port.",
        ) from error
    except (imaplib.IMAP4.error, ValueError, TypeError, IndexError, AttributeError) as error:
        # the library takes apart what the server says, and rubbish makes it stumble anywhere
        raise _broken(login, words(error.args)) from error


def _broken(login: ImapLogin, why: str) -> LookFailed:
    return LookFailed("broken", f"{login.place} broke off, or is no IMAP server: {why}")


def _quoted(folder: str) -> str:
    """A folder's name as the protocol has it: modified UTF-7 (RFC 3501 5.1.3), quoted."""

    def shifted(match: re.Match[str]) -> str:
        packed = b64encode(match[0].encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
        return f"&{packed.decode()}-"

    plain = re.sub(r"[^\x20-\x7e]+", shifted, folder.replace("&", "&-"))
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _from_utf7(name: bytes) -> str:
    """A folder's name for people; as it is where it cannot be read."""

    def unshifted(match: re.Match[str]) -> str:
        packed = match[1].replace(",", "/")
        return f"+{packed}-".encode().decode("utf-7") if packed else "&"

    text = name.decode("utf-8", "replace")
    with suppress(ValueError):
        return one_line(re.sub(r"&([^-]*)-", unshifted, text))
    return one_line(text)
