"""Can somebody wait for another variant, and only for one that can be waited for?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread

import pytest

from notifier.domain.availability import Availability
from notifier.errors import Conflict
from notifier.services.change_variant import change_variant
from notifier.services.put_products import (
    WrittenProduct,
    put_products,
    written,
)
from notifier.store import catalogue, people
from tests.world import ANN, World


def variant(world: World, key: str) -> int:
    with world.db.read() as tx:
        found = catalogue.find_variant(tx, world.shop.id, key)
    assert found is not None
    return found.id


def changes(world: World, subscription: int, key: str | None) -> None:
    """Ann chooses another variant (None: any) on her page."""
    contact = world.subscription(subscription).contact_id
    chosen = variant(world, key) if key else None
    change_variant(world.env, contact, subscription, variant_id=chosen)


def refused(world: World, subscription: int, key: str | None) -> str:
    """With which code; her notice must stay as it was."""
    before = world.subscription(subscription)
    with pytest.raises(Conflict) as caught:
        changes(world, subscription, key)
    assert world.subscription(subscription) == before
    return caught.value.code


@pytest.fixture
def ann(world: World) -> int:
    """Waits for a shirt in S; M is sold out, too."""
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    return world.waits(ANN, "SHIRT-S")


def test_what_will_not_come_back_cannot_be_changed_to(world: World, ann: int) -> None:
    world.see("SHIRT-M", availability=Availability.DISCONTINUED)
    assert refused(world, ann, "SHIRT-M") == "discontinued"


def test_what_takes_no_requests_cannot_be_changed_to(world: World, ann: int) -> None:
    change = WrittenProduct(product=written("SHIRT", published=False), variants=())
    put_products(world.env, world.shop, [change])
    assert refused(world, ann, "SHIRT-M") == "closed"
    assert refused(world, ann, None) == "closed"


def test_any_variant_means_those_that_take_requests(world: World, ann: int) -> None:
    shut = written("SHIRT-M", alerts=False)
    put_products(
        world.env, world.shop, [WrittenProduct(product=written("SHIRT"), variants=(shut,))]
    )
    changes(world, ann, None)
    assert world.subscription(ann).variant_id == variant(world, "SHIRT-S")


def test_who_wants_goods_that_are_there_can_change_to_what_is_on_backorder(
    make_world: Callable[..., World],
) -> None:
    world = make_world(stock={"backorder_counts": True})
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", availability=Availability.BACKORDER)
    anybody = world.waits(ANN, "SHIRT-S")
    picky = world.waits("ben@waits.example", "SHIRT-S", physical_only=True)
    assert refused(world, anybody, "SHIRT-M") == "available"
    changes(world, picky, "SHIRT-M")
    assert world.subscription(picky).variant_id == variant(world, "SHIRT-M")


def test_two_wishes_for_the_same_become_one_in_the_older_place(world: World, ann: int) -> None:
    world.clock.advance(timedelta(days=1))
    later = world.waits(ANN, "SHIRT-M")
    first = world.subscription(ann).created_at
    changes(world, ann, "SHIRT-M")
    assert world.subscription(ann).state == "ended"
    assert world.subscription(later).state == "waiting"
    assert world.subscription(later).created_at == first


def test_a_confirmed_wish_is_not_given_up_for_one_that_is_not(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    asked = world.asks(ANN, "SHIRT-M")
    assert asked is not None
    ann = world.waits(ANN, "SHIRT-S")
    changes(world, ann, "SHIRT-M")
    assert world.subscription(asked).state == "ended"
    assert world.subscription(ann).state == "waiting"
    assert world.subscription(ann).variant_id == variant(world, "SHIRT-M")


def test_what_is_waited_for_already_is_told_apart_from_a_fault(world: World, ann: int) -> None:
    other = world.waits(ANN, "SHIRT-M")
    target = world.subscription(other).target
    with world.db.write() as tx:
        assert not people.retarget(tx, ann, variant_id=variant(world, "SHIRT-M"), target=target)
        people.move_subscriptions(tx, [ann], quantity=4)  # the transaction goes on
    assert world.subscription(ann).variant_id == variant(world, "SHIRT-S")
    assert world.subscription(ann).quantity == 4


@pytest.mark.parametrize("engine_name", ["postgres"])  # SQLite lets one write at a time
def test_a_sign_up_at_the_same_moment_is_merged_with(
    world: World, ann: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, signed_up = Event(), Event()
    find_active = people.find_active

    def looks_and_dawdles(*args: object, **kwargs: object) -> object:
        found = find_active(*args, **kwargs)  # type: ignore[arg-type]
        if not looked.is_set():
            looked.set()
            signed_up.wait(30)
        return found

    monkeypatch.setattr(people, "find_active", looks_and_dawdles)
    changing = Thread(target=changes, args=(world, ann, "SHIRT-M"))
    changing.start()
    assert looked.wait(30)
    with world.db.write() as tx:  # as a sign-up does, which waits for no lock on Ann's other row
        row = world.subscription(ann)
        people.add_subscription(
            tx,
            shop_id=row.shop_id,
            contact_id=row.contact_id,
            product_id=row.product_id,
            variant_id=variant(world, "SHIRT-M"),
            target=f"v{variant(world, 'SHIRT-M')}",
            medium="email",
            locale="en",
            state="waiting",
            origin="widget",
            created_at=world.clock(),
            asked_at=world.clock(),
            expires_at=world.clock() + timedelta(days=9),
        )
    signed_up.set()
    changing.join(60)
    assert not changing.is_alive()
    active = world.rows("SELECT target FROM subscriptions WHERE state = 'waiting'")
    assert active == [{"target": f"v{variant(world, 'SHIRT-M')}"}]
