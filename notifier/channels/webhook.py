"""How does the shop's own server hear of what happens? By a signed POST (Standard Webhooks).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
`webhook-id` stays the same over all tries, so the receiver can drop a repetition; therefore a try
without an answer is simply tried again. A receiver that is down is tried for days, at the pace
the specification proposes, and left alone for minutes in between: whoever waits for one that does
not answer keeps the mail waiting.
"""

from __future__ import annotations

import base64
import binascii
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from notifier.channels.base import Blame, Finding, Letter, NotePhase, Outcome, Phase, Result
from notifier.channels.circuit import Circuit, left_alone
from notifier.clock import Clock, system_clock
from notifier.errors import ConfigError
from notifier.http import Limits, Outbound, Posted
from notifier.http_gate import OutboundFailed

__all__ = ["Channel", "Settings"]

ALL_EVENTS = "*"
PING = "notifier.ping"  # somebody tries the receiver; it gets that whatever it asked for

# The specification's own schedule: seconds after the first failed try, the second, …
_RETRY_SECONDS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)


def _help(text: str, *, secret: bool = False) -> dict[str, Any]:
    return {"help": text, "secret": secret}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """One receiver of events. Times are in seconds."""

    url: str = field(metadata=_help("Where events are posted, https://…."))
    secret: str = field(
        repr=False, metadata=_help("whsec_… and base64; the receiver has it too.", secret=True)
    )
    extra_secrets: tuple[str, ...] = field(
        default=(),
        repr=False,
        metadata=_help("More secrets that sign as well, while one is replaced.", secret=True),
    )
    events: tuple[str, ...] = field(
        default=(ALL_EVENTS,), metadata=_help("Events it gets; * for all.")
    )
    timeout: float = field(default=20.0, metadata=_help("Patience for the whole exchange."))

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            message = f"{self.url!r} is not a web address like https://shop.example/…."
            raise ConfigError.of("url", "web_address", message, typed=self.url)
        for secret in (self.secret, *self.extra_secrets):
            _check_secret(secret)
        if not 0.05 <= self.timeout <= 120:
            message = f"{self.timeout} is outside 0.05 to 120."
            raise ConfigError.of(
                "timeout", "outside", message, typed=self.timeout, least=0.05, most=120
            )

    def wants(self, kind: str) -> bool:
        """Whether it gets letters of this kind. In the outbox an event is called `hook:<event>`."""
        event = kind.removeprefix("hook:")
        return event == PING or ALL_EVENTS in self.events or event in self.events


Settings = WebhookSettings


