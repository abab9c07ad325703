"""When orders ahead of stock are stopped: from which facts, who hears of it, who may overrule."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from notifier.domain.availability import Availability
from notifier.domain.backorder import Record
from notifier.domain.eta import Eta
from notifier.domain.order_delay import Promise
from notifier.domain.order_history import Happened
from notifier.errors import Conflict, InvalidInput, NotFound
from notifier.services.availability import describe
from notifier.services.backorder import redecide_all
from notifier.services.backorder_facts import count_promises
from notifier.services.override_backorder import (
    AUTOMATIC,
    expect_units,
    list_backorders,
    override,
    show_backorder,
)
from notifier.services.set_eta import set_eta
from notifier.store import backorders
from tests.order_world import OrderWorld
from tests.world import ANN, BEN, World

BACKORDER = Availability.BACKORDER
HOOK = {"erp": {"url": "https://erp.example/h", "secret": "whsec_" + "a" * 32}}
BACK = "kind = 'back_in_stock'"


def shown(world: World, variant: str = "SHIRT-S", locale: str = "en") -> dict[str, Any]:
    return describe(world.env, world.shop, variant=variant, product="", locale=locale)


def taking(world: World, variant: str = "SHIRT-S") -> tuple[str, str]:
    said = shown(world, variant)
    return said["backorder"], said["backorder_reason"]


def hooks(world: World) -> list[tuple[str, str]]:
    rows = world.rows(
        "SELECT facts FROM messages WHERE kind = 'hook:backorder.changed' ORDER BY id"
    )
    facts = [
        json.loads(row["facts"]) if isinstance(row["facts"], str) else row["facts"] for row in rows
    ]
    return [(one["data"]["decision"], one["data"]["reason"]) for one in facts]


def in_days(world: World, count: int) -> Eta:
    return Eta.on(world.clock.now.date() + timedelta(days=count))


def bought(world: World, units: int, **more: Any) -> int:
    """Ann has ordered so many shirts ahead; the line's id."""
    orders = OrderWorld(world.env, world.clock)
    orders._bought = world.count("orders")
    return orders.order(lines=[{"variant": "SHIRT-S", "quantity": units, **more}]).line


def test_only_what_is_ordered_ahead_is_decided_about(world: World) -> None:
    for key, word in (("SHIRT-S", BACKORDER), ("SHIRT-M", Availability.PREORDER)):
        world.see(key, availability=word)
        assert taking(world, key) == ("accept", "")
    for key, word in (("SHIRT-L", Availability.OUT_OF_STOCK), ("SHIRT-X", Availability.IN_STOCK)):
        world.see(key, availability=word)
        assert "backorder" not in shown(world, key)
    redecide_all(world.env)
    assert [one.variant for one in list_backorders(world.env, world.shop)] == ["SHIRT-S", "SHIRT-M"]


def test_each_fact_that_a_shop_minds_stops_its_backorders(make_world: Callable[..., World]) -> None:
    world = make_world(
        webhooks=HOOK,
        backorder={"require_eta": True, "max_days": 30, "stop_when_source_stale": True},
    )
    world.see("SHIRT-S", availability=BACKORDER)
    assert taking(world) == ("stop", "no_eta")
    world.see("SHIRT-S", availability=BACKORDER, eta=in_days(world, 60))
    assert taking(world) == ("stop", "eta_too_far")
    world.see("SHIRT-S", availability=BACKORDER, eta=in_days(world, 20))
    assert taking(world) == ("accept", "")
    expect_units(world.env, world.shop, "SHIRT-S", 10, by="Olga")
    bought(world, 9)
    assert taking(world) == ("accept", "")
    bought(world, 1)
    assert taking(world) == ("stop", "too_many_open")
    world.clock.advance(timedelta(hours=25))
    assert taking(world) == ("stop", "source_in_trouble")
    world.see("SHIRT-S", availability=Availability.DISCONTINUED)
    redecide_all(world.env)
    assert hooks(world) == [
        ("stop", "no_eta"),
        ("stop", "eta_too_far"),
        ("accept", ""),
        ("stop", "too_many_open"),
        ("stop", "source_in_trouble"),
        ("stop", "discontinued"),
    ]


