"""What does the shop read of the dates it promised? (both databases)"""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifier.domain.dates import read_eta
from notifier.errors import NotFound
from notifier.services.eta_history import EtaHistory, eta_history_of
from notifier.services.set_eta import set_eta
from tests.world import World

DAY = timedelta(days=1)


def promise(world: World, eta: str | None, *, source: str = "supplier") -> None:
    world.clock.advance(timedelta(minutes=1))
    set_eta(world.env, world.shop, "SHIRT-S", read_eta(eta), source=source, actor="olga")


def outcomes(found: EtaHistory) -> list[tuple[str | None, str | None, int | None]]:
    return [
        (
            one.given.eta.iso() if one.given.eta else None,
            one.turned.outcome.value if one.turned else None,
            one.turned.days if one.turned else None,
        )
        for one in found.promises
    ]


def live_through(world: World) -> None:
    """It begins on 2026-12-01: a date is moved, then it comes late; the next is taken back."""
    world.see("SHIRT-S", 0)
    promise(world, "2026-12-05")
    promise(world, "2026-12-10")
    world.see("SHIRT-S", 4, step=12 * DAY)  # on the 13th
    world.see("SHIRT-S", 0, step=DAY)
    promise(world, "2026-12-20")
    promise(world, None)
    promise(world, "2027-01", source="")


def test_every_promise_is_told_with_how_it_turned_out(world: World) -> None:
    live_through(world)

    found = eta_history_of(world.env, world.shop, "SHIRT-S")

    assert outcomes(found) == [
        ("2027-01", "open", None),
        (None, None, None),
        ("2026-12-20", "taken_back", None),
        ("2026-12-10", "late", 3),
        ("2026-12-05", "revised", 5),
    ]
    assert found.promises[-1].given.actor == "olga"
    assert (found.totals.promises, found.totals.share_kept) == (4, 0.0)
    assert (found.totals.median_days_late, found.next) == (3.0, None)


def test_the_pages_hold_each_once_and_the_sum_of_all(world: World) -> None:
    live_through(world)
    whole = eta_history_of(world.env, world.shop, "SHIRT-S")

    first = eta_history_of(world.env, world.shop, "SHIRT-S", limit=3)
    assert first.next is not None
    rest = eta_history_of(world.env, world.shop, "SHIRT-S", limit=3, after=first.next)

    assert first.promises + rest.promises == whole.promises
    assert rest.next is None
    assert first.totals == rest.totals == whole.totals
    gone = eta_history_of(world.env, world.shop, "SHIRT-S", after=987_654)
    assert (gone.promises, gone.next) == ((), None)


def test_what_was_never_promised_or_is_not_known(world: World) -> None:
    world.see("SHIRT-S", 0)

    assert eta_history_of(world.env, world.shop, "SHIRT-S").promises == ()
    with pytest.raises(NotFound):
        eta_history_of(world.env, world.shop, "SHIRT-XXL")
