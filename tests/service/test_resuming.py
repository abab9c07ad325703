"""Does a release that stopped for want of goods go on when they are back, and at what cost?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from weakref import WeakKeyDictionary

import pytest
from sqlalchemy import insert

from notifier.services import operation
from notifier.services.announce import announce
from notifier.services.operation import COUNT_EVERY, read_operation
from notifier.services.sweep import sweep
from notifier.store import releases
from notifier.store.tables.telling import events
from notifier.store.tables.telling import releases as releases_table
from tests.plans import steps
from tests.world import ANN, BEN, World

MINUTES = timedelta(minutes=30)
ONLY_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """One person is told in each wave."""
    return make_world(release={"strategy": "fixed", "size": 1, "interval": MINUTES})


def sold_out_after_ann(world: World) -> None:
    world.see("SHIRT-S", 0)
    for one in (ANN, BEN):
        world.waits(one)
    world.run()
    world.see("SHIRT-S", 1)
    world.run()
    world.see("SHIRT-S", 0)
    world.clock.advance(MINUTES)
    world.run()
    [row] = world.rows("SELECT state, reason FROM releases")
    assert row == {"state": "stopped", "reason": "sold_out"}


def test_the_next_in_line_is_told_when_goods_are_back(world: World) -> None:
    sold_out_after_ann(world)
    world.see("SHIRT-S", 1)  # within the cool-down: no new announcement
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == len(world.mails(BEN, "back_in_stock")) == 1
    assert world.count("events") == 1


def test_a_release_that_stopped_while_the_goods_came_goes_on_within_a_minute(
    world: World,
) -> None:
    sold_out_after_ann(world)
    world.see("SHIRT-S", 1)
    with world.db.write() as tx:  # by who had looked a moment earlier
        [row] = world.rows("SELECT id FROM releases")
        releases.stop_sold_out(tx, [row["id"]], now=world.clock())
    world.run()
    assert world.mails(BEN, "back_in_stock") == []
    sweep(world.env)
    world.run()
    assert len(world.mails(BEN, "back_in_stock")) == 1


def test_of_very_many_that_can_go_on_each_pass_takes_some(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "RESUMED_AT_ONCE", 1)
    articles = ("SHIRT-S", "SHIRT-M")
    for stock in (0, 1):
        for one in articles:
            world.see(one, stock)
            if not stock:
                world.waits(ANN, one)
        world.run()
    with world.db.write() as tx:
        ids = [row["id"] for row in world.rows("SELECT id FROM releases")]
        assert len(releases.stop_sold_out(tx, ids, now=world.clock())) == len(articles)
    for running in (1, 2):
        sweep(world.env)
        assert world.count("releases", "state = 'running'") == running


@ONLY_SQLITE
def test_an_idle_second_costs_the_same_however_many_releases_there_were(world: World) -> None:
    def idle_seconds() -> list[int]:
        return [steps(world.db, lambda: announce(world.env)) for _ in range(3)]

    sold_out_after_ann(world)
    few = max(idle_seconds())  # each is counted to ten or so, and there are not many
    [old] = world.rows("SELECT shop_id, product_id, variant_id FROM releases")
    with world.db.write() as tx:
        for n in range(300):
            event = tx.execute(
                insert(events).values(
                    **old, kind="back_in_stock", at=world.clock(), epoch=n + 9, state="closed"
                )
            ).inserted_primary_key
            assert event is not None
            tx.execute(
                insert(releases_table).values(
                    **old,
                    event_id=event[0],
                    kind="back_in_stock",
                    state="stopped",
                    reason="sold_out",
                    strategy={},
                    started_at=world.clock(),
                )
            )
    assert few > 0
    assert min(idle_seconds()) <= 1.2 * few


@ONLY_SQLITE
def test_numbers_over_whole_tables_are_counted_every_15_seconds_at_most(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # tests share one open database, and with it what an earlier one counted
    monkeypatch.setattr(operation, "_COUNTED", WeakKeyDictionary())
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    first = steps(world.db, lambda: read_operation(world.env))
    world.waits(BEN)  # a second later
    assert steps(world.db, lambda: read_operation(world.env)) < first
    assert read_operation(world.env).subscriptions == {"waiting": 1}
    world.clock.advance(COUNT_EVERY)
    assert read_operation(world.env).subscriptions == {"waiting": 2}
