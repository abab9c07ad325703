"""Which new date is the customer of an order line asked to agree to, and in which words?

The page behind the link says it in the same locked sentences as the notice, so an answer given
there proves that the offer arrived, whether or not the mail did (trust OD-6, OD-18).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from notifier.domain.order_delay import (
    ChoiceKind,
    Clause,
    EstimateChanged,
    NoticeKind,
    NoticeOffered,
    NoticePlan,
    RulePack,
    Standing,
    Until,
    plan_notice,
)
from notifier.domain.order_delay.days import is_later
from notifier.domain.order_delay.packs import Looks
from notifier.i18n import format_date
from notifier.rendering.clauses import ClauseValues, clause_sentences
from notifier.services.order_case import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A date to agree to. `until` None: as long as it takes.

    `was_told`: a notice with this offer arrived, as far as anybody knows; else the page is the
    first to make it.
    """

    plan: NoticePlan
    was_told: bool

    @property
    def until(self) -> Until:
        return self.plan.revised


def open_offer(case: Case, standing: Standing, *, now: datetime) -> Offer | None:
    """The offer that waits for an answer now; None when the customer is asked nothing.

    What the law wants told at this moment comes before what was told.
    """
    plan = plan_notice(case.facts, now=now)
    if plan.due is not None:
        return Offer(plan=plan, was_told=False)
    waits = {one.until for one in standing.choices if one.kind is ChoiceKind.WAIT}
    told = [one for one in case.facts.events if isinstance(one, NoticeOffered) and _counts(one)]
    asking = [one for one in told if one.revised in waits]
    if not asking:
        return None
    latest = max(asking, key=lambda one: one.at)
    return Offer(plan=_plan_of(case, standing.pack, latest), was_told=True)


def offered_dates(case: Case, standing: Standing, *, now: datetime) -> tuple[Until, ...]:
    """All that may be agreed to now, the nearest first: what the page offers, and what stands in
    an earlier notice."""
    found = {one.until for one in standing.choices if one.kind is ChoiceKind.WAIT}
    offer = open_offer(case, standing, now=now)
    if offer is not None:
        found.add(offer.until)
    dated = sorted(one for one in found if one is not None)
    return (*dated, None) if None in found else tuple(dated)


def worth_waiting_for(
    case: Case, standing: Standing, offer: Offer | None, *, now: datetime
) -> tuple[Until, ...]:
    """Those of the dates that the page has buttons for: not one that is known not to be kept."""
    dates = offered_dates(case, standing, now=now)
    if offer is None:
        return dates
    return tuple(one for one in dates if not is_later(offer.until, one))


def sentences(
    case: Case, pack: RulePack, offer: Offer | None, *, locale: str
) -> tuple[tuple[Clause, str], ...]:
    """What the law wants said about the offer, and about an order that is not over."""
    plan = offer.plan if offer else None
    values = ClauseValues(
        date=format_date(plan.revised, locale) if plan and plan.revised else "",
        answer_by=format_date(plan.answer_by, locale) if plan and plan.answer_by else "",
        reason=case.why_late,
        seller_is_creditor=case.order.seller_is_creditor,
    )
    return clause_sentences(plan, pack=pack, locale=locale, values=values)


def _counts(notice: NoticeOffered) -> bool:
    return notice.adequate and notice.delivered and notice.kind is not NoticeKind.COURTESY


def _plan_of(case: Case, pack: RulePack, notice: NoticeOffered) -> NoticePlan:
    """What the law wanted said when that notice was given: it is written from the same history."""
    transit = case.line.transit_days if pack.looks is Looks.AT_DELIVERY else 0
    ship_by = None if notice.revised is None else notice.revised - timedelta(days=transit)
    known = tuple(
        one
        for one in case.facts.events
        if one.at < notice.at or (one.at == notice.at and isinstance(one, EstimateChanged))
    )
    then = replace(case.facts, events=known)
    plan = plan_notice(then, EstimateChanged(at=notice.at, ship_by=ship_by), now=notice.at)
    if plan.kind is notice.kind:
        return plan
    return replace(plan, kind=notice.kind, revised=notice.revised, clauses=frozenset())
