"""Who is told first: by lot, by tag, or in the order of asking?"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from notifier.domain.lottery import draw
from notifier.services import line_up
from notifier.services.place_in_line import place_words
from notifier.store import line_order, people
from notifier.store.releases import ReleaseRow
from tests.fakes.twilio import FakeTwilio
from tests.world import World

ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])  # no SQL of its own
PEOPLE = [f"p{n}@waits.example" for n in range(12)]
SLOWLY = {"strategy": "fixed", "size": 5}


def a_line(
    make_world: Callable[..., World], rules: dict[str, object], *, vips: tuple[int, ...] = ()
) -> World:
    world = restocked(make_world, rules, vips=vips)
    world.run()
    return world


def restocked(
    make_world: Callable[..., World], rules: dict[str, object], *, vips: tuple[int, ...] = ()
) -> World:
    """Everybody waits, the stock is seen, and nobody is lined up yet."""
    world = make_world(double_opt_in=False, release={**SLOWLY, **rules})
    world.see("SHIRT-S", 0)
    for number, address in enumerate(PEOPLE):
        world.asks(address, tags=("VIP",) if number in vips else ())
    world.see("SHIRT-S", 30)
    return world


def told(world: World) -> list[int]:
    rows = world.rows(
        "SELECT subscription_id AS who FROM messages WHERE kind = 'back_in_stock' ORDER BY id"
    )
    ids = [row["id"] for row in world.rows("SELECT id FROM subscriptions ORDER BY id")]
    return [ids.index(row["who"]) for row in rows]


def test_those_with_a_tag_come_first_then_the_others_in_the_order_of_asking(
    make_world: Callable[..., World],
) -> None:
    world = a_line(make_world, {"first_tags": ("vip",)}, vips=(3, 9))
    assert told(world) == [3, 9, 0, 1, 2]


def test_a_draw_is_recorded_and_can_be_drawn_again(make_world: Callable[..., World]) -> None:
    world = a_line(make_world, {"order": "lottery"})
    [release] = world.rows("SELECT id, strategy FROM releases")
    kept = release["strategy"]
    kept = json.loads(kept) if isinstance(kept, str) else kept
    ids = [row["id"] for row in world.rows("SELECT id FROM subscriptions ORDER BY id")]
    order = [ids.index(one) for one in draw(ids, seed=kept["seed"])]
    assert told(world) == order[:5]
    assert kept["places"] == 12
    for _ in range(2):
        world.clock.advance(world.shop.config.release.interval)
        world.see("SHIRT-S", 30)
        world.run()
    assert told(world) == order


@ON_SQLITE
def test_a_lottery_draws_those_with_a_tag_first(make_world: Callable[..., World]) -> None:
    world = a_line(make_world, {"order": "lottery", "first_tags": ("vip",)}, vips=(2, 4, 6))
    assert set(told(world)[:3]) == {2, 4, 6}


@ON_SQLITE
def test_who_waits_twice_has_one_lot_by_the_wish_with_the_tag(
    make_world: Callable[..., World],
) -> None:
    rules = {"order": "lottery", "first_tags": ("vip",)}
    world = make_world(double_opt_in=False, release={**SLOWLY, **rules})
    world.see("SHIRT-S", 0, product="SHIRT")
    world.see("SHIRT-M", 0, product="SHIRT")
    for address in PEOPLE:
        world.asks(address)
    for number in (2, 4, 6):
        assert world.asks(PEOPLE[number], "", product="SHIRT", tags=("VIP",))
    world.see("SHIRT-S", 30)
    world.run()
    by = world.rows("SELECT id, contact_id FROM subscriptions ORDER BY id")
    contacts = list(dict.fromkeys(one["contact_id"] for one in by))
    assert {contacts.index(by[one]["contact_id"]) for one in told(world)[:3]} == {2, 4, 6}
    assert len({by[one]["contact_id"] for one in told(world)}) == len(told(world))


def test_the_same_seed_draws_the_same_whatever_the_order_was() -> None:
    assert draw(range(100), seed="a") == draw(reversed(range(100)), seed="a")
    assert draw(range(100), seed="a") != draw(range(100), seed="b")
    assert sorted(draw(range(100), seed="a")) == list(range(100))
    wins = [draw(range(10), seed=str(n)).index(0) for n in range(400)]
    assert 3.5 < sum(wins) / len(wins) < 5.5, "nobody is favoured"


def test_a_place_counts_those_with_a_tag_before_all_others(
    make_world: Callable[..., World],
) -> None:
    rules = {"first_tags": ("vip",), "show_position": True}
    world = make_world(double_opt_in=False, release=rules)
    world.see("SHIRT-S", 0)
    ids = []
    for number in range(30):
        tags = ("VIP",) if number >= 15 else ("newsletter",)
        ids.append(world.asks(f"p{number}@waits.example", tags=tags))

    def place(number: int) -> str:
        return place_words(world.env, world.shop, world.subscription(ids[number]), "en")

    assert place(0) == "About 10 to 25 people wait in front of you.", "fifteen who asked later"
    assert place(14) == "About 25 to 50 people wait in front of you."
    assert place(15) == "You are among the first 10 in line."
    assert place(29) == "About 10 to 25 people wait in front of you."


@ON_SQLITE
@pytest.mark.parametrize(
    ("rules", "more", "said"),
    [
        ({}, {}, ""),
        ({"show_position": True}, {}, "You are among the first 10 in line."),
        ({"show_position": True}, {"any_variant": True}, ""),
        ({"show_position": True, "order": "lottery"}, {}, "Who is told first is drawn by lot"),
        ({"show_position": True, "order": "lottery"}, {"any_variant": True}, ""),
    ],
)
def test_a_place_is_said_where_the_shop_wants_it_and_there_is_one_line(
    make_world: Callable[..., World], rules: dict[str, Any], more: dict[str, Any], said: str
) -> None:
    world = make_world(double_opt_in=False, release=rules)
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    asked = world.asks(PEOPLE[0], **more)

    def place() -> str:
        return place_words(world.env, world.shop, world.subscription(asked or 0), "en")

    assert place().startswith(said)
    assert bool(place()) == bool(said)
    with world.db.write() as tx:
        people.move_subscriptions(tx, [asked or 0], state="paused")
    assert place() == "", "who is paused is not told now"


@ON_SQLITE
def test_who_waits_for_the_variant_and_for_any_has_one_lot(
    make_world: Callable[..., World],
) -> None:
    world = make_world(double_opt_in=False, release={**SLOWLY, "order": "lottery"})
    world.see("SHIRT-S", 0)
    for address in PEOPLE:
        world.asks(address)
        world.asks(address, any_variant=True)
    world.see("SHIRT-S", 30)
    world.run()
    assert world.count("places") == len(PEOPLE)
    for _ in range(3):
        world.clock.advance(world.shop.config.release.interval)
        world.see("SHIRT-S", 30)
        world.run()
    assert len(told(world)) == len(PEOPLE)


@ON_SQLITE
def test_each_address_has_a_lot_also_where_a_person_has_two(
    make_world: Callable[..., World], twilio: FakeTwilio
) -> None:
    """Nothing says that a number and a mail address are one person's."""
    rules = {**SLOWLY, "order": "lottery"}
    world = make_world(twilio=twilio, double_opt_in=False, release=rules)
    world.see("SHIRT-S", 0)
    for address in (PEOPLE[0], "+12125551234"):
        world.asks(address)
    world.see("SHIRT-S", 30)
    world.run()
    assert world.count("places") == 2


