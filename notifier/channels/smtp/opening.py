"""How does one get in: greeting, encryption, introduction, login?

Nothing is ever sent in clear that was to be encrypted: no STARTTLS, no session. A login goes
through TLS or not at all (RFC 3207, RFC 4954, RFC 8314).
"""

from __future__ import annotations

import ssl
from base64 import b64encode

from notifier.channels.base import Result
from notifier.channels.smtp.classify import Stage, classify, classify_reply
from notifier.channels.smtp.reply import Reply
from notifier.channels.smtp.session import Session
from notifier.channels.smtp.settings import Settings
from notifier.channels.smtp.wire import BadCertificate, NoReply, Wire, connect

__all__ = ["OpeningFailed", "make_tls_context", "open_session"]


class OpeningFailed(Exception):
    """No session came about. `result` says what that means for every letter; `stage` how far."""

    def __init__(self, stage: Stage, result: Result) -> None:
        super().__init__(result.detail)
        self.stage = stage
        self.result = result


def make_tls_context(settings: Settings) -> ssl.SSLContext:
    """A context that always verifies certificate and name. Raises ssl.SSLError on a bad ca_file."""
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def open_session(settings: Settings, *, tls_context: ssl.SSLContext) -> Session:
    """Connect, encrypt, introduce ourselves, log in. Raises OpeningFailed."""
    try:
        wire = connect(settings.host, settings.port, timeout=settings.connect_timeout)
    except NoReply as error:
        raise _failed_without_reply(Stage.CONNECT, error) from error
    opener = _Opener(wire, settings, tls_context)
    try:
        opener.open()
    except BaseException:
        wire.close()
        raise
    return Session(wire, settings, extensions=opener.extensions)


class _Opener:
    """The steps up to the login."""

    def __init__(self, wire: Wire, settings: Settings, context: ssl.SSLContext) -> None:
        self._wire = wire
        self._settings = settings
        self._context = context
        self.extensions: dict[str, str] = {}

    def open(self) -> None:
        if self._settings.security == "tls":
            self._encrypt()
        greeting = self._read(Stage.GREETING)
        if greeting.code != 220:
            raise _failed(Stage.GREETING, greeting)
        self._hello()
        if self._settings.security == "starttls":
            self._start_tls()
            self._hello()
        if self._settings.username:
            self._log_in()

    def _hello(self) -> None:
        reply = self._ask(Stage.EHLO, f"EHLO {self._own_name()}")
        if reply.code != 250:
            raise _failed(Stage.EHLO, reply)
        self.extensions = {}
        for line in reply.lines[1:]:
            keyword, _, value = line.strip().replace("=", " ", 1).partition(" ")
            name = keyword.upper()
            known = self.extensions.get(name)
            self.extensions[name] = f"{known} {value}" if known else value.strip()

    def _own_name(self) -> str:
        if self._settings.hello_name:
            return self._settings.hello_name
        address = self._wire.local_address.partition("%")[0]
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"

    def _start_tls(self) -> None:
        if "STARTTLS" not in self.extensions:
            text = "The server does not offer STARTTLS. Nothing is sent unencrypted."
            raise OpeningFailed(Stage.STARTTLS, classify(Stage.STARTTLS, 502, text=text))
        reply = self._ask(Stage.STARTTLS, "STARTTLS")
        if reply.code != 220:
            raise _failed(Stage.STARTTLS, reply)
        self._encrypt()

    def _encrypt(self) -> None:
        host, patience = self._settings.host, self._settings.connect_timeout
        try:
            self._wire.start_tls(self._context, host=host, timeout=patience)
        except BadCertificate as error:
            text = f"The certificate shown by {host} is not accepted: {error}"
            result = classify(Stage.CERTIFICATE, 0, text=text, label="refused")
            raise OpeningFailed(Stage.CERTIFICATE, result) from error
        except NoReply as error:
            if error.label in ("tls", "injected"):  # no outage: they do not speak as configured
                result = classify(Stage.CERTIFICATE, 0, text=str(error), label=error.label)
                raise OpeningFailed(Stage.TLS, result) from error
            raise _failed_without_reply(Stage.TLS, error) from error

    def _log_in(self) -> None:
        if not self._wire.is_encrypted:
            text = "A login is never sent unencrypted."
            raise OpeningFailed(Stage.AUTH, classify(Stage.AUTH, 538, text=text))
        user, password = self._settings.username.encode(), self._settings.password.encode()
        offered = self.extensions.get("AUTH", "").upper().split()
        if "PLAIN" in offered:
            secret = _base64(b"\0%b\0%b" % (user, password))
            reply = self._ask(Stage.AUTH, f"AUTH PLAIN {secret}")
        elif "LOGIN" in offered:
            reply = self._ask(Stage.AUTH, "AUTH LOGIN")
            for part in (user, password):
                if reply.code == 334:
                    reply = self._ask(Stage.AUTH, _base64(part))
        else:
            text = f"The server offers no login we know (PLAIN, LOGIN), but: {' '.join(offered)}"
            raise OpeningFailed(Stage.AUTH, classify(Stage.AUTH, 504, text=text))
        if reply.code != 235:
            raise _failed(Stage.AUTH, reply)

    def _ask(self, stage: Stage, line: str) -> Reply:
        try:
            self._wire.write(f"{line}\r\n".encode("ascii"), timeout=self._settings.command_timeout)
        except NoReply as error:
            raise _failed_without_reply(stage, error) from error
        return self._read(stage)

    def _read(self, stage: Stage) -> Reply:
        try:
            return self._wire.read_reply(timeout=self._settings.command_timeout)
        except NoReply as error:
            raise _failed_without_reply(stage, error) from error


def _failed(stage: Stage, reply: Reply) -> OpeningFailed:
    return OpeningFailed(stage, classify_reply(stage, reply))


def _failed_without_reply(stage: Stage, error: NoReply) -> OpeningFailed:
    result = classify(stage, 0, text=str(error), label=error.label)
    return OpeningFailed(stage, result)


def _base64(octets: bytes) -> str:
    return b64encode(octets).decode("ascii")
