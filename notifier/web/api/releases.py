"""How does a shop's server see and steer what is being told?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint
from pydantic import Field

from notifier.domain.scope import Scope
from notifier.i18n import available_locales, choose_locale
from notifier.services.foresee_release import MOST_UNITS, foresee_release
from notifier.services.push_stock import find_key
from notifier.services.steer_release import (
    ReleaseShown,
    list_releases,
    pause_release,
    resume_release,
    show_release,
    stop_release,
)
from notifier.services.wave_words import wave_as_dict, why_nobody
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.shapes import BIGGEST_ID, Key, Nothing, Page, Shape
from notifier.web.here import env, renderer

blueprint = Blueprint("releases", __name__)


class Wave(Shape):
    """One wave, and in `reason` why it is as large as it is. `planned` null: no limit of people.

    `outstanding`: sales that may still come of those told before; where units are reserved, those
    that are. `buy_share`: of those told, with `low` and `high` around it (90 %). Null where that
    cannot be known, and `unknown` says why: no_lesson, nobody was told before and no earlier
    release has taught it; no_sales, the source gives no quantity and no purchases are reported;
    no_restock, the release is about something else; not_kept, it is a wave of an older version.
    """

    number: int
    at: datetime
    stock: int | None
    planned: int | None
    told: int
    outstanding: float | None = None
    buy_share: float | None = None
    low: float | None = None
    high: float | None = None
    unknown: str = Field("", description="Why such a figure is missing; empty where none is.")
    rule: str = Field("", description="Which rule decided, such as share, patience, per_unit.")
    reason: str


class Release(Shape):
    """The telling of one event. `told` are people, `units_told` what they want together."""

    id: int
    kind: str = Field(description="back_in_stock, eta_revised or discontinued.")
    product: str
    variant: str
    state: str = Field(description="running, paused, done or stopped.")
    reason: str = Field(description="Why it is paused, stopped or over: sold_out, person, newer …")
    strategy: dict[str, Any]
    started_at: datetime
    next_wave_at: datetime | None
    finished_at: datetime | None
    waves: int
    told: int
    units_told: int


class ReleasePage(Shape):
    """Newest first. `next`: give it as `after` for older ones; null on the last page."""

    releases: list[Release]
    next: int | None


class ReleaseWithWaves(Release):
    """A release with each of its waves. `nobody_because`: why nobody was told when it was looked
    at last; empty when somebody was."""

    nobody_because: str = ""
    history: list[Wave]


class InLanguage(Shape):
    """How reasons are said."""

    locale: str = Field("", max_length=35, description="en, de, es; else as in the shop.")


class WhatIf(Shape):
    """A restock that has not come."""

    variant: Key = ""
    sku: Key = ""
    units: int = Field(ge=1, le=MOST_UNITS, description="So many units now.")
    locale: str = Field(
        "", max_length=35, description="Of the sentence: en, de, es; else as in the shop."
    )


class RestockForeseen(Shape):
    """What would happen. `told`: people until it is sold out, at most a week. `rest_by`: when the
    last of those who wait is told; null where that is not foreseen. `sms`: so many of those told
    are told by SMS, about. `segments`: of the longest SMS, `segments_least`: of the shortest; each
    has those of its language. `sms_not_before`: when the first may be texted whose quiet hours it
    is now. `sms_price` in the shop's currency; null where the price of a segment is not set."""

    variant: str
    strategy: str
    units: int
    waiting: int
    at_once: int
    told: int
    rest_by: datetime | None
    sold_out_at: datetime | None
    sms: int
    segments: int
    segments_least: int
    sms_not_before: datetime | None
    sms_price: float | None
    sentence: str


@operation(
    "GET",
    "/releases",
    scope=Scope.RELEASES_READ,
    summary="See what is being told",
    given=Page,
    answer=ReleasePage,
    blueprint=blueprint,
)
def list_all(caller: Caller, given: Page) -> ReleasePage:
    """Newest first."""
    found = list_releases(env(), caller.shop, before=given.after or None, limit=given.limit + 1)
    shown = found[: given.limit]
    more = len(found) > given.limit
    return ReleasePage(
        releases=[Release(**one.as_dict()) for one in shown],
        next=shown[-1].release.id if more else None,
    )