def test_a_date_that_goes_by_stops_them_without_anybody_looking(
    make_world: Callable[..., World],
) -> None:
    world = make_world(webhooks=HOOK)
    world.see("SHIRT-S", availability=BACKORDER, eta=in_days(world, 1))
    redecide_all(world.env)
    world.clock.advance(timedelta(days=2))
    assert redecide_all(world.env) == 1
    assert redecide_all(world.env) == 0
    assert hooks(world) == [("stop", "eta_over")]


def test_what_was_shipped_or_cancelled_is_spoken_for_no_more(
    make_world: Callable[..., World],
) -> None:
    world = make_world(backorder={"max_open_units": 5})
    world.see("SHIRT-S", availability=BACKORDER)
    first, second = bought(world, 3), bought(world, 2)
    assert taking(world) == ("stop", "too_many_open")
    orders = OrderWorld(world.env, world.clock)
    orders.ship(first)
    assert taking(world) == ("accept", "")
    bought(world, 3)
    assert taking(world) == ("stop", "too_many_open")
    orders.happens(second, Happened.CANCELLED)
    assert taking(world) == ("accept", "")


def test_missed_promises_stop_them_until_they_are_long_ago(
    make_world: Callable[..., World],
) -> None:
    world = make_world(backorder={"max_broken": 2, "broken_within": "30d"})
    world.see("SHIRT-S", availability=BACKORDER)
    orders = OrderWorld(world.env, world.clock)
    soon = Promise(text="in 2 days", days=2)
    kept, _missed, late = (bought(world, 1, promise=soon) for _ in range(3))
    world.clock.advance(timedelta(days=1))
    orders.ship(kept)
    world.clock.advance(timedelta(days=3))
    orders.ship(late)
    assert taking(world) == ("stop", "broken_promises")
    assert "2 of its 3 latest promises" in show_backorder(world.env, world.shop, "SHIRT-S").sentence
    world.clock.advance(timedelta(days=40))
    assert taking(world) == ("accept", "")


def test_a_shop_that_keeps_few_promises_takes_no_more_of_anything(
    make_world: Callable[..., World],
) -> None:
    world = make_world(backorder={"max_broken": 0, "max_broken_share": 0.5})
    world.see("SHIRT-S", availability=BACKORDER)
    world.see("SHIRT-M", availability=BACKORDER)
    for _ in range(10):
        bought(world, 1, promise=Promise(text="tomorrow", days=1))
    assert taking(world, "SHIRT-M") == ("accept", "")
    world.clock.advance(timedelta(days=5))
    assert taking(world, "SHIRT-M") == ("stop", "broken_promises")


def test_a_promise_the_customer_gave_back_in_time_counts_as_neither(world: World) -> None:
    now = world.clock.now
    line = {
        "promise": {"text": "in 2 days", "days": 2},
        "completed_at": now - timedelta(days=9),
        "zone": "America/New_York",
        "country": "US",
        "shipped_at": None,
    }
    lines = [
        backorders.PromisedLine(variant_id=1, cancelled_at=None, **line),
        backorders.PromisedLine(variant_id=1, cancelled_at=now - timedelta(days=8), **line),
        backorders.PromisedLine(variant_id=1, cancelled_at=now - timedelta(days=1), **line),
    ]
    counted = count_promises(lines, now=now, within=timedelta(days=30))
    assert counted == {1: Record(due=2, broken=2)}


# ---- what shoppers and those who wait notice ----


def test_a_stopped_backorder_offers_to_wait_and_an_accepted_one_says_when(
    make_world: Callable[..., World],
) -> None:
    world = make_world(stock={"backorder_counts": True}, backorder={"require_eta": True})
    world.see("SHIRT-S", 0)
    world.see("SHIRT-S", availability=BACKORDER)
    said = shown(world)
    assert (said["availability"], said["can_subscribe"]) == ("backorder", True)
    assert said["button"] == "Tell me when it is back"
    ann = world.waits(ANN)  # no 409: it cannot be bought now
    set_eta(world.env, world.shop, "SHIRT-S", in_days(world, 9), source="supplier", actor="Olga")
    said = shown(world)
    assert (said["backorder"], said["can_subscribe"]) == ("accept", False)
    assert said["eta"]["text"].startswith("Can be ordered now, expected around ")
    with pytest.raises(Conflict, match="can be bought now"):
        world.asks(BEN)
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1
    assert world.subscription(ann).state == "told"


