"""Does everybody who waits hear of a restock once, whatever happens in between?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.services.change_variant import change_variant
from notifier.services.decide_hold import Decision, decide_hold
from notifier.services.manage import pause, resume
from notifier.services.observe import Report, observe
from notifier.services.put_products import WrittenProduct, put_products, written
from notifier.services.sweep import sweep
from notifier.store.catalogue import find_variant
from tests.fakes.smtp_server import Fault
from tests.world import ANN, BEN, World

MINUTE = timedelta(minutes=1)
DOWN = Fault(at="mail", reply="451 4.3.0 Not now")


def pass_minutes(world: World, count: int = 5) -> None:
    """Some minutes in which the service does all it does by itself."""
    for _ in range(count):
        world.clock.advance(MINUTE)
        sweep(world.env)
        world.run()


def see_all(
    world: World, keys: Sequence[str], availability: Availability, *, product: str = ""
) -> Report:
    """One look a minute later that shows the same for several variants."""
    world.clock.advance(MINUTE)
    return observe(
        world.env,
        world.shop,
        [Observation(key=key, product_key=product, availability=availability) for key in keys],
    )


MANY = [f"MUG-{n}" for n in range(60)]


@pytest.mark.parametrize("decision", [None, Decision.DROPPED])
def test_what_is_held_is_told_to_nobody_while_time_goes_by(
    world: World, decision: Decision | None
) -> None:
    see_all(world, MANY, Availability.OUT_OF_STOCK)
    world.waits(ANN, MANY[7])
    report = see_all(world, MANY, Availability.IN_STOCK)
    assert report.hold_id is not None
    if decision:
        decide_hold(world.env, report.hold_id, decision, by="Olga")
    pass_minutes(world)
    assert world.mails(ANN, "back_in_stock") == []


def test_many_products_discontinued_in_one_look_are_held_too(world: World) -> None:
    see_all(world, MANY, Availability.OUT_OF_STOCK)
    ann = world.waits(ANN, MANY[7])
    report = see_all(world, MANY, Availability.DISCONTINUED)
    world.run()
    assert report.held
    assert world.subscription(ann).state == "waiting"
    decide_hold(world.env, report.hold_id or 0, Decision.RELEASED, by="Olga")
    world.run()
    assert world.subscription(ann).ended_reason == "discontinued"


def test_two_variants_back_in_one_look_are_one_message_to_who_takes_any(world: World) -> None:
    sizes = ["SHIRT-S", "SHIRT-M"]
    see_all(world, sizes, Availability.OUT_OF_STOCK, product="SHIRT")
    world.waits(BEN, any_variant=True)
    see_all(world, sizes, Availability.IN_STOCK, product="SHIRT")
    world.run()
    pass_minutes(world)
    assert len(world.mails(BEN, "back_in_stock")) == 1


def test_who_takes_any_hears_of_the_other_variant_when_the_first_went_before_the_mail(
    world: World,
) -> None:
    sizes = ["SHIRT-S", "SHIRT-M"]
    see_all(world, sizes, Availability.OUT_OF_STOCK, product="SHIRT")
    world.waits(BEN, any_variant=True)
    see_all(world, sizes, Availability.IN_STOCK, product="SHIRT")
    world.announce()
    [first] = world.rows(
        "SELECT v.key FROM messages m JOIN events e ON e.id = m.event_id "
        "JOIN variants v ON v.id = e.variant_id WHERE m.kind = 'back_in_stock'"
    )
    see_all(world, [first["key"]], Availability.OUT_OF_STOCK, product="SHIRT")
    pass_minutes(world)
    assert len(world.mails(BEN, "back_in_stock")) == 1


def test_an_outage_of_the_mail_server_brings_no_copies_to_who_waits_twice(world: World) -> None:
    """Ann waits for S and for any size: one message answers both, however late it leaves."""
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    both = [world.waits(ANN), world.waits(ANN, any_variant=True)]
    world.run()
    world.smtp.misbehave(DOWN)
    world.see("SHIRT-S", 5)
    pass_minutes(world, 20)
    world.smtp.behave()
    world.clock.advance(timedelta(hours=1))
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1
    assert [world.subscription(one).state for one in both] == ["told", "told"]


def test_a_second_restock_while_the_first_message_is_due_adds_no_second_message(
    world: World,
) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.run()
    world.smtp.misbehave(DOWN)
    world.see("SHIRT-S", 5)
    world.run()
    world.see("SHIRT-S", 0)
    world.see("SHIRT-S", 5, step=timedelta(hours=7))
    world.run()
    world.smtp.behave()
    world.see("SHIRT-S", 5, step=timedelta(hours=3))
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1


def test_who_pauses_during_a_release_and_resumes_is_told(world: World) -> None:
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    contact = world.subscription(ann).contact_id
    world.see("SHIRT-S", 5)
    world.announce()
    pause(world.env, contact, ann, until=None)
    world.deliver()
    assert world.mails(ANN, "back_in_stock") == []
    resume(world.env, contact, ann)
    pass_minutes(world)
    assert len(world.mails(ANN, "back_in_stock")) == 1


def test_who_waits_for_a_product_that_is_published_again_is_told(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.see("SHIRT-S", 5)
    world.announce()
    _put(world, published=False)
    world.deliver()
    _put(world, published=True)
    pass_minutes(world)
    assert len(world.mails(ANN, "back_in_stock")) == 1


def test_who_changed_to_another_variant_is_not_told_of_the_old_one(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    ann = world.waits(ANN)
    world.see("SHIRT-S", 5)
    world.announce()
    with world.db.read() as tx:
        other = find_variant(tx, world.shop.id, "SHIRT-M")
    assert other is not None
    change_variant(world.env, world.subscription(ann).contact_id, ann, variant_id=other.id)
    world.deliver()
    assert world.mails(ANN, "back_in_stock") == []
    world.see("SHIRT-M", 5)
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1
    assert world.subscription(ann).state == "told"


def test_a_restock_owed_since_the_cool_down_needs_no_further_look(world: World) -> None:
    """A shop that pushes what changes says "in stock" once."""
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.see("SHIRT-S", 5)
    world.run()
    world.see("SHIRT-S", 0)
    world.waits(BEN)
    world.see("SHIRT-S", 5)
    pass_minutes(world)
    assert world.mails(BEN, "back_in_stock") == []
    world.clock.advance(timedelta(hours=6))
    pass_minutes(world)
    assert len(world.mails(BEN, "back_in_stock")) == 1
    assert len(world.mails(ANN, "back_in_stock")) == 1


def test_an_unstable_variant_that_is_pushed_once_more_is_believed_when_it_stays(
    world: World,
) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    for _ in range(5):
        world.see("SHIRT-S", 5)
        world.run()
        world.see("SHIRT-S", 0)
    world.waits(BEN)
    world.see("SHIRT-S", 5, step=timedelta(hours=7))
    pass_minutes(world)
    assert len(world.mails(BEN, "back_in_stock")) == 1


def test_one_size_discontinued_ends_nobody_who_takes_any(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    ann, ben = world.waits(ANN, "SHIRT-S"), world.waits(BEN, any_variant=True)
    ann_any = world.waits(ANN, any_variant=True)
    world.see("SHIRT-S", availability=Availability.DISCONTINUED)
    world.run()
    assert world.subscription(ann).ended_reason == "discontinued"
    assert [world.subscription(one).state for one in (ben, ann_any)] == ["waiting", "waiting"]
    world.see("SHIRT-M", availability=Availability.DISCONTINUED)
    world.run()
    assert world.subscription(ben).ended_reason == "discontinued"
    assert world.subscription(ann_any).ended_reason == "discontinued"


def test_news_of_a_backorder_does_not_answer_who_also_waits_for_goods_that_are_there(
    make_world: Callable[..., World],
) -> None:
    world = make_world(release={"strategy": "all"}, stock={"backorder_counts": True})
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    world.waits(ANN)
    physical = world.waits(ANN, any_variant=True, physical_only=True)
    world.see("SHIRT-S", availability=Availability.BACKORDER)
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1
    assert world.subscription(physical).state == "waiting"


def test_nobody_is_reminded_of_what_sold_out_meanwhile(make_world: Callable[..., World]) -> None:
    world = make_world(release={"strategy": "all", "reminder_after": timedelta(hours=1)})
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.see("SHIRT-S", 5)
    world.run()
    world.clock.advance(timedelta(minutes=61))
    sweep(world.env)
    assert world.count("messages", "kind = 'reminder'") == 1
    world.see("SHIRT-S", 0)
    world.run()
    assert world.mails(ANN, "reminder") == []


def test_units_kept_back_are_offered_to_nobody(make_world: Callable[..., World]) -> None:
    """Six there, five of them kept back: one person is told, not six."""
    world = make_world(stock={"threshold": 5}, release={"strategy": "per_unit", "rate": 1})
    world.see("SHIRT-S", 0)
    for n in range(4):
        world.waits(f"p{n}@waits.example")
    world.see("SHIRT-S", 6)
    world.run()
    assert len(world.mails("", "back_in_stock")) == 1


def _put(world: World, **values: bool) -> None:
    """Olga changes the product."""
    change = WrittenProduct(product=written("SHIRT", **values), variants=())
    put_products(world.env, world.shop, [change])
