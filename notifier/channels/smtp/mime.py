"""What exactly are the bytes of a letter, and under which envelope does it travel?

A pure function: the same letter gives the same bytes on every try, so a repeated delivery can be
recognised by mail servers and clients (same Message-ID, Date and boundary). The text is quoted-
printable in 7-bit lines, so no relay has to rewrite it and no line is longer than 76 octets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import structlog

from notifier.channels.base import FormLetter, Letter
from notifier.channels.mail_events.naming import name_header
from notifier.channels.smtp.addresses import (
    Mailbox,
    parse_mailbox,
    to_ascii_address,
    to_ascii_domain,
)
from notifier.channels.smtp.form_mail import UNSUBSCRIBE, Blueprint, FormMail
from notifier.channels.smtp.headers import header_line, write_mailbox
from notifier.channels.smtp.letter_headers import (
    fits_message_id,
    other_headers,
    own_headers,
    unsubscribe_mailbox,
    write_subject,
)
from notifier.channels.smtp.printable import dot_stuffed, quote_printable, without_stuffing
from notifier.channels.smtp.settings import Settings
from notifier.channels.smtp.verp import ReturnPurpose, make_address
from notifier.metrics import NO_SKELETON

__all__ = ["Mail", "build_mail"]

_log = structlog.get_logger(__name__)

Sign = Callable[[bytes], bytes]


class Mail:
    """What goes over the wire. `content` has CR LF line ends and is not dot-stuffed; `wire` is,
    and lacks only the final dot.

    `wire` is given where a mail was put together from its form, and is ASCII.
    `sender_group` is the same for letters that a server would refuse for the same sender.
    """

    __slots__ = ("_content", "_wire", "envelope_from", "recipient", "sender_group")

    def __init__(
        self,
        envelope_from: str,
        recipient: str,
        content: bytes | None,
        sender_group: str,
        *,
        wire: bytes | None = None,
    ) -> None:
        self.envelope_from = envelope_from
        self.recipient = recipient
        self.sender_group = sender_group
        self._content = content
        self._wire = wire

    @property
    def content(self) -> bytes:
        if self._content is None:
            self._content = without_stuffing(self._wire or b"")
        return self._content

    @property
    def size(self) -> int:
        """Its octets; dots that are doubled on the way may be counted twice (RFC 1870 6.1)."""
        return len(self._wire if self._content is None and self._wire else self.content)

    @property
    def is_ascii(self) -> bool:
        return self._content is None or self._content.isascii()

    @property
    def wire(self) -> bytes:
        if self._wire is None:
            stuffed = dot_stuffed(self._content or b"")
            self._wire = stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n"
        return self._wire


def build_mail(
    letter: Letter, *, settings: Settings, secret: bytes, now: datetime, sign: Sign | None = None
) -> Mail:
    """The mail for a letter.

    `sign` takes the whole mail and returns the DKIM-Signature header to put before it.
    Raises BadAddress when the recipient cannot be written to by mail, and ValueError when the
    letter itself is unusable (a header that is ours, an unfit uid, no text at all).
    """
    if isinstance(letter, FormLetter):
        mail = _on_its_form(letter, settings=settings, secret=secret, now=now)
        if mail is not None:
            return mail if sign is None else _signed(mail, sign)
    mail = _whole(letter, settings=settings, secret=secret, now=now)
    return mail if sign is None else _signed(mail, sign)


def _signed(mail: Mail, sign: Sign) -> Mail:
    content = sign(mail.content) + mail.content
    return Mail(mail.envelope_from, mail.recipient, content, mail.sender_group)


def _whole(letter: Letter, *, settings: Settings, secret: bytes, now: datetime) -> Mail:
    recipient = to_ascii_address(letter.address)
    sender = parse_mailbox(letter.sender or settings.from_address)
    envelope_from, group = _envelope(letter.uid, sender, settings, secret)
    date = letter.first_tried_at or now
    headers = own_headers(letter, recipient, sender=sender, date=date, settings=settings)
    headers += other_headers(letter, settings, secret)
    kind, body = _body(letter)
    head = "\r\n".join(header_line(name, value) for name, value in [*headers, *kind])
    content = head.encode("ascii") + b"\r\n\r\n" + body
    return Mail(envelope_from, recipient, content, group)


@dataclass(frozen=True, slots=True)
class _Made:
    """What was made of a form; `form_mail` None: its letters are written in full."""

    settings: Settings
    secret: bytes
    sender: Mailbox
    form_mail: FormMail | None


def _on_its_form(
    letter: FormLetter, *, settings: Settings, secret: bytes, now: datetime
) -> Mail | None:
    """The mail, put together from its form; None where it has to be written in full.

    The first letter of a form is written both ways; should they differ, none is put together.
    """
    said = letter.common
    try:
        key = ("mail", said["sender"], said["reply_to"])
    except KeyError:
        return None  # they are each letter's own
    made = letter.form.made.get(key)
    if isinstance(made, _Made) and made.settings is settings and made.secret == secret:
        return _put_together(letter, made, now=now)
    sender = parse_mailbox(letter.sender or settings.from_address)
    made = _Made(settings, secret, sender, _form_mail(letter, sender, settings, secret))
    mail = _put_together(letter, made, now=now)
    if mail is not None:
        whole = _whole(letter, settings=settings, secret=secret, now=now)
        if (mail.content, mail.envelope_from) != (whole.content, whole.envelope_from):
            _log.error("a mail put together from its form differs", kind=letter.kind)
            NO_SKELETON.labels(kind=letter.kind).inc()
            made, mail = replace(made, form_mail=None), whole
    letter.form.made[key] = made
    return mail


def _put_together(letter: FormLetter, made: _Made, *, now: datetime) -> Mail | None:
    if made.form_mail is None or not fits_message_id(letter.uid):
        return None
    recipient = to_ascii_address(letter.address)
    wire = made.form_mail.write(letter, recipient, date=letter.first_tried_at or now)
    if wire is None:
        return None
    envelope_from, group = _envelope(letter.uid, made.sender, made.settings, made.secret)
    return Mail(envelope_from, recipient, None, group, wire=wire)


def _form_mail(
    letter: FormLetter, sender: Mailbox, settings: Settings, secret: bytes
) -> FormMail | None:
    if not letter.text.strip() or not letter.html.strip():
        return None
    if any(name.lower() == UNSUBSCRIBE.lower() for name, _ in letter.headers[1:]):
        return None
    reply = [("Reply-To", write_mailbox(parse_mailbox(letter.reply_to)))] if letter.reply_to else []
    extra = [one for one in other_headers(letter, settings, secret) if one[0] != UNSUBSCRIBE]
    plain, html = (f"{_write_part_headers(one).decode()}\r\n\r\n" for one in ("plain", "html"))

    named = partial(_name_line, settings.provider)

    def lines(headers: list[tuple[str, str]]) -> str:
        return "".join(f"{header_line(name, value)}\r\n" for name, value in headers)

    blueprint = Blueprint(
        before_recipient=lines([("From", write_mailbox(sender))]),
        subject=write_subject,
        domain=sender.domain,
        named=named if named(letter.uid) else None,
        after_id=lines(reply),
        extra=letter.headers,
        mailbox=lambda uid: unsubscribe_mailbox(uid, settings, secret),
        before_parts=lines(extra),
        part_heads=(plain, html),
    )
    return FormMail(letter.form, blueprint)


def _name_line(provider: str, uid: str) -> str:
    header = name_header(provider, uid)
    return "" if header is None else f"{header_line(*header)}\r\n"


def _envelope(uid: str, sender: Mailbox, settings: Settings, secret: bytes) -> tuple[str, str]:
    if settings.bounce_domain:
        domain = to_ascii_domain(settings.bounce_domain)
        return make_address(ReturnPurpose.BOUNCE, uid, domain=domain, secret=secret), f"@{domain}"
    if settings.envelope_from:
        address = parse_mailbox(settings.envelope_from).address
        return address, address
    return sender.address, sender.address


def _body(letter: Letter) -> tuple[list[tuple[str, str]], bytes]:
    parts = [
        (subtype, text)
        for subtype, text in (("plain", letter.text), ("html", letter.html))
        if text.strip()
    ]
    if not parts:
        raise ValueError("The letter has neither text nor HTML.")
    if len(parts) == 1:
        subtype, text = parts[0]
        return _part_headers(subtype), quote_printable(text)
    # `=_` never occurs in quoted-printable text, so the boundary cannot occur in a part.
    boundary = "=_" + hashlib.sha256(letter.uid.encode()).hexdigest()[:32]
    chunks = [
        b"--%s\r\n%s\r\n\r\n%s"
        % (boundary.encode(), _write_part_headers(subtype), quote_printable(text))
        for subtype, text in parts
    ]
    end = f"--{boundary}--\r\n".encode()
    return [("Content-Type", f'multipart/alternative; boundary="{boundary}"')], b"".join(
        chunks
    ) + end


def _part_headers(subtype: str) -> list[tuple[str, str]]:
    return [
        ("Content-Type", f"text/{subtype}; charset=utf-8"),
        ("Content-Transfer-Encoding", "quoted-printable"),
    ]


def _write_part_headers(subtype: str) -> bytes:
    return "\r\n".join(f"{name}: {value}" for name, value in _part_headers(subtype)).encode("ascii")
