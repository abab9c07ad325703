"""Does somebody hear of it when a shop's system tells nothing any more? (trust WS-W2)"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from notifier.config import Shop
from notifier.domain.person import Person
from notifier.domain.rights import Role
from notifier.errors import StoreBusy
from notifier.services import find_silent as silent
from notifier.services.alarm_said import read
from notifier.services.close_alarm import close_alarm
from notifier.services.find_silent import AWAY, SILENT, find_silent, note_delivery
from notifier.services.poll import alarm_stale, poll_due
from notifier.store import alarms, sources
from notifier.store.alarms import AlarmRow
from tests.world import OLGA, World

HOUR, TICK = timedelta(hours=1), timedelta(minutes=5)
WOO = {"woocommerce_secrets": ("a secret",)}
SHOPIFY = {"shopify_domain": "kettle.myshopify.com", "shopify_secrets": ("a secret",)}


@pytest.fixture
def woo(world: World) -> World:
    """WooCommerce's webhooks are set up, a moment ago."""
    world.reconfigure(**WOO, woocommerce_silence=6 * HOUR)
    assert find_silent(world.env) == 0
    return world


def watch(world: World, span: timedelta) -> int:
    """Time goes by while the service runs; how many systems are silent at its end."""
    found, until = 0, world.clock() + span
    while world.clock() < until:
        world.clock.advance(min(TICK, until - world.clock()))
        found = find_silent(world.env)
    return found


def hear(world: World, system: str = "woocommerce") -> None:
    note_delivery(world.env, world.env.shops["kettle"], system)


def open_ones(world: World) -> list[AlarmRow]:
    with world.env.db.read() as tx:
        return [one for one in alarms.open_alarms(tx) if one.code == SILENT]


def heard_at(world: World) -> Any:
    [row] = world.rows("SELECT looked_at FROM sources")
    return row["looked_at"]


# ---- when somebody is called ----


def test_silence_after_a_delivery_is_told_once_and_ends_with_the_next_one(woo: World) -> None:
    watch(woo, HOUR)
    hear(woo)
    assert watch(woo, 6 * HOUR - TICK) == 0
    assert open_ones(woo) == []

    assert watch(woo, 2 * TICK) == 1
    assert watch(woo, 5 * HOUR) == 1
    woo.run()
    [alarm] = open_ones(woo)
    [mail] = woo.mails(OLGA)
    assert alarm.about == "kettle/woocommerce"
    assert "WooCommerce has told nothing by webhook for 11 hours" in alarm.message
    assert "woocommerce_silence" in alarm.message
    assert "woocommerce" in mail.parsed.as_string().lower()

    hear(woo)
    assert open_ones(woo) == []
    assert watch(woo, 6 * HOUR - TICK) == 0


def test_a_shop_that_was_just_set_up_has_as_long_for_its_first_delivery(woo: World) -> None:
    assert watch(woo, 6 * HOUR - TICK) == 0
    assert watch(woo, TICK) == 1
    [alarm] = open_ones(woo)
    assert "in the 6 hours since it was set up here" in alarm.message


def test_each_system_of_a_shop_is_watched_for_itself(woo: World) -> None:
    woo.reconfigure(**SHOPIFY, shopify_silence=3 * HOUR)
    find_silent(woo.env)
    for _ in range(4):
        watch(woo, HOUR)
        hear(woo)
    assert [one.about for one in open_ones(woo)] == ["kettle/shopify"]
    hear(woo, "shopify")
    assert open_ones(woo) == []


@pytest.mark.parametrize(
    "changed", [{"woocommerce_silence": timedelta(0)}, {"woocommerce_secrets": ()}]
)
def test_where_nobody_wants_to_know_nothing_is_raised_and_what_was_ends(
    changed: dict[str, Any], woo: World
) -> None:
    assert watch(woo, 7 * HOUR) == 1
    woo.reconfigure(**changed)
    hear(woo)
    assert watch(woo, HOUR) == 0
    assert open_ones(woo) == []

    woo.reconfigure(**WOO, woocommerce_silence=6 * HOUR)  # set up anew: it has its time again
    assert watch(woo, 6 * HOUR) == 0
    assert watch(woo, TICK) == 1


def test_half_a_connection_is_not_waited_for(world: World) -> None:
    world.reconfigure(shopify_secrets=("a secret",))
    assert watch(world, timedelta(days=4)) == 0
    assert world.count("sources") == 0


