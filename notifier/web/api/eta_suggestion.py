"""How does a shop's server learn how long an outage is likely to last, going by past ones?"""

from __future__ import annotations

import math
from datetime import datetime

from flask import Blueprint
from pydantic import Field

from notifier.domain.restock_calibration import Held, Verdict
from notifier.domain.restock_history import Pool
from notifier.domain.scope import Scope
from notifier.i18n import usually_back_words
from notifier.services.suggest_eta import calibration_of, suggest_eta
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.shapes import Key, Shape
from notifier.web.here import env

blueprint = Blueprint("eta_suggestion", __name__)


class SuggestionQuery(Shape):
    """Which variant."""

    variant: Key = Field(
        ..., min_length=1, description="The shop's own variant id, or a sku that only it has."
    )


class MarkCheck(Shape):
    """How a mark held for past outages that were held out: `within` of `outages` ended by it,
    where `said` of them should have. `low` and `high`: the 95 % interval of the true share.
    `verdict`: `too_few` to say, `holds`, `too_early` (fewer were back than said), `too_late`."""

    said: float
    within: int
    outages: int
    share: float | None
    low: float
    high: float
    verdict: Verdict


class EtaSuggestion(Shape):
    """`half_within_days` and `most_within_days`: in so many days from now, half and 80 % of the
    outages like this one were over; null when too few of them have ended, or when that time is over
    already. A suggestion, not a promise; nobody is told of it."""

    variant: str
    out_since: datetime | None = Field(description="Null: it is not out, or given up.")
    beginning_seen: bool = Field(description="False: it is out for longer than that.")
    days_out: float | None
    based_on: Pool | None = Field(description="Whose past outages: the narrowest with enough.")
    outages: int = Field(description="How many of them lasted as long as this one has so far.")
    outages_open: int = Field(description="How many of these have no end yet.")
    enough: bool = Field(description="They are at least five.")
    half_within_days: int | None
    most_within_days: int | None
    text: str | None = Field(description="The 80 % mark in the shop's language, rounded up.")
    half_held: MarkCheck
    most_held: MarkCheck


@operation(
    "GET",
    "/eta/suggestion",
    scope=Scope.ETA_READ,
    summary="See how long an outage is likely to last",
    given=SuggestionQuery,
    answer=EtaSuggestion,
    blueprint=blueprint,
)
def show_suggestion(caller: Caller, given: SuggestionQuery) -> EtaSuggestion:
    """Worked out from the shop's own past outages (Kaplan–Meier), with how well that held for the
    whole shop."""
    found = suggest_eta(env(), caller.shop, given.variant)
    held = calibration_of(env(), caller.shop)
    stands_on = found.estimate
    return EtaSuggestion(
        variant=found.variant,
        out_since=found.out_since,
        beginning_seen=found.beginning_seen,
        days_out=None if found.days_out is None else round(found.days_out, 1),
        based_on=stands_on.pool if stands_on else None,
        outages=stands_on.curve.outages if stands_on else 0,
        outages_open=stands_on.curve.open if stands_on else 0,
        enough=stands_on is not None and stands_on.enough,
        half_within_days=_whole(found.half),
        most_within_days=_whole(found.most),
        text=usually_back_words(found.span, caller.shop.config.locale) if found.span else None,
        half_held=_check(held.half),
        most_held=_check(held.most),
    )


def _whole(days: float | None) -> int | None:
    return None if days is None else math.ceil(days)


def _check(held: Held) -> MarkCheck:
    return MarkCheck(
        said=held.said,
        within=held.within,
        outages=held.outages,
        share=None if held.share is None else round(held.share, 3),
        low=round(held.low, 3),
        high=round(held.high, 3),
        verdict=held.verdict,
    )
