"""Do those who stop, hold back, resume and begin releases at the same moment keep out of each
other's way, and is there one release of a restock at a time?

On PostgreSQL; on SQLite one writes at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from notifier.errors import Conflict
from notifier.services import announce as announcing
from notifier.services import steer_release
from notifier.services.steer_release import pause_release, resume_release, stop_release
from notifier.services.sweep import sweep
from notifier.store import releases
from tests.meanwhile import Meanwhile, tried_again
from tests.world import ANN, BEN, World

pytestmark = pytest.mark.parametrize("engine_name", ["postgres"], indirect=True)
DAY = timedelta(days=1)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world(
        double_opt_in=False,
        release={"strategy": "fixed", "size": 1, "interval": timedelta(minutes=30)},
        stock={"cool_down": timedelta(0)},
    )


def states(world: World) -> list[str]:
    return [row["state"] for row in world.rows("SELECT state FROM releases ORDER BY id")]


def release_id(world: World) -> int:
    return int(world.rows("SELECT max(id) AS id FROM releases")[0]["id"])


def sold_out_after_ann(world: World, keys: Sequence[str] = ("SHIRT-S",)) -> None:
    """Ann was told; then it was gone before Ben's turn."""
    for key in keys:
        world.see(key, 0)
        for one in (ANN, BEN):
            world.asks(one, key)
    for units in (1, 0):
        for key in keys:
            world.see(key, units)
        world.clock.advance(timedelta(minutes=30))
        world.run()
    assert states(world) == ["stopped"] * len(keys)


def test_a_person_pauses_while_a_sender_finds_it_sold_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.see("SHIRT-S", 0)
    for one in (ANN, BEN):
        world.asks(one)
    world.see("SHIRT-S", 1)
    world.announce()
    world.see("SHIRT-S", 0)
    before, first = tried_again(), release_id(world)
    with Meanwhile(world, monkeypatch) as olga:
        olga.acts_before(
            releases,
            "stop_sold_out",
            lambda: pause_release(world.env, world.shop, first, by="Olga"),
        )
        world.deliver()
    assert tried_again() == before, "nobody had to begin anew"
    assert world.mails(ANN, "back_in_stock") == []
    assert states(world) == ["paused"]


def test_two_articles_come_back_while_the_sweep_looks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the opposite order of the sweep's."""
    keys = ("SHIRT-S", "SHIRT-M")
    sold_out_after_ann(world, keys)
    with world.db.write() as tx:  # seen, and not resumed yet
        tx.exec_driver_sql("UPDATE stock SET level = 2")
    ids = {row["key"]: row["id"] for row in world.rows("SELECT key, id FROM variants")}
    before, now = tried_again(), world.clock()
    with Meanwhile(world, monkeypatch) as job, world.db.write() as tx:
        releases.resume_sold_out(tx, ids[keys[1]], now=now)
        job.acts(lambda: sweep(world.env))
        releases.resume_sold_out(tx, ids[keys[0]], now=now)
    assert tried_again() == before, "nobody had to begin anew"
    assert states(world) == ["running", "running"]


def test_the_sweep_resumes_nothing_beside_a_restock_that_is_being_opened(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold_out_after_ann(world)
    world.clock.advance(DAY)
    world.see("SHIRT-S", 1)
    with world.db.write() as tx:  # by who had looked a moment earlier
        assert releases.stop_sold_out(tx, [release_id(world)], now=world.clock())
    with Meanwhile(world, monkeypatch) as job:
        job.acts_before(announcing, "line_up", lambda: sweep(world.env))
        world.announce()
    job.answer()
    assert states(world)[0] == "stopped"


def test_nobody_resumes_beside_a_restock_that_is_being_opened(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.see("SHIRT-S", 0)
    for one in (ANN, BEN):
        world.asks(one)
    world.see("SHIRT-S", 1)
    world.run()
    first = release_id(world)
    stop_release(world.env, world.shop, first, by="Olga")
    world.see("SHIRT-S", 0, step=DAY)
    world.see("SHIRT-S", 1)
    with Meanwhile(world, monkeypatch) as olga:
        olga.acts_before(
            announcing,
            "line_up",
            lambda: resume_release(world.env, world.shop, first, by="Olga"),
        )
        world.announce()
    with pytest.raises(Conflict, match="came back once more"):
        olga.answer()
    assert states(world)[0] == "stopped"


def test_a_restock_opens_while_a_person_resumes_the_one_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells the rest, and counts whom the first has told."""
    world.see("SHIRT-S", 0)
    for one in (ANN, BEN):
        world.asks(one)
    world.see("SHIRT-S", 1)
    world.run()
    first = release_id(world)
    stop_release(world.env, world.shop, first, by="Olga")
    world.see("SHIRT-S", 0, step=DAY)
    world.see("SHIRT-S", 1)
    with Meanwhile(world, monkeypatch) as job:
        job.acts_before(steer_release, "_settle_part", world.announce)
        resume_release(world.env, world.shop, first, by="Olga")
    world.announce()
    rows = world.rows("SELECT state, reason FROM releases ORDER BY id")
    assert rows[0] == {"state": "done", "reason": "newer"}
    assert len(rows) == 2
