"""How often is a source looked at, and what does it cost to find that out?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest

from notifier.domain.eta import Eta
from notifier.services.manage import pause
from notifier.services.poll import poll
from notifier.store import source_demand
from notifier.store.sources import list_sources
from tests.fakes.feed_server import FeedServer, Reply, serving
from tests.plans import steps
from tests.world import ANN, World

FEED = (
    b'<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0"><channel><item>'
    b"<g:id>K1</g:id><title>K1</title><link>https://kettle.example/K1</link>"
    b"<g:availability>out_of_stock</g:availability></item></channel></rss>"
)
QUICK, USUAL, SLOW = timedelta(minutes=2), timedelta(minutes=15), timedelta(hours=6)
DAY = timedelta(days=1)


@pytest.fixture
def feeds() -> Iterator[FeedServer]:
    with serving() as server:
        server.replies["/feed.xml"] = Reply(body=FEED)
        yield server


@pytest.fixture
def polled(make_world: Callable[..., World], feeds: FeedServer) -> World:
    return make_world(
        release={"strategy": "all"},
        sources={"catalogue": {"kind": "feed", "url": feeds.url("/feed.xml")}},
    )


def pace(world: World) -> timedelta:
    """After one more look: how long until the next."""
    poll(world.env, world.shop, "catalogue", owner="test")
    with world.db.read() as tx:
        [source] = [one for one in list_sources(tx) if one.name == "catalogue"]
    assert source.next_look_at is not None
    wait = source.next_look_at - world.clock()
    return next(one for one in (QUICK, USUAL, SLOW) if one <= wait <= 1.1 * one)


def expect(world: World, day: date) -> None:
    world.see("MUG", 0, product="MUG", eta=Eta.on(day))


def test_the_pace_follows_the_date_and_relaxes_when_that_is_over(polled: World) -> None:
    start = polled.clock().date()
    expect(polled, start + 5 * DAY)
    assert pace(polled) == SLOW
    ann = polled.waits(ANN, "MUG")
    paces = []
    for _ in range(10):
        paces.append(pace(polled))
        polled.clock.advance(DAY)
    assert paces == [USUAL] * 3 + [QUICK] * 5 + [USUAL] * 2  # from two days before to two after
    pause(polled.env, polled.subscription(ann).contact_id, ann, until=None)
    assert pace(polled) == SLOW


def test_a_date_that_is_over_hides_none_that_is_near(polled: World) -> None:
    expect(polled, polled.clock().date())
    polled.see("TEAPOT", 0, product="POT", eta=Eta.on(polled.clock().date() + 21 * DAY))
    polled.waits(ANN, "MUG")
    polled.waits(ANN, "TEAPOT")
    polled.clock.advance(10 * DAY)
    assert pace(polled) == USUAL
    polled.clock.advance(10 * DAY)
    assert pace(polled) == QUICK


def test_a_month_is_near_until_it_has_ended(polled: World) -> None:
    polled.see("MUG", 0, product="MUG", eta=Eta.in_month(2026, 12))
    polled.see("CUP", 0, product="MUG")
    polled.waits(ANN, "MUG", any_variant=True)
    polled.clock.advance(20 * DAY)
    assert pace(polled) == QUICK
    polled.clock.advance(20 * DAY)
    assert pace(polled) == USUAL


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_finding_the_pace_costs_the_same_however_many_wait(polled: World) -> None:
    today = polled.clock().date()
    expect(polled, today)

    def ask() -> None:
        with polled.db.read() as tx:
            assert source_demand.is_waited_for(tx, polled.shop.id)
            assert source_demand.is_eta_waited_for(
                tx, polled.shop.id, begins_by=today, ends_from=today
            )

    polled.waits(ANN, "MUG")
    few = steps(polled.db, ask)
    for n in range(100):
        polled.waits(f"p{n}@waits.example", "MUG")
    assert few > 0
    assert steps(polled.db, ask) <= 1.2 * few
