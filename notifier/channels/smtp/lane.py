"""How does a letter go over one open connection, without anybody waiting for it?

A lane is told when its socket can be read or written, and says what became of its letters. Where
the server offers PIPELINING, one write holds a letter's text, its final dot and the commands for
the next letter (RFC 2920): one round trip a letter. Elsewhere each command waits for its answer.

Three rules. Before the final dot a letter was not accepted, after it nobody knows until the
server says so (trust L3). No dot is written before the hand-over was noted. What was only
announced behind another letter, when the connection broke, was not touched and may go elsewhere.
"""

from __future__ import annotations

import ssl
import time
from collections import deque
from datetime import datetime, timedelta

from notifier.channels.base import Result
from notifier.channels.smtp.carried import At, Carried
from notifier.channels.smtp.classify import (
    Stage,
    classify,
    classify_reply,
    classify_taken,
    drops_connection,
)
from notifier.channels.smtp.mime import Mail
from notifier.channels.smtp.reply import Reply, Unreadable
from notifier.channels.smtp.session import Session
from notifier.channels.smtp.settings import Settings

__all__ = ["Lane"]

_CHUNK = 65_536
_DOT = b".\r\n"
BIG = 65_536  # a longer text is sent first, its dot when all of it has left: the server may object
_GOOD = {Stage.MAIL: b"250 ", Stage.RCPT: b"250 ", Stage.RSET: b"250 ", Stage.DATA: b"354 "}


