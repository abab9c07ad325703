"""What stands in a mail that somebody else's program wrote: its headers, its text, its date?

Pure functions. Nothing in such a mail need be well formed: what cannot be read is taken as it is.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime

LOOKED_AT = 100_000  # characters of a text that are read


def headers_of(mail: Message, *names: str) -> list[str]:
    """All values of these headers, decoded; one that cannot be is taken as it is."""
    values = []
    for name in names:
        for value in mail.get_all(name, []):
            text = str(value)
            try:
                text = str(make_header(decode_header(text)))
            except (ValueError, LookupError):
                text = str(value)
            values.append(text)
    return values


def field_of(group: Message, name: str) -> str:
    """One header on one line; empty where there is none."""
    return " ".join(" ".join(headers_of(group, name)).split())


def text_of(mail: Message) -> str:
    """The first plain text of the mail."""
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            return _octets_of(part).decode("utf-8", "replace")[:LOOKED_AT]
    return ""


def date_of(mail: Message) -> datetime | None:
    for text in headers_of(mail, "Date"):
        try:
            found = parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError):
            return None
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    return None


def quoted_mail(part: Message) -> Message:
    """What a part holds that is a mail itself, or the headers of one."""
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        return payload[0]
    return message_from_bytes(_octets_of(part))


def _octets_of(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
