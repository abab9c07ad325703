"""Sends SMS through a gateway of one's own that takes JSON: docs/add-a-channel.md walks through it.

    POST <url>/messages  {"id": …, "to": "+49…", "text": …}
    202 taken · 409 this id was taken before · 401 wrong token · 422 {"error": "no_such_number"}

The gateway never sends one id twice, so a try without an answer may simply be tried again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from notifier.channels.base import Blame, Finding, Letter, NotePhase, Outcome, Phase, Result
from notifier.domain.sms_text import count_segments, smarten
from notifier.errors import ConfigError
from notifier.http import Outbound, OutboundFailed, Posted

__all__ = ["Channel", "Settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """A gateway in one's own house that sends SMS."""

    url: str = field(metadata={"help": "Where the gateway is, https://gateway.shop.example."})
    token: str = field(
        repr=False, metadata={"help": "Bearer token of the gateway.", "secret": True}
    )
    max_segments: int = field(
        default=2, metadata={"help": "A text that takes more SMS than this is refused."}
    )

    def __post_init__(self) -> None:
        if not self.url.startswith(("https://", "http://")):
            raise ConfigError(f"url: {self.url!r} is not a web address like https://….")
        if not 1 <= self.max_segments <= 10:
            raise ConfigError(f"max_segments: {self.max_segments} is outside 1 to 10.")


Settings = GatewaySettings

# What the gateway says about a message, in our words: try again or not, and whose fault it is.
_REFUSALS = {
    "no_such_number": (Outcome.REFUSED, Blame.ADDRESS),
    "stopped": (Outcome.REFUSED, Blame.OPTED_OUT),
    "too_long": (Outcome.REFUSED, Blame.CONTENT),
}


class Channel:
    """`allow_private` and `allow_http` come from `[service]`, for trying out."""

    Settings: ClassVar[type[Any]] = GatewaySettings

    def __init__(
        self, settings: GatewaySettings, *, allow_private: bool = False, allow_http: bool = False
    ) -> None:
        self._settings = settings
        self._outbound = Outbound(allow_private=allow_private, allow_http=allow_http)

    def send(
        self, letters: Sequence[Letter], *, note: NotePhase
    ) -> Iterator[tuple[Letter, Result]]:
        """Try each letter once. Never raises for what the gateway says."""
        for letter in letters:
            yield letter, self._try(letter, note)

    def check(self) -> list[Finding]:
        """Ask the gateway whether it knows us, without sending. Never raises."""
        about = "SMS gateway"
        try:
            self._outbound.get(f"{self._base}/status", headers=self._headers()).body.close()
        except OutboundFailed as trouble:
            advice = {
                "http_401": "Copy the token from the gateway again.",
                "private_address": "Set service.allow_private_addresses for trying out.",
            }.get(trouble.code, "Check url, and whether this machine may reach it.")
            return [Finding(level="bad", about=about, message=str(trouble), advice=advice)]
        return [Finding(level="ok", about=about, message=f"{self._base} knows this token.")]

    def close(self) -> None:
        self._outbound.close()

    @property
    def _base(self) -> str:
        return self._settings.url.rstrip("/")

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._settings.token}",
            "Content-Type": "application/json",
        }

    def _try(self, letter: Letter, note: NotePhase) -> Result:
        text = smarten(letter.short).strip()
        if count_segments(text) > self._settings.max_segments:
            said = f"The text takes more than {self._settings.max_segments} SMS."
            return Result(
                outcome=Outcome.REFUSED, blame=Blame.CONTENT, code="too_long", detail=said
            )
        body = json.dumps({"id": letter.uid, "to": letter.address, "text": text}).encode()
        note(letter.message_id, Phase.HANDED_OVER)  # from here on it may have been taken
        try:
            answer = self._outbound.post(f"{self._base}/messages", body, headers=self._headers())
        except OutboundFailed as trouble:
            return _unanswered(trouble)
        return _judged(answer)


def _unanswered(trouble: OutboundFailed) -> Result:
    """No answer: surely not taken if nothing was sent, else nobody knows."""
    outcome = Outcome.UNKNOWN if trouble.sent else Outcome.TRY_LATER
    return Result(
        outcome=outcome, blame=Blame.TRANSPORT, code=trouble.code, detail=str(trouble)[:1000]
    )


def _judged(answer: Posted) -> Result:
    code, said = str(answer.status), answer.excerpt
    if 200 <= answer.status < 300 or answer.status == 409:
        return Result(outcome=Outcome.ACCEPTED, code=code, detail=said)
    if answer.status in (401, 403, 404):  # our set-up: pause the channel, burn no message
        return Result(outcome=Outcome.TRY_LATER, blame=Blame.CONFIG, code=code, detail=said)
    if answer.status == 429:
        wait = answer.retry_after
        return Result(outcome=Outcome.TRY_LATER, blame=Blame.TRANSPORT, code=code, retry_after=wait)
    if answer.status >= 500:
        return Result(outcome=Outcome.UNKNOWN, blame=Blame.TRANSPORT, code=code, detail=said)
    error = _error_in(answer.body)
    outcome, blame = _REFUSALS.get(error, (Outcome.REFUSED, Blame.OURS))
    return Result(outcome=outcome, blame=blame, code=error or code, detail=said)


def _error_in(body: bytes) -> str:
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    return str(said.get("error", ""))[:64] if isinstance(said, dict) else ""