class Lane:
    """One logged-in connection. Used by one thread.

    `results` and `untouched` are filled by what happens, for the caller to empty; `ready` is the
    letter whose dot (and text, unless it is BIG) may be written once its hand-over is noted.
    """

    def __init__(self, session: Session, settings: Settings, *, opened_at: datetime) -> None:
        self.sock, self._replies = session.detach()
        self._settings = settings
        self._opened_at = opened_at
        self._most_age = timedelta(seconds=settings.max_connection_seconds)
        self._extensions = session.extensions
        self._pipelines = "PIPELINING" in session.extensions
        self._expected: deque[tuple[Stage, Carried]] = deque()
        self._unsent: deque[tuple[Stage, bytes]] = deque()  # step by step: commands that wait
        self._out = b""
        self._written = 0  # octets given to `_write` so far
        self._taken = 0  # octets the system took from us so far
        self._sent = 0
        self._needs_reset = False
        self.carried: deque[Carried] = deque()
        self.ready: Carried | None = None
        self.results: list[tuple[Carried, Result]] = []
        self.untouched: list[Carried] = []
        self.is_usable = True
        self.deadline = float("inf")

    @property
    def wants_to_write(self) -> bool:
        return bool(self._out)

    @property
    def is_idle(self) -> bool:
        return self.is_usable and not self.carried

    def is_worn_out(self, now: datetime) -> bool:
        """Whether it has carried or lived enough (trust EM-19)."""
        return (
            not self.is_usable
            or self._sent >= self._settings.max_per_connection
            or abs(now - self._opened_at) >= self._most_age
        )

    def takes_follower(self, now: datetime) -> bool:
        """Whether the next letter may be announced behind the one that is ready."""
        return self._pipelines and len(self.carried) == 1 and not self.is_worn_out(now)

    @property
    def has_handed_over(self) -> bool:
        """Whether a letter's dot was written and not answered yet."""
        return bool(self.carried) and self.carried[0].at is At.DOT

    @property
    def size_limit(self) -> int:
        """The longest text the server takes; 0: it does not say."""
        limit = self._extensions.get("SIZE", "").strip()
        return int(limit) if limit.isdecimal() else 0

    def announce(self, one: Carried) -> None:
        """Begin with a letter."""
        self._write(self._announcement(one))

    def hand_over(self, follower: Carried | None = None) -> None:
        """Write the dot of the letter that is ready, and announce the next behind it."""
        one = self.ready
        assert one is not None
        self.ready = None
        text = b"" if one.at is At.TEXT else one.mail.wire
        one.at = At.DOT
        one.dot_ends = self._written + len(text) + len(_DOT)
        self._expected.append((Stage.DOT, one))
        next_one = b"" if follower is None else self._announcement(follower)
        self._write(b"%b%b%b" % (text, _DOT, next_one))

    def let_go(self) -> None:
        """Hang up without the letter that is ready: nobody wants it any more."""
        self.ready = None
        self.carried.clear()
        self._give_up()

    def on_readable(self) -> None:
        """Something has come, or the other side has hung up."""
        try:
            octets = self.sock.recv(_CHUNK)
            pending = getattr(self.sock, "pending", None)
            while octets and pending is not None and pending():
                octets += self.sock.recv(_CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except (OSError, ValueError) as error:
            self._break("dropped", f"The connection broke: {error}")
            return
        try:
            if octets:
                self._replies.feed(octets)
                self._take_replies()
            else:
                self._take_last_reply()
        except Unreadable as error:
            self._break("garbage", str(error))

    def on_writable(self) -> None:
        self._flush()

    def check_time(self, now: float) -> None:
        """Whether the server has had time enough. `now` is monotonic."""
        if now < self.deadline or not self.is_usable:
            return
        patience = f"within {self._patience:g} s."
        said = "The server took no more" if self._out else "No answer"
        self._break("timeout", f"{said} {patience}")

    def close(self) -> None:
        """QUIT if the other side may still listen, then hang up. Never raises, never waits."""
        if self.is_usable:
            self.is_usable = False
            try:
                self.sock.send(b"QUIT\r\n")
            except (OSError, ValueError):
                self.sock.close()
                return
        self.sock.close()

    def _announcement(self, one: Carried) -> bytes:
        """MAIL, RCPT and DATA, or what of them may be sent now."""
        steps = [
            (Stage.MAIL, self._mail_command(one.mail)),
            (Stage.RCPT, b"RCPT TO:<%b>\r\n" % one.mail.recipient.encode("ascii")),
            (Stage.DATA, b"DATA\r\n"),
        ]
        if self._needs_reset:
            steps.insert(0, (Stage.RSET, b"RSET\r\n"))
            self._needs_reset = False
        one.may_move = self._sent > 0
        self._sent += 1
        self.carried.append(one)
        if not self._pipelines:
            self._expected.append((steps[0][0], one))
            self._unsent.extend(steps[1:])
            return steps[0][1]
        self._expected.extend((stage, one) for stage, _ in steps)
        return b"".join(line for _, line in steps)

    def _mail_command(self, mail: Mail) -> bytes:
        line = b"MAIL FROM:<%b>" % mail.envelope_from.encode("ascii")
        if "SIZE" in self._extensions:
            line += b" SIZE=%d" % mail.size
        if "8BITMIME" in self._extensions and not mail.is_ascii:
            line += b" BODY=8BITMIME"
        return line + b"\r\n"

    def _take_replies(self) -> None:
        self._wait_on()
        while self.is_usable:
            if self._expected and self._take_usual(self._expected[0][0]):
                continue
            reply = self._replies.next_reply()
            if reply is None:
                return
            self._take(reply)

    def _take_usual(self, stage: Stage) -> bool:
        """Take the next reply if it says what nearly all say at this stage."""
        if stage is Stage.DOT:
            result = self._replies.take(classify_taken)
            if result is None:
                return False
            _, one = self._expected.popleft()
            self.carried.popleft()
            self.results.append((one, result))
            return True
        if not self._replies.skip_good(_GOOD.get(stage, b"")):
            return False
        self._take_good(*self._expected.popleft())
        return True

    def _take_last_reply(self) -> None:
        reply = self._replies.end()
        if reply is not None:
            self._take(reply)
        if self.is_usable:
            self._break("dropped", "The server hung up.")

    def _take(self, reply: Reply) -> None:
        if not self._expected:
            self._take_unasked(reply)
            return
        stage, one = self._expected.popleft()
        one.is_looked_at = True
        if stage is Stage.DOT:
            self.carried.popleft()
            self._judge(one, stage, reply)
        elif reply.code == 354 if stage is Stage.DATA else 200 <= reply.code < 300:
            self._take_good(stage, one)
        else:
            self._take_bad(stage, one, reply)

    def _take_good(self, stage: Stage, one: Carried) -> None:
        one.is_looked_at = True
        if stage is not Stage.DATA:
            if self._unsent:
                self._step(one)
        elif one.failed is not None:
            # It waits for a text although it refused the letter. A dot might be taken for an
            # empty mail, so hang up instead.
            self._finish(one, one.failed)
            self._give_up()
        elif one.mail.size > BIG:
            one.at = At.TEXT
            self._write(one.mail.wire)
        else:
            self.ready = one

    def _take_bad(self, stage: Stage, one: Carried, reply: Reply) -> None:
        result = one.failed or classify_reply(stage, reply)
        loses_step = stage is Stage.RSET or reply.code < 400
        if one.failed is None:
            loses_step = loses_step or drops_connection(stage, reply.code)
        else:
            loses_step = loses_step or reply.code == 421
        one.failed = result
        self._unsent.clear()
        if loses_step:
            self._finish(one, result)
            self._give_up()
        elif not any(other is one for _, other in self._expected):
            self._needs_reset = True
            self._finish(one, result)

    def _take_unasked(self, reply: Reply) -> None:
        """In the middle of a text, or while the lane was idle."""
        if self.carried:
            self._finish(self.carried[0], classify_reply(Stage.BODY, reply))
        self._give_up()

    def _step(self, one: Carried) -> None:
        stage, line = self._unsent.popleft()
        self._expected.append((stage, one))
        self._write(line)

    def _judge(self, one: Carried, stage: Stage, reply: Reply) -> None:
        self.results.append((one, classify_reply(stage, reply)))
        if drops_connection(stage, reply.code) or 300 <= reply.code < 400:
            self._give_up()

    def _finish(self, one: Carried, result: Result) -> None:
        self.carried.remove(one)
        if self.ready is one:
            self.ready = None
        self.results.append((one, result))

    def _write(self, octets: bytes) -> None:
        self._written += len(octets)
        self._out = self._out + octets if self._out else octets
        self._flush()
        if self._out:
            self._wait_on()

    def _flush(self) -> None:
        while self._out and self.is_usable:
            try:
                count = self.sock.send(self._out)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except (OSError, ValueError) as error:
                self._break("dropped", f"The connection broke while sending: {error}")
                return
            self._taken += count
            self._out = self._out[count:] if count < len(self._out) else b""
            self._wait_on()
        if self.is_usable and self.carried and self.carried[0].at is At.TEXT:
            self.on_readable()  # it may have objected meanwhile
            if self.is_usable:
                self.ready = self.carried[0]

    def _wait_on(self) -> None:
        """Something has moved: the server has its time anew."""
        if not self.carried:
            self.deadline = float("inf")
            return
        self.deadline = time.monotonic() + self._patience

    @property
    def _patience(self) -> float:
        """Seconds the server has for what comes next."""
        is_last = self._expected and self._expected[0][0] is Stage.DOT and not self._out
        return self._settings.dot_timeout if is_last else self._settings.command_timeout

    def _break(self, label: str, text: str) -> None:
        """The connection is of no more use. Say of each letter on it what that means."""
        stage = self._expected[0][0] if self._expected else Stage.BODY
        for place, one in enumerate(list(self.carried)):
            if one.at is At.DOT:
                left = self._taken >= one.dot_ends
                how = classify(Stage.DOT if left else Stage.BODY, 0, text=text, label=label)
                self._finish(one, how)
            elif one.at is At.TEXT:
                self._finish(one, classify(Stage.BODY, 0, text=text, label=label))
            elif place or (one.may_move and not one.is_looked_at and label == "dropped"):
                self.untouched.append(one)
            elif one.failed is not None:
                self._finish(one, one.failed)
            else:
                self._finish(one, classify(stage, 0, text=text, label=label))
        self.carried.clear()
        self._give_up()

    def _give_up(self) -> None:
        """Hang up at once. What was announced and not begun may go elsewhere."""
        self.untouched.extend(self.carried)
        self.carried.clear()
        self.ready = None
        self._expected.clear()
        self._unsent.clear()
        self._out = b""
        self.is_usable = False
        self.deadline = float("inf")
        self.sock.close()
