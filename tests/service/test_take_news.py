"""What becomes of what a shop's system says: which variant is meant, and when is the shop asked?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.domain.shop_news import Bought, Gone, Listed, ShopNews
from notifier.services.look_soon import look_soon
from notifier.services.observe import observe
from notifier.services.take_news import Taken, take_news
from notifier.store import sources
from tests.world import World

FEED = {"catalogue": {"kind": "feed", "url": "https://kettle.example/feed.xml"}}
MINUTE = timedelta(minutes=1)


def known(world: World, *rows: tuple[str, str], source: str = "catalogue", **said: Any) -> None:
    """What the shop's feed has shown: key and sku, sold out unless it is said otherwise."""
    seen = [
        Observation(key=key, sku=sku, **{"availability": Availability.OUT_OF_STOCK} | said)
        for key, sku in rows
    ]
    observe(world.env, world.shop, seen, source=source)
    world.clock.advance(MINUTE)


def told(key: str, sku: str = "", *, quantity: int | None = 5, **said: Any) -> Observation:
    there = Availability.IN_STOCK if quantity else Availability.OUT_OF_STOCK
    return Observation(key=key, sku=sku, **{"availability": there, "quantity": quantity} | said)


def take(world: World, *seen: Observation, **news: Any) -> Taken:
    return take_news(world.env, world.shop, ShopNews(seen=seen, **news), system="woocommerce")


def in_stock(world: World) -> set[str]:
    rows = world.rows(
        "SELECT v.key FROM stock s JOIN variants v ON v.id = s.variant_id"
        " WHERE s.availability = 'in_stock'"
    )
    return {row["key"] for row in rows}


@pytest.mark.parametrize(
    ("rows", "said", "meant", "answer"),
    [
        # known by the system's id
        ([("34", "H-B"), ("35", "H-G")], ("34", "H-B"), {"34"}, ""),
        ([("34", ""), ("35", "")], ("34", "H-B"), {"34"}, ""),
        ([("34", "OLD")], ("34", "RENAMED"), {"34"}, ""),
        ([("34", "H-B")], ("34", ""), {"34"}, ""),
        # known by the sku
        ([("H-B", "H-B"), ("H-G", "H-G")], ("34", "H-B"), {"H-B"}, ""),
        ([("H-B", "")], ("34", "H-B"), {"H-B"}, ""),
        # known by a key of its own, with the sku beside it
        ([("shopify_US_9_34", "H-B")], ("34", "H-B"), {"shopify_US_9_34"}, ""),
        # known twice
        ([("34", "H-B"), ("H-B", "H-B")], ("34", "H-B"), {"34", "H-B"}, ""),
        # the skus are numbers, and one of them is the id of something else
        ([("34", "34"), ("77", "77")], ("34", "77"), {"77"}, ""),
        ([("34", ""), ("77", "")], ("34", "77"), {"77"}, ""),
        ([("34", "34")], ("34", "77"), set(), "refused"),
        ([("34", "34")], ("34", ""), set(), "refused"),
        # the ids are known, and one of them is the sku of something else
        ([("34", "77"), ("77", "B")], ("34", "77"), {"34"}, ""),
        ([("77", "B")], ("34", "77"), {"34"}, "unmatched"),
        # several have the sku
        ([("a", "H-B"), ("b", "H-B")], ("34", "H-B"), set(), "refused"),
        ([("34", "H-B"), ("b", "H-B")], ("34", "H-B"), {"34"}, ""),
        # the id of one, the sku of another
        ([("34", "H-B"), ("35", "H-G")], ("34", "H-G"), set(), "refused"),
        # new to us
        ([("H-G", "H-G")], ("34", "H-B"), {"34"}, "unmatched"),
        ([], ("34", ""), {"34"}, "unmatched"),
    ],
)
def test_the_variant_that_is_meant_is_found_by_id_or_sku(
    rows: list[tuple[str, str]],
    said: tuple[str, str],
    meant: set[str],
    answer: str,
    make_world: Callable[..., World],
) -> None:
    world = make_world(sources=FEED)
    known(world, *rows)
    taken = take(world, told(*said))
    assert in_stock(world) == meant
    assert (taken.unmatched, taken.refused) == (
        ["34"] if answer == "unmatched" else [],
        int(answer == "refused"),
    )


