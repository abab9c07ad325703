"""How does a shop's server read what was promised for a variant, and how that turned out?"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime

from flask import Blueprint
from pydantic import Field

from notifier.domain.promise_outcome import Outcome
from notifier.domain.scope import Scope
from notifier.services.eta_history import PAGE, Promise, eta_history_of
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.shapes import Id, Key, Shape
from notifier.web.here import env

blueprint = Blueprint("eta_history", __name__)


class EtaHistoryQuery(Shape):
    """Which variant, and which part of its history."""

    variant: Key = Field(
        ..., min_length=1, description="The shop's own variant id, or a sku that only it has."
    )
    after: Id = Field(0, description="`next` of the page before.")
    limit: int = Field(PAGE, ge=1, le=PAGE)


class PromisedEta(Shape):
    """One date that was given. `eta` and `outcome` null: it took a date back. `days`: how many it
    came early or late (so far, while `came_on` is null), or by how many its last day was moved,
    negative: to an earlier one."""

    id: int
    at: datetime
    eta: str | None
    text: str = Field(description="As it was written.")
    source: str
    evidence: str
    actor: str
    reason: str
    outcome: Outcome | None
    days: int | None
    came_on: date | None
    revised_to: str | None
    ended_at: datetime | None = Field(description="It came, was revised, or was taken back.")


class EtaTotals(Shape):
    """Of the newest thousand dates. `promises` leaves out what is `said_again`, `was_there` and
    `unknown`. `share_kept`: kept and early ones of those and the late ones; null without any.
    Those not there yet count in `median_days_late` with their days so far."""

    promises: int
    kept: int
    early: int
    late: int
    revised: int
    taken_back: int
    open: int
    share_kept: float | None
    median_days_late: float | None


class EtaHistoryPage(Shape):
    """Newest first. `next`: give it as `after` for older ones; null on the last page."""

    variant: str
    totals: EtaTotals
    promises: list[PromisedEta]
    next: int | None


@operation(
    "GET",
    "/eta/history",
    scope=Scope.ETA_READ,
    summary="See how each promised date turned out",
    given=EtaHistoryQuery,
    answer=EtaHistoryPage,
    blueprint=blueprint,
)
def show_history(caller: Caller, given: EtaHistoryQuery) -> EtaHistoryPage:
    """Told from the dates and from what was seen of the stock, by the shop's calendar."""
    found = eta_history_of(env(), caller.shop, given.variant, after=given.after, limit=given.limit)
    return EtaHistoryPage(
        variant=found.variant,
        totals=EtaTotals(**asdict(found.totals)),
        promises=[_promised(one) for one in found.promises],
        next=found.next,
    )


def _promised(one: Promise) -> PromisedEta:
    given, turned = one.given, one.turned
    return PromisedEta(
        id=given.id,
        at=given.at,
        eta=given.eta.iso() if given.eta else None,
        text=given.eta.text if given.eta else "",
        source=given.source,
        evidence=given.evidence,
        actor=given.actor,
        reason=given.reason,
        outcome=turned.outcome if turned else None,
        days=turned.days if turned else None,
        came_on=turned.came_on if turned else None,
        revised_to=turned.revised_to if turned else None,
        ended_at=turned.ended_at if turned else None,
    )
