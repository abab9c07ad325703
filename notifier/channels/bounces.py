"""What do the mails that come back to us say: bounced, delayed, a complaint, "stop"?

Pure functions on the bytes of one mail, from the mailbox of `bounce_domain` or of
`unsubscribe_address`. Nothing is believed without our own token in it (`smtp.verp`): anybody can
post a bounce, and a forged one must not silence a customer (trust EM-13 to EM-15, EM-27).

    read_mail(raw, secrets=[…])  →  Receipt, or None for everything else
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from email import message_from_bytes
from email.message import Message

import structlog

from notifier.channels.base import Blame, Outcome, Receipt, ReceiptKind
from notifier.channels.foreign_mail import (
    LOOKED_AT,
    date_of,
    field_of,
    headers_of,
    quoted_mail,
    shape_of,
    text_of,
)
from notifier.channels.smtp.classify import Stage, classify, shorten
from notifier.channels.smtp.reply import find_enhanced_code
from notifier.channels.smtp.verp import ReturnPath, ReturnPurpose, find_tokens, read_token

__all__ = ["judge_failure", "read_mail"]

_log = structlog.get_logger(__name__)

PROVIDER = "mailbox"
LARGEST = 2_000_000  # octets; a bounce quotes at most one of our mails

_RECIPIENT_HEADERS = (
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "X-Envelope-To",
    "To",
    "Cc",
    "Resent-To",
)
_QMAIL = "this is the qmail-send program"
_BOUNCE_SENDER = re.compile(r"(^|<|\")(mailer-daemon|postmaster|mail-daemon)@", re.I)
_BOUNCE_SUBJECT = re.compile(
    r"undeliver|deliver\w{0,9} (status|fail|problem|error)|failure notice|returned mail"
    r"|return to sender|mail deliver\w{0,9} failed|could not be delivered|unzustellbar"
    r"|no entregado",
    re.I,
)
_DELAY_SUBJECT = re.compile(r"delay|warning|still trying|verzögert", re.I)
_SMTP_ANSWER = re.compile(
    r"\b(5\d\d)[ -](?:.{0,40}?[ #(])??([245]\.\d{1,3}\.\d{1,3})(?![.\d])", re.S
)


def read_mail(raw: bytes, *, secrets: Sequence[bytes], envelope_to: str = "") -> Receipt | None:
    """What a mail that came to our mailbox says about one of our messages.

    `secrets`: the present secret of the mail channel, then those before it. `envelope_to`: the
    address it was delivered to, when the mailbox knows it better than the headers. None: it is
    none of ours, forged, an automatic answer, or says nothing that counts. Never raises.
    """
    if len(raw) > LARGEST:
        return None
    shape = shape_of(raw)
    if shape.takes_too_long:
        _log.warning(
            "A mail that came back is not read: it would take too long",
            lines=shape.lines,
            boundaries=shape.boundaries,
            longest=shape.longest,
        )
        return None
    try:
        return _read(raw, secrets, envelope_to)
    except Exception:  # noqa: BLE001 - one mail that breaks the parser must not block the mailbox
        _log.exception("A mail that came back cannot be read", octets=len(raw))
        return None


def _read(raw: bytes, secrets: Sequence[bytes], envelope_to: str) -> Receipt | None:
    mail = message_from_bytes(raw)
    addressed = _find_addressed(mail, envelope_to, secrets)
    report_type = str(mail.get_param("report-type") or "").lower()
    if mail.get_content_type() == "multipart/report" and report_type == "feedback-report":
        return _read_complaint(raw, mail, secrets)
    if addressed is None:
        return _read_stop_request(raw, mail, secrets)
    if addressed.purpose is ReturnPurpose.UNSUBSCRIBE:
        return _receipt(raw, mail, addressed.uid, ReceiptKind.STOPPED, blame=Blame.OPTED_OUT)
    if mail.get_content_type() == "multipart/report":
        return _read_status_report(raw, mail, addressed.uid)
    return _read_plain_bounce(raw, mail, addressed.uid)


def _find_addressed(mail: Message, envelope_to: str, secrets: Sequence[bytes]) -> ReturnPath | None:
    texts = [envelope_to, *headers_of(mail, *_RECIPIENT_HEADERS)]
    return _first_token(texts, secrets)


def _read_status_report(raw: bytes, mail: Message, uid: str) -> Receipt | None:
    """A delivery status notification (RFC 3464). One of our mails has one recipient."""
    groups = [group for group in _status_groups(mail) if group["Action"]]
    if not groups:
        return None
    failed = [group for group in groups if field_of(group, "Action").lower() == "failed"]
    group = (failed or groups)[0]
    status = _status_of(group)
    kind, blame = _judge_status(field_of(group, "Action").lower(), status)
    if kind is None:
        return None
    return _receipt(
        raw,
        mail,
        uid,
        kind,
        blame=blame,
        code=status,
        detail=field_of(group, "Diagnostic-Code") or status,
        recipient=field_of(group, "Final-Recipient").partition(";")[2].strip(),
    )


def _status_groups(mail: Message) -> list[Message]:
    """The header blocks of message/delivery-status; the first is about the mail as a whole."""
    for part in mail.walk():
        if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status"):
            payload = part.get_payload()
            return [group for group in payload if isinstance(group, Message)] if payload else []
    return []


def _status_of(group: Message) -> str:
    """The RFC 3463 code. When it says no more than "failed" (x.0.0), the server's own words."""
    match = re.search(r"[245]\.\d{1,3}\.\d{1,3}", field_of(group, "Status"))
    status = match[0] if match else ""
    said = _SMTP_ANSWER.search(field_of(group, "Diagnostic-Code"))
    if said and (not status or status.endswith(".0.0")):
        return said[2]
    return status


