"""What does each error code of Twilio mean for the message, the number and the channel?

Codes: https://www.twilio.com/docs/api/errors. 2xxxx refuse a request, 3xxxx come later with a
status callback; some come both ways. Twilio may change a message's code at will, so an unknown
one is judged by the HTTP status or the message status alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from notifier.channels.base import Blame, Outcome, ReceiptKind

__all__ = ["CODES", "Verdict", "judge_answer", "judge_report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One code's meaning: `outcome` as an answer, `receipt` as a later report."""

    meaning: str
    outcome: Outcome
    blame: Blame
    receipt: ReceiptKind = ReceiptKind.FAILED
    retry_after: timedelta | None = None


def _never(blame: Blame, receipt: ReceiptKind, meaning: str) -> Verdict:
    return Verdict(meaning=meaning, outcome=Outcome.REFUSED, blame=blame, receipt=receipt)


def _later(blame: Blame, meaning: str, *, minutes: int = 0) -> Verdict:
    wait = timedelta(minutes=minutes) if minutes else None
    return Verdict(meaning=meaning, outcome=Outcome.TRY_LATER, blame=blame, retry_after=wait)


def _config(meaning: str) -> Verdict:
    return _later(Blame.CONFIG, meaning)


def _no_such_phone(meaning: str) -> Verdict:
    return _never(Blame.ADDRESS, ReceiptKind.BOUNCED, meaning)


_FAILED = ReceiptKind.FAILED

CODES: dict[int, Verdict] = {
    # Our account or sender is not as it should be: pause the channel, burn no message.
    10001: _config("the account is not active"),
    20003: _config("account SID, token or API key is wrong"),
    20005: _config("the account is not active"),
    20403: _config("the account may not do this"),
    20404: _config("the account or the service does not exist"),
    21212: _config("the sender's number is invalid"),
    21603: _config("a sender is missing"),
    21606: _config("the sender's number cannot send SMS"),
    21608: _config("a trial account sends to verified numbers only"),
    21659: _config("the sender's number does not belong to the account"),
    21660: _config("sender and account do not match"),
    21701: _config("the Messaging Service does not exist"),
    21703: _config("the Messaging Service has no numbers"),
    21705: _config("the Messaging Service does not exist"),
    30002: _config("the account is suspended"),
    30032: _config("the toll-free number is not verified"),
    30034: _config("the number is not registered for A2P 10DLC"),
    21609: _config("the status callback's URL is invalid; is public_url right?"),
    # The way is blocked for now.
    20429: _later(Blame.TRANSPORT, "too many requests"),
    21611: _later(Blame.TRANSPORT, "the sender's queue is full", minutes=30),
    30001: _later(Blame.TRANSPORT, "a queue ran over", minutes=10),
    30008: _later(Blame.TRANSPORT, "unknown error at the carrier", minutes=10),
    30022: _later(Blame.TRANSPORT, "the carrier's rate was exceeded", minutes=10),
    30023: _later(Blame.TRANSPORT, "the carrier's daily limit was reached", minutes=10),
    # This number gets no SMS.
    21211: _no_such_phone("the number is invalid"),
    21214: _no_such_phone("the number cannot be reached"),
    21217: _no_such_phone("the number is not valid"),
    21408: _no_such_phone("the account may not send to that country"),
    21614: _no_such_phone("the number is not a mobile"),
    30004: _no_such_phone("the phone blocks messages"),
    30005: _no_such_phone("the phone is unknown or no longer exists"),
    30006: _no_such_phone("a landline, or a carrier that cannot be reached"),
    # This sender cannot reach this number; another may.
    21612: _never(Blame.POLICY, _FAILED, "this sender cannot write to this number"),
    30007: _never(Blame.POLICY, _FAILED, "a carrier's spam filter"),
    30003: Verdict(
        meaning="the phone is switched off or out of reach",
        outcome=Outcome.TRY_LATER,
        blame=Blame.MAILBOX,
        receipt=ReceiptKind.SOFT_BOUNCED,
        retry_after=timedelta(minutes=10),
    ),
    21610: _never(Blame.OPTED_OUT, ReceiptKind.STOPPED, "the person said STOP"),
    # Our text or our way of asking.
    21602: _never(Blame.OURS, _FAILED, "the text is empty"),
    21604: _never(Blame.OURS, _FAILED, "the number is missing"),
    21605: _never(Blame.CONTENT, _FAILED, "the text is too long"),
    21617: _never(Blame.CONTENT, _FAILED, "the text is longer than 1600 characters"),
    30036: _never(Blame.NOBODY, _FAILED, "the validity ran out before it could be sent"),
    30410: Verdict(
        meaning="the provider's own time ran out",
        outcome=Outcome.UNKNOWN,
        blame=Blame.TRANSPORT,
    ),
}


def judge_answer(status: int, code: int | None) -> Verdict:
    """What an HTTP answer that is not a success means. A 5xx says nothing about acceptance."""
    if status >= 500:
        meaning = CODES[code].meaning if code in CODES else f"Twilio answered {status}"
        return Verdict(meaning=meaning, outcome=Outcome.UNKNOWN, blame=Blame.TRANSPORT)
    if code in CODES:
        return CODES[code]
    if status == 429:
        return CODES[20429]
    if status == 408:
        return CODES[30410]
    if status in (401, 403, 404) or 300 <= status < 400:
        return _config(f"Twilio answered {status}")
    return _never(Blame.OURS, _FAILED, f"Twilio answered {status}")


def judge_report(code: int | None) -> Verdict:
    """What a status callback with `undelivered` or `failed` means."""
    if code in CODES:
        return CODES[code]
    return _never(Blame.NOBODY, _FAILED, "not delivered, no known reason")
