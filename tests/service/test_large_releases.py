"""Is a release told in large stretches told to the same people as one person after the other, and
can a person stop it in the middle?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifier.services.announce import announce
from notifier.services.line_up import WHOLE_PRODUCT
from notifier.services.pace import FEWEST, MOST, WANTED, Pace
from notifier.services.steer_release import pause_release, resume_release, stop_release
from notifier.services.sweep import sweep
from notifier.store import events, releases, steer
from notifier.store.outbox import NewMessage, add_messages
from tests.world import ANN, BEN, EVE, World

HALF_HOUR = timedelta(minutes=30)
LINE = [f"p{n}@waits.example" for n in range(5)]


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """Everybody is told at once, two in one transaction."""
    world = make_world(release={"strategy": "all"})
    world.env.pace = Pace(people=2, most=2, turn=0)
    return world


def restocked(world: World, people: list[str]) -> None:
    world.see("SHIRT-S", 0)
    for one in people:
        world.waits(one)
    world.run()
    world.see("SHIRT-S", 50)


def states(world: World) -> list[tuple[str, str]]:
    rows = world.rows("SELECT state, reason FROM messages WHERE release_id IS NOT NULL ORDER BY id")
    return [(row["state"], row["reason"]) for row in rows]


def told(world: World) -> list[str]:
    """Who got the news, by name: the order on the wire is not that of the line."""
    return sorted(mail.rcpt_to[0] for mail in world.mails(kind="back_in_stock"))


def written(world: World) -> list[str]:
    """To whom, in the order in which the messages were written."""
    query = "SELECT c.address FROM messages m JOIN contacts c ON c.id = m.contact_id"
    rows = world.rows(f"{query} WHERE m.release_id IS NOT NULL ORDER BY m.id")
    return [row["address"] for row in rows]


def test_all_are_told_in_the_order_of_asking(world: World) -> None:
    restocked(world, LINE)
    world.run()
    assert written(world) == told(world) == LINE
    [release] = world.rows("SELECT state, told, units_told, waves FROM releases")
    assert release == {"state": "done", "told": 5, "units_told": 5, "waves": 1}


@pytest.mark.parametrize(
    ("strategy", "first", "then"),
    [
        ({"strategy": "fixed", "size": 3}, 3, 5),
        ({"strategy": "fixed", "size": 5}, 5, 5),
        ({"strategy": "per_unit", "rate": 0.06}, 3, 5),
    ],
)
def test_a_wave_ends_where_its_limit_says(
    make_world: Callable[..., World], strategy: dict[str, object], first: int, then: int
) -> None:
    world = make_world(release={**strategy, "interval": HALF_HOUR})
    world.env.pace = Pace(people=2, most=2)
    restocked(world, LINE)
    world.run()
    assert told(world) == LINE[:first]
    assert world.rows("SELECT state FROM releases") == [
        {"state": "running" if first < len(LINE) else "done"}
    ]
    world.see("SHIRT-S", 50, step=HALF_HOUR)
    world.run()
    assert told(world) == LINE[:then]


def test_who_asks_again_while_others_are_told_hears_once(world: World) -> None:
    restocked(world, LINE)
    announce(world.env)
    world.deliver()
    assert told(world) == LINE[:2]
    world.see("SHIRT-S", 0)
    world.waits(LINE[0])  # told, and too late: behind all others
    world.see("SHIRT-S", 50)
    world.run()
    assert told(world) == LINE


def test_who_waits_for_the_variant_and_for_any_hears_once(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    for one in LINE:
        world.waits(one)
    for one in LINE[3:]:
        world.waits(one, any_variant=True)
    world.run()
    world.see("SHIRT-S", 50)
    world.run()
    assert told(world) == LINE


def test_news_of_a_whole_product_reach_each_person_once(world: World) -> None:
    for key in ("SHIRT-S", "SHIRT-M"):
        world.see(key, 0)
    for one in (ANN, BEN, EVE):
        world.waits(one, "SHIRT-S")
    world.waits(BEN, "SHIRT-M")
    [variant] = world.rows("SELECT id, product_id FROM variants WHERE key = 'SHIRT-S'")
    about = {"product_id": variant["product_id"], "variant_id": variant["id"]}
    with world.db.write() as tx:
        now = world.clock()
        event = events.add_event(
            tx, shop_id=world.shop.id, kind="broadcast", at=now, epoch=0, facts={}, **about
        )
        assert event is not None
        events.close_event(tx, event)
        releases.start_release(
            tx,
            event_id=event,
            shop_id=world.shop.id,
            kind="broadcast",
            strategy={"name": "all", "rate": 1, "size": 1, "interval": 60, WHOLE_PRODUCT: True},
            started_at=now,
            next_wave_at=now,
            **about,
        )
    world.announce()
    assert written(world) == [ANN, BEN, EVE]


@pytest.mark.parametrize("steered", [pause_release, stop_release])
def test_a_release_is_held_and_let_go_part_by_part(
    world: World, monkeypatch: pytest.MonkeyPatch, steered: Callable[..., object]
) -> None:
    monkeypatch.setattr(steer, "PART", 2)
    restocked(world, LINE)
    world.announce()
    [release] = world.rows("SELECT id FROM releases")
    with world.db.write() as tx:
        releases.update_release(tx, release["id"], state="running", finished_at=None)
    steered(world.env, world.shop, release["id"], by="Olga")
    assert {state for state, _ in states(world)} == {"skipped"}
    world.run()
    assert told(world) == []
    resume_release(world.env, world.shop, release["id"], by="Olga")
    world.run()
    assert told(world) == LINE


def test_what_a_crash_left_half_held_or_half_freed_is_settled_later(world: World) -> None:
    restocked(world, LINE)
    world.announce()
    [release] = world.rows("SELECT id FROM releases")
    for state, after in (("paused", "skipped"), ("running", "due")):
        with world.db.write() as tx:  # and its program ended here
            releases.update_release(tx, release["id"], state=state, finished_at=None)
        sweep(world.env)
        assert {state for state, _ in states(world)} == {after}


def test_the_number_told_at_a_time_follows_what_the_database_takes() -> None:
    pace = Pace()
    for _ in range(20):
        pace.learn(pace.people, seconds=pace.people * WANTED / 5_000)
    assert pace.people == pytest.approx(5_000, rel=0.01)
    pace.learn(100, seconds=0.001)  # the end of a line says nothing
    assert pace.people == pytest.approx(5_000, rel=0.01)
    pace.learn(pace.people, seconds=60.0)
    assert pace.people == FEWEST
    for _ in range(20):
        pace.learn(pace.people, seconds=0.0)
    assert pace.people == MOST


def test_a_message_that_is_there_already_stops_none_of_the_others(world: World) -> None:
    restocked(world, LINE)
    [waits] = world.rows("SELECT * FROM subscriptions ORDER BY id LIMIT 1 OFFSET 2")
    [event] = world.rows("SELECT id FROM events WHERE state = 'open'")
    with world.db.write() as tx:
        add_messages(
            tx,
            [
                NewMessage(
                    shop_id=world.shop.id,
                    kind="back_in_stock",
                    medium="email",
                    channel="mail",
                    contact_id=waits["contact_id"],
                    subscription_id=waits["id"],
                    event_id=event["id"],
                    locale="en",
                    priority=2,
                    due_at=world.clock(),
                )
            ],
            now=world.clock(),
        )
    world.run()
    assert told(world) == LINE
    assert world.rows("SELECT told, units_told FROM releases") == [{"told": 4, "units_told": 4}]