def _judge_status(action: str, status: str) -> tuple[ReceiptKind | None, Blame]:
    if action == "delivered":
        return ReceiptKind.DELIVERED, Blame.NOBODY
    if action == "delayed":
        return ReceiptKind.DELAYED, Blame.NOBODY
    if action == "failed":
        return judge_failure(status)
    return None, Blame.NOBODY  # relayed, expanded: it has left the part of the way that reports


def judge_failure(status: str) -> tuple[ReceiptKind, Blame]:
    """Given up for good. Only a code that says "no such mailbox" is held against the address."""
    if not status.startswith("5"):
        return ReceiptKind.SOFT_BOUNCED, Blame.MAILBOX  # tried for days: full, slow or down
    result = classify(Stage.DOT, 550, enhanced=status)
    if result.blame is Blame.ADDRESS:
        return ReceiptKind.BOUNCED, Blame.ADDRESS
    if result.blame is Blame.MAILBOX:
        return ReceiptKind.SOFT_BOUNCED, Blame.MAILBOX
    blame = Blame.NOBODY if result.outcome is Outcome.TRY_LATER else result.blame
    return ReceiptKind.FAILED, Blame.POLICY if status.startswith("5.7.") else blame


def _read_plain_bounce(raw: bytes, mail: Message, uid: str) -> Receipt | None:
    """A bounce in free text (qmail, old Exim): ours by its token alone, judged by codes in it."""
    text = text_of(mail)
    subject = " ".join(headers_of(mail, "Subject"))
    is_qmail = _QMAIL in text[:2000].lower()
    failed_recipients = " ".join(headers_of(mail, "X-Failed-Recipients"))
    senders = headers_of(mail, "From", "Sender")
    from_daemon = any(_BOUNCE_SENDER.search(sender) for sender in senders)
    if not (is_qmail or failed_recipients or from_daemon):
        return None  # somebody's holiday notice
    if from_daemon and not is_qmail and not failed_recipients:
        if _DELAY_SUBJECT.search(subject) and not _BOUNCE_SUBJECT.search(subject):
            return _receipt(raw, mail, uid, ReceiptKind.DELAYED)
        if not _BOUNCE_SUBJECT.search(subject):
            return None
    said = _SMTP_ANSWER.search(text)
    status = said[2] if said else find_enhanced_code(550, tuple(text[:5000].splitlines()))
    kind, blame = judge_failure(status) if status else (ReceiptKind.SOFT_BOUNCED, Blame.MAILBOX)
    return _receipt(
        raw,
        mail,
        uid,
        kind,
        blame=blame,
        code=status,
        detail=" ".join(text.split())[:1000],
        recipient=failed_recipients,
    )


