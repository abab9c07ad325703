"""How does the dialogue with a mail server go, from the greeting to the answer after the dot?

Every step is a step of its own, since what a broken connection means depends on how far the letter
was (trust L3): before the final dot it was not accepted, after it nobody knows. Where the server
offers PIPELINING the commands before the text go in one write (RFC 2920); the dot never does.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta

from notifier.channels.base import Blame, Outcome, Result
from notifier.channels.smtp.classify import Stage, classify, drops_connection
from notifier.channels.smtp.mime import Mail
from notifier.channels.smtp.reply import Reply
from notifier.channels.smtp.settings import Settings
from notifier.channels.smtp.wire import BadCertificate, NoReply, Wire, connect
from notifier.clock import Clock

__all__ = ["OpeningFailed", "Session", "make_tls_context", "open_session"]

HandOver = Callable[[], None]


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


def open_session(settings: Settings, *, tls_context: ssl.SSLContext, clock: Clock) -> Session:
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
    return Session(wire, settings, extensions=opener.extensions, clock=clock)


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


class _Stopped(Exception):
    """The letter got no further. Carries the result."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.code)
        self.result = result


class Session:
    """A logged-in connection. `is_usable` turns False once it must not be used again."""

    def __init__(
        self, wire: Wire, settings: Settings, *, extensions: dict[str, str], clock: Clock
    ) -> None:
        self._wire = wire
        self._settings = settings
        self._clock = clock
        self._opened_at = clock()
        self._sent = 0
        self.extensions = extensions
        self.is_usable = True

    @property
    def is_worn_out(self) -> bool:
        """Whether it has carried or lived enough (trust EM-19)."""
        age = abs(self._clock() - self._opened_at)
        return (
            not self.is_usable
            or self._sent >= self._settings.max_per_connection
            or age >= timedelta(seconds=self._settings.max_connection_seconds)
        )

    def reset(self) -> bool:
        """RSET: whether the server is still there and ready. Never raises."""
        patience = min(self._settings.connect_timeout, self._settings.command_timeout)
        try:
            self._wire.write(b"RSET\r\n", timeout=patience)
            ready = self._wire.read_reply(timeout=patience).code == 250
        except NoReply:
            ready = False
        self.is_usable = self.is_usable and ready
        return ready

    def try_sender(self, address: str) -> Reply:
        """MAIL FROM and RSET, to see whether the server takes the sender. Raises NoReply."""
        patience = self._settings.command_timeout
        self._wire.write(f"MAIL FROM:<{address}>\r\n".encode("ascii"), timeout=patience)
        reply = self._wire.read_reply(timeout=patience)
        self.reset()
        return reply

    def transmit(self, mail: Mail, *, hand_over: HandOver) -> Result:
        """Try one letter. `hand_over` is called just before the final dot is written."""
        too_big = self._refuse_too_big(mail)
        if too_big is not None:
            return too_big
        self._sent += 1
        try:
            self._announce(mail)
            self._send_text(mail.content)
            hand_over()
            self._write(Stage.BODY, b".\r\n")  # a failed write means: the dot never left whole
            reply = self._read(Stage.DOT, self._settings.dot_timeout)
            return self._judge(Stage.DOT, reply)
        except _Stopped as stopped:
            return stopped.result
        except BaseException:
            self._give_up()  # with the text half sent, a command would be taken for text
            raise

    def close(self) -> None:
        """QUIT if the other side may still listen, then hang up. Never raises, never waits."""
        if self.is_usable:
            self.is_usable = False
            try:
                self._wire.write(b"QUIT\r\n", timeout=1)
            except NoReply:
                self._wire.close()
                return
        self._wire.close()

    def _refuse_too_big(self, mail: Mail) -> Result | None:
        limit = self.extensions.get("SIZE", "").strip()
        if not limit.isdecimal() or not 0 < int(limit) < len(mail.content):
            return None
        text = f"The letter has {len(mail.content)} bytes, the server takes {limit} (SIZE)."
        return Result(outcome=Outcome.REFUSED, blame=Blame.CONTENT, code="552 5.3.4", detail=text)

    def _announce(self, mail: Mail) -> None:
        """RSET, MAIL, RCPT, DATA up to the server's 354."""
        steps = [(Stage.RSET, "RSET")] if self._sent > 1 else []
        steps += [
            (Stage.MAIL, self._mail_command(mail)),
            (Stage.RCPT, f"RCPT TO:<{mail.recipient}>"),
            (Stage.DATA, "DATA"),
        ]
        if "PIPELINING" in self.extensions:
            self._announce_at_once(steps)
        else:
            for stage, line in steps:
                self._write(stage, f"{line}\r\n".encode("ascii"))
                self._expect(stage, self._read(stage))

    def _announce_at_once(self, steps: list[tuple[Stage, str]]) -> None:
        lines = "".join(f"{line}\r\n" for _, line in steps)
        self._write(steps[0][0], lines.encode("ascii"))
        failure: _Stopped | None = None
        for stage, _ in steps:
            try:
                reply = self._read(stage)
                if failure is None:
                    self._expect(stage, reply)
                elif reply.code in (354, 421):
                    # 354: it waits for a text although it refused the letter. A dot might be
                    # taken for an empty mail, so hang up instead. 421: it hangs up itself.
                    self._give_up()
            except _Stopped as stopped:
                failure = failure or stopped
            if not self.is_usable:
                break
        if failure is not None:
            raise failure

    def _mail_command(self, mail: Mail) -> str:
        line = f"MAIL FROM:<{mail.envelope_from}>"
        if "SIZE" in self.extensions:
            line += f" SIZE={len(mail.content)}"
        if "8BITMIME" in self.extensions and not mail.content.isascii():
            line += " BODY=8BITMIME"
        return line

    def _send_text(self, content: bytes) -> None:
        """All of the text but the dot. Stops when the server has answered or hung up already."""
        stuffed = content.replace(b"\n.", b"\n..")
        if stuffed.startswith(b"."):
            stuffed = b"." + stuffed
        if not stuffed.endswith(b"\r\n"):
            stuffed += b"\r\n"
        broken: NoReply | None = None
        try:
            self._wire.write(stuffed, timeout=self._settings.command_timeout)
        except NoReply as error:
            broken = error
        try:
            reply = self._wire.early_reply()
        except NoReply as error:
            broken, reply = broken or error, None
        if reply is not None:
            self._give_up()
            raise _Stopped(_judge_reply(Stage.BODY, reply))
        if broken is not None:
            self._give_up()
            raise _Stopped(classify(Stage.BODY, 0, text=str(broken), label=broken.label))

    def _expect(self, stage: Stage, reply: Reply) -> None:
        good = reply.code == 354 if stage is Stage.DATA else 200 <= reply.code < 300
        if not good:
            result = self._judge(stage, reply)
            if stage is Stage.RSET or reply.code < 400:
                self._give_up()  # we and they are not at the same step
            raise _Stopped(result)

    def _judge(self, stage: Stage, reply: Reply) -> Result:
        if drops_connection(stage, reply.code) or 300 <= reply.code < 400:
            self._give_up()
        return _judge_reply(stage, reply)

    def _write(self, stage: Stage, octets: bytes) -> None:
        try:
            self._wire.write(octets, timeout=self._settings.command_timeout)
        except NoReply as error:
            self._give_up()
            raise _Stopped(classify(stage, 0, text=str(error), label=error.label)) from error

    def _read(self, stage: Stage, patience: float | None = None) -> Reply:
        try:
            return self._wire.read_reply(timeout=patience or self._settings.command_timeout)
        except NoReply as error:
            self._give_up()
            raise _Stopped(classify(stage, 0, text=str(error), label=error.label)) from error

    def _give_up(self) -> None:
        self.is_usable = False
        self._wire.close()


def _judge_reply(stage: Stage, reply: Reply) -> Result:
    return classify(stage, reply.code, enhanced=reply.enhanced, text=reply.text)


def _failed(stage: Stage, reply: Reply) -> OpeningFailed:
    return OpeningFailed(stage, _judge_reply(stage, reply))


def _failed_without_reply(stage: Stage, error: NoReply) -> OpeningFailed:
    result = classify(stage, 0, text=str(error), label=error.label)
    return OpeningFailed(stage, result)


def _base64(octets: bytes) -> str:
    return b64encode(octets).decode("ascii")
