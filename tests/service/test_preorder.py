"""Pre-orders: when they open, who is told once and with what, and the release date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from notifier.config import SourceSection
from notifier.connectors.base import Look
from notifier.domain.availability import Availability
from notifier.domain.eta import Eta
from notifier.domain.observation import Observation
from notifier.errors import Conflict, InvalidInput
from notifier.services.availability import describe
from notifier.services.decide_hold import Decision, decide_hold
from notifier.services.observe import apply_look, observe
from notifier.services.override_backorder import override
from notifier.services.preorder import Plan, list_preorders, open_due, plan
from notifier.services.preorder_open import incentive_for
from notifier.store.preorders import Listed
from tests.world import ANN, BEN, EVE, World

PREORDER = Availability.PREORDER
OUT = date(2027, 3, 1)
EARLY = {"code": "EARLY10", "text": "10 % off until it is out"}


def planned(world: World, wanted: Plan, *, source: str = "publisher") -> Listed:
    return plan(world.env, world.shop, "SHIRT-S", wanted, source=source, actor="Olga")


def incentive(world: World) -> dict[str, str] | None:
    [variant] = world.rows("SELECT id FROM variants WHERE key = 'SHIRT-S'")
    with world.db.read() as tx:
        return incentive_for(tx, variant["id"])


def text_of(mail: object) -> str:
    return mail.parsed.get_body(("plain",)).get_content()  # type: ignore[attr-defined]


def test_who_waits_is_told_once_when_the_source_turns_to_pre_order(world: World) -> None:
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    world.waits(BEN, physical_only=True)
    for _ in range(2):  # out and in again is no second opening
        world.see("SHIRT-S", availability=PREORDER, eta=Eta.on(OUT))
        world.run()
        world.see("SHIRT-S", 0)
    assert len(world.mails(ANN, "preorder_open")) == 1
    assert world.mails(ANN, "eta_revised") == []  # the same mail names the date
    assert "around 1 March 2027" in text_of(world.mails(ANN, "preorder_open")[0])
    assert world.mails(BEN, "preorder_open") == []  # wants goods that are there
    assert len(world.mails(BEN, "eta_revised")) == 1
    assert world.subscription(ann).state == "waiting"


def test_it_opens_at_its_time_and_not_because_the_source_is_early(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    opens = world.clock.now + timedelta(days=2)
    done = planned(world, Plan(opens_at=opens, incentive=EARLY))
    assert (done.row.opens_at, done.row.opened_at) == (opens, None)
    world.see("SHIRT-S", availability=PREORDER)
    said = describe(world.env, world.shop, variant="SHIRT-S", product="", locale="en")
    assert (said["backorder"], said["backorder_reason"]) == ("stop", "not_open")
    assert open_due(world.env) == 0
    world.run()
    assert world.mails(ANN, "preorder_open") == []
    world.clock.set(opens)
    assert (open_due(world.env), open_due(world.env)) == (1, 0)
    world.run()
    [mail] = world.mails(ANN, "preorder_open")
    assert "10 % off until it is out: EARLY10" in text_of(mail)
    said = describe(world.env, world.shop, variant="SHIRT-S", product="", locale="en")
    assert (said["backorder"], said["eta"]["text"]) == ("accept", "Can be pre-ordered now")


def test_an_opening_time_that_is_past_opens_at_once_and_says_the_date_in_one_message(
    world: World,
) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    done = planned(world, Plan(opens_at=world.clock.now, release_on=OUT))
    assert done.row.opened_at == world.clock.now
    world.run()
    assert len(world.mails(ANN, "preorder_open")) == 1
    assert world.mails(ANN, "eta_revised") == []


def test_what_the_source_has_opened_already_opens_when_it_is_planned(world: World) -> None:
    world.see("SHIRT-S", availability=PREORDER)  # first sight tells nothing
    world.waits(ANN)
    assert world.count("preorders") == 0
    planned(world, Plan(incentive=EARLY))
    world.run()
    assert "EARLY10" in text_of(world.mails(ANN, "preorder_open")[0])


def test_a_new_release_date_is_a_new_expected_date(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    planned(world, Plan(opens_at=world.clock.now + timedelta(days=9), release_on=OUT))
    world.run()
    world.clock.advance(timedelta(days=8))
    planned(world, Plan(release_on=OUT + timedelta(days=30)))
    world.run()
    assert len(world.mails(ANN, "eta_revised")) == 2
    history = world.rows("SELECT latest, source, actor FROM etas ORDER BY id")
    assert [(str(row["latest"]), row["source"], row["actor"]) for row in history] == [
        ("2027-03-01", "publisher", "Olga"),
        ("2027-03-31", "publisher", "Olga"),
    ]
    planned(world, Plan(release_on=None))
    [belief] = world.rows("SELECT eta_latest FROM stock")
    assert belief["eta_latest"] is None


def test_it_is_released_when_it_can_be_bought_and_then_another_one_may_open(world: World) -> None:
    world.see("SHIRT-S", 0)
    ann = world.waits(ANN)
    planned(world, Plan(opens_at=world.clock.now, incentive=EARLY))
    world.run()
    assert incentive(world) == EARLY
    world.see("SHIRT-S", 5)
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1
    assert world.subscription(ann).state == "told"
    assert incentive(world) is None
    [one] = list_preorders(world.env, world.shop)
    assert one.row.released_at == world.clock.now
    with pytest.raises(Conflict, match="can be bought now"):
        planned(world, Plan(opens_at=world.clock.now))
    world.see("SHIRT-S", 0)
    world.waits(EVE)
    world.see("SHIRT-S", availability=PREORDER)
    world.run()
    [mail] = world.mails(EVE, "preorder_open")
    assert "EARLY10" not in text_of(mail)


def test_nothing_opens_while_orders_are_stopped_and_then_it_does(
    make_world: Callable[..., World],
) -> None:
    world = make_world(backorder={"require_eta": True})
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.see("SHIRT-S", availability=PREORDER)
    open_due(world.env)
    world.run()
    assert world.mails(ANN, "preorder_open") == []
    world.see("SHIRT-S", availability=PREORDER, eta=Eta.on(OUT))
    open_due(world.env)
    world.run()
    assert len(world.mails(ANN, "preorder_open")) == 1


def test_a_message_under_way_waits_for_nothing_that_is_over(world: World) -> None:
    for what in ("stopped", "bought"):
        key = f"{what}-S"
        world.see(key, 0, product=what)
        world.waits(f"{what}@waits.example", key)
        world.see(key, availability=PREORDER, product=what)
    world.announce()
    override(world.env, world.shop, "stopped-S", "stop", by="Olga", why="recalled")
    world.see("bought-S", 4, product="bought")
    world.deliver()
    reasons = world.rows("SELECT reason FROM messages WHERE kind = 'preorder_open' ORDER BY id")
    assert [row["reason"] for row in reasons] == ["orders_stopped", "superseded"]


def test_a_flood_of_openings_waits_for_a_persons_word(world: World) -> None:
    keys = [f"B{n:02}" for n in range(30)]
    sold_out = Availability.OUT_OF_STOCK
    observe(
        world.env,
        world.shop,
        [Observation(key=key, product_key=key, availability=sold_out) for key in keys],
    )
    world.waits(ANN, "B00")
    seen = [Observation(key=key, product_key=key, availability=PREORDER) for key in keys]
    world.clock.advance(timedelta(minutes=1))
    apply_look(
        world.env,
        world.shop,
        Look(observations=iter(seen), full=False),
        source="push",
        settings=SourceSection(kind="push"),
    )
    world.run()
    assert world.mails(ANN, "preorder_open") == []
    [hold] = world.rows("SELECT id FROM holds")
    decide_hold(world.env, hold["id"], Decision.RELEASED, by="Olga")
    world.run()
    assert len(world.mails(ANN, "preorder_open")) == 1


def test_a_plan_that_cannot_be_is_refused_and_leaves_nothing(world: World) -> None:
    world.see("SHIRT-S", 0)
    with pytest.raises(InvalidInput, match="needs its source"):
        planned(world, Plan(release_on=OUT), source="")
    with pytest.raises(InvalidInput, match="is over"):
        planned(world, Plan(release_on=date(2026, 1, 1)))
    assert world.count("preorders") == 0
    planned(world, Plan(opens_at=world.clock.now))
    with pytest.raises(Conflict, match="open since"):
        planned(world, Plan(opens_at=datetime(2027, 1, 1, tzinfo=UTC)))
