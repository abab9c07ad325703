"""How does the order desk say where an order line stands, what is next, and what happened?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from notifier.domain.message import MessageKind
from notifier.domain.order_delay import NextStep, NoticeKind, State, Why
from notifier.i18n import format_date, format_moment

__all__ = [
    "LAWS",
    "MESSAGES",
    "STATES",
    "STEPS",
    "TONES",
    "WHY",
    "countdown",
    "deadline_words",
    "event_words",
    "moment_words",
    "short_day",
]

STATES: Mapping[State, str] = {
    State.OPEN: "On time",
    State.NOTICE_DUE: "Late, customer not told yet",
    State.CONSENTED: "Customer agreed to the date",
    State.CONSENTED_INDEFINITE: "Customer waits without a date",
    State.SHIPPED: "Shipped",
    State.REFUND_DUE: "Ended, refund owed",
    State.REFUNDED: "Refunded",
    State.MANUAL_REVIEW: "A person must look",
    State.NOT_COVERED: "No deadline by law",
    State.OPTION_SHORT: "Told; silence means yes",
    State.OPTION_LONG: "Told; needs a yes",
    State.RENEWED_OPTION: "Told again; needs a yes",
    State.DATE_PROPOSED: "New date proposed",
    State.DELIVERY_MISSED: "Delivery missed",
    State.EXTRA_PERIOD: "In the extra period",
    State.MAY_TERMINATE: "Customer may terminate",
    State.DELIVERED: "Delivered",
}
TONES: Mapping[State, str] = {
    **dict.fromkeys((State.OPEN, State.CONSENTED, State.SHIPPED, State.DELIVERED), "good"),
    **dict.fromkeys((State.REFUNDED, State.NOT_COVERED), "quiet"),
    **dict.fromkeys(
        (State.REFUND_DUE, State.MANUAL_REVIEW, State.DELIVERY_MISSED, State.MAY_TERMINATE), "bad"
    ),
}
"""What is none of these waits for somebody: `warn`."""

STEPS: Mapping[NextStep, str] = {
    NextStep.SHIP: "Ship it",
    NextStep.UPDATE_ESTIMATE: "Give a new date: the expected day is over",
    NextStep.OFFER_OPTION: "The notifier writes to the customer",
    NextStep.OFFER_RENEWED_OPTION: "The notifier writes to the customer again",
    NextStep.PROPOSE_DATE: "The notifier proposes the new date",
    NextStep.REACH_ANOTHER_WAY: "Call the customer: the notice came back",
    NextStep.AWAIT_ANSWER: "Await the customer's answer",
    NextStep.UPDATE_CUSTOMER: "The notifier sends word: a month without any",
    NextStep.CONFIRM_DELIVERY: "Find out whether it arrived",
    NextStep.SEND_REFUND: "Send the refund",
    NextStep.REVIEW: "Find out what came first",
    NextStep.NOTHING: "Nothing",
}
MESSAGES: Mapping[str, str] = {
    MessageKind.ORDER_BACKORDERED: "Ordered ahead, with its date",
    MessageKind.DELAY_NOTICE: "Notice of delay",
    MessageKind.DELAY_RENEWED: "Notice of a further delay",
    MessageKind.ORDER_ETA_BETTER: "Sooner than expected",
    MessageKind.ORDER_READY: "The goods are here",
    MessageKind.ORDER_CANCELLED: "Ended, with the day of the refund",
    MessageKind.ORDER_CHECKING: "We are looking into it",
}
LAWS: Mapping[str, str] = {
    "us-ftc-435": "16 CFR 435, United States",
    "eu-crd-18": "Directive 2011/83/EU, art. 18",
    "uk-cra-28": "Consumer Rights Act 2015, s. 28",
}
WHY: Mapping[Why, str] = {
    Why.TIME_STATED: "A time was promised; it is the one that counts.",
    Why.TIME_NOT_STATED: "No time was promised, so the law's own counts.",
    Why.DELAY_KNOWN: "The delay became known, so the customer is asked.",
    Why.DATE_WITHOUT_BASIS: "A date that nobody stands behind is not told.",
    Why.ESTIMATE_OVER: "The expected day passed, and nothing had shipped.",
    Why.OPTION_SHORT_OFFERED: "Asked in time. At most 30 days late: silence is a yes.",
    Why.OPTION_LONG_OFFERED: "Asked in time. Without a yes by the promised day it ends.",
    Why.RENEWED_OPTION_OFFERED: "Asked again in time. Without a yes by the old date it ends.",
    Why.NO_OPTION_OFFERED: "The promised day passed, and no valid notice had been given.",
    Why.LONG_OPTION_LAPSED: "No yes came by the promised day, so the order ended by itself.",
    Why.NO_RENEWED_OPTION_OFFERED: "The agreed day passed without another notice: it ended.",
    Why.RENEWED_OPTION_LAPSED: "No yes came by the agreed day, so the order ended by itself.",
    Why.NOTICE_UNDELIVERED: "A notice that came back counts as none.",
    Why.DELIVERY_MISSED: "The promised day passed without delivery. The customer may set a period.",
    Why.PERIOD_MISSED: "The extra period passed too. The customer may terminate.",
    Why.SHIPPED_AFTER_END: "It left after the order had ended. The refund is owed all the same.",
    Why.REFUND_NEARLY_OVERDUE: "The refund is nearly overdue.",
    Why.REFUND_OVERDUE: "The refund is overdue.",
    Why.REFUND_LATE: "The refund was sent after its last day.",
}
"""What the rules made of it; what only repeats an event is left out."""

_NOTICES = {
    NoticeKind.FIRST_SHORT: "silence means yes",
    NoticeKind.FIRST_EXPLICIT: "it needs a yes",
    NoticeKind.RENEWED: "it needs a yes",
    NoticeKind.PROPOSAL: "a proposal",
}
_ALARMS = {
    "not_reached": "the customer was not reached",
    "review": "cancelled and shipped at the same instant",
}


def event_words(kind: str, facts: Mapping[str, Any], *, by: str) -> str:
    """One stored event as a sentence for Olga."""
    match kind:
        case "estimate":
            return _estimate(facts, by=by)
        case "notice" | "told":
            return _told(facts)
        case "returned":
            return "That message came back: it did not arrive."
        case "kept":
            until = facts.get("until")
            when = f"until {short_day(date.fromisoformat(until))}" if until else "without a date"
            return f"The customer agrees to wait {when}."
        case "period":
            until = facts.get("until")
            when = short_day(date.fromisoformat(until)) if until else "an open day"
            return f"The customer sets an extra period, until {when}."
        case "shipped":
            return f"Shipped{_with(facts, 'carrier', ', by {}')}{_with(facts, 'tracking', ', {}')}."
        case "refund_sent":
            return f"The refund was sent{_with(facts, 'reference', ' ({})')}."
        case "reviewed":
            first = "the parcel" if facts.get("shipped_first") else "the cancellation"
            return f"Olga found out that {first} came first."
        case "changed":
            return _changed(facts)
        case "alarm":
            why = str(facts.get("why", ""))
            return f"Olga was called: {_ALARMS.get(why, why.replace('_', ' '))}."
        case "hook":
            return f"The shop's software was told: {facts.get('hook', '')}."
        case _:
            return _PLAIN.get(kind, f"{kind.replace('_', ' ').capitalize()}.")


_PLAIN = {
    "cancelled": "The customer cancelled.",
    "withdrawn": "The customer withdrew from the contract.",
    "no_ship": "The shop will not ship it.",
    "delivered": "It arrived.",
    "refund_blocked": "The money could not go back the way it came.",
}


def _estimate(facts: Mapping[str, Any], *, by: str) -> str:
    if facts.get("scope") == "stock":
        return "The goods for it are here."
    said = facts.get("source") or by
    source = f" ({said})" if said else ""
    if not facts.get("ship_by"):
        return f"Nobody knows when it comes{source}."
    return f"Expected to ship by {short_day(date.fromisoformat(facts['ship_by']))}{source}."


def _told(facts: Mapping[str, Any]) -> str:
    kind = str(facts.get("message_kind") or facts.get("kind") or "")
    how = "A text" if facts.get("medium") == "sms" else "Mail"
    if facts.get("via") == "page":
        how = "On the page"
    words = f"{how} to the customer: {MESSAGES.get(kind, kind.replace('_', ' '))}"
    asked = str(facts.get("kind", ""))
    effect = _NOTICES.get(NoticeKind(asked)) if asked in set(NoticeKind) else None
    return f"{words} ({effect})." if effect else f"{words}."


def _changed(facts: Mapping[str, Any]) -> str:
    if "quantity" in facts:
        return f"The quantity is now {facts['quantity']}; it was {facts.get('was')}."
    return "The customer took something else instead."


def _with(facts: Mapping[str, Any], name: str, words: str) -> str:
    return words.format(facts[name]) if facts.get(name) else ""


def short_day(day: date) -> str:
    return format_date(day, "en")


def moment_words(at: datetime, zone: str) -> str:
    """`22 November 2026, 14:05`, on the clocks of that place."""
    there = at.astimezone(ZoneInfo(zone))
    return f"{short_day(there.date())}, {there:%H:%M}"


def deadline_words(at: datetime, zone: str) -> str:
    """The last minute before a deadline, as the customer's clocks show it."""
    return format_moment(at - timedelta(minutes=1), zone, "en")


def countdown(at: datetime, now: datetime) -> str:
    """`in 18 days`, `in 5 hours`, `3 days ago`."""
    seconds = (at - now).total_seconds()
    size = abs(seconds)
    count, unit = (
        (size // 86400, "day")
        if size >= 86400
        else (size // 3600, "hour")
        if size >= 3600
        else (max(size // 60, 1), "minute")
    )
    words = f"{count:.0f} {unit}{'' if count == 1 else 's'}"
    return f"in {words}" if seconds > 0 else f"{words} ago"
