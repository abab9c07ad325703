"""Is this a webhook of Mailgun, and what became of the mail it tells of?

Mailgun signs a time and a random token, not what it says. So a token works once, or who has read
one callback could make another of it. The same token and time come with every further try, for up
to eight hours, so a time of a few minutes ago would refuse them all.

Sources: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks,
https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads,
https://documentation.mailgun.com/docs/mailgun/user-manual/events/webhooks (tries and codes)
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from notifier.channels.base import Blame, ReceiptKind
from notifier.channels.mail_events.base import (
    Callback,
    Events,
    Fetch,
    Said,
    event_name,
    is_recent,
    judge,
    moment_of,
    name_in,
    parsed,
    receipts_for,
    status_in,
    text_at,
)
from notifier.errors import InvalidInput

PROVIDER = "mailgun"
LONGEST_TOKEN = 128  # they have 50 characters

_SINCE_BAD = frozenset({"bounce", "suppress-bounce", "hardfail"})
_FOR_PERSON = frozenset({"suppress-complaint", "suppress-unsubscribe"})


def why_no_key(key: str) -> str:
    """Empty for a key that nobody guesses."""
    if len(key) < 20 or not key.isascii():
        return "this is not the HTTP webhook signing key that Mailgun shows under API security"
    return ""


def is_genuine(callback: Callback, keys: Sequence[str], *, fetch: Fetch) -> bool:
    """Whether one of the keys, the account's or that of the account above it, signed the token."""
    del fetch
    value = parsed(callback.body)
    timestamp = text_at(value, "signature", "timestamp")
    token = text_at(value, "signature", "token")
    if not is_recent(timestamp, now=callback.at) or not 0 < len(token) <= LONGEST_TOKEN:
        return False
    given = [
        text_at(value, "signature", name).encode() for name in ("signature", "parent-signature")
    ]
    found = False
    for key in keys:
        expected = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256)
        for one in given:
            found |= hmac.compare_digest(one, expected.hexdigest().encode())
    return found


def read(value: Any, *, at: datetime) -> Events:
    """The one event of a webhook. Raises errors.InvalidInput where there is none."""
    del at
    event = value.get("event-data") if isinstance(value, dict) else None
    if not isinstance(event, dict):
        raise InvalidInput.of("event-data", "missing", "Send event-data as Mailgun does.")
    once = text_at(value, "signature", "token")
    said = _said(event)
    if said is None:
        return Events(ignored=(text_at(event, "event") or "unreadable",), once=once)
    # an id is unique within a day
    id_ = text_at(event, "id")
    return Events(
        receipts=receipts_for(
            said,
            provider=PROVIDER,
            event_id=f"{id_} {text_at(event, 'timestamp')}" if id_ else event_name(event),
            uid=name_in(text_at(event, "message", "headers", "message-id")),
            at=moment_of(text_at(event, "timestamp")),
        ),
        once=once,
    )


def _said(event: dict[str, Any]) -> Said | None:
    """None: it says nothing of whether the mail arrived."""
    name = text_at(event, "event")
    if name == "failed":
        return _failure(event)
    kinds = {
        "accepted": (ReceiptKind.ACCEPTED, Blame.NOBODY),
        "delivered": (ReceiptKind.DELIVERED, Blame.NOBODY),
        "rejected": (ReceiptKind.FAILED, Blame.CONTENT),
        "complained": (ReceiptKind.COMPLAINED, Blame.POLICY),
        "unsubscribed": (ReceiptKind.STOPPED, Blame.OPTED_OUT),
    }
    if name not in kinds:
        return None
    kind, blame = kinds[name]
    return Said(
        kind=kind,
        blame=blame,
        code=name,
        detail=text_at(event, "delivery-status", "message") or text_at(event, "reject", "reason"),
        shuts_address=name == "unsubscribed",
    )


def _failure(event: dict[str, Any]) -> Said:
    words = text_at(event, "delivery-status", "message")
    detail = words or text_at(event, "delivery-status", "description")
    reason = text_at(event, "reason")
    code = text_at(event, "delivery-status", "code")
    status = status_in(text_at(event, "delivery-status", "enhanced-code"), words)
    if text_at(event, "severity") == "temporary":
        return Said(kind=ReceiptKind.DELAYED, code=status or code, detail=detail)
    if reason in _FOR_PERSON:
        return Said(
            kind=ReceiptKind.FAILED,
            blame=Blame.POLICY,
            code=reason,
            detail=detail,
            refused_for_person=True,
        )
    hard = reason in _SINCE_BAD or text_at(event, "delivery-status", "bounce-type") == "hard"
    kind, blame = judge(status, hard=hard)
    return Said(kind=kind, blame=blame, code=status or reason or code, detail=detail)
