"""Does each of those who wait hear of new dates as far as that person chose? (both databases)"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from notifier.domain.dates import read_eta
from notifier.domain.eta import Eta
from notifier.domain.subscription import EtaNews
from notifier.errors import NotFound
from notifier.services.change_address import change_address
from notifier.services.consent import Circumstances
from notifier.services.foresee_eta import foresee_eta
from notifier.services.manage import change_eta_news
from notifier.services.sweep import sweep
from tests.world import ANN, BEN, World

CY, DEE = "cy@example.com", "dee@example.com"
DAY = timedelta(days=1)
TENTH = date(2027, 1, 10)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world(release={"strategy": "all"}, eta_notice_days=3, eta_notice_every=DAY)


def all_wait(world: World) -> dict[str, int]:
    """For what is expected on 10 January. Ann hears as the shop does: from three days on."""
    world.see("SHIRT-S", 0, eta=Eta.on(TENTH))
    ids = {who: world.waits(who) for who in (ANN, BEN, CY, DEE)}
    world.run()
    chosen = {BEN: EtaNews.EVERY, CY: EtaNews.OVER_A_WEEK, DEE: EtaNews.NEVER}
    for who, news in chosen.items():
        choose(world, ids[who], news)
    return ids


def choose(world: World, subscription_id: int, news: EtaNews | None) -> None:
    owner = world.subscription(subscription_id).contact_id
    change_eta_news(world.env, owner, subscription_id, news=news)


def told(world: World) -> list[int]:
    """How many messages about dates each has."""
    return [len(world.mails(who, "eta_revised")) for who in (ANN, BEN, CY, DEE)]


@pytest.mark.parametrize(
    ("days", "who_hears"),
    [
        (1, [0, 1, 0, 0]),
        (3, [1, 1, 0, 0]),
        (7, [1, 1, 0, 0]),
        (8, [1, 1, 1, 0]),
        (-8, [1, 1, 1, 0]),
        (60, [1, 1, 1, 0]),
    ],
)
def test_a_date_is_told_to_whom_it_moved_far_enough(
    world: World, days: int, who_hears: list[int]
) -> None:
    all_wait(world)
    moved = Eta.on(TENTH + days * DAY)

    foreseen = foresee_eta(world.env, world.shop, "SHIRT-S", moved, source="supplier")
    world.see("SHIRT-S", 0, eta=moved)
    world.run()

    assert told(world) == who_hears
    assert foreseen.subscribers == sum(who_hears)


def test_what_came_too_soon_is_made_up_for_only_as_far_as_was_chosen(world: World) -> None:
    all_wait(world)
    world.see("SHIRT-S", 0, eta=Eta.on(TENTH + 20 * DAY))
    world.run()
    assert told(world) == [1, 1, 1, 0]
    world.see("SHIRT-S", 0, eta=Eta.on(TENTH + 22 * DAY))  # too soon for everybody
    world.run()

    for _ in range(4):
        world.clock.advance(DAY)
        sweep(world.env)
        world.run()

    assert told(world) == [1, 2, 1, 0]


def test_a_first_date_is_news_to_all_but_who_wants_none(world: World) -> None:
    world.see("SHIRT-S", 0)
    ids = {who: world.waits(who) for who in (ANN, BEN, CY, DEE)}
    choose(world, ids[CY], EtaNews.OVER_A_WEEK)
    choose(world, ids[DEE], EtaNews.NEVER)

    world.see("SHIRT-S", 0, eta=Eta.on(TENTH))
    world.run()

    assert told(world) == [1, 1, 1, 0]


def test_who_wants_none_any_more_gets_not_even_the_message_on_its_way(world: World) -> None:
    ids = all_wait(world)
    world.see("SHIRT-S", 0, eta=Eta.on(TENTH + 20 * DAY))
    world.announce()
    choose(world, ids[ANN], EtaNews.NEVER)
    world.deliver()

    assert told(world) == [0, 1, 1, 0]


def test_who_wants_no_dates_still_hears_that_it_is_back(world: World) -> None:
    all_wait(world)

    world.see("SHIRT-S", 9)
    world.run()

    assert len(world.mails(DEE, "back_in_stock")) == 1


def test_the_choice_goes_along_to_another_address_and_can_be_taken_back(world: World) -> None:
    ids = all_wait(world)
    owner = world.subscription(ids[DEE]).contact_id
    change_address(
        world.env,
        owner,
        ids[DEE],
        email="dee@elsewhere.example",
        phone=None,
        circumstances=Circumstances(),
    )
    assert world.count("subscriptions", f"replaces_id = {ids[DEE]} AND eta_days = -1") == 1

    choose(world, ids[DEE], None)
    assert world.subscription(ids[DEE]).eta_days is None


def test_nobody_chooses_for_somebody_else(world: World) -> None:
    ids = all_wait(world)
    eve = world.subscription(ids[ANN]).contact_id

    with pytest.raises(NotFound):
        change_eta_news(world.env, eve, ids[BEN], news=EtaNews.NEVER)

    assert world.subscription(ids[BEN]).eta_days == 0


@pytest.mark.parametrize(
    ("first", "then", "who_hears"),
    [
        ("2027-12-30", "2027-12", [0, 1, 0, 0]),  # by one day: until the 31st
        ("2027-12", "2028-01", [1, 1, 1, 0]),
        ("2028-02-29", "2028-02", [0, 0, 0, 0]),  # the same last day
    ],
)
def test_a_month_counts_by_its_last_day(
    world: World, first: str, then: str, who_hears: list[int]
) -> None:
    world.see("SHIRT-S", 0, eta=read_eta(first))
    ids = {who: world.waits(who) for who in (ANN, BEN, CY, DEE)}
    world.run()
    chosen = {BEN: EtaNews.EVERY, CY: EtaNews.OVER_A_WEEK, DEE: EtaNews.NEVER}
    for who, news in chosen.items():
        choose(world, ids[who], news)

    world.see("SHIRT-S", 0, eta=read_eta(then))
    world.run()

    assert told(world) == who_hears


@pytest.mark.parametrize(("days", "mails"), [(0, 1), (-1, 0)])
def test_today_is_news_and_a_day_that_is_over_is_none(world: World, days: int, mails: int) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)

    world.see("SHIRT-S", 0, eta=Eta.on(world.clock().date() + days * DAY))
    world.run()

    assert len(world.mails(ANN, "eta_revised")) == mails
