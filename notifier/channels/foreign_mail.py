"""What stands in a mail that somebody else's program wrote: its headers, its text, its date?

Pure functions. Nothing in such a mail need be well formed: what cannot be read is taken as it is.
Anybody may write one, and a megabyte can be made to take a minute: the parser holds each line
against each open boundary, and needs for a header a time that grows with its square.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime

LOOKED_AT = 100_000  # characters of a text that are read
MOST_LINES = 100_000
MOST_HELD_AGAINST = 2_000_000
LONGEST_HEADER = 50_000  # octets; the usual limit of mail servers is twice that


@dataclass(frozen=True, slots=True, kw_only=True)
class MailShape:
    """How many lines and boundaries a mail seems to have; the octets of its longest header."""

    lines: int
    boundaries: int
    longest: int

    @property
    def takes_too_long(self) -> bool:
        return (
            self.lines > MOST_LINES
            or self.lines * self.boundaries > MOST_HELD_AGAINST
            or self.longest > LONGEST_HEADER
        )


def shape_of(raw: bytes) -> MailShape:
    """Found without parsing it."""
    lines = raw.splitlines()
    longest = folded = 0
    for line in lines:
        folded = len(line) + (folded if line[:1] in (b" ", b"\t") else 0)
        longest = max(longest, folded)
    boundaries = raw.lower().count(b"boundary")
    return MailShape(lines=len(lines), boundaries=boundaries, longest=longest)


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
