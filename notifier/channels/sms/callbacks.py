"""What does Twilio tell us later: how a message fared, or what somebody texted back?

Give these functions only what a verified signature covers. The signature joins names and values
without marks between them, so every value is checked for its shape here; names we do not know are
ignored. Fields: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status and
https://www.twilio.com/docs/messaging/guides/webhook-request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from notifier.channels.base import Blame, Receipt, ReceiptKind
from notifier.channels.sms.errors import judge_report
from notifier.domain.sms_keywords import Wish, read_wish
from notifier.errors import InvalidInput

__all__ = ["IncomingText", "read_inbound", "read_status_callback", "status_callback_url"]

STATUS_PATH = "/hooks/twilio/status"
INBOUND_PATH = "/hooks/twilio/inbound"

_SID = re.compile(r"[SM]M[0-9a-f]{32}")
_UID = re.compile(r"[A-Za-z0-9_.~-]{1,100}")
_CODE = re.compile(r"[0-9]{1,6}")
_NUMBER = re.compile(r"\+[1-9][0-9]{3,14}")
_WAY = frozenset({"accepted", "scheduled", "queued", "sending", "sent", "partially_delivered"})
_ARRIVED = frozenset({"delivered", "read"})
_LOST = frozenset({"undelivered", "failed"})
_KEPT = ("MessageSid", "MessageStatus", "ErrorCode", "MessagingServiceSid")
LONGEST_TEXT = 1600


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingText:
    """An SMS somebody sent us. `event_id` is its SID; `at` is known of those that were asked for.

    `answered_by_provider`: Twilio has replied to STOP, START or HELP itself; do not reply again.
    """

    event_id: str
    address: str
    to: str
    text: str
    wish: Wish
    answered_by_provider: bool
    at: datetime | None = None


def status_callback_url(public_url: str, uid: str) -> str:
    """Where Twilio reports on the message `uid`; empty without a public address."""
    return f"{public_url.rstrip('/')}{STATUS_PATH}/{uid}" if public_url else ""


def read_status_callback(
    params: Mapping[str, str], *, uid: str = "", at: datetime | None = None
) -> Receipt:
    """The receipt in one status callback; `uid` is the last part of its path.

    The same callback may come again and out of order: `event_id` is SID and status. Raises
    errors.InvalidInput for what cannot be a callback about an outgoing message.
    """
    sid = _shaped(params, "MessageSid", _SID)
    status = params.get("MessageStatus", "")
    if uid and not _UID.fullmatch(uid):
        raise InvalidInput.of("uid", "invalid", "The path of this callback is not one of ours.")
    code = _shaped(params, "ErrorCode", _CODE) if params.get("ErrorCode") else ""
    verdict = judge_report(int(code) if code else None)
    if status in _WAY:
        kind, blame, code = ReceiptKind.ACCEPTED, Blame.NOBODY, ""
    elif status in _ARRIVED:
        kind, blame, code = ReceiptKind.DELIVERED, Blame.NOBODY, ""
    elif status in _LOST:
        kind, blame = verdict.receipt, verdict.blame
    elif status == "canceled":
        kind, blame = ReceiptKind.FAILED, Blame.NOBODY
    else:
        raise InvalidInput.of(
            "MessageStatus", "invalid", f"“{status[:30]}” is not a status of an outgoing message."
        )
    address = _shaped(params, "To", _NUMBER) if kind is ReceiptKind.STOPPED else ""
    return Receipt(
        provider="twilio",
        event_id=f"{sid}:{status}",
        kind=kind,
        uid=uid,
        provider_id=sid,
        address=address,
        at=at,
        blame=blame,
        code=f"twilio {code}" if code else status,
        detail=verdict.meaning if code else "",
        raw={name: params[name] for name in _KEPT if params.get(name)},
    )


def read_inbound(params: Mapping[str, str], *, at: datetime | None = None) -> IncomingText:
    """What somebody texted us. Raises errors.InvalidInput for what is no incoming SMS."""
    sid = _shaped(params, "MessageSid", _SID)
    text = params.get("Body", "")
    if len(text) > LONGEST_TEXT:
        raise InvalidInput.of("Body", "too_long", f"An SMS has at most {LONGEST_TEXT} characters.")
    chosen = params.get("OptOutType", "").lower()
    by_provider = chosen in (Wish.STOP, Wish.START, Wish.HELP)
    return IncomingText(
        event_id=sid,
        address=_shaped(params, "From", _NUMBER),
        to=params.get("To", "")[:40],
        text=text,
        wish=Wish(chosen) if by_provider else read_wish(text),
        answered_by_provider=by_provider,
        at=at,
    )


def _shaped(params: Mapping[str, str], name: str, shape: re.Pattern[str]) -> str:
    value = params.get(name, "")
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise InvalidInput.of(name, "invalid", f"{name} is missing or not what Twilio sends.")
    return value