def test_a_long_line_is_drawn_by_one_at_a_time(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_up, "AT_ONCE", 5)
    order, answers = line_up._order, []

    def another_comes(tx: Any, release: ReleaseRow) -> list[int]:
        if not answers:
            answers.append(True)
            answers.append(line_up.line_up_in_parts(world.env, release.id))
        return order(tx, release)

    monkeypatch.setattr(line_up, "_order", another_comes)
    world = restocked(make_world, {"order": "lottery"})
    world.run()
    assert answers == [True, False]
    assert world.count("places") == len(PEOPLE)
    [release] = world.rows("SELECT id FROM releases")
    assert not line_up.line_up_in_parts(world.env, release["id"]), "it is done"
    assert world.count("places") == len(PEOPLE)


def test_a_long_line_is_drawn_part_by_part_and_anew_when_it_was_left_in_the_middle(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_up, "AT_ONCE", 5)
    parts = line_order.give_places

    def die_in_the_second(tx: Any, release_id: int, ids: Any, *, first: int = 0) -> int:
        if first:
            raise OSError("the machine went off")
        return parts(tx, release_id, ids)

    with monkeypatch.context() as broken:
        broken.setattr(line_order, "give_places", die_in_the_second)
        world = restocked(make_world, {"order": "lottery"})
        with pytest.raises(OSError, match="went off"):
            world.announce()
    assert world.count("places") == 5
    world.run()
    assert told(world) == [], "who was at it may live"
    world.clock.advance(line_up.GIVES_UP)
    world.run()
    [release] = world.rows("SELECT strategy FROM releases")
    kept = release["strategy"]
    kept = json.loads(kept) if isinstance(kept, str) else kept
    assert (kept["places"], "lining_up" in kept) == (12, False)
    ids = [row["id"] for row in world.rows("SELECT id FROM subscriptions ORDER BY id")]
    assert told(world) == [ids.index(one) for one in draw(ids, seed=kept["seed"])][:5]
