"""What does Twilio say when we ask: how did a message fare, is an earlier try in its books, what
did people text us?

For where its callbacks did not reach us. Every question is one request, or one a page. Twilio
lists nobody's opt-outs: its Bulk Consents API only writes. What people texted is what it knows
them from (https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from notifier.channels.base import Receipt
from notifier.channels.sms.callbacks import IncomingText, read_inbound, read_status_callback
from notifier.channels.sms.settings import Settings
from notifier.errors import InvalidInput, LookFailed

__all__ = ["ASKS_PER_SECOND", "MOST_TEXTS", "fetch_report", "find_earlier_try", "list_texts"]

ASKS_PER_SECOND = 5.0  # so that whoever sends by the same account is not in the way of it
PAGE = 200
MOST_TEXTS = 100_000  # of one number; more than that is no line of people who answer
LISTED = 200  # newest messages to one number that are looked through for an earlier try
_GETS_ANSWERS = re.compile(r"\+?[0-9]{3,15}")  # a name gets none


def fetch_report(client: Any, sid: str, *, uid: str, at: datetime) -> Receipt | None:
    """How a message stands, as its status callback would say it; None: Twilio has it no more."""
    found = client.messages(sid).fetch()
    if found.sid != sid:
        raise ValueError(f"asked for {sid}, it told of {found.sid}")
    said = {
        "MessageSid": sid,
        "MessageStatus": found.status or "",
        "ErrorCode": str(found.error_code or ""),
        "To": found.to or "",
    }
    try:
        return read_status_callback(said, uid=uid, at=at)
    except InvalidInput as error:
        raise ValueError(str(error)) from error


def find_earlier_try(
    client: Any, *, to: str, text: str, since: datetime, is_ours: Callable[[str], bool]
) -> str:
    """The SID of a message with this very text since then; empty: there is none.

    The list gives no callback URL back, so the text itself is what we know ours by. DateSent
    cannot narrow the search: a message still in the queue has none.
    """
    listed = client.messages.list(to=to, limit=LISTED)
    same = (found for found in listed if _is_same(found, text, since=since))
    return next((str(found.sid) for found in same if is_ours(found.sid)), "")


def _is_same(found: Any, text: str, *, since: datetime) -> bool:
    """Whether a listed message is this text. A trial account puts a sentence in front of it."""
    return (
        str(found.direction or "").startswith("outbound")
        and found.date_created is not None
        and found.date_created >= since
        and (found.body or "").strip().endswith(text)
    )


def list_texts(
    client: Any, settings: Settings, *, since: datetime, turn: Callable[[], None]
) -> Iterator[IncomingText]:
    """What people texted to our numbers since that day began (UTC), newest first for each number.

    `turn` returns when the next request may be made. What is no SMS of a phone is left out. Raises
    LookFailed when nothing that came can be read, as where an account keeps no numbers or texts.
    """
    came = read = 0
    day = since.replace(hour=0, minute=0, second=0, microsecond=0)
    for number in _own_numbers(client, settings, turn=turn):
        for found in _received(client, number, day=day, turn=turn):
            came += 1
            text = _as_text(found)
            if text is not None:
                read += 1
                yield text
    if came and not read:
        said = f"None of {came} texts to us can be read. Does the account redact messages?"
        raise LookFailed("redacted", said)


def _own_numbers(client: Any, settings: Settings, *, turn: Callable[[], None]) -> list[str]:
    """To what people can answer."""
    found = [settings.from_number]
    if settings.messaging_service_sid:
        service = client.messaging.v1.services(settings.messaging_service_sid)
        turn()
        found += [str(one.phone_number) for one in service.phone_numbers.list()]
        turn()
        found += [str(one.short_code) for one in service.short_codes.list()]
    return [one for one in dict.fromkeys(found) if _GETS_ANSWERS.fullmatch(one)]


def _received(
    client: Any, number: str, *, day: datetime, turn: Callable[[], None]
) -> Iterator[Any]:
    turn()
    page = client.messages.page(to=number, date_sent_after=day, page_size=PAGE)
    count = 0
    while page is not None:
        for found in page:
            if found.direction == "inbound":
                count += 1
                yield found
        if count > MOST_TEXTS:
            said = f"More than {MOST_TEXTS} texts to one number since {day:%Y-%m-%d}."
            raise LookFailed("too_many", said)
        if page.next_page_url:
            turn()
        page = page.next_page()


def _as_text(found: Any) -> IncomingText | None:
    said = {
        "MessageSid": found.sid or "",
        "From": found.from_ or "",
        "To": found.to or "",
        "Body": found.body or "",
    }
    at = found.date_sent or found.date_created
    try:
        return read_inbound(said, at=at) if at is not None else None
    except InvalidInput:
        return None