class Channel:
    """Posts events to one receiver.

    `allow_private` and `allow_http` are for development, demo and tests: the receiver may be in
    this network, or unencrypted. `jitter` gives numbers from 0 to 1.
    """

    Settings: ClassVar[type[Any]] = WebhookSettings

    def __init__(
        self,
        settings: WebhookSettings,
        *,
        clock: Clock = system_clock,
        allow_private: bool = False,
        allow_http: bool = False,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._signers = [Webhook(one) for one in (settings.secret, *settings.extra_secrets)]
        self._limits = Limits(total=settings.timeout)
        self._outbound = Outbound(
            allow_private=allow_private, allow_http=allow_http, limits=self._limits, clock=clock
        )
        self._circuit = Circuit()
        self._jitter = jitter

    def send(
        self, letters: Sequence[Letter], *, note: NotePhase
    ) -> Iterator[tuple[Letter, Result]]:
        """Post each letter's body once. See channels.base.

        A 410 ends it: the receiver is gone and the rest is not tried. Nor is it when three in a
        row found nobody.
        """
        gone: Result | None = None
        for letter in letters:
            result = gone or self._left_alone() or self._try(letter, note)
            if result.outcome is Outcome.REFUSED and result.blame is Blame.CONFIG:
                gone = result
            yield letter, result

    def pause_left(self) -> timedelta:
        """For how long the receiver is left alone yet, since it failed."""
        return self._circuit.wait_at(self._clock())

    def check(self) -> list[Finding]:
        """Post an event of type `notifier.ping`, which receivers ignore, and say what came back.

        The specification asks receivers to answer 2xx to types they do not know.
        """
        now = self._clock()
        uid = f"ping-{int(now.timestamp())}"
        body = f'{{"type":"{PING}","timestamp":"{now.isoformat()}","data":{{}}}}'
        about = f"webhook {self._settings.url}"
        result = self._post(uid, body)
        if result.outcome is Outcome.ACCEPTED:
            return [Finding(level="ok", about=about, message="It took a signed test event.")]
        advice = {
            "410": "It is gone. Remove it or give its new address.",
            "401": "It does not accept the signature: compare the secrets.",
            "403": "It does not accept the signature: compare the secrets.",
            "404": "Check the address.",
        }.get(result.code, "Look into the receiver's log.")
        said = f"A test event was not taken: {result.code} {result.detail}".strip()
        return [Finding(level="bad", about=about, message=said[:500], advice=advice)]

    def close(self) -> None:
        self._outbound.close()

    def _left_alone(self) -> Result | None:
        pause = self.pause_left()
        return left_alone("The receiver", pause) if pause else None

    def _try(self, letter: Letter, note: NotePhase) -> Result:
        if not self._settings.wants(letter.kind):
            said = f"The receiver does not want {letter.kind}."
            return Result(outcome=Outcome.REFUSED, code="not_wanted", detail=said)
        note(letter.message_id, Phase.HANDED_OVER)
        result = self._post(letter.uid, letter.body)
        if result.blame is not Blame.TRANSPORT:
            self._circuit.note_success()
            return result
        self._circuit.note_failure(self._clock())
        wait = max(result.retry_after or timedelta(0), self._wait_after(letter.attempt_no))
        return replace(result, retry_after=wait)

    def _wait_after(self, attempt_no: int) -> timedelta:
        """The pause after so many tries, spread by a fifth so that not all come back at once."""
        step = min(max(attempt_no, 1), len(_RETRY_SECONDS)) - 1
        return timedelta(seconds=_RETRY_SECONDS[step] * (0.8 + 0.4 * self._jitter()))

    def _post(self, uid: str, body: str) -> Result:
        now = self._clock()
        content = body.encode("utf-8", "replace")
        signed = content.decode()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": uid,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(one.sign(uid, now, signed) for one in self._signers),
        }
        try:
            answer = self._outbound.post(
                self._settings.url, content, headers=headers, limits=self._limits
            )
        except OutboundFailed as problem:
            return _unreachable(problem)
        return _judged(answer)


def _judged(answer: Posted) -> Result:
    code, said = str(answer.status), answer.excerpt
    if 200 <= answer.status < 300:
        return Result(outcome=Outcome.ACCEPTED, code=code)
    if answer.status == 410:
        said = f"The receiver is gone and is to be switched off. {said}"
        return Result(outcome=Outcome.REFUSED, blame=Blame.CONFIG, code=code, detail=said)
    is_down = answer.status >= 500 or answer.status in (408, 429)
    return Result(
        outcome=Outcome.TRY_LATER,
        blame=Blame.TRANSPORT if is_down else Blame.NOBODY,
        code=code,
        detail=said,
        retry_after=answer.retry_after,
    )


def _unreachable(problem: OutboundFailed) -> Result:
    """No answer. An address that must not be dialled is our set-up; all else may get better."""
    forbidden = problem.code in ("bad_url", "private_address")
    return Result(
        outcome=Outcome.TRY_LATER,
        blame=Blame.CONFIG if forbidden else Blame.TRANSPORT,
        code=problem.code,
        detail=str(problem)[:1000],
        retry_after=problem.retry_after,
    )


def _check_secret(secret: str) -> None:
    """The specification asks for 24 to 64 random bytes."""
    try:
        size = len(base64.b64decode(secret.removeprefix("whsec_") + "==", validate=False))
    except (binascii.Error, ValueError) as problem:
        raise ConfigError(
            "secret: write whsec_ and base64, as `notifier init` makes it."
        ) from problem
    if not secret.startswith("whsec_") or not 24 <= size <= 64:
        raise ConfigError(
            f"secret: it must be whsec_ and 24 to 64 bytes in base64; this one has {size} bytes."
        )
