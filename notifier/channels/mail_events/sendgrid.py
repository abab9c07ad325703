"""Is this SendGrid's Event Webhook, and what became of the mails it tells of?

Signed with ECDSA (P-256, SHA-256) over the timestamp and the raw body; the body is an array.

Sources: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event.md ("Event
Webhook Reference"),
https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features.md
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from notifier.channels.base import Blame, Receipt, ReceiptKind
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
    receipts_for,
    status_in,
    text_at,
)
from notifier.channels.mail_events.naming import KEY
from notifier.errors import InvalidInput

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

PROVIDER = "sendgrid"
SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
LONGEST_SIGNATURE = 200  # in base64; one of P-256 takes 96

# the address could not help it: https://sendgrid.com/docs/glossary/bounces/ and `type` "blocked"
_NOT_THE_ADDRESS = frozenset({"content", "reputation", "technical", "frequency or volume too high"})
_NOT_TRIED_SINCE_BAD = frozenset({"bounced address", "invalid"})
_NOT_TRIED_FOR_PERSON = frozenset({"unsubscribed address", "spam reporting address"})


def why_no_key(key: str) -> str:
    """Empty for a verification key as SendGrid shows it."""
    try:
        _public_key(key)
    except ValueError:
        return (
            "this is not the verification key that SendGrid shows for a signed event webhook, "
            "MFkwEwYHKoZIzj0CAQ…"
        )
    return ""


def is_genuine(callback: Callback, keys: Sequence[str], *, fetch: Fetch) -> bool:
    """Whether one of the keys signed this body, lately."""
    del fetch
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    timestamp = callback.headers.get(TIMESTAMP, "")
    written = callback.headers.get(SIGNATURE, "")
    if not is_recent(timestamp, now=callback.at) or not 0 < len(written) <= LONGEST_SIGNATURE:
        return False
    try:
        signature = b64decode(written, validate=True)
    except ValueError:
        return False
    for key in keys:
        try:
            _public_key(key).verify(signature, timestamp.encode() + callback.body, ECDSA(SHA256()))
        except InvalidSignature:
            continue
        return True
    return False


@lru_cache(maxsize=16)
def _public_key(key: str) -> EllipticCurvePublicKey:
    """Raises ValueError for anything but a P-256 key as base64 of its DER."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        found = load_der_public_key(b64decode(key, validate=True))
    except UnsupportedAlgorithm as error:
        raise ValueError("another kind of key") from error
    if not isinstance(found, EllipticCurvePublicKey) or not isinstance(found.curve, SECP256R1):
        raise ValueError("another kind of key")
    return found


def read(value: Any, *, at: datetime) -> Events:
    """The events of an array. Raises errors.InvalidInput for a body that is none."""
    del at
    if not isinstance(value, list):
        raise InvalidInput.of("body", "not_an_array", "Send the array of events as SendGrid does.")
    receipts: list[Receipt] = []
    ignored: list[str] = []
    for event in value:
        said = _said(event)
        if said is None:
            ignored.append(text_at(event, "event") or "unreadable")
            continue
        receipts += receipts_for(
            said,
            provider=PROVIDER,
            event_id=text_at(event, "sg_event_id") or event_name(event),
            uid=text_at(event, KEY) or name_in(text_at(event, "smtp-id")),
            # what SendGrid said when it took the mail, before ".filter0001…" or ".recvd-…"
            provider_id=re.split(r"\.(?:filter|recvd)", text_at(event, "sg_message_id"))[0],
            at=moment_of(text_at(event, "timestamp")),
        )
    return Events(receipts=tuple(receipts), ignored=tuple(ignored))


def _said(event: Any) -> Said | None:
    """None: it says nothing of whether the mail arrived."""
    name = text_at(event, "event")
    reason = text_at(event, "reason") or text_at(event, "response")
    if name == "bounce":
        return _bounce(event, reason)
    if name == "dropped":
        return _drop(reason)
    kinds = {
        "processed": (ReceiptKind.ACCEPTED, Blame.NOBODY),
        "delivered": (ReceiptKind.DELIVERED, Blame.NOBODY),
        "deferred": (ReceiptKind.DELAYED, Blame.NOBODY),
        "spamreport": (ReceiptKind.COMPLAINED, Blame.POLICY),
        "unsubscribe": (ReceiptKind.STOPPED, Blame.OPTED_OUT),
        "group_unsubscribe": (ReceiptKind.STOPPED, Blame.OPTED_OUT),
    }
    if name not in kinds:
        return None
    kind, blame = kinds[name]
    shuts = name == "unsubscribe"  # of a group: other groups are written to
    return Said(kind=kind, blame=blame, code=name, detail=reason, shuts_address=shuts)


def _bounce(event: Any, reason: str) -> Said:
    status = status_in(text_at(event, "status"), reason)
    blocked = text_at(event, "type") == "blocked"
    about_us = text_at(event, "bounce_classification").lower() in _NOT_THE_ADDRESS
    kind, blame = judge(status, hard=not blocked and not about_us)
    if blocked or about_us:
        kind, blame = ReceiptKind.FAILED, Blame.POLICY
    return Said(kind=kind, blame=blame, code=status or "bounce", detail=reason)


def _drop(reason: str) -> Said:
    """SendGrid did not try. It says why in words only."""
    why = reason.strip().lower()
    if why in _NOT_TRIED_SINCE_BAD:
        kind, blame = ReceiptKind.BOUNCED, Blame.ADDRESS
    else:
        kind, blame = ReceiptKind.FAILED, Blame.POLICY
    return Said(
        kind=kind,
        blame=blame,
        code="dropped",
        detail=reason,
        refused_for_person=why in _NOT_TRIED_FOR_PERSON,
    )
