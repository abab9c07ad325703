"""Is this a webhook of Postmark, and what became of the mail it tells of?

Postmark signs nothing. It is known by the name and password in the address it was given
(`https://name:password@…`), or by a header of our own that was set up with the webhook. It replaces
the Message-ID, so the message is known by the metadata that went with the letter (naming.py).

When it puts an address on its list, because of a hard bounce, a complaint or a wish, it sends a
SubscriptionChange besides the Bounce or SpamComplaint, in either order. Only the Bounce has the
code that says whether it was the address.

Sources: https://postmarkapp.com/developer/webhooks/webhooks-overview,
https://postmarkapp.com/email-webhooks (examples of each type),
https://postmarkapp.com/developer/webhooks/subscription-change-webhook,
https://postmarkapp.com/developer/webhooks/smtp-api-error,
https://postmarkapp.com/developer/api/bounce-api#bounce-types
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode
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
    judge,
    moment_of,
    receipts_for,
    status_in,
    text_at,
)
from notifier.channels.mail_events.naming import KEY
from notifier.errors import InvalidInput

PROVIDER = "postmark"
SECRET_HEADER = "x-notifier-secret"
SHORTEST_KEY = 20
LONGEST_GIVEN = 1000
LISTED = "listed"  # as the code of a receipt

_POLICY = (ReceiptKind.FAILED, Blame.POLICY)
_CONTENT = (ReceiptKind.FAILED, Blame.CONTENT)
_BAD = (ReceiptKind.BOUNCED, Blame.ADDRESS)
_LATER = (ReceiptKind.DELAYED, Blame.NOBODY)
# Bounce types. "Unsubscribe", "Subscribe", "AutoResponder", "AddressChange", "Unknown" and such are
# mails that came back without saying that ours did not arrive.
_BOUNCES = {
    "BadEmailAddress": _BAD,
    "ManuallyDeactivated": _BAD,
    "Transient": _LATER,
    "DnsError": _LATER,
    "SpamNotification": _POLICY,
    "Blocked": _POLICY,
    "DMARCPolicy": _POLICY,
    "SMTPApiError": _POLICY,  # the address is on Postmark's list, and nothing says what for
    "VirusNotification": _CONTENT,
    "TemplateRenderingFailed": _CONTENT,
    "SpamComplaint": (ReceiptKind.COMPLAINED, Blame.POLICY),
}


def why_no_key(key: str) -> str:
    """Empty for a secret that nobody guesses."""
    if len(key) < SHORTEST_KEY or not key.isascii() or not key.isprintable():
        return (
            "write name:password as in the webhook's address, or the value of its header "
            f"X-Notifier-Secret; {SHORTEST_KEY} characters or more"
        )
    return ""


def is_genuine(callback: Callback, keys: Sequence[str], *, fetch: Fetch) -> bool:
    """Whether the caller knows one of the secrets, compared in constant time."""
    del fetch
    given = [_basic(callback.headers.get("authorization", ""))]
    given.append(callback.headers.get(SECRET_HEADER, ""))
    digests = [_digest(one) for one in given if 0 < len(one) <= LONGEST_GIVEN]
    found = False
    for key in keys:
        for one in digests:
            found |= hmac.compare_digest(one, _digest(key))
    return found


def _basic(header: str) -> str:
    """`name:password` of an Authorization header (RFC 7617), or empty."""
    scheme, _, written = header.partition(" ")
    if scheme.lower() != "basic" or len(written) > 2 * LONGEST_GIVEN:
        return ""
    try:
        return b64decode(written.strip(), validate=True).decode("utf-8")
    except ValueError:
        return ""


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def read(value: Any, *, at: datetime) -> Events:
    """The one event of a webhook. Raises errors.InvalidInput where there is none."""
    del at
    if not isinstance(value, dict):
        raise InvalidInput.of("body", "not_an_object", "Send one JSON object as Postmark does.")
    said = _said(value)
    if said is None:
        named = [text_at(value, name) for name in ("RecordType", "Type")]
        return Events(ignored=(" ".join(filter(None, named)) or "unreadable",))
    mail = text_at(value, "MessageID")
    times = ("BouncedAt", "DeliveredAt", "ChangedAt")
    written = next(filter(None, (text_at(value, name) for name in times)), "")
    return Events(
        receipts=receipts_for(
            said,
            provider=PROVIDER,
            # a complaint comes as SubscriptionChange as well: it is the same news
            event_id=f"{mail} {_news(said)}" if mail else event_name(value),
            uid=text_at(value, "Metadata", KEY) or text_at(value, "Metadata", KEY.title()),
            provider_id=mail,
            at=moment_of(written),
        )
    )


def _news(said: Said) -> str:
    """What is told of a mail once. That its address was listed does not say why it failed."""
    return said.code if said.code == LISTED else said.kind


def _said(event: dict[str, Any]) -> Said | None:
    """None: it says nothing of whether the mail arrived."""
    record = text_at(event, "RecordType")
    detail = text_at(event, "Details") or text_at(event, "Description")
    if record == "Bounce":
        return _bounce(event, detail)
    if record == "SubscriptionChange":
        return _subscription(event)
    kinds = {
        "Delivery": (ReceiptKind.DELIVERED, Blame.NOBODY),
        "SpamComplaint": (ReceiptKind.COMPLAINED, Blame.POLICY),
    }
    if record not in kinds:
        return None
    kind, blame = kinds[record]
    return Said(kind=kind, blame=blame, code=record, detail=detail)


def _bounce(event: dict[str, Any], detail: str) -> Said | None:
    sort = text_at(event, "Type")
    status = status_in(detail)
    if sort in ("HardBounce", "SoftBounce"):
        kind, blame = judge(status, hard=sort == "HardBounce")
    elif sort in _BOUNCES:
        kind, blame = _BOUNCES[sort]
    else:
        return None
    return Said(kind=kind, blame=blame, code=status or sort, detail=detail)


def _subscription(event: dict[str, Any]) -> Said | None:
    """Postmark takes no more mail for an address, and why."""
    if event.get("SuppressSending") is not True:
        return None
    reason = text_at(event, "SuppressionReason")
    if reason == "HardBounce":
        words = "Postmark takes no more mail for this address until it is reactivated there."
        return Said(kind=ReceiptKind.FAILED, blame=Blame.POLICY, code=LISTED, detail=words)
    if reason == "SpamComplaint":
        kind, blame = ReceiptKind.COMPLAINED, Blame.POLICY
    else:
        kind, blame = ReceiptKind.STOPPED, Blame.OPTED_OUT
    shuts = kind is ReceiptKind.STOPPED
    return Said(kind=kind, blame=blame, code=reason, shuts_address=shuts)
