"""Acceptance rows B: what counts as back in stock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest

from notifier.config import SourceSection
from notifier.connectors.base import Look
from notifier.domain.availability import Availability
from notifier.domain.eta import Eta
from notifier.domain.observation import Observation
from notifier.errors import LookFailed
from notifier.services import turn
from notifier.services.decide_hold import Decision, decide_hold
from notifier.services.observe import apply_look, observe
from notifier.services.put_products import WrittenProduct, put_products, written
from tests.world import ANN, BEN, World

BACK = "kind = 'back_in_stock'"


def test_B1_out_to_in_fires_once_and_nothing_else_does(world: World) -> None:
    world.see("SHIRT-S", 4)  # first sight
    world.see("SHIRT-S", 9)  # top-up
    world.see("SHIRT-S", 0)  # sold out
    world.see("SHIRT-S", 0)  # a save without a change
    assert world.count("events", BACK) == 0
    world.see("SHIRT-S", 2)
    world.see("SHIRT-S", 2)
    world.see("SHIRT-S", 1)
    assert world.count("events", BACK) == 1


# old and new on hand, old status in stock, reserved, smallest order, threshold, announce
EDGES = [
    (0, 1, False, 0, 1, 0, True),
    (0, 3, False, 0, 5, 0, False),
    (0, 4, False, 0, 1, 4, False),
    (5, 9, True, 0, 1, 0, False),
    (6, 6, False, -2, 1, 0, True),
    (6, 8, True, -6, 1, 0, True),
    (6, 5, True, -6, 1, 0, False),
]


@pytest.mark.parametrize(
    ("old", "new", "was_in", "reserved", "smallest", "threshold", "announced"), EDGES
)
def test_B2_the_edge_is_on_the_saleable_quantity(
    make_world: Callable[..., World],
    old: int,
    new: int,
    was_in: bool,
    reserved: int,
    smallest: int,
    threshold: int,
    announced: bool,
) -> None:
    world = make_world(stock={"min_quantity": smallest, "threshold": threshold})
    before = Availability.IN_STOCK if was_in else Availability.OUT_OF_STOCK
    world.see("SHIRT-S", old + reserved, availability=before)
    world.see("SHIRT-S", new + reserved, availability=Availability.IN_STOCK)
    assert world.count("events", BACK) == announced


def test_B4_unpublished_at_send_time_is_not_sent_and_keeps_waiting(world: World) -> None:
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    world.see("SHIRT-S", 5)
    world.announce()
    _put(world, published=False)
    world.deliver()
    assert world.mails(ANN, "back_in_stock") == []
    assert world.subscription(ann).state == "waiting"
    assert world.count("messages", "reason = 'unpublished'") == 1


def test_B5_out_again_before_the_release_sends_nothing(world: World) -> None:
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    world.see("SHIRT-S", 5)
    world.see("SHIRT-S", 0)
    world.run()
    assert world.mails(ANN, "back_in_stock") == []
    assert world.subscription(ann).state == "waiting"
    [release] = world.rows("SELECT state, reason, next_wave_at FROM releases")
    assert (release["state"], release["reason"]) == ("stopped", "sold_out")
    assert release["next_wave_at"] is None


def test_B6_stock_that_vanishes_between_two_batches_stops_the_rest(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "LONGEST_TURN", 0.0)  # it ends with its first batch
    world = make_world(release={"strategy": "all"})
    world.env.config = world.config.model_copy(
        update={"delivery": world.config.delivery.model_copy(update={"batch": 2})}
    )
    world.see("SHIRT-S", 0)
    people = [f"p{n}@waits.example" for n in range(5)]
    ids = [world.waits(address) for address in people]
    world.run()
    world.see("SHIRT-S", 5)
    world.announce()
    world.sender.send_due()  # the first batch of two
    world.see("SHIRT-S", 0)
    world.run()
    told = [a for a in people if world.mails(a, "back_in_stock")]
    assert told == people[:2]
    assert [world.subscription(i).state for i in ids] == ["told"] * 2 + ["waiting"] * 3
    [release] = world.rows("SELECT state, reason FROM releases")
    assert (release["state"], release["reason"]) == ("stopped", "sold_out")
    # and it resumes in order when the goods return, telling nobody twice
    world.see("SHIRT-S", 3)
    world.run()
    assert [len(world.mails(a, "back_in_stock")) for a in people] == [1] * 5


def test_B7_unknown_changes_nothing_and_recovery_is_no_edge(world: World) -> None:
    world.see("SHIRT-S", 3)
    world.see("SHIRT-S", availability=Availability.UNKNOWN)
    world.see("SHIRT-S", 3)
    assert world.count("events", BACK) == 0
    world.see("SHIRT-S", 0)
    world.see("SHIRT-S", availability=Availability.UNKNOWN)
    assert world.rows("SELECT availability FROM stock") == [{"availability": "out_of_stock"}]


def test_B8_flapping_inside_the_cool_down_announces_once(world: World) -> None:
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    for _ in range(30):
        world.see("SHIRT-S", 1)
        world.run()
        world.see("SHIRT-S", 0)
        world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1
    assert world.count("events", BACK) == 1
    assert world.subscription(ann).state == "told"


def test_B8_who_signed_up_in_a_dip_is_told_after_the_cool_down(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.see("SHIRT-S", 5)
    world.run()
    world.see("SHIRT-S", 0)
    world.waits(BEN)
    world.see("SHIRT-S", 5)
    world.run()
    assert world.mails(BEN, "back_in_stock") == []
    world.see("SHIRT-S", 5, step=timedelta(hours=6))
    world.run()
    assert len(world.mails(BEN, "back_in_stock")) == 1
    assert len(world.mails(ANN, "back_in_stock")) == 1


@pytest.mark.parametrize("counts", [True, False])
def test_B9_backorder_follows_the_configuration_and_physical_only_waits(
    make_world: Callable[..., World], counts: bool
) -> None:
    world = make_world(
        release={"strategy": "all"},
        stock={"backorder_counts": counts, "cool_down": timedelta(0)},
    )
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    ben = world.waits(BEN, physical_only=True)
    world.see("SHIRT-S", availability=Availability.BACKORDER)
    world.run()
    assert world.subscription(ann).state == ("told" if counts else "waiting")
    assert world.subscription(ben).state == "waiting"
    world.see("SHIRT-S", 3)
    world.run()
    assert world.subscription(ann).state == "told"
    assert world.subscription(ben).state == "told"
    assert len(world.mails(ANN, "back_in_stock")) == 1


def test_B9_in_stock_to_backorder_announces_nothing(make_world: Callable[..., World]) -> None:
    world = make_world(stock={"backorder_counts": True})
    world.see("SHIRT-S", 3)
    world.see("SHIRT-S", availability=Availability.BACKORDER)
    assert world.count("events", BACK) == 0


def test_B10_a_preorder_is_not_announced_as_back(world: World) -> None:
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    world.see("SHIRT-S", availability=Availability.PREORDER, eta=Eta.on(date(2027, 3, 1)))
    world.run()
    assert world.mails(ANN, "back_in_stock") == []
    assert world.subscription(ann).state == "waiting"


def test_B11_every_way_in_announces_the_same(world: World) -> None:
    ways = ["push", "poll", "batch"]
    for way in ways:
        world.see(f"{way}-S", 0, product=way)
        world.waits(f"{way}@waits.example", f"{way}-S")
    world.see("push-S", 2, product="push")
    there = Observation(key="poll-S", product_key="poll", availability=Availability.IN_STOCK)
    settings = _section()
    apply_look(
        world.env,
        world.shop,
        Look(observations=iter([there]), full=False),
        source="push",
        settings=settings,
    )
    other = Observation(key="batch-S", product_key="batch", availability=Availability.IN_STOCK)
    observe(world.env, world.shop, [other])
    world.run()
    assert [len(world.mails(f"{way}@waits.example", "back_in_stock")) for way in ways] == [1, 1, 1]


def test_a_look_that_breaks_half_way_changes_nothing(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    world.waits(ANN)

    def broken() -> Iterator[Observation]:
        yield Observation(key="SHIRT-S", availability=Availability.IN_STOCK, quantity=5)
        raise LookFailed("truncated", "The feed ended early.")

    with pytest.raises(LookFailed):
        apply_look(
            world.env,
            world.shop,
            Look(observations=broken(), full=True),
            source="push",
            settings=_section(),
        )
    assert world.count("events", BACK) == 0
    assert world.count("stock", "level > 0") == 0


def test_an_abnormal_share_is_held_for_one_click(world: World) -> None:
    world.see("SHIRT-S", 0)
    everything = [
        Observation(key=f"K{n}", availability=Availability.OUT_OF_STOCK) for n in range(60)
    ]
    observe(world.env, world.shop, everything)
    world.waits(ANN, "K7")
    back = [
        Observation(key=f"K{n}", availability=Availability.IN_STOCK, quantity=9) for n in range(60)
    ]
    world.clock.advance(timedelta(minutes=1))
    report = observe(world.env, world.shop, back)
    world.run()
    assert report.held
    assert world.mails(ANN, "back_in_stock") == []
    [alarm] = world.mails("olga@kettle.example")
    assert "h" in world.links(alarm)
    decide_hold(world.env, report.hold_id, Decision.RELEASED, by="Olga")
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1


def _section() -> SourceSection:
    return SourceSection(kind="push")


def _put(world: World, **values: bool) -> None:
    """Olga changes the product."""
    change = WrittenProduct(product=written("SHIRT", **values), variants=())
    put_products(world.env, world.shop, [change])
