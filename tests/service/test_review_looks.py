"""Is stock believed rightly when looks come late, twice, or from several sources?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

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


def see_in_feed(
    world: World, availability: Availability, *, data_at: datetime | None = None
) -> None:
    """A minute later a full look at a feed, made at `data_at`, shows this for one variant."""
    now = world.clock.advance(timedelta(minutes=1))
    world.db.retry(
        lambda tx: sources.ensure_source(
            tx, shop_id=world.shop.id, name="feed", kind="feed", now=now
        )
    )
    row = Observation(key="SHIRT-S", product_key="SHIRT", availability=availability)
    look = Look(observations=iter([row]), full=True, data_at=data_at)
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


def test_an_unchanged_row_of_a_newer_feed_overrides_an_older_push(world: World) -> None:
    see_in_feed(world, _OUT)
    world.see("SHIRT-S", 5)  # said too early: the parcel went to somebody else
    made_at = world.clock.advance(timedelta(hours=1))
    see_in_feed(world, _OUT, data_at=made_at)
    assert believed(world) == ("out_of_stock", "feed")


def test_an_unchanged_row_of_an_older_feed_does_not(world: World) -> None:
    see_in_feed(world, _OUT)
    made_at = world.clock.advance(timedelta(hours=1))
    world.see("SHIRT-S", 5)
    world.clock.advance(timedelta(days=3))
    see_in_feed(world, _OUT, data_at=made_at)
    assert believed(world) == ("in_stock", "push")


def test_a_changed_row_of_a_feed_made_before_a_push_does_not_take_that_back(world: World) -> None:
    """Nor is it forgotten: made anew it counts."""
    see_in_feed(world, _OUT)
    world.waits(ANN)
    made_at = world.clock.advance(timedelta(minutes=10))
    world.see("SHIRT-S", 0)  # sold again before the feed was fetched
    see_in_feed(world, Availability.IN_STOCK, data_at=made_at)
    assert believed(world) == ("out_of_stock", "push")
    see_in_feed(world, Availability.IN_STOCK, data_at=world.clock.advance(timedelta(minutes=1)))
    assert believed(world) == ("in_stock", "feed")


def test_a_feed_made_in_the_second_of_the_push_counts_as_newer(world: World) -> None:
    """Last-Modified has no fractions."""
    see_in_feed(world, _OUT)
    world.clock.advance(timedelta(milliseconds=600))
    world.see("SHIRT-S", 5)
    see_in_feed(world, _OUT, data_at=world.clock().replace(microsecond=0))
    assert believed(world) == ("out_of_stock", "feed")


def test_a_feed_that_does_not_say_how_old_it_is_counts_once_the_push_is_older_than_it_may_be(
    world: World,
) -> None:
    see_in_feed(world, _OUT)
    world.see("SHIRT-S", 5)
    world.clock.advance(FEED.max_age - timedelta(minutes=5))
    see_in_feed(world, _OUT)
    assert believed(world) == ("in_stock", "push")
    world.clock.advance(timedelta(minutes=5))
    see_in_feed(world, _OUT)
    assert believed(world) == ("out_of_stock", "feed")


def test_who_waits_is_told_when_a_newer_feed_repeats_that_it_is_there(world: World) -> None:
    see_in_feed(world, _OUT)
    see_in_feed(world, Availability.IN_STOCK)
    world.clock.advance(timedelta(hours=7))
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    made_at = world.clock.advance(timedelta(hours=1))
    see_in_feed(world, Availability.IN_STOCK, data_at=made_at)
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1


def test_a_push_that_repeats_itself_overrides_what_a_feed_said_in_between(world: World) -> None:
    world.see("SHIRT-S", 0)
    see_in_feed(world, Availability.IN_STOCK)
    world.see("SHIRT-S", 0)
    assert believed(world) == ("out_of_stock", "push")


def test_a_copy_of_a_page_does_not_take_back_what_a_push_said_since(world: World) -> None:
    see_on_page(world, Availability.IN_STOCK)
    world.see("SHIRT-S", 0)
    see_on_page(world, Availability.IN_STOCK)
    assert believed(world) == ("out_of_stock", "push")


def test_a_newer_feed_that_says_no_quantity_keeps_the_one_that_was_pushed(world: World) -> None:
    see_in_feed(world, Availability.IN_STOCK)
    world.see("SHIRT-S", 5)
    see_in_feed(world, Availability.IN_STOCK, data_at=world.clock.advance(timedelta(hours=1)))
    assert world.rows("SELECT quantity, source FROM stock") == [{"quantity": 5, "source": "feed"}]


def see_on_page(world: World, availability: Availability) -> None:
    """A minute later the variant's page shows this."""
    now = world.clock.advance(timedelta(minutes=1))
    world.db.retry(
        lambda tx: sources.ensure_source(
            tx, shop_id=world.shop.id, name="page", kind="page", now=now
        )
    )
    row = Observation(key="SHIRT-S", product_key="SHIRT", availability=availability)
    look = Look(observations=iter([row]), full=False)
    apply_look(world.env, world.shop, look, source="page", settings=SourceSection(kind="page"))


def believed(world: World) -> tuple[str, str]:
    """What we believe of the variant, and whose word it is."""
    [row] = world.rows("SELECT availability, source FROM stock")
    return row["availability"], row["source"]


_OUT = Availability.OUT_OF_STOCK
