"""Is this a notification of Amazon SES, sent by SNS, and what became of the mail it tells of?

Signed with RSA over named fields; the certificate is at an address that the notification names, so
that address is looked at before anything is fetched: it must be SNS in the region of our topic.
Any AWS customer's topic is signed alike, so only ours is believed. Raw delivery has no signature
and is refused. SES writes a Message-ID of its own and reports the one it was given.

Sources: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html,
https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html (and -examples.html),
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from notifier.channels.base import Blame, ReceiptKind
from notifier.channels.mail_events.base import (
    Callback,
    Events,
    Fetch,
    Said,
    event_name,
    is_now,
    judge,
    moment_of,
    name_in,
    parsed,
    receipts_for,
    status_in,
    text_at,
)
from notifier.errors import InvalidInput

PROVIDER = "ses"
CONFIRMATION = "SubscriptionConfirmation"
LONGEST_SIGNATURE = 2000  # in base64; one of 2048 bits takes 344

_TOPIC = re.compile(r"arn:(aws(?:-[a-z]+)*):sns:([a-z0-9-]{3,32}):\d{12}:[A-Za-z0-9_-]{1,256}")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[A-Za-z0-9]+\.pem")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}
_SIGNED["UnsubscribeConfirmation"] = _SIGNED[CONFIRMATION]

# words of machines (RFC 5965 and RFC 6591) in which nobody complains
_NO_COMPLAINT = frozenset({"not-spam", "auth-failure", "virus"})
_ABOUT_LETTER = frozenset({"ContentRejected", "AttachmentRejected", "MessageTooLarge"})


def why_no_key(key: str) -> str:
    """Empty for the ARN of a topic."""
    if not _TOPIC.fullmatch(key):
        return "write the topic's ARN, arn:aws:sns:eu-west-1:123456789012:name"
    return ""


def is_genuine(callback: Callback, keys: Sequence[str], *, fetch: Fetch) -> bool:
    """Whether SNS signed this for one of our topics. Raises errors.LookFailed when the certificate
    cannot be had now."""
    value = parsed(callback.body)
    topic = _TOPIC.fullmatch(text_at(value, "TopicArn"))
    sort = text_at(value, "Type")
    at = moment_of(text_at(value, "Timestamp"))
    if topic is None or topic[0] not in keys or sort not in _SIGNED or at is None:
        return False
    if not is_now(at, now=callback.at) or text_at(value, "SignatureVersion") not in ("1", "2"):
        return False
    host = _host(topic)
    if sort == CONFIRMATION and not _is_confirmation(text_at(value, "SubscribeURL"), host):
        return False
    url = text_at(value, "SigningCertURL")
    # and nothing behind it: the same certificate would come under as many names as somebody likes
    if not _is_at(url, host) or not _CERTIFICATE.fullmatch(url.removeprefix(f"https://{host}")):
        return False
    return _is_signed(value, fetch(url, _is_certificate), now=callback.at)


def _host(topic: re.Match[str]) -> str:
    ending = ".cn" if topic[1] == "aws-cn" else ""
    return f"sns.{topic[2]}.amazonaws.com{ending}"


def _is_at(url: str, host: str) -> bool:
    """Whether an address is https at exactly this host: no port, no name, no fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and not re.search(r"[\s\\#]", url)
    return plain and parts.scheme == "https" and parts.netloc == host


def _is_confirmation(url: str, host: str) -> bool:
    return _is_at(url, host) and parse_qs(urlsplit(url).query).get("Action") == [
        "ConfirmSubscription"
    ]


def _is_certificate(body: bytes) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509 import load_pem_x509_certificate

    try:
        load_pem_x509_certificate(body).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def _is_signed(value: Any, certificate: bytes, *, now: datetime) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
    from cryptography.x509 import load_pem_x509_certificate

    written = text_at(value, "Signature")
    try:
        signature = b64decode(written[:LONGEST_SIGNATURE], validate=True)
    except ValueError:
        return False
    found = load_pem_x509_certificate(certificate)
    key = found.public_key()
    if not found.not_valid_before_utc <= now <= found.not_valid_after_utc:
        return False
    # version 1 is SHA-1, which Amazon still uses unless a topic is set to version 2
    digest: HashAlgorithm = SHA1() if text_at(value, "SignatureVersion") == "1" else SHA256()
    if not isinstance(key, RSAPublicKey):
        return False
    try:
        key.verify(signature, _signed_text(value), PKCS1v15(), digest)
    except InvalidSignature:
        return False
    return True


