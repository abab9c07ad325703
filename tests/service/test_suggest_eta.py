"""What does a shop's own past say about an outage of today, and who is shown it?"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from notifier.domain.availability import Availability
from notifier.domain.eta import Eta
from notifier.domain.outages import Seen
from notifier.domain.restock_calibration import Verdict
from notifier.domain.restock_history import Pool
from notifier.errors import NotFound
from notifier.services.availability import describe
from notifier.services.suggest_eta import KEPT_FOR, Suggestion, calibration_of, suggest_eta
from notifier.store import outages
from tests.world import World

ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])
DAY = timedelta(days=1)
TEN = (12, 4, 18, 8, 2, 20, 6, 14, 10, 16)  # days; the even numbers, in no order


def went_out(world: World, key: str, *lasted: float, **more: Any) -> None:
    """In stock at first, then one outage after the other, twenty days between them."""
    world.see(key, 5, **more)
    for days in lasted:
        world.see(key, 0, step=20 * DAY, **more)
        world.see(key, 5, step=days * DAY, **more)


def is_out(world: World, key: str, *, days: float, **more: Any) -> None:
    """It goes out, and is looked at again after so many days."""
    world.see(key, 0, step=20 * DAY, **more)
    world.see(key, 0, step=days * DAY, **more)


def suggestion(world: World, key: str = "SHIRT-S") -> Suggestion:
    return suggest_eta(world.env, world.shop, key)


def marks(found: Suggestion) -> tuple[float | None, float | None]:
    """Half and most, in days from now."""
    return tuple(None if one is None else round(one, 3) for one in (found.half, found.most))  # type: ignore[return-value]


def test_the_days_it_is_out_already_count_and_so_does_who_is_not_back(world: World) -> None:
    went_out(world, "SHIRT-S", *TEN)
    is_out(world, "SHIRT-S", days=9)
    found = suggestion(world)
    assert found.estimate is not None
    assert found.days_out == pytest.approx(9)
    assert found.beginning_seen
    # six lasted longer than nine days: 10, 12, 14, 16, 18, 20; this one itself tells nothing yet
    assert (found.estimate.pool, found.estimate.curve.outages) == (Pool.VARIANT, 6)
    assert (found.estimate.curve.open, found.estimate.enough) == (0, True)
    assert marks(found) == (14 - 9, 18 - 9)


def test_a_look_that_knows_nothing_and_a_backorder_do_not_end_an_outage(world: World) -> None:
    went_out(world, "SHIRT-S", *TEN)
    world.see("SHIRT-S", 0, step=20 * DAY)
    world.see("SHIRT-S", step=DAY)  # unknown
    world.see("SHIRT-S", availability=Availability.BACKORDER, step=DAY)
    world.see("SHIRT-S", availability=Availability.BACKORDER, step=DAY)
    found = suggestion(world)
    assert found.days_out == pytest.approx(3)
    assert found.estimate is not None
    assert found.estimate.curve.outages == 9


def test_with_too_few_of_its_own_those_of_the_product_count_and_then_the_shops(
    world: World,
) -> None:
    went_out(world, "MUG", 40, 40, 40, 40, 40, 40, product="MUG")
    went_out(world, "SHIRT-L", 6, 6, 6)
    went_out(world, "SHIRT-S", 5, 5)
    is_out(world, "SHIRT-S", days=1)
    found = suggestion(world)
    assert found.estimate is not None
    assert (found.estimate.pool, found.estimate.curve.outages) == (Pool.PRODUCT, 5)
    world.see("SHIRT-S", 0, step=9 * DAY)  # none of the product lasted ten days
    found = suggestion(world)
    assert found.estimate is not None
    assert (found.estimate.pool, found.estimate.curve.outages) == (Pool.SHOP, 6)
    assert marks(found) == (30, 30)


def test_what_is_still_out_elsewhere_pushes_the_marks_back(world: World) -> None:
    went_out(world, "MUG", 10, 10, 10, 10, product="MUG")
    for number in range(4):
        went_out(world, f"CUP-{number}", product=f"CUP-{number}")
    world.see("SHIRT-S", 5)
    for number in range(4):
        world.see(f"CUP-{number}", 0, product=f"CUP-{number}")
    for number in range(4):
        world.see(f"CUP-{number}", 0, product=f"CUP-{number}", step=8 * DAY)
    is_out(world, "SHIRT-S", days=1)
    found = suggestion(world)
    assert found.estimate is not None
    assert (found.estimate.curve.outages, found.estimate.curve.open) == (8, 4)
    # two of the open ones were seen for less than ten days, two for longer: 2/6 are left on day 10
    assert (found.estimate.half, found.estimate.most) == (pytest.approx(10), None)


def test_an_open_outage_counts_no_further_than_somebody_looked(world: World) -> None:
    went_out(world, "MUG", product="MUG")
    world.see("MUG", 0, product="MUG", step=DAY)
    world.see("MUG", 0, product="MUG", step=3 * DAY)
    world.see("SHIRT-S", 5, step=60 * DAY)
    is_out(world, "SHIRT-S", days=2)
    found = suggestion(world)
    assert found.estimate is not None
    assert found.estimate.curve.open == 1
    world.see("SHIRT-S", 0, step=2 * DAY)  # four days; the mug was seen to be out for three
    assert suggestion(world).estimate is None


def test_what_is_there_or_given_up_has_nothing_to_wait_for(world: World) -> None:
    went_out(world, "SHIRT-S", *TEN)
    assert (suggestion(world).out_since, suggestion(world).estimate) == (None, None)
    is_out(world, "SHIRT-S", days=1)
    world.see("SHIRT-S", availability=Availability.DISCONTINUED)
    assert (suggestion(world).out_since, suggestion(world).most) == (None, None)


@ON_SQLITE
def test_what_is_kept_back_of_a_variant_is_not_there(world: World) -> None:
    world.see("SHIRT-S", 9)
    with world.db.write() as tx:
        tx.execute(text("UPDATE variants SET threshold = 5"))
    world.see("SHIRT-S", 5, step=DAY)
    world.see("SHIRT-S", 4, step=2 * DAY)
    assert suggestion(world).days_out == pytest.approx(2, abs=0.01)


@ON_SQLITE
def test_a_variant_is_found_by_its_sku_and_an_unknown_one_is_named(world: World) -> None:
    went_out(world, "SHIRT-S", 3, sku="LIN-S")
    is_out(world, "SHIRT-S", days=1, sku="LIN-S")
    assert suggestion(world, "LIN-S").variant == "SHIRT-S"
    with pytest.raises(NotFound, match="'NOPE'"):
        suggestion(world, "NOPE")


@ON_SQLITE
def test_when_nobody_saw_it_begin_that_is_said(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-S", 0, step=5 * DAY)
    found = suggestion(world)
    assert (found.days_out, found.beginning_seen) == (pytest.approx(5), False)
    assert found.estimate is None


@ON_SQLITE
def test_a_mark_that_is_over_is_not_counted_from_now(world: World) -> None:
    went_out(world, "SHIRT-S", *[5] * 6)
    is_out(world, "SHIRT-S", days=1)
    world.clock.advance(6 * DAY)  # nobody looked
    found = suggestion(world)
    assert found.estimate is not None
    assert found.estimate.most == pytest.approx(5)
    assert (found.half, found.most, found.span) == (None, None, None)


# ---- the store's questions ----


def test_of_many_lines_the_newest_are_read_oldest_first(world: World) -> None:
    for quantity in range(1, 8):
        world.see("SHIRT-S", quantity, step=DAY)
    world.see("MUG", 0, product="MUG")
    since = world.clock() - 5 * DAY
    with world.db.read() as tx:
        ids = outages.with_outages(tx, world.shop.id, limit=9)
        [shirt] = {1, 2} - set(ids)  # the mug is out, the shirt never was
        found = outages.seen_of(tx, [shirt, *ids], since=since)
    assert [one.quantity for one in found[shirt]] == [3, 4, 5, 6, 7]
    assert all(isinstance(one, Seen) for one in found[ids[0]])


def test_no_question_reads_more_than_it_may(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        went_out(world, f"MUG-{number}", 2, product="MUG")
    with world.db.read() as tx:
        every = outages.with_outages(tx, world.shop.id, limit=100)
        assert len(every) == 6
        assert outages.with_outages(tx, world.shop.id, limit=4) == every[:4]
        assert outages.with_outages(tx, world.shop.id + 1, limit=4) == []
        monkeypatch.setattr(outages, "LINES_IN_ALL", 4)
        read = outages.seen_of(tx, every, since=world.clock() - 900 * DAY)
    assert [len(lines) for lines in read.values()] == [3, 3]


def test_the_lines_of_a_variant_are_found_by_their_index(world: World) -> None:
    went_out(world, "SHIRT-S", *TEN)
    since = world.clock() - 900 * DAY
    with world.db.read() as tx:
        named = type(tx.dialect)(paramstyle="named")
        statement = outages._NEWEST.compile(dialect=named)
        sql = re.sub(r"(:\w+)::", r"\1 ::", str(statement))  # so that text() sees the names
        explain = "EXPLAIN QUERY PLAN" if world.db.is_sqlite else "EXPLAIN"
        if not world.db.is_sqlite:  # which reads a table of one page as it stands
            tx.execute(text("SET LOCAL enable_seqscan = off"))
        values = {
            **statement.params,
            "of_variant": 1,
            "since": str(since) if world.db.is_sqlite else since,
        }
        plan = tx.execute(text(f"{explain} {sql}"), values).all()
    words = " ".join(str(row[-1]) for row in plan)
    assert "ix_stock_changes_variant_id_at" in words
    assert "SCAN stock_changes" not in words


# ---- how well it held ----


def test_the_marks_are_checked_on_outages_that_were_held_out(world: World) -> None:
    went_out(world, "SHIRT-S", *[10] * 12)
    held = calibration_of(world.env, world.shop)
    assert held.tried == 12
    assert (held.most.within, held.most.outages) == (7, 7)  # the first five have too few before
    assert held.most.verdict is Verdict.HOLDS


def test_the_check_is_worked_out_anew_after_an_hour(world: World) -> None:
    went_out(world, "SHIRT-S", *[10] * 6)
    assert calibration_of(world.env, world.shop).tried == 6
    world.see("SHIRT-S", 0)
    world.see("SHIRT-S", 5, step=KEPT_FOR * 2)
    world.see("SHIRT-S", 0)
    assert calibration_of(world.env, world.shop).tried >= 7


# ---- what shoppers are shown ----


def shown(world: World, locale: str = "en", variant: str = "SHIRT-S") -> tuple[Any, Any]:
    said = describe(world.env, world.shop, variant=variant, product="", locale=locale)
    return said["usually_back"], said["eta"]


@pytest.fixture
def willing(make_world: Callable[..., World]) -> World:
    """A shop that lets shoppers know; its shirt was out ten times, for up to 20 days."""
    world = make_world(show_usual_restock=True)
    went_out(world, "SHIRT-S", *TEN)
    return world


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", "Usually back within 2 weeks"),
        ("de", "Meist innerhalb von 2 Wochen wieder da"),
        ("es", "Suele volver en un plazo de 2 semanas"),
    ],
)
@ON_SQLITE
def test_a_shopper_reads_within_how_long_it_was_usually_back(
    willing: World, locale: str, words: str
) -> None:
    is_out(willing, "SHIRT-S", days=5)  # eight lasted longer; seven of them were over on day 18
    assert shown(willing, locale) == (
        words,
        {"iso": None, "precision": "unknown", "text": words},  # where the widget shows the date
    )


def test_the_words_follow_the_days_it_is_out_already(willing: World) -> None:
    is_out(willing, "SHIRT-S", days=1)  # nine days or less are said in days, more in weeks
    assert shown(willing)[0] == "Usually back within 3 weeks"
    willing.see("SHIRT-S", 0, step=8 * DAY)
    assert shown(willing)[0] == "Usually back within 9 days"


@ON_SQLITE
def test_a_date_that_somebody_named_is_shown_instead(willing: World) -> None:
    willing.see("SHIRT-S", 0, step=20 * DAY)
    day = willing.clock().date() + 30 * DAY
    willing.see("SHIRT-S", 0, eta=Eta.on(day))
    usual, eta = shown(willing)
    assert usual is None
    assert eta["iso"] == day.isoformat()


@ON_SQLITE
def test_a_date_that_is_over_gives_way_to_what_is_usual(willing: World) -> None:
    day: date = willing.clock().date() + 21 * DAY
    willing.see("SHIRT-S", 0, eta=Eta.on(day), step=20 * DAY)
    willing.see("SHIRT-S", 0, step=5 * DAY)
    assert shown(willing)[0] == "Usually back within 2 weeks"


def off(world: World) -> None:
    world.reconfigure(show_usual_restock=False)
    is_out(world, "SHIRT-S", days=5)


def too_few_lasted_as_long(world: World) -> None:
    is_out(world, "SHIRT-S", days=13)  # 14, 16, 18, 20


def nobody_looked(world: World) -> None:
    is_out(world, "SHIRT-S", days=5)
    world.clock.advance(timedelta(hours=25))


def it_is_there(world: World) -> None:
    world.see("SHIRT-S", 5)


def can_be_ordered(world: World) -> None:
    world.reconfigure(stock={**world.shop.config.stock.model_dump(), "backorder_counts": True})
    world.see("SHIRT-S", 0, step=20 * DAY)
    world.see("SHIRT-S", availability=Availability.BACKORDER, step=5 * DAY)


def it_is_to_come_out(world: World) -> None:
    is_out(world, "SHIRT-S", days=5)
    world.see("SHIRT-S", availability=Availability.PREORDER)


def the_mark_did_not_hold(world: World) -> None:
    went_out(world, "SHIRT-S", 40, 60, 80, 100, 120)
    is_out(world, "SHIRT-S", days=5)


@pytest.mark.parametrize(
    "happens",
    [
        off,
        too_few_lasted_as_long,
        nobody_looked,
        it_is_there,
        can_be_ordered,
        it_is_to_come_out,
        the_mark_did_not_hold,
    ],
)
@ON_SQLITE
def test_a_shopper_is_not_told_what_is_usual_when(
    willing: World, happens: Callable[[World], None]
) -> None:
    happens(willing)
    usual, eta = shown(willing)
    assert usual is None
    assert "back" not in (eta["text"] if eta else "")


@ON_SQLITE
def test_the_merchant_still_sees_a_mark_that_did_not_hold_and_that_it_did_not(
    willing: World,
) -> None:
    the_mark_did_not_hold(willing)
    assert suggestion(willing).estimate is not None
    assert calibration_of(willing.env, willing.shop).most.verdict is Verdict.TOO_EARLY
