"""How does a shop's server see and steer what is being told?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint
from pydantic import Field

from notifier.domain.scope import Scope
from notifier.services.steer_release import (
    ReleaseShown,
    list_releases,
    pause_release,
    resume_release,
    show_release,
    stop_release,
)
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.shapes import BIGGEST_ID, Nothing, Page, Shape
from notifier.web.here import env

blueprint = Blueprint("releases", __name__)


class Wave(Shape):
    """One wave, and in `reason` why it is as large as it is. `planned` null: no limit of people."""

    number: int
    at: datetime
    stock: int | None
    planned: int | None
    told: int
    reason: str


class Release(Shape):
    """The telling of one event. `told` are people, `units_told` what they want together."""

    id: int
    kind: str = Field(description="back_in_stock, eta_revised or discontinued.")
    product: str
    variant: str
    state: str = Field(description="running, paused, done or stopped.")
    reason: str = Field(description="Why it is paused or stopped: sold_out, person …")
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
    """A release with each of its waves."""

    history: list[Wave]


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
        releases=[Release(**_values(one)) for one in shown],
        next=shown[-1].release.id if more else None,
    )


@operation(
    "GET",
    "/releases/<int:release_id>",
    scope=Scope.RELEASES_READ,
    summary="See one release with its waves",
    given=Nothing,
    answer=ReleaseWithWaves,
    blueprint=blueprint,
)
def show_one(caller: Caller, _given: Nothing, *, release_id: int) -> ReleaseWithWaves:
    """Each wave says why it was as large as it was."""
    return _with_waves(show_release(env(), caller.shop, min(release_id, BIGGEST_ID)))


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
    return _with_waves(pause_release(env(), caller.shop, id_, by=caller.name))


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
    return _with_waves(resume_release(env(), caller.shop, id_, by=caller.name))


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
    return _with_waves(stop_release(env(), caller.shop, id_, by=caller.name))


def _with_waves(shown: ReleaseShown) -> ReleaseWithWaves:
    history = [
        Wave(
            number=wave.number,
            at=wave.at,
            stock=wave.stock,
            planned=wave.planned,
            told=wave.told,
            reason=wave.reason,
        )
        for wave in shown.waves
    ]
    return ReleaseWithWaves(**_values(shown), history=history)


def _values(shown: ReleaseShown) -> dict[str, Any]:
    row = shown.release
    same = ("id", "kind", "state", "reason", "strategy", "started_at", "next_wave_at")
    counts = ("finished_at", "waves", "told", "units_told")
    return {
        **{name: getattr(row, name) for name in (*same, *counts)},
        "product": shown.variant.product_key if shown.variant else "",
        "variant": shown.variant.key if shown.variant else "",
    }