def _signed_text(value: dict[str, Any]) -> bytes:
    """Name and value of each field that is there, each on a line of its own."""
    lines = []
    for name in _SIGNED[value["Type"]]:
        if isinstance(value.get(name), str):
            lines += [name, value[name]]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def read(value: Any, *, at: datetime) -> Events:
    """What SNS brought. Raises errors.InvalidInput."""
    del at
    sort = text_at(value, "Type")
    if sort == CONFIRMATION:
        return Events(confirm=text_at(value, "SubscribeURL"))
    if sort != "Notification":
        return Events(ignored=(sort,))
    event = parsed(text_at(value, "Message"))
    if not isinstance(event, dict):
        return Events(ignored=("words",))  # "Successfully validated SNS topic for Amazon SES…"
    mail = event.get("mail")
    said, name, time = _said(event)
    if said is None:
        return Events(ignored=(_kind(event) or "unreadable",))
    if not isinstance(mail, dict):
        raise InvalidInput.of("mail", "missing", "Send the notification of SES with its mail.")
    id_ = text_at(mail, "messageId")
    # the same event may come by two ways: as feedback of the identity, and as published
    own = f"{id_} {_kind(event)} {time}" if id_ else text_at(value, "MessageId")
    own = own or event_name(value)
    return Events(
        receipts=receipts_for(
            said,
            provider=PROVIDER,
            event_id=name or own,
            uid=name_in(_message_id(mail)),
            provider_id=id_,
            at=moment_of(time or text_at(value, "Timestamp")),
        )
    )


def _kind(event: dict[str, Any]) -> str:
    """`notificationType` in feedback notifications, `eventType` in event publishing."""
    return text_at(event, "notificationType") or text_at(event, "eventType")


def _message_id(mail: dict[str, Any]) -> str:
    """The Message-ID that SES was given; empty where the headers were left out."""
    if found := text_at(mail, "commonHeaders", "messageId"):
        return found
    headers = mail.get("headers")
    for header in headers if isinstance(headers, list) else ():
        if text_at(header, "name").lower() == "message-id":
            return text_at(header, "value")
    return ""


def _said(event: dict[str, Any]) -> tuple[Said | None, str, str]:
    """The event in our words, Amazon's name for it, and its time; both may be empty."""
    kind = _kind(event)
    if kind == "Bounce":
        return _bounce(event), text_at(event, "bounce", "feedbackId"), _time(event, "bounce")
    if kind == "Complaint":
        feedback = text_at(event, "complaint", "feedbackId")
        return _complaint(event), feedback, _time(event, "complaint")
    if kind == "Subscription":
        preferences = event.get("subscription")
        new = preferences.get("newTopicPreferences") if isinstance(preferences, dict) else None
        if not isinstance(new, dict) or new.get("unsubscribeAll") is not True:
            return None, "", ""
        stop = Said(
            kind=ReceiptKind.STOPPED, blame=Blame.OPTED_OUT, code="subscription", shuts_address=True
        )
        return stop, "", _time(event, "subscription")
    plain = {
        "Send": (ReceiptKind.ACCEPTED, Blame.NOBODY, "send", ""),
        "Delivery": (ReceiptKind.DELIVERED, Blame.NOBODY, "delivery", "smtpResponse"),
        "DeliveryDelay": (ReceiptKind.DELAYED, Blame.NOBODY, "deliveryDelay", "delayType"),
        "Reject": (ReceiptKind.FAILED, Blame.CONTENT, "reject", "reason"),
    }
    if kind not in plain:
        return None, "", ""
    found, blame, part, field = plain[kind]
    said = Said(kind=found, blame=blame, code=kind, detail=text_at(event, part, field))
    return said, "", _time(event, part)


def _time(event: dict[str, Any], part: str) -> str:
    return text_at(event, part, "timestamp")


def _bounce(event: dict[str, Any]) -> Said | None:
    bounce = event.get("bounce")
    sort, sub = text_at(bounce, "bounceType"), text_at(bounce, "bounceSubType")
    recipients = bounce.get("bouncedRecipients") if isinstance(bounce, dict) else None
    first = recipients[0] if isinstance(recipients, list) and recipients else None
    words = text_at(first, "diagnosticCode")
    status = status_in(text_at(first, "status"), words)
    action = text_at(first, "action").lower()
    detail = words or f"{sort} {sub}"
    if sub == "UnsubscribedRecipient":
        return Said(
            kind=ReceiptKind.FAILED,
            blame=Blame.POLICY,
            code=sub,
            detail=detail,
            refused_for_person=True,
        )
    if sub in _ABOUT_LETTER:
        return Said(kind=ReceiptKind.FAILED, blame=Blame.CONTENT, code=sub, detail=detail)
    if action == "delayed":
        return Said(kind=ReceiptKind.DELAYED, code=status or sub, detail=detail)
    if (sort, sub) == ("Transient", "General") and not (action or status or words):
        return None  # an answering machine: who could not deliver sends a report, with a code
    if sub == "MailboxFull" and not status:
        status = "5.2.2"
    kind, blame = judge(status, hard=sort == "Permanent")
    return Said(kind=kind, blame=blame, code=status or f"{sort} {sub}".strip(), detail=detail)


def _complaint(event: dict[str, Any]) -> Said | None:
    feedback = text_at(event, "complaint", "complaintFeedbackType")
    if feedback in _NO_COMPLAINT:
        return None
    if text_at(event, "complaint", "complaintSubType") == "OnAccountSuppressionList":
        # it was not sent, for a complaint of some time ago
        return Said(
            kind=ReceiptKind.FAILED,
            blame=Blame.POLICY,
            code="OnAccountSuppressionList",
            refused_for_person=True,
        )
    return Said(
        kind=ReceiptKind.COMPLAINED,
        blame=Blame.POLICY,
        code=feedback or "complaint",
        detail=text_at(event, "complaint", "userAgent"),
    )
