"""Does a restock go out in adaptive waves, and does the shop learn from it?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from notifier.domain.adaptive_state import KEPT, ShopHistory
from notifier.domain.availability import Availability
from notifier.services import release_seen
from notifier.services.follow_link import find_target
from notifier.services.learn import learn_all
from notifier.services.report_purchase import GivenPurchase, report_purchases
from notifier.services.shop_history import history_of
from notifier.services.steer_release import show_release, stop_release
from notifier.store import releases
from tests.world import EVE, World

ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])  # no SQL of its own
CROWD = [f"p{n}@waits.example" for n in range(40)]
HOUR = timedelta(hours=1)


def a_line(make_world: Callable[..., World], *, people: int = 40, **shop: Any) -> World:
    """People who wait for a shirt, in a shop as it comes: adaptive."""
    world = make_world(double_opt_in=False, **shop)
    world.see("SHIRT-S", 0)
    for address in CROWD[:people]:
        world.asks(address)
    return world


def told(world: World) -> int:
    return world.count("subscriptions", "state = 'told'")


def shown(world: World) -> Any:
    """The last wave as the shop's own software sees it."""
    release = world.rows("SELECT id FROM releases")[0]["id"]
    return {"facts": show_release(world.env, world.shop, release).waves[-1].facts}


def pass_time(world: World, hours: float, *, left: int, step: timedelta = 2 * HOUR) -> None:
    """The source is looked at again and again and shows so many; due waves leave."""
    for _ in range(int(timedelta(hours=hours) / step)):
        world.see("SHIRT-S", left, step=step)
        world.run()


def click(world: World, address: str) -> None:
    [message] = world.rows(
        "SELECT m.id FROM messages m JOIN contacts c ON c.id = m.contact_id"
        " WHERE c.address = :address AND m.kind = 'back_in_stock'",
        address=address,
    )
    find_target(world.env, message["id"], counted=True)


def buy(world: World, address: str | None, ref: str, **more: Any) -> Any:
    given = GivenPurchase(ref=ref, variant="SHIRT-S", at=world.clock(), email=address, **more)
    return report_purchases(world.env, world.shop, [given])[0]


def test_a_restock_is_told_in_waves_that_say_why(make_world: Callable[..., World]) -> None:
    world = a_line(make_world)
    world.see("SHIRT-S", 4)
    world.run()
    first = told(world)
    assert 4 <= first < 20
    [release] = world.rows("SELECT strategy, state FROM releases")
    assert "adaptive" in str(release["strategy"])
    [wave] = world.rows("SELECT * FROM waves")
    assert (wave["told"], wave["stock"]) == (first, 4)
    assert wave["reason"].startswith("4 there. ")
    assert shown(world)["facts"]["told_now"] == first
    world.run()
    assert told(world) == first, "nobody else before those have had time to decide"
    pass_time(world, 30, left=4)
    assert told(world) > first
    assert world.count("waves") == world.count("waves", "told > 0")


@ON_SQLITE
def test_who_is_told_is_told_in_the_order_of_asking(make_world: Callable[..., World]) -> None:
    world = a_line(make_world)
    world.see("SHIRT-S", 4)
    world.run()
    first = told(world)
    assert [bool(world.mails(one, "back_in_stock")) for one in CROWD] == [
        number < first for number in range(40)
    ]


@ON_SQLITE
@pytest.mark.parametrize(
    ("sold", "buyer", "seen"),
    [
        (2, "", True),
        (3, "", False),
        (3, "somebody who looked", True),
        (3, "stranger@waits.example", True),
        (3, None, False),
    ],
)
def test_links_count_as_followed_past_us_once_three_were_sold_without_a_look(
    make_world: Callable[..., World], sold: int, buyer: str | None, seen: bool
) -> None:
    """Seen as a fall in stock, or reported, with an address or without one."""
    world = a_line(make_world)
    world.see("SHIRT-S", 8)
    world.run()
    if buyer == "somebody who looked":
        click(world, CROWD[0])
    if buyer is None or "@" in buyer:
        for number in range(sold):
            buy(world, buyer, str(number))
    else:
        world.see("SHIRT-S", 8 - sold)
    with world.db.read() as tx:
        row = releases.load_release(tx, 1)
        assert row is not None
        state = release_seen.release_seen(world.env, tx, world.shop, row, units=8 - sold)
    assert sum(one.units for one in state.sales) == sold
    assert state.looks_seen is seen


@ON_SQLITE
def test_sold_out_between_two_waves_stops_and_goes_on_in_order_when_it_is_back(
    make_world: Callable[..., World],
) -> None:
    world = a_line(make_world, stock={"cool_down": timedelta(0)})
    world.see("SHIRT-S", 4)
    world.run()
    first = told(world)
    pass_time(world, 3, left=0)
    [release] = world.rows("SELECT state, reason FROM releases")
    assert (release["state"], release["reason"], told(world)) == ("stopped", "sold_out", first)
    world.see("SHIRT-S", 60, step=HOUR)
    world.run()
    pass_time(world, 2, left=60)
    assert told(world) == 40


@ON_SQLITE
def test_a_person_stops_it_between_two_waves(make_world: Callable[..., World]) -> None:
    world = a_line(make_world)
    world.see("SHIRT-S", 4)
    world.run()
    first = told(world)
    stop_release(world.env, world.shop, world.rows("SELECT id FROM releases")[0]["id"], by="Olga")
    pass_time(world, 30, left=4)
    assert told(world) == first


@ON_SQLITE
def test_as_many_units_as_people_are_told_at_once(make_world: Callable[..., World]) -> None:
    world = a_line(make_world, people=5)
    world.see("SHIRT-S", 9)
    world.run()
    assert told(world) == 5
    assert world.rows("SELECT state FROM releases") == [{"state": "done"}]


