"""How does a letter go over an open connection, from MAIL to the answer after the dot?

Every step is a step of its own, since what a broken connection means depends on how far the letter
was (trust L3): before the final dot it was not accepted, after it nobody knows. Where the server
offers PIPELINING the commands before the text go in one write (RFC 2920); the dot never does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from notifier.channels.base import Blame, Outcome, Result
from notifier.channels.smtp.classify import Stage, classify, classify_reply, drops_connection
from notifier.channels.smtp.mime import Mail
from notifier.channels.smtp.reply import Reply
from notifier.channels.smtp.settings import Settings
from notifier.channels.smtp.wire import NoReply, Wire
from notifier.clock import Clock

__all__ = ["HandOver", "Session"]

HandOver = Callable[[], None]


class _Stopped(Exception):
    """The letter got no further. Carries the result."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.code)
        self.result = result


class Session:
    """A logged-in connection. `is_usable` turns False once it must not be used again.

    `had_gone`: the other side had hung up since the letter before, so that nothing of the last
    letter was looked at.
    """

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
        self.had_gone = False

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
            raise _Stopped(classify_reply(Stage.BODY, reply))
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
        return classify_reply(stage, reply)

    def _write(self, stage: Stage, octets: bytes) -> None:
        try:
            self._wire.write(octets, timeout=self._settings.command_timeout)
        except NoReply as error:
            self._give_up()
            self.had_gone = stage is Stage.RSET and error.label == "dropped"
            raise _Stopped(classify(stage, 0, text=str(error), label=error.label)) from error

    def _read(self, stage: Stage, patience: float | None = None) -> Reply:
        try:
            return self._wire.read_reply(timeout=patience or self._settings.command_timeout)
        except NoReply as error:
            self._give_up()
            self.had_gone = stage is Stage.RSET and error.label == "dropped"
            raise _Stopped(classify(stage, 0, text=str(error), label=error.label)) from error

    def _give_up(self) -> None:
        self.is_usable = False
        self._wire.close()
