"""Is stock believed rightly when looks come late, twice, or from several sources?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from notifier.config import SourceSection
from notifier.connectors.base import Look
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.services.observe import apply_look, observe
from notifier.services.weigh_again import weigh_again
from notifier.store import sources
from notifier.store import stock as stock_store
from tests.world import ANN, World

FEED = SourceSection(kind="feed")


def see_in_feed(world: World, availability: Availability) -> None:
    """A minute later a full look at a feed shows this for one variant."""
    now = world.clock.advance(timedelta(minutes=1))
    world.db.retry(
        lambda tx: sources.ensure_source(
            tx, shop_id=world.shop.id, name="feed", kind="feed", now=now
        )
    )
    row = Observation(key="SHIRT-S", product_key="SHIRT", availability=availability)
    look = Look(observations=iter([row]), full=True)
    apply_look(world.env, world.shop, look, source="feed", settings=FEED)


def test_a_push_that_names_no_product_makes_no_second_one(world: World) -> None:
    world.see("SHIRT-S", 0)
    observe(world.env, world.shop, [Observation(key="SHIRT-S", availability=_OUT, quantity=0)])
    assert world.rows("SELECT key FROM products") == [{"key": "SHIRT"}]


def test_a_variant_without_a_product_is_its_own_and_keeps_learning_its_title(
    world: World,
) -> None:
    observe(world.env, world.shop, [Observation(key="MUG", availability=_OUT, title="Mug")])
    observe(world.env, world.shop, [Observation(key="MUG", availability=_OUT, title="Big mug")])
    assert world.rows("SELECT key, title FROM products") == [{"key": "MUG", "title": "Big mug"}]


def test_a_restock_seen_while_the_clock_was_set_back_is_not_lost(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.clock.advance(timedelta(hours=-1))
    for _ in range(65):
        world.see("SHIRT-S", 5)
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1


def test_a_source_that_knows_nothing_does_not_age_what_another_one_says(world: World) -> None:
    see_in_feed(world, _OUT)
    world.see("SHIRT-S", availability=Availability.UNKNOWN)
    [row] = world.rows("SELECT source, vouched FROM stock")
    assert row["source"] == "feed"
    assert row["vouched"]


def test_a_full_look_vouches_for_what_a_push_said_as_well(world: World) -> None:
    see_in_feed(world, Availability.IN_STOCK)
    world.see("SHIRT-S", 5)
    world.clock.advance(timedelta(days=2))
    see_in_feed(world, Availability.IN_STOCK)
    with world.db.read() as tx:
        [known_at] = stock_store.vouched_at(tx, world.shop.id, [1]).values()
    assert known_at == world.clock()


def test_an_unchanged_row_of_a_feed_does_not_take_back_what_a_push_said_since(
    world: World,
) -> None:
    """The feed may be a copy from an hour ago."""
    see_in_feed(world, Availability.IN_STOCK)
    world.see("SHIRT-S", 0)
    see_in_feed(world, Availability.IN_STOCK)
    assert world.rows("SELECT availability, source FROM stock") == [
        {"availability": "out_of_stock", "source": "push"}
    ]


def test_not_modified_counts_as_one_more_look_that_shows_the_same(
    make_world: Callable[..., World],
) -> None:
    world = make_world(release={"strategy": "all"}, stock={"confirm_looks": 2})
    see_in_feed(world, _OUT)
    world.waits(ANN)
    see_in_feed(world, Availability.IN_STOCK)
    world.run()
    assert world.mails(ANN, "back_in_stock") == []
    weigh_again(world.env, world.shop, unmodified="another source")
    assert world.count("events") == 0
    weigh_again(world.env, world.shop, unmodified="feed")
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1


_OUT = Availability.OUT_OF_STOCK
