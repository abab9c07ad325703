"""Does each wave show what may still be bought and what share buys, whatever the strategy?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifier.domain.availability import Availability
from notifier.services.follow_link import find_target
from notifier.services.learn import learn_all
from notifier.services.report_purchase import GivenPurchase, report_purchases
from notifier.services.steer_release import show_release
from notifier.services.wave_words import why_wave
from notifier.store.waves import WaveRow
from tests.world import EVE, World

ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])  # no SQL of its own
CROWD = [f"p{n}@waits.example" for n in range(12)]
HOUR = timedelta(hours=1)


def waves_of(world: World) -> list[WaveRow]:
    release = world.rows("SELECT max(id) AS id FROM releases")[0]["id"]
    return list(show_release(world.env, world.shop, release).waves)


def a_line(make_world: Callable[..., World], **rules: Any) -> World:
    """Twelve people wait in a shop with such rules."""
    release = {"size": 4, "rate": 1, "interval": 2 * HOUR, **rules}
    world = make_world(double_opt_in=False, release=release)
    world.see("SHIRT-S", 0)
    for number, address in enumerate(CROWD):
        world.asks(address, tags=("vip",) if number > 9 else ())
    return world


def bought_by(world: World, *, people: int) -> None:
    """So many of those told follow the link and buy, half an hour after the message."""
    world.clock.advance(HOUR / 2)
    for row in world.rows(
        "SELECT m.id, c.address FROM messages m JOIN contacts c ON c.id = m.contact_id"
        " WHERE m.kind = 'back_in_stock' ORDER BY m.id LIMIT :people",
        people=people,
    ):
        find_target(world.env, row["id"], counted=True)
        given = GivenPurchase(
            ref=str(row["id"]), variant="SHIRT-S", at=world.clock(), email=row["address"]
        )
        assert report_purchases(world.env, world.shop, [given])[0].told is True


@pytest.mark.parametrize(
    "rules",
    [
        {"strategy": "fixed"},
        {"strategy": "per_unit"},
        {"strategy": "fixed", "order": "lottery"},
        {"strategy": "fixed", "first_tags": ("vip",)},
        {"strategy": "adaptive"},
    ],
    ids=lambda rules: "-".join(str(one) for one in rules.values()),
)
@ON_SQLITE
def test_each_wave_shows_the_sales_that_may_still_come_and_the_share_that_buys(
    make_world: Callable[..., World], rules: dict[str, Any]
) -> None:
    world = a_line(make_world, **rules)
    world.see("SHIRT-S", 4)
    world.run()
    bought_by(world, people=2)
    for _ in range(30):
        world.see("SHIRT-S", 2, step=HOUR)
        world.run()
    first, second = waves_of(world)[:2]
    assert first.facts["claims"] == 0
    assert second.facts["told_before"] == first.told
    assert 0 < second.facts["claims"] < first.told
    shares = [second.facts[name] for name in ("low", "buy_share", "high")]
    assert shares == sorted(shares)
    assert 0.05 < second.facts["buy_share"] < 0.9
    said = why_wave(second, "en")
    assert f"{first.told} told, of whom about " in said
    assert " may still buy (" in said


@ON_SQLITE
def test_what_earlier_releases_taught_is_shown_before_anybody_is_told(
    make_world: Callable[..., World],
) -> None:
    world = a_line(make_world, strategy="all")
    world.see("SHIRT-S", 4)
    world.run()
    [wave] = waves_of(world)
    assert (wave.facts["claims"], wave.facts.get("buy_share"), wave.told) == (0, None, 12)
    assert why_wave(wave, "en") == (
        "4 there. Nobody told before, and no earlier release has shown what share buys: not known"
        " yet. Everybody at once."
    )
    bought_by(world, people=3)
    world.clock.advance(timedelta(days=2))
    learn_all(world.env)
    world.see("SHIRT-S", 0)
    world.asks(EVE)
    world.see("SHIRT-S", 4)
    world.run()
    [wave] = waves_of(world)
    assert (wave.told, wave.facts["told_before"], wave.facts["claims"]) == (1, 0, 0)
    assert 0.1 < wave.facts["low"] < wave.facts["buy_share"] < wave.facts["high"] < 0.6
    assert "Nobody told before; of those told, " in why_wave(wave, "en")


@ON_SQLITE
def test_units_that_are_reserved_are_what_may_still_be_bought(
    make_world: Callable[..., World],
) -> None:
    world = a_line(make_world, hold_for=3 * HOUR)
    world.see("SHIRT-S", 2)
    world.run()
    bought_by(world, people=1)
    world.see("SHIRT-S", 3)
    world.run()
    first, second = waves_of(world)
    assert (first.told, first.facts["claims"]) == (2, 0)
    assert second.facts["claims"] == second.facts["held"] == 1
    assert 0 < second.facts["buy_share"] < 1
    assert why_wave(second, "en").startswith(f"{first.told} told, of whom ")


@ON_SQLITE
def test_where_nobody_says_what_is_sold_no_figure_is_made_up(
    make_world: Callable[..., World],
) -> None:
    world = a_line(make_world, strategy="fixed")
    for _ in range(4):
        world.see("SHIRT-S", None, availability=Availability.IN_STOCK, step=HOUR)
        world.run()
    wave = waves_of(world)[1]
    assert wave.facts["told_before"] == 4
    assert not {"claims", "buy_share", "low", "high"} & wave.facts.keys()
    assert why_wave(wave, "en").startswith(
        "4 told; what they buy is not known, as the source gives no quantity and no purchases are"
        " reported. "
    )


@ON_SQLITE
def test_what_brings_no_units_is_not_reckoned_with(make_world: Callable[..., World]) -> None:
    world = a_line(make_world)
    world.see("SHIRT-S", availability=Availability.DISCONTINUED)
    world.run()
    [wave] = waves_of(world)
    assert wave.told == 12
    assert why_wave(wave, "en").startswith("No restock, so no sales are reckoned with. ")


def test_what_is_known_and_what_is_not_is_said_in_every_language() -> None:
    known = {"told_before": 1_600, "claims": 7.25, "buy_share": 0.21, "low": 0.15, "high": 0.29}
    fixed = {"rule": "fixed", "size": 50}
    held = {"rule": "reserved", "stock": 9, "held": 2, "units": 7}
    for facts in (
        {**fixed, **known},
        {**fixed, **known, "told_before": 0},
        {**held, **known},
        {**fixed, "unknown": "no_sales", "told_before": 1_600},
        *({**fixed, "unknown": unknown} for unknown in ("no_restock", "no_lesson")),
        fixed,  # a wave of before this was kept
    ):
        wave = WaveRow(
            number=1, at=datetime.now(UTC), stock=9, planned=50, told=50, reason="?", facts=facts
        )
        said = {why_wave(wave, locale) for locale in ("en", "de", "es")}
        assert len(said) == 3, said
        assert not any("{" in words or "?" in words for words in said), said