@operation(
    "GET",
    "/releases/what-if",
    scope=Scope.RELEASES_READ,
    summary="See what a restock would do",
    given=WhatIf,
    answer=RestockForeseen,
    blueprint=blueprint,
)
def what_if(caller: Caller, given: WhatIf) -> RestockForeseen:
    """Whom so many units now would be told to at once, and when the rest, going by what the shop's
    earlier releases showed. Nothing is stored and nobody is told."""
    key = find_key(env(), caller.shop, variant=given.variant.strip(), sku=given.sku.strip())
    found = foresee_release(
        env(), renderer(), caller.shop, key, units=given.units, locale=given.locale
    )
    seen = found.seen
    return RestockForeseen(
        variant=found.variant,
        strategy=found.strategy,
        units=seen.units,
        waiting=seen.waiting,
        at_once=seen.at_once,
        told=seen.told,
        rest_by=seen.last_at,
        sold_out_at=seen.sold_out_at,
        sms=found.sms,
        segments=found.segments,
        segments_least=found.segments_least,
        sms_not_before=found.sms_not_before,
        sms_price=float(found.sms_price) if found.sms_price is not None else None,
        sentence=found.sentence,
    )


@operation(
    "GET",
    "/releases/<int:release_id>",
    scope=Scope.RELEASES_READ,
    summary="See one release with its waves",
    given=InLanguage,
    answer=ReleaseWithWaves,
    blueprint=blueprint,
)
def show_one(caller: Caller, given: InLanguage, *, release_id: int) -> ReleaseWithWaves:
    """Each wave says why it was as large as it was."""
    shown = show_release(env(), caller.shop, min(release_id, BIGGEST_ID))
    spoken = caller.shop.config.locale
    return _with_waves(
        shown, locale=choose_locale(given.locale, available_locales(), default=spoken)
    )


@operation(
    "POST",
    "/releases/<int:release_id>/pause",
    scope=Scope.RELEASES_WRITE,
    summary="Pause a release",
    given=Nothing,
    answer=ReleaseWithWaves,
    blueprint=blueprint,
)
def pause(caller: Caller, _given: Nothing, *, release_id: int) -> ReleaseWithWaves:
    """What is not being sent at this moment waits. 409 `wrong_state` when it does not run."""
    id_ = min(release_id, BIGGEST_ID)
    shown = pause_release(env(), caller.shop, id_, by=caller.name)
    return _with_waves(shown, locale=caller.shop.config.locale)


@operation(
    "POST",
    "/releases/<int:release_id>/resume",
    scope=Scope.RELEASES_WRITE,
    summary="Resume a release",
    given=Nothing,
    answer=ReleaseWithWaves,
    blueprint=blueprint,
)
def resume(caller: Caller, _given: Nothing, *, release_id: int) -> ReleaseWithWaves:
    """Goes on in the same order; stock is looked at again first. Only what a person paused or
    stopped: what sold out resumes by itself."""
    id_ = min(release_id, BIGGEST_ID)
    shown = resume_release(env(), caller.shop, id_, by=caller.name)
    return _with_waves(shown, locale=caller.shop.config.locale)


@operation(
    "POST",
    "/releases/<int:release_id>/stop",
    scope=Scope.RELEASES_WRITE,
    summary="Stop a release",
    given=Nothing,
    answer=ReleaseWithWaves,
    blueprint=blueprint,
)
def stop(caller: Caller, _given: Nothing, *, release_id: int) -> ReleaseWithWaves:
    """Tells nobody else. Who was not told waits for the next restock."""
    id_ = min(release_id, BIGGEST_ID)
    shown = stop_release(env(), caller.shop, id_, by=caller.name)
    return _with_waves(shown, locale=caller.shop.config.locale)


def _with_waves(shown: ReleaseShown, *, locale: str) -> ReleaseWithWaves:
    return ReleaseWithWaves(
        **shown.as_dict(),
        nobody_because=why_nobody(shown.release, locale),
        history=[Wave(**wave_as_dict(wave, locale)) for wave in shown.waves],
    )
