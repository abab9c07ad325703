"""Which new messages does Twilio refuse, and with which code?

Codes from https://www.twilio.com/docs/api/errors; the magic numbers from
https://www.twilio.com/docs/iam/test-credentials, so that every refusal can be had on demand.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["Refusal", "Wanted", "check_new_text"]

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")

_MAGIC_TO = {
    "+15005550001": (21211, "Invalid 'To' Phone Number: +15005550001"),
    "+15005550002": (21612, "Message cannot be sent with the current combination of 'To'"),
    "+15005550003": (21408, "Permission to send an SMS has not been enabled for the region"),
    "+15005550004": (21610, "Attempt to send to unsubscribed recipient"),
    "+15005550009": (21614, "'To' number: +15005550009, is not a mobile number"),
}
_MAGIC_FROM = {
    "+15005550001": (21212, "Invalid From Number (caller ID): +15005550001"),
    "+15005550007": (21606, "The 'From' phone number is not a valid, SMS-capable number"),
    "+15005550008": (21611, "This 'From' number has exceeded the maximum number of queued texts"),
}


class Refusal(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A new message that may be taken."""

    to: str
    sender: str
    service_sid: str
    body: str
    callback: str
    validity: int


def check_new_text(
    form: Mapping[str, str],
    *,
    numbers: Collection[str],
    silent: Collection[str],
    services: Collection[str],
    opted_out: Collection[str],
) -> Wanted:
    """Read the form of a new message. Raises Refusal."""
    wanted = Wanted(
        to=_recipient(form.get("To", "")),
        sender=_sender(form, numbers=numbers, silent=silent),
        service_sid=_service(form, services=services),
        body=_body(form.get("Body", "")),
        callback=_callback(form.get("StatusCallback", "")),
        validity=_validity(form.get("ValidityPeriod", "36000")),
    )
    if wanted.to in opted_out:
        raise Refusal(21610, "Attempt to send to unsubscribed recipient")
    return wanted


def _recipient(to: str) -> str:
    if not to:
        raise Refusal(21604, "A 'To' phone number is required.")
    if to in _MAGIC_TO:
        raise Refusal(*_MAGIC_TO[to])
    if not _E164.fullmatch(to):
        raise Refusal(21211, f"Invalid 'To' Phone Number: {to}")
    return to


def _sender(form: Mapping[str, str], *, numbers: Collection[str], silent: Collection[str]) -> str:
    sender = form.get("From", "")
    if not sender:
        if not form.get("MessagingServiceSid"):
            raise Refusal(21603, "A 'From' phone number or MessagingServiceSid is required.")
        return ""
    if sender in _MAGIC_FROM and sender not in numbers:
        raise Refusal(*_MAGIC_FROM[sender])
    if sender in silent:
        raise Refusal(21606, f"The 'From' phone number {sender} is not SMS-capable")
    if sender not in numbers and not _ALPHANUMERIC.fullmatch(sender):
        raise Refusal(21659, f"'From' {sender} is not a Twilio phone number of this account")
    return sender


def _service(form: Mapping[str, str], *, services: Collection[str]) -> str:
    sid = form.get("MessagingServiceSid", "")
    if sid and sid not in services:
        raise Refusal(21705, "The Messaging Service SID is invalid")
    return sid


def _body(body: str) -> str:
    if not body:
        raise Refusal(21602, "Message body is required.")
    if len(body) > 1600:
        raise Refusal(21617, "The concatenated message body exceeds the 1600 character limit")
    return body


def _callback(url: str) -> str:
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise Refusal(21609, "The StatusCallback URL is not a valid URL.")
    return url


def _validity(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 36000:
        raise Refusal(20001, "ValidityPeriod must be between 1 and 36000")
    return int(text)
