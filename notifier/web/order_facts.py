"""Which facts stand on the page of something bought: what was promised, what is expected, what is
sent back?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from notifier.domain.order_delay import State, Until, Why
from notifier.domain.order_delay.packs import Looks
from notifier.domain.order_history import Happened
from notifier.i18n import eta_words, format_date
from notifier.services.read_eta import read_iso
from notifier.services.show_order import Shown
from notifier.web.pages import fill

Row = tuple[str, str]
_AGREED = (State.CONSENTED, State.CONSENTED_INDEFINITE)


def facts_of(shown: Shown, words: Mapping[str, str], *, locale: str) -> list[Row]:
    """Label and value, in reading order."""
    order, standing = shown.case.order, shown.standing
    ordered = order.completed_at.astimezone(ZoneInfo(order.zone)).date()
    rows = [
        (words["order"], f"{order.ref} · {format_date(ordered, locale)}"),
        (words["promised"], _promised(shown, words, locale=locale)),
    ]
    if standing.state in _AGREED:
        key = "agreed_until" if standing.limit else "agreed_open"
        rows.append((words["agreed"], _dated(words[key], standing.limit, locale=locale)))
    if standing.refund is not None:
        return rows + money_of(shown, words, locale=locale)
    shipped = shown.case.latest(Happened.SHIPPED)
    if shipped is not None:
        known = ((name, shipped.facts.get(name)) for name in ("carrier", "tracking"))
        return rows + [(words[name], str(value)) for name, value in known if value]
    expected = _expected(shown, words, locale=locale)
    if expected:
        by_delivery = standing.pack.looks is Looks.AT_DELIVERY
        rows.append((words["expected_arrive" if by_delivery else "expected_ship"], expected))
    return rows


def money_of(shown: Shown, words: Mapping[str, str], *, locale: str) -> list[Row]:
    """What is sent back, and when; nothing where nothing is owed, or nobody knows yet."""
    refund = shown.standing.refund
    if refund is None or shown.standing.state is State.MANUAL_REVIEW:
        return []
    if refund.sent_at is not None:
        sent = refund.sent_at.astimezone(ZoneInfo(shown.case.order.zone)).date()
        return [(words["refund"], _dated(words["refund_sent"], sent, locale=locale))]
    return [(words["refund"], _dated(words["refund_due"], refund.by, locale=locale))]


def _promised(shown: Shown, words: Mapping[str, str], *, locale: str) -> str:
    promise, day = shown.case.facts.promise, shown.standing.promised
    if promise is None:
        return _dated(words["promised_none"], day, locale=locale)
    if promise.text and promise.by is None:
        return fill(_dated(words["promised_by"], day, locale=locale), said=promise.text)
    return _dated(words["expected_by"], day, locale=locale)


def _expected(shown: Shown, words: Mapping[str, str], *, locale: str) -> str:
    """The date as of now, or that there is none; empty when nobody has said anything."""
    estimate = shown.case.latest(Happened.ESTIMATE)
    if estimate is None:
        return ""
    facts = estimate.facts
    if not facts.get("ship_by") or not facts.get("has_basis"):
        return words["expected_none"]
    if any(one.why is Why.ESTIMATE_OVER for one in shown.standing.reasons):
        return words["expected_over"]
    arrives = shown.standing.pack.looks is Looks.AT_DELIVERY
    transit = shown.case.line.transit_days if arrives else 0
    eta = read_iso(str(facts.get("eta") or ""))
    if eta is not None and eta.earliest != eta.latest and not transit:
        return eta_words(eta, locale, shown.now.astimezone(ZoneInfo(shown.case.order.zone)).date())
    day = date.fromisoformat(facts["ship_by"]) + timedelta(days=transit)
    return _dated(words["expected_by"], day, locale=locale)


def _dated(phrase: str, day: Until, *, locale: str) -> str:
    return fill(phrase, day=format_date(day, locale)) if day else phrase
