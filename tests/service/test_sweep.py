"""Does what became due only because time went by reach whom it should, once?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifier.domain.availability import Availability
from notifier.services.manage import pause, resume
from notifier.services.sweep import sweep
from tests.world import ANN, BEN, World

DAY = timedelta(days=1)
HOOK = {"shop": {"url": "http://127.0.0.1:9/hooks", "events": ["stock.back_in_stock"]}}


def swept(world: World) -> None:
    sweep(world.env)
    world.run()


def test_who_takes_any_variant_is_reminded_once_as_well(make_world: Callable[..., World]) -> None:
    world = make_world(release={"strategy": "all", "reminder_after": DAY})
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    world.waits(ANN, any_variant=True)
    world.see("SHIRT-M", 5)
    world.run()
    for _ in range(3):
        world.see("SHIRT-M", 5, step=timedelta(hours=25))
        swept(world)
    assert len(world.mails(ANN, "reminder")) == 1


@pytest.mark.parametrize(("hours", "reminded"), [(23, False), (25, True), (47, True), (49, False)])
def test_a_reminder_is_neither_early_nor_as_late_as_twice_its_time(
    make_world: Callable[..., World], hours: int, reminded: bool
) -> None:
    """The sweep did not run meanwhile."""
    world = make_world(release={"strategy": "all", "reminder_after": DAY})
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.see("SHIRT-S", 5)
    world.run()
    world.see("SHIRT-S", 5, step=timedelta(hours=hours))
    swept(world)
    assert bool(world.mails(ANN, "reminder")) == reminded


def test_nobody_is_reminded_of_what_is_sold_out_or_not_what_they_wanted(
    make_world: Callable[..., World],
) -> None:
    world = make_world(
        release={"strategy": "all", "reminder_after": DAY}, stock={"backorder_counts": True}
    )
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    world.waits(ANN, any_variant=True, physical_only=True)
    world.waits(BEN, "SHIRT-S")
    world.see("SHIRT-S", 5)
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == len(world.mails(BEN, "back_in_stock")) == 1
    world.see("SHIRT-S", 0, step=timedelta(hours=25))
    world.see("SHIRT-M", availability=Availability.BACKORDER)
    swept(world)
    assert world.mails(kind="reminder") == []
    world.see("SHIRT-S", 2)  # and there is time left to remind
    swept(world)
    assert len(world.mails(ANN, "reminder")) == len(world.mails(BEN, "reminder")) == 1


def test_the_shops_software_hears_of_a_restock_once(make_world: Callable[..., World]) -> None:
    world = make_world(release={"strategy": "all"}, webhooks=HOOK)
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    ben = world.waits(BEN)
    pause(world.env, world.subscription(ben).contact_id, ben, until=None)
    world.see("SHIRT-S", 5)
    world.announce()
    resume(world.env, world.subscription(ben).contact_id, ben)
    world.clock.advance(timedelta(minutes=5))
    sweep(world.env)
    world.run()
    assert len(world.mails(BEN, "back_in_stock")) == 1  # forgotten, found
    assert world.count("messages", "kind = 'hook:stock.back_in_stock'") == 1