@ON_SQLITE
def test_what_is_bought_holds_the_rest_back_and_what_is_not_lets_it_go(
    make_world: Callable[..., World],
) -> None:
    world = a_line(make_world)
    world.see("SHIRT-S", 6)
    world.run()
    first = told(world)
    world.clock.advance(timedelta(minutes=5))  # sooner, and it was a program that clicked
    for number, address in enumerate(CROWD[:5]):
        click(world, address)
        counted = buy(world, address, f"10{number}")
        assert (counted.counted, counted.told) == (True, True)
    pass_time(world, 8, left=1)
    [facts] = [shown(world)["facts"]]
    assert told(world) - first < 8
    assert facts["bought"] == 5
    assert facts["buy_share"] > 0.25


def test_purchases_are_counted_once_and_told_apart(make_world: Callable[..., World]) -> None:
    world = a_line(make_world)
    world.see("SHIRT-S", 6)
    world.run()
    world.clock.advance(HOUR)
    first, again = buy(world, CROWD[0], "1001"), buy(world, CROWD[0], "1001")
    assert (first.told, again.counted) == (True, False)
    assert buy(world, EVE, "1002").told is False
    assert buy(world, None, "1003").told is None
    assert world.count("purchases") == 3


def test_a_shop_learns_from_what_was_bought_and_starts_the_next_release_with_it(
    make_world: Callable[..., World],
) -> None:
    world = a_line(make_world)
    world.see("SHIRT-S", 12)
    world.run()
    reached = told(world)
    world.clock.advance(HOUR)
    for number, address in enumerate(CROWD[:3]):
        click(world, address)
        buy(world, address, f"{number}")
    pass_time(world, 50, left=9, step=HOUR * 5)
    assert learn_all(world.env) == 1
    with world.db.read() as tx:
        known = history_of(tx, world.shop, variant_id=1, besides=0)
    assert known.bought == pytest.approx(ShopHistory().bought * KEPT + 3)
    assert sum(known.delays) == pytest.approx(3)
    assert known.not_looked > 2, reached
    assert known.usual_stock == 3


@ON_SQLITE
def test_what_the_last_restock_taught_is_known_before_the_next_ones_first_wave(
    make_world: Callable[..., World],
) -> None:
    """No job has read it yet: the first was sold out a day before the second comes."""
    world = a_line(make_world, stock={"cool_down": timedelta(0)})
    world.see("SHIRT-S", 4)
    world.run()
    for number in range(3):
        click(world, CROWD[number])
        buy(world, CROWD[number], f"{number}")
    world.see("SHIRT-S", 0, step=25 * HOUR)
    world.run()
    assert world.count("lessons") == 0
    world.see("SHIRT-S", 4)
    world.run()
    assert world.count("releases") == 2
    assert world.rows("SELECT release_id, sold FROM lessons") == [{"release_id": 1, "sold": 3}]


@ON_SQLITE
def test_how_many_usually_come_is_the_variants_own_and_the_rest_the_shops(
    make_world: Callable[..., World],
) -> None:
    world = a_line(make_world, stock={"cool_down": timedelta(0)})
    world.see("SHIRT-M", 0, product="OTHER")
    world.asks(EVE, "SHIRT-M")
    for variant, product, units in (("SHIRT-S", "SHIRT", 9), ("SHIRT-M", "OTHER", 4)):
        world.see(variant, units, product=product)
        world.run()
        world.see(variant, 0, product=product, step=25 * HOUR)
        world.run()
    assert learn_all(world.env) == 2
    with world.db.read() as tx:
        first, second, new = (
            history_of(tx, world.shop, variant_id=number, besides=0) for number in (1, 2, 3)
        )
        besides = history_of(tx, world.shop, variant_id=1, besides=1)
    assert (first.usual_stock, second.usual_stock, besides.usual_stock) == (9, 4, 4)
    assert 4 < (new.usual_stock or 0) < 9
    assert replace(first, usual_stock=4) == second


@ON_SQLITE
def test_where_nothing_is_reported_the_fall_in_stock_teaches(
    make_world: Callable[..., World],
) -> None:
    world = a_line(make_world)
    world.see("SHIRT-S", 12)
    world.run()
    for left in (11, 9, 8, 8, 6):
        world.see("SHIRT-S", left, step=HOUR)
        world.run()
    pass_time(world, 50, left=6, step=HOUR * 5)
    learn_all(world.env)
    [lesson] = world.rows("SELECT units, sold, looks_seen FROM lessons")
    assert (lesson["units"], bool(lesson["looks_seen"])) == (6, False)


@ON_SQLITE
def test_a_source_without_a_quantity_goes_in_small_waves(
    make_world: Callable[..., World],
) -> None:
    world = a_line(make_world)
    world.see("SHIRT-S", None, availability=Availability.IN_STOCK)
    world.run()
    first = told(world)
    assert 1 <= first <= 10
    for _ in range(5):
        world.see("SHIRT-S", None, availability=Availability.IN_STOCK, step=HOUR * 6)
        world.run()
    assert told(world) > first


def test_of_a_large_release_some_messages_stand_for_all(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = a_line(make_world)
    world.see("SHIRT-S", 60)
    world.run()
    for address in CROWD:
        click(world, address)
    monkeypatch.setattr(release_seen, "_READ_ALL", 20)
    with world.env.db.read() as tx:
        [row] = world.rows("SELECT id FROM releases")
        release = releases.load_release(tx, row["id"])
        assert release is not None
        seen = release_seen.release_seen(world.env, tx, world.shop, release, units=20)
    people = sum(one.people for one in seen.told)
    assert 10 <= people <= 70  # of 40, one in two stands for two
    assert sum(len(one.looked) for one in seen.told) == people
    assert people % 2 == 0
