"""When goods arrive: who has bought first gets them, and hears of it before anybody who waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifier.config import SourceSection
from notifier.connectors.base import Look
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.domain.order_delay import State
from notifier.domain.order_history import Happened
from notifier.services.decide_hold import Decision, decide_hold
from notifier.services.observe import apply_look
from notifier.services.order_follow import follow_due
from notifier.store import sources
from tests.order_desk import Desk
from tests.world import ANN, BEN, EVE, World


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def test_who_bought_is_told_before_who_waits(desk: Desk) -> None:
    mail = desk.world.config.channels["mail"].model_extra
    assert mail is not None
    mail["connections"] = 1  # with more, who began last may be heard first
    desk.buy()
    desk.world.waits(EVE)
    desk.run()
    desk.world.see("SHIRT-S", 5)
    desk.world.announce()  # the alert comes first, if it can
    assert desk.world.count("messages", "kind = 'back_in_stock'") == 0
    desk.run()
    assert desk.told(ANN)[-1] == "order_ready"
    assert desk.told(EVE)[-1] == "back_in_stock"
    begun = [line for _, line in desk.world.smtp.commands if line.startswith("RCPT")]
    assert [ANN in begun[-2], EVE in begun[-1]] == [True, True]


def test_an_alert_does_not_wait_for_ever_for_a_job_that_stands_still(desk: Desk) -> None:
    desk.buy()
    desk.world.waits(EVE)
    desk.run()
    desk.world.see("SHIRT-S", 5)
    desk.world.clock.advance(timedelta(minutes=3))
    desk.world.announce()
    assert desk.world.count("messages", "kind = 'back_in_stock'") == 1


def test_the_oldest_order_gets_the_goods_and_nobody_overtakes(desk: Desk) -> None:
    desk.buy("#2", email=BEN, lines=[{"quantity": 3}])
    desk.buy("#3", email=EVE)
    # taken over later, but bought first
    desk.world.clock.advance(timedelta(hours=1))
    bought_at = desk.world.clock.now - timedelta(hours=2)
    desk.buy("#1", completed_at=bought_at.isoformat(), lines=[{"quantity": 2}])
    desk.run()
    desk.world.see("SHIRT-S", 3)
    desk.run()
    assert desk.told(ANN)[-1] == "order_ready"
    assert "order_ready" not in desk.told(BEN)  # there are not enough for all three
    assert "order_ready" not in desk.told(EVE)  # one would be there for her, but she came later
    desk.world.see("SHIRT-S", 6)  # the rest of the parcel
    desk.run()
    assert [desk.told(one)[-1] for one in (ANN, BEN, EVE)] == ["order_ready"] * 3
    assert desk.told(ANN).count("order_ready") == 1


def test_what_shipped_after_the_count_is_not_given_twice(desk: Desk) -> None:
    desk.buy("#1", lines=[{"quantity": 2}])
    desk.buy("#2", email=BEN, lines=[{"quantity": 2}])
    desk.run()
    desk.world.see("SHIRT-S", 2)
    desk.run()
    desk.world.clock.advance(timedelta(hours=1))
    desk.ship(ref="#1")  # the count of two is an hour old
    desk.world.clock.advance(timedelta(hours=1))
    desk.expect_line("#2", "2026-03-30")
    desk.run()
    assert "order_ready" not in desk.told(BEN)


def test_without_a_count_all_are_told(desk: Desk) -> None:

    desk.buy("#1", lines=[{"quantity": 9}])
    desk.buy("#2", email=BEN)
    desk.run()
    desk.world.see("SHIRT-S", availability=Availability.IN_STOCK)
    desk.run()
    assert [desk.told(one)[-1] for one in (ANN, BEN)] == ["order_ready"] * 2


def test_stock_that_was_there_when_it_was_sold_as_not_there_is_an_old_count(desk: Desk) -> None:
    desk.world.see("SHIRT-S", 1)
    desk.world.clock.advance(timedelta(minutes=1))
    desk.buy()
    desk.run()
    assert "order_ready" not in desk.told()


def test_goods_that_are_there_are_not_late_because_more_of_them_come_later(desk: Desk) -> None:
    desk.buy()
    desk.run()
    desk.world.see("SHIRT-S", 1)
    desk.run()
    desk.world.see("SHIRT-S", 0)
    desk.expect("2026-08-15")
    desk.run()
    assert desk.line().state is State.OPEN
    assert desk.told() == ["order_backordered", "order_ready"]
    desk.world.clock.advance(timedelta(days=4))  # they did not leave after all
    desk.expect("2026-08-20")
    desk.run()
    assert desk.told()[-1] == "delay_notice"


def test_what_was_cancelled_meanwhile_is_not_said_to_be_ready(desk: Desk) -> None:
    desk.buy()
    desk.run()
    desk.world.see("SHIRT-S", 1)
    while follow_due(desk.world.env):
        continue
    desk.cancels()
    desk.run()
    assert desk.told() == ["order_backordered", "order_cancelled"]


def test_a_restock_that_is_held_is_none_until_a_person_says_so(
    make_world: Callable[..., World],
) -> None:

    world = make_world(release={"strategy": "all"}, stock={"brake_count": 1, "brake_share": 0.1})
    desk = Desk(world)
    for key in ("SHIRT-M", "SHIRT-L"):
        world.see(key, 0)
    desk.buy()
    desk.run()
    now = world.clock.advance(timedelta(hours=7))
    rows = [
        Observation(key=key, product_key="SHIRT", availability=Availability.IN_STOCK, quantity=3)
        for key in ("SHIRT-S", "SHIRT-M", "SHIRT-L")
    ]
    world.db.retry(
        lambda tx: sources.ensure_source(
            tx, shop_id=world.shop.id, name="feed", kind="feed", now=now
        )
    )
    look = Look(observations=iter(rows), full=True)
    report = apply_look(
        world.env, world.shop, look, source="feed", settings=SourceSection(kind="feed")
    )
    assert report.held
    desk.run()
    assert "order_ready" not in desk.told()
    assert report.hold_id is not None
    decide_hold(world.env, report.hold_id, Decision.RELEASED, by="olga")
    world.clock.advance(timedelta(minutes=2))
    desk.run()
    assert desk.told()[-1] == "order_ready"


def test_units_of_who_bought_are_promised_to_nobody_else(make_world: Callable[..., World]) -> None:
    world = make_world(release={"strategy": "per_unit", "rate": 1.0})
    desk = Desk(world)
    desk.buy(lines=[{"quantity": 2}])
    for address in (BEN, EVE):
        world.waits(address)
    desk.run()
    world.see("SHIRT-S", 3)
    desk.run()
    assert world.count("messages", "kind = 'back_in_stock'") == 1  # three there, two are Ann's


def test_a_new_date_reaches_every_line_that_waits_for_it(desk: Desk) -> None:
    for number in range(3):
        desk.buy(f"#{number}", email=f"c{number}@waits.example")
    desk.run()
    desk.expect("2026-05-10")
    desk.run()
    for number in range(3):
        [fact] = desk.happened(Happened.ESTIMATE, f"#{number}")
        assert (fact["ship_by"], fact["source"]) == ("2026-05-10", "supplier")
        assert desk.told(f"c{number}@waits.example")[-1] == "delay_notice"
