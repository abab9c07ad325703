"""Who must not be written to any more: for how long, by which shop, and about what?"""

from __future__ import annotations

import pytest

from notifier.store.shut_addresses import lift_suppressions, shut_since, suppress, suppressed
from tests.world import World

ANN, BEN = "a" * 64, "b" * 64


def shut(world: World, address: str = ANN, *, reason: str = "stopped", **scope: int) -> bool:
    with world.db.write() as tx:
        now = world.clock()
        return suppress(tx, address_hash=address, reason=reason, source="sms", at=now, **scope)


def lifted(world: World, address: str = ANN, *, reason: str = "stopped") -> int:
    with world.db.write() as tx:
        now = world.clock()
        return lift_suppressions(
            tx, address_hash=address, reasons=[reason], by="START", why="sms", at=now
        )


def why(world: World, address: str = ANN, *, shop: int = 1, product: int | None = 1) -> str:
    """Empty: it may be written to."""
    with world.db.read() as tx:
        key = (address, shop, product)
        return suppressed(tx, [key, (BEN, shop, product)]).get(key, "")


def products(world: World) -> tuple[int, int]:
    for key in ("SHIRT-S", "MUG"):
        world.see(key, 0, product=key)
    one, other = world.rows("SELECT id FROM products ORDER BY id")
    return one["id"], other["id"]


def test_who_says_stop_start_and_stop_again_is_left_in_peace(world: World) -> None:
    assert shut(world)
    assert not shut(world), "said twice is written down once"
    assert lifted(world) == 1
    assert why(world) == ""

    assert shut(world), "the stop that was taken back does not stand for the new one"

    assert why(world) == "stopped"
    assert world.count("suppressions") == 2


def test_start_takes_back_the_stop_and_nothing_else(world: World) -> None:
    shut(world)
    shut(world, reason="complained")
    shut(world, BEN)

    assert lifted(world) == 1
    assert lifted(world) == 0, "the first taking back stays as it was written down"

    assert why(world) == "complained"
    assert why(world, BEN) == "stopped"
    with world.db.read() as tx:
        assert shut_since(tx, ANN, reason="stopped") is None
        assert shut_since(tx, ANN, reason="complained") == world.clock()
        assert shut_since(tx, BEN, reason="complained") is None


def test_who_wants_nothing_of_one_product_is_told_of_the_others(world: World) -> None:
    shirt, mug = products(world)
    shop = world.shop.id
    shut(world, reason="unsubscribed", shop_id=shop, product_id=shirt)

    assert why(world, shop=shop, product=shirt) == "unsubscribed"
    assert why(world, shop=shop, product=mug) == ""
    assert why(world, shop=shop, product=None) == ""
    assert why(world, shop=shop + 1, product=shirt) == ""
    assert why(world, BEN, shop=shop, product=shirt) == ""
    assert shut(world, reason="unsubscribed", shop_id=shop), "all of the shop is more than that"
    assert why(world, shop=shop, product=mug) == "unsubscribed"
    assert why(world, shop=shop + 1, product=mug) == ""
    assert shut(world, reason="unsubscribed"), "everything is more than a shop"
    assert why(world, shop=shop + 1, product=mug) == "unsubscribed"


@pytest.mark.parametrize("first", ["unsubscribed", "bounced"])
def test_of_several_reasons_the_weightier_is_named(world: World, first: str) -> None:
    other = {"unsubscribed": "bounced", "bounced": "unsubscribed"}[first]
    shut(world, reason=first)
    shut(world, reason=other)

    assert why(world) == "bounced"


@pytest.mark.parametrize("engine_name", ["postgres"])  # SQLite keeps what is too long
def test_a_relays_long_code_does_not_keep_its_bounce_from_counting(world: World) -> None:
    with world.db.write() as tx:
        assert suppress(
            tx, address_hash=ANN, reason="bounced", source="5.1.1 " * 99, at=world.clock()
        )
    assert why(world) == "bounced"
