"""What must be known of a mail provider's callbacks, and what have all of them in common?

A provider is a module that follows `MailProvider`. Which message an event is about is known by our
own name for it, which only we can have made, or by the provider's name that it gave when it took
the mail; never by an address (trust EM-13, EM-23, 2.1.2).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from notifier.channels.base import Blame, Receipt, ReceiptKind
from notifier.channels.bounces import judge_failure
from notifier.channels.smtp.classify import shorten

__all__ = [
    "Callback",
    "Events",
    "Fetch",
    "MailProvider",
    "Said",
    "event_name",
    "is_now",
    "is_recent",
    "judge",
    "moment_of",
    "name_in",
    "parsed",
    "receipts_for",
    "status_in",
    "text_at",
]

# SendGrid tries again for 24 hours, Mailgun for 8, both with the time of the first try
TAKEN_FOR = timedelta(hours=25)
AHEAD = timedelta(minutes=5)
LONGEST_NAME = 255  # what a database takes

# permanent, and yet not the address: it is full, or it is the sender that is refused
_NOT_THE_ADDRESS = frozenset({"5.2.2", "5.1.7", "5.1.8"})
_UNDECIDED = (Blame.NOBODY, Blame.MAILBOX)
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")

# what is at an address that was checked, if it is what was looked for; raises errors.LookFailed
Fetch = Callable[[str, Callable[[bytes], bool]], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A request as it came. Names of `headers` are in lower case."""

    body: bytes
    headers: Mapping[str, str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """What a genuine callback says.

    `ignored`: the types of events that say nothing of whether a mail arrived. `once`: what may
    work a single time, where the signature covers it and not what is said. `confirm`: an address
    to be fetched, so that the provider calls back at all.
    """

    receipts: tuple[Receipt, ...] = ()
    ignored: tuple[str, ...] = ()
    once: str = ""
    confirm: str = ""


class MailProvider(Protocol):
    """What the module of a provider offers."""

    def why_no_key(self, key: str) -> str:
        """What is wrong with one of `callback_keys`, as a sentence; empty when it is usable."""
        ...

    def is_genuine(self, callback: Callback, keys: Sequence[str], *, fetch: Fetch) -> bool:
        """Whether this is the provider's word, by any of the keys. Raises errors.LookFailed when
        that cannot be told now; nothing else."""
        ...

    def read(self, value: Any, *, at: datetime) -> Events:
        """What the parsed body of a genuine callback says. Raises errors.InvalidInput."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One event in our words. `refused_for_person`: the provider did not try, since the person had
    told it to stop or had called a mail spam."""

    kind: ReceiptKind
    blame: Blame = Blame.NOBODY
    code: str = ""
    detail: str = ""
    shuts_address: bool = False
    refused_for_person: bool = False


def receipts_for(
    said: Said,
    *,
    provider: str,
    event_id: str,
    uid: str,
    provider_id: str = "",
    at: datetime | None = None,
) -> tuple[Receipt, ...]:
    """The receipts of one event: two where a mail was not even tried because of its recipient."""

    def receipt(kind: ReceiptKind, blame: Blame, *, name: str, shuts: bool) -> Receipt:
        return Receipt(
            provider=provider,
            event_id=name
            if len(name) <= LONGEST_NAME
            else hashlib.sha256(name.encode()).hexdigest(),
            kind=kind,
            uid=uid,
            provider_id=provider_id if len(provider_id) <= LONGEST_NAME else "",
            at=at,
            blame=blame,
            code=said.code[:64],
            detail=shorten(said.detail),
            shuts_address=shuts,
        )

    first = receipt(said.kind, said.blame, name=event_id, shuts=said.shuts_address)
    if not said.refused_for_person:
        return (first,)
    stop = receipt(
        ReceiptKind.STOPPED, Blame.OPTED_OUT, name=f"{event_id} stopped"[-LONGEST_NAME:], shuts=True
    )
    return (first, stop)


def judge(status: str, *, hard: bool) -> tuple[ReceiptKind, Blame]:
    """A delivery that was given up. `hard`: the provider holds it against the address.

    Its word counts, except where the code says that a filter, the letter or our sender was the
    matter: a mistake of ours in DNS must not shut the addresses of all customers (RFC 3463).
    """
    kind, blame = judge_failure(status)
    if hard and blame in _UNDECIDED and status not in _NOT_THE_ADDRESS:
        return ReceiptKind.BOUNCED, Blame.ADDRESS
    return kind, blame


def status_in(*texts: str) -> str:
    """The first RFC 3463 code in these, or empty."""
    for text in texts:
        if found := _STATUS.search(text[:2000]):
            return found[0]
    return ""


def name_in(message_id: str) -> str:
    """Our name for a message in its Message-ID, `<name@shop.example>`."""
    return message_id.strip().strip("<>").partition("@")[0][:128]


def is_recent(timestamp: str, *, now: datetime) -> bool:
    """Whether seconds since 1970, as a provider signed them, are of now or of a first try."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 11):
        return False
    return is_now(datetime.fromtimestamp(int(timestamp), UTC), now=now)


def is_now(at: datetime, *, now: datetime) -> bool:
    return now - TAKEN_FOR <= at <= now + AHEAD


def moment_of(value: str) -> datetime | None:
    """An instant written as ISO 8601 or as seconds since 1970."""
    try:
        if re.fullmatch(r"\d{1,11}(\.\d{1,9})?", value):
            return datetime.fromtimestamp(float(value), UTC)
        at = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parsed(body: bytes | str) -> Any:
    """JSON, or None. Not yet believed: who asks looks at single fields of it."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def text_at(value: Any, *path: str) -> str:
    """A text or number in nested objects as text that a database takes; else empty."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def event_name(event: Any) -> str:
    """A name for an event that has none: the same for the same event."""
    text = json.dumps(event, sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