def test_a_longer_time_in_the_settings_ends_the_alarm(woo: World) -> None:
    assert watch(woo, 7 * HOUR) == 1
    woo.reconfigure(**WOO, woocommerce_silence=24 * HOUR)
    assert watch(woo, TICK) == 0
    assert open_ones(woo) == []


def test_who_ticked_it_off_hears_of_it_again_only_after_as_long_again(woo: World) -> None:
    watch(woo, 7 * HOUR)
    [alarm] = open_ones(woo)
    olga = Person(id=1, email=OLGA, name="Olga", role=Role.OWNER)
    close_alarm(woo.env, woo.shop, alarm.id, by=olga)
    assert watch(woo, 6 * HOUR - TICK) == 0
    assert watch(woo, TICK) == 1
    assert "in the 13 hours since" in open_ones(woo)[0].message


# ---- what does not count as silence ----


def test_silence_goes_on_over_restarts(woo: World) -> None:
    hear(woo)
    for _ in range(6):
        watch(woo, HOUR - 2 * TICK)
        woo.clock.advance(2 * TICK)  # a restart that takes less than AWAY
        find_silent(woo.env)
    assert [one.about for one in open_ones(woo)] == ["kettle/woocommerce"]


def test_time_in_which_the_service_was_down_is_nobodys_silence(woo: World) -> None:
    hear(woo)
    watch(woo, 4 * HOUR)
    woo.clock.advance(timedelta(days=2))
    assert find_silent(woo.env) == 0
    assert watch(woo, 2 * HOUR - TICK) == 0
    assert watch(woo, TICK) == 1
    assert timedelta(minutes=5) < AWAY


def test_a_clock_that_was_ahead_puts_off_no_alarm_for_longer_than_its_time(woo: World) -> None:
    woo.clock.advance(timedelta(days=30))
    hear(woo)
    woo.clock.advance(-timedelta(days=30))
    find_silent(woo.env)
    assert watch(woo, 6 * HOUR - TICK) == 0
    assert watch(woo, TICK) == 1


# ---- beside other things ----


def test_a_hook_is_no_source_that_is_looked_at_or_stale(woo: World) -> None:
    hear(woo)
    watch(woo, 48 * HOUR)
    assert poll_due(woo.env, owner="one") == 0
    assert alarm_stale(woo.env) == 0
    with woo.env.db.read() as tx:
        assert sources.list_sources(tx) == []
        seconds = silent.silences(woo.env, tx)
    assert seconds == {"kettle/woocommerce": timedelta(hours=48).total_seconds()}


def test_many_deliveries_at_once_are_noted_once(woo: World) -> None:
    hear(woo)
    first = heard_at(woo)
    woo.clock.advance(timedelta(seconds=59))
    hear(woo)
    assert heard_at(woo) == first
    woo.clock.advance(timedelta(seconds=1))
    hear(woo)
    assert heard_at(woo) != first


def test_a_delivery_that_cannot_be_noted_is_not_refused_for_it(
    woo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any, **__: Any) -> None:
        raise StoreBusy("somebody writes")

    with monkeypatch.context() as patch:
        patch.setattr(type(woo.env.db), "retry", busy)
        hear(woo)
    assert watch(woo, 6 * HOUR) == 1
    hear(woo)
    assert open_ones(woo) == []


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", "told nothing"),
        ("de", "nichts per Webhook gemeldet"),
        ("es", "no ha comunicado nada"),
    ],
)
@pytest.mark.parametrize("heard", [False, True])
def test_it_is_said_in_the_reader_s_language(
    heard: bool, locale: str, words: str, woo: World
) -> None:
    if heard:
        hear(woo)
    watch(woo, 7 * HOUR)
    [alarm] = open_ones(woo)
    said = read(alarm.facts, locale, stored="")
    assert words in said
    assert "7" in said


@pytest.mark.parametrize("name", ["shopify_silence", "woocommerce_silence"])
@pytest.mark.parametrize(
    ("value", "taken"), [("0h", True), ("1h", True), ("59m", False), ("", False)]
)
def test_a_time_too_short_to_mean_anything_is_refused(name: str, value: str, taken: bool) -> None:
    shop = {"name": "Kettle & Co", "public_key": "pk_kettle", name: value}
    if taken:
        assert hours(getattr(Shop.model_validate(shop), name)) == value
        return
    with pytest.raises(ValidationError, match=name):
        Shop.model_validate(shop)


def hours(value: timedelta) -> str:
    return f"{int(value.total_seconds() // 3600)}h"