@pytest.mark.parametrize("has_feed", [True, False])
def test_names_and_prices_are_those_of_the_source_where_there_is_one(
    has_feed: bool, make_world: Callable[..., World]
) -> None:
    world = make_world(sources=FEED if has_feed else {})
    known(world, ("34", "H-B"), product_key="hoodie", title="Our hoodie", price=Decimal("45.00"))
    take(world, told("34", "H-B", product_key="11", title="Hoodie", price=Decimal("37.82")))
    [row] = world.rows(
        "SELECT p.key, p.title, v.price FROM variants v JOIN products p ON p.id = v.product_id"
    )
    named = ("hoodie", "Our hoodie", Decimal("45.00"))
    if not has_feed:
        named = ("11", "Hoodie", Decimal("37.82"))
    assert (row["key"], row["title"], Decimal(str(row["price"]))) == named
    assert in_stock(world) == {"34"}


@pytest.mark.parametrize(
    ("has_feed", "belief", "believed"),
    [
        (True, {"availability": Availability.IN_STOCK}, False),  # perhaps nobody counts it
        (True, {"availability": Availability.IN_STOCK, "quantity": 3}, True),
        (True, {"availability": Availability.BACKORDER}, True),
        (False, {"availability": Availability.IN_STOCK}, True),  # nobody else would say it
    ],
)
def test_a_zero_that_may_not_be_counted_is_asked_about(
    has_feed: bool, belief: dict[str, Any], believed: bool, make_world: Callable[..., World]
) -> None:
    world = make_world(sources=FEED if has_feed else {})
    known(world, ("41", ""), **belief)
    _fix_next_look(world, world.clock() + timedelta(hours=5))
    taken = take(world, told("41", quantity=0), doubtful=frozenset({"41"}))
    [row] = world.rows("SELECT availability FROM stock")
    assert row["availability"] == ("out_of_stock" if believed else "in_stock")
    assert taken.looked_again == (0 if believed else 1)


@pytest.mark.parametrize(("quantity", "asked"), [(5, 1), (0, 0)])
def test_what_comes_late_changes_nothing_but_where_it_contradicts_is_asked_about(
    quantity: int, asked: int, make_world: Callable[..., World]
) -> None:
    world = make_world(sources=FEED)
    known(world, ("34", "H-B"))
    _fix_next_look(world, world.clock() + timedelta(hours=5))
    long_ago = world.clock() - timedelta(hours=1)
    taken = take(world, told("34", "H-B", quantity=quantity, observed_at=long_ago))
    assert (in_stock(world), taken.looked_again) == (set(), asked)


def test_what_is_gone_is_gone_with_its_variants(make_world: Callable[..., World]) -> None:
    world = make_world()
    known(world, ("41", "A"), ("42", "B"), product_key="9")
    known(world, ("9", "9"), ("14", "C"), availability=Availability.IN_STOCK, quantity=2)
    off = Availability.DISCONTINUED
    take(world, gone=(Gone(id="9", availability=off, with_variants=True),))
    take(world, gone=(Gone(id="14", availability=Availability.OUT_OF_STOCK),))
    take(world, gone=(Gone(id="unheard of", availability=off, with_variants=True),))
    rows = world.rows(
        "SELECT v.key, s.availability FROM stock s JOIN variants v ON v.id = s.variant_id"
    )
    assert {row["key"]: row["availability"] for row in rows} == {
        "41": "discontinued",
        "42": "discontinued",
        "9": "in_stock",  # known by its sku: the number only looks like the product's id
        "14": "out_of_stock",
    }