def test_what_cannot_be_ordered_is_not_announced_first(make_world: Callable[..., World]) -> None:
    world = make_world(stock={"backorder_counts": True}, backorder={"require_eta": True})
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.see("SHIRT-S", availability=BACKORDER)
    world.run()
    assert world.count("events", BACK) == 0
    world.see("SHIRT-S", availability=BACKORDER, eta=in_days(world, 9))
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1


def test_a_message_under_way_is_not_sent_once_orders_are_stopped(
    make_world: Callable[..., World],
) -> None:
    world = make_world(stock={"backorder_counts": True})
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    world.see("SHIRT-S", availability=BACKORDER)
    world.announce()
    override(world.env, world.shop, "SHIRT-S", "stop", by="Olga", why="supplier is silent")
    world.deliver()
    assert world.mails(ANN, "back_in_stock") == []
    assert world.subscription(ann).state == "waiting"
    override(world.env, world.shop, "SHIRT-S", AUTOMATIC, by="Olga", why="he spoke")
    world.clock.advance(timedelta(minutes=1))
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1


def test_accepted_without_a_date_says_so_in_every_language(world: World) -> None:
    world.see("SHIRT-S", availability=BACKORDER)
    world.see("SHIRT-M", availability=Availability.PREORDER)
    said = [shown(world, "SHIRT-S", one)["eta"]["text"] for one in ("en", "de", "es")]
    assert said == ["Can be ordered now", "Jetzt bestellbar", "Se puede encargar ya"]
    assert shown(world, "SHIRT-M")["texts"]["intro"].startswith("You can pre-order it")


# ---- a person's word ----


def test_a_merchants_word_stands_over_the_rules_and_is_kept_in_the_audit_book(
    make_world: Callable[..., World],
) -> None:
    world = make_world(webhooks=HOOK, backorder={"require_eta": True})
    world.see("SHIRT-S", availability=BACKORDER)
    redecide_all(world.env)
    done = override(
        world.env, world.shop, "SHIRT-S", "accept", by="api:kettle/erp", why="on a ship"
    )
    assert (done.decision, done.reason, done.by_rules) == ("accept", "override", "stop")
    assert done.sentence == "No expected date is known."
    redecide_all(world.env)
    assert taking(world) == ("accept", "override")
    done = override(world.env, world.shop, "SHIRT-S", AUTOMATIC, by="Olga", why="it sank")
    assert (done.decision, done.override_why) == ("stop", "")
    assert hooks(world) == [("stop", "no_eta"), ("accept", "override"), ("stop", "no_eta")]
    rows = world.rows("SELECT facts FROM ledger WHERE act = 'backorder.override' ORDER BY id")
    facts = [json.loads(r["facts"]) if isinstance(r["facts"], str) else r["facts"] for r in rows]
    assert facts == [
        {
            "variant": "SHIRT-S",
            "was": "automatic",
            "override": "accept",
            "by": "api:kettle/erp",
            "why": "on a ship",
        },
        {
            "variant": "SHIRT-S",
            "was": "accept",
            "override": "automatic",
            "by": "Olga",
            "why": "it sank",
        },
    ]


def test_a_word_needs_a_reason_and_something_on_backorder(world: World) -> None:
    world.see("SHIRT-S", 0)
    with pytest.raises(Conflict, match="out_of_stock"):
        override(world.env, world.shop, "SHIRT-S", "stop", by="Olga", why="never again")
    with pytest.raises(InvalidInput, match="Say why"):
        override(world.env, world.shop, "SHIRT-S", "stop", by="Olga", why=" ")
    with pytest.raises(NotFound):
        override(world.env, world.shop, "HAT", "stop", by="Olga", why="no such hat")
    assert world.count("backorders") == 0
    assert world.count("ledger", "book = 'audit'") == 0


def test_everything_is_decided_about_however_much_there_is(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.services.backorder.CHUNK", 2)
    world = make_world(backorder={"require_eta": True})
    for n in range(5):
        world.see(f"SHIRT-{n}", availability=BACKORDER)
    assert redecide_all(world.env) + world.count("backorders") >= 5
    listed = list_backorders(world.env, world.shop, limit=3)
    rest = list_backorders(world.env, world.shop, after=listed[-1].id)
    assert {one.reason for one in (*listed, *rest)} == {"no_eta"}
    assert [one.variant for one in (*listed, *rest)] == [f"SHIRT-{n}" for n in range(5)]