def _read_complaint(raw: bytes, mail: Message, secrets: Sequence[bytes]) -> Receipt | None:
    """An abuse report (RFC 5965). Ours by a token in what it quotes of our mail."""
    report = next(
        (part for part in mail.walk() if part.get_content_type() == "message/feedback-report"), None
    )
    if report is None:
        return None
    fields = quoted_mail(report)  # the email package reads its fields as a mail in it
    kinds = {
        "abuse": (ReceiptKind.COMPLAINED, Blame.POLICY),
        "fraud": (ReceiptKind.COMPLAINED, Blame.POLICY),
        "opt-out": (ReceiptKind.STOPPED, Blame.OPTED_OUT),
        "opt-out-list": (ReceiptKind.STOPPED, Blame.OPTED_OUT),
    }
    kind, blame = kinds.get(field_of(fields, "Feedback-Type").lower(), (None, Blame.NOBODY))
    quoted = [part for part in mail.walk() if part.get_content_type() in _QUOTED]
    texts = headers_of(fields, "Original-Mail-From")
    for part in quoted:
        original = quoted_mail(part)
        texts += headers_of(original, "Return-Path", "List-Unsubscribe")
    found = _first_token(texts, secrets)
    if kind is None or found is None:
        return None
    return _receipt(
        raw,
        mail,
        found.uid,
        kind,
        blame=blame,
        code=field_of(fields, "Feedback-Type").lower(),
        detail=field_of(fields, "User-Agent"),
        recipient=field_of(fields, "Original-Rcpt-To").strip("<>"),
    )


_QUOTED = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global")


def _read_stop_request(raw: bytes, mail: Message, secrets: Sequence[bytes]) -> Receipt | None:
    """A mail to the unsubscribe mailbox with our token in its subject or text (RFC 2369)."""
    if _is_automatic(mail):
        return None
    texts = [*headers_of(mail, "Subject"), text_of(mail)]
    for text in texts:
        for found in find_tokens(text, secrets=secrets):
            if found.purpose is ReturnPurpose.UNSUBSCRIBE:
                kind, blame = ReceiptKind.STOPPED, Blame.OPTED_OUT
                return _receipt(raw, mail, found.uid, kind, blame=blame)
    return None


def _is_automatic(mail: Message) -> bool:
    """An answering machine or a bounce: it quotes our token and asks for nothing (RFC 3834)."""
    submitted = " ".join(headers_of(mail, "Auto-Submitted")).lower().strip()
    return bool(submitted and submitted != "no") or any(
        path.strip() == "<>" for path in headers_of(mail, "Return-Path")
    )


def _receipt(
    raw: bytes,
    mail: Message,
    uid: str,
    kind: ReceiptKind,
    *,
    blame: Blame = Blame.NOBODY,
    code: str = "",
    detail: str = "",
    recipient: str = "",
) -> Receipt:
    name = " ".join(headers_of(mail, "Message-ID")).strip() or hashlib.sha256(raw).hexdigest()
    event = hashlib.sha256(f"{uid} {kind} {name}".encode("utf-8", "replace")).hexdigest()
    return Receipt(
        provider=PROVIDER,
        event_id=event[:40],
        kind=kind,
        uid=uid,
        at=date_of(mail),
        blame=blame,
        code=code,
        detail=shorten(detail),
        raw={"recipient": shorten(recipient), "message_id": shorten(name)},
    )


def _first_token(texts: Iterable[str], secrets: Sequence[bytes]) -> ReturnPath | None:
    found = (read_token(text[:LOOKED_AT], secrets=secrets) for text in texts)
    return next(filter(None, found), None)