def test_what_was_gone_before_it_was_seen_again_stays(make_world: Callable[..., World]) -> None:
    world = make_world()
    known(world, ("14", "C"), availability=Availability.IN_STOCK, quantity=2)
    long_ago = world.clock() - timedelta(hours=1)
    take(world, gone=(Gone(id="14", availability=Availability.OUT_OF_STOCK),), as_of=long_ago)
    assert in_stock(world) == {"14"}


def test_nobody_is_told_of_a_product_that_shoppers_do_not_see(
    make_world: Callable[..., World],
) -> None:
    world = make_world(double_opt_in=False)
    known(world, ("34", "H-B"), product_key="11", title="Hoodie")
    world.asks("ann@waits.example", "34")
    hidden = (Listed(product="11", shown=False),)
    take(world, told("11"), if_known=frozenset({"11"}), listed=hidden)
    world.clock.advance(MINUTE)
    take(world, told("34", "H-B"))
    world.run()
    assert world.mails("ann@waits.example", "back_in_stock") == []
    assert world.count("subscriptions", "state = 'waiting'") == 1
    take(world, listed=(Listed(product="11", shown=True),))
    assert world.count("products", "published") == world.count("products") == 1


def test_lines_of_an_order_find_their_variants_as_stock_does(
    make_world: Callable[..., World],
) -> None:
    world = make_world()
    known(world, ("H-B", "H-B"), ("a", "TWICE"), ("b", "TWICE"))
    lines = [("34", "H-B"), ("35", "NEW"), ("36", "TWICE")]
    bought = tuple(
        Bought(ref=f"1:{n}", variant=id_, sku=sku, at=datetime(2026, 12, 1, tzinfo=UTC), units=2)
        for n, (id_, sku) in enumerate(lines)
    )
    assert take(world, bought=bought).purchases == 1
    assert take(world, bought=bought).purchases == 0
    [row] = world.rows("SELECT ref, units, told FROM purchases")
    assert (row["ref"], row["units"], row["told"]) == ("1:0", 2, None)
    assert world.count("stock", "availability = 'in_stock'") == 0, "an order says nothing of stock"


# ---- asking soon ----


@pytest.mark.parametrize(
    ("row", "next_look"),
    [
        ({}, "now"),
        ({"tried": 1}, "at_most"),  # looked at a minute ago; not more often than every two
        ({"tried": 30}, "now"),
        ({"next": -1}, "as it was"),  # it is due anyway
        ({"failures": 3}, "as it was"),  # it keeps its pause
    ],
)
def test_a_hint_has_the_source_asked_as_soon_as_it_may_be(
    row: dict[str, int], next_look: str, make_world: Callable[..., World]
) -> None:
    world = make_world(sources=FEED | {"erp": {"kind": "push"}})
    now = world.clock()
    due = now + row.get("next", 300) * MINUTE
    tried = now - row["tried"] * MINUTE if "tried" in row else None
    _fix_next_look(world, due, tried_at=tried, failures=row.get("failures", 0))
    taken = take(world, look_again=True)
    [found] = [one for one in _sources(world) if one.name == "catalogue"]
    expected = {"now": now, "at_most": now + MINUTE, "as it was": due}[next_look]
    assert found.next_look_at == expected
    assert taken.looked_again == int(next_look != "as it was")
    assert world.count("stock") == 0


def test_a_shop_that_only_pushes_cannot_be_asked(make_world: Callable[..., World]) -> None:
    world = make_world(sources={"erp": {"kind": "push"}})
    assert look_soon(world.env, world.shop) == 0


def _fix_next_look(world: World, at: datetime, **values: Any) -> None:
    if "catalogue" not in world.shop.config.sources:
        return
    with world.env.db.write() as tx:
        found = sources.ensure_source(
            tx, shop_id=world.shop.id, name="catalogue", kind="feed", now=world.clock()
        )
        sources.update_source(tx, found.id, next_look_at=at, **values)


def _sources(world: World) -> list[sources.SourceRow]:
    with world.env.db.read() as tx:
        return sources.list_sources(tx, world.shop.id)
