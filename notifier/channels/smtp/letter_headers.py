"""Which headers does the mail of a letter have, and which of them may the letter give?"""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import quote

from notifier.channels.base import Letter
from notifier.channels.mail_events.naming import name_header
from notifier.channels.smtp.addresses import Mailbox, parse_mailbox, to_ascii_domain
from notifier.channels.smtp.headers import clean, encode_text, write_mailbox
from notifier.channels.smtp.settings import Settings
from notifier.channels.smtp.verp import ReturnPurpose, make_address, make_token

__all__ = [
    "fits_message_id",
    "other_headers",
    "own_headers",
    "unsubscribe_mailbox",
    "write_subject",
]

LONGEST_SUBJECT = 200
ONE_CLICK = "List-Unsubscribe=One-Click"

# Written by this file; a letter's extra headers may not repeat them.
_OUR_NAMES = (
    "bcc cc content-transfer-encoding content-type date dkim-signature from message-id "
    "mime-version received reply-to return-path sender subject to"
)
_OURS = frozenset(_OUR_NAMES.split())
_UID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


def fits_message_id(uid: str) -> bool:
    return _UID.fullmatch(uid) is not None


def own_headers(
    letter: Letter, recipient: str, *, sender: Mailbox, date: datetime, settings: Settings
) -> list[tuple[str, str]]:
    """The headers that the mail channel writes itself."""
    if not fits_message_id(letter.uid):
        raise ValueError(f"The uid {letter.uid[:80]!r} does not fit into a Message-ID.")
    headers = [
        ("From", write_mailbox(sender)),
        ("To", recipient),
        ("Subject", write_subject(letter.subject)),
        ("Date", format_datetime(date)),
        ("Message-ID", f"<{letter.uid}@{sender.domain}>"),
    ]
    named = name_header(settings.provider, letter.uid)
    if named is not None:
        headers.append(named)
    if letter.reply_to:
        headers.append(("Reply-To", write_mailbox(parse_mailbox(letter.reply_to))))
    return headers


def write_subject(subject: str) -> str:
    """The value of the header; what is too long is cut."""
    return encode_text(_shorten(clean(subject)))


def _shorten(subject: str) -> str:
    return subject if len(subject) <= LONGEST_SUBJECT else subject[: LONGEST_SUBJECT - 1] + "…"


def other_headers(letter: Letter, settings: Settings, secret: bytes) -> list[tuple[str, str]]:
    """Headers of the letter, completed by those every mail of ours has (RFC 3834, RFC 8058)."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in letter.headers:
        key = name.lower()
        if key in _OURS or key in found:
            raise ValueError(f"The header {name[:80]!r} is written by the mail channel itself.")
        found[key] = (name, _header_value(name, clean(value)))
    unsubscribe = found.get("list-unsubscribe")
    if unsubscribe is not None:
        completed = _with_mailbox(unsubscribe[1], letter.uid, settings, secret)
        found["list-unsubscribe"] = ("List-Unsubscribe", completed)
        if "<https://" in completed.lower():
            found.setdefault("list-unsubscribe-post", ("List-Unsubscribe-Post", ONE_CLICK))
    found.setdefault("auto-submitted", ("Auto-Submitted", "auto-generated"))
    found.setdefault("x-auto-response-suppress", ("X-Auto-Response-Suppress", "All"))
    return [*found.values(), ("MIME-Version", "1.0")]


def _header_value(name: str, value: str) -> str:
    """Lists of URLs and ids stay literal, on one line; an encoded URL is no URL (trust L1)."""
    if not name.lower().startswith(("list-", "feedback-id")):
        return encode_text(value)
    if not value.isascii():
        raise ValueError(f"The header {name} has letters other than ASCII: {value[:100]!r}.")
    return value


def _with_mailbox(value: str, uid: str, settings: Settings, secret: bytes) -> str:
    """Adds our mailto: after the https link, where we have a mailbox that reads it."""
    if "mailto:" in value.lower():
        return value
    return value + unsubscribe_mailbox(uid, settings, secret)


def unsubscribe_mailbox(uid: str, settings: Settings, secret: bytes) -> str:
    """What stands after the https link of List-Unsubscribe; empty where no mailbox reads it."""
    if not secret:
        return ""
    if settings.bounce_domain:
        domain = to_ascii_domain(settings.bounce_domain)
        address = make_address(ReturnPurpose.UNSUBSCRIBE, uid, domain=domain, secret=secret)
        return f", <mailto:{address}?subject=unsubscribe>"
    if settings.unsubscribe_address:
        address = parse_mailbox(settings.unsubscribe_address).address
        token = quote(make_token(ReturnPurpose.UNSUBSCRIBE, uid, secret=secret))
        return f", <mailto:{quote(address, safe='@')}?subject=unsubscribe%20{token}>"
    return ""
