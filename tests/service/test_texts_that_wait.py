"""Do texts that wait for money or for their channel keep others from what is there?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifier.domain.person import Person
from notifier.domain.rights import Role
from notifier.services.deliver import Sender
from notifier.services.setting_effects import try_channels_again
from notifier.services.settings import save_settings
from notifier.store import switches
from tests.fakes.twilio import FakeTwilio
from tests.release_told import told, why
from tests.world import World

NOON = datetime(2026, 12, 1, 17, 0, tzinfo=UTC)  # in New York; seven hours are left of the day
TOMORROW = datetime(2026, 12, 2, 17, 0, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
FIXED = {"strategy": "fixed", "size": 2, "interval": HALF_HOUR}
STRATEGIES = {
    "adaptive": {},
    "per_unit": {"strategy": "per_unit", "rate": 1, "interval": HALF_HOUR},
    "fixed": FIXED,
    "reserved": {"hold_for": timedelta(hours=2)},
    "lottery": {"order": "lottery", **FIXED},
}
OLGA = Person(id=1, email="olga@kettle.example", name="Olga", role=Role.OWNER)
ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])  # no SQL of its own


@pytest.fixture
def make_line(make_world: Callable[..., World], twilio: FakeTwilio) -> Callable[..., World]:
    """So many who wait for a text in front, and so many for a mail behind."""

    def make(*, texts: int, mails: int, cap: str = "daily_spend_cap", **shop: Any) -> World:
        world = make_world(twilio=twilio, double_opt_in=False, sms_hours="always", **shop)
        (world.config.channels["sms"].model_extra or {}).update({"daily_spend_cap": 1, cap: 0.01})
        world.clock.set(NOON)
        world.see("SHIRT-S", 0)
        for n in range(texts):
            world.asks(f"+1212555123{n}")
        for n in range(mails):
            world.asks(f"p{n}@waits.example")
        world.run()
        return world

    return make


def comes_back(world: World, units: int, *, looks: int) -> None:
    """So many are there again, and half an hour goes by from look to look."""
    for _ in range(looks):
        world.see("SHIRT-S", units, step=HALF_HOUR)
        world.run()


def channel(world: World, *, off: bool) -> None:
    world.db.retry(
        lambda tx: switches.turn(
            tx,
            switches.of_channel("sms"),
            off=off,
            why="20003: wrong password",
            by=switches.ITSELF,
            at=world.clock(),
            until=world.clock() + timedelta(hours=3),
        )
    )


@pytest.mark.parametrize("cap", ["daily_spend_cap", "daily_spend_cap_per_shop"])
@pytest.mark.parametrize("release", STRATEGIES.values(), ids=STRATEGIES)
def test_texts_beyond_the_cap_keep_nobody_from_what_is_there(
    make_line: Callable[..., World], release: dict[str, Any], cap: str
) -> None:
    world = make_line(texts=5, mails=6, cap=cap, release=release)
    comes_back(world, 3, looks=6)
    texts, mails = told(world)
    assert (texts <= 1, mails > 1) == (True, True)
    world.clock.set(TOMORROW)
    comes_back(world, 9, looks=2)
    assert told(world)[0] == 1 + texts  # what may be spent that day


@pytest.mark.parametrize("release", STRATEGIES.values(), ids=STRATEGIES)
def test_texts_of_a_paused_channel_keep_nobody_from_what_is_there(
    make_line: Callable[..., World], release: dict[str, Any]
) -> None:
    world = make_line(texts=5, mails=6, cap="price_per_segment", release=release)
    world.see("SHIRT-S", 3)
    world.announce()  # the channel's trouble shows when it is to send the first
    channel(world, off=True)
    world.deliver()
    comes_back(world, 3, looks=4)
    texts, mails = told(world)
    assert (texts, mails > 0) == (0, True)
    channel(world, off=False)
    comes_back(world, 9, looks=8)
    assert told(world)[0] > 0


def test_the_merchant_reads_who_was_passed_over_and_nobody_counts_as_told(
    make_line: Callable[..., World],
) -> None:
    world = make_line(texts=3, mails=3, release=FIXED)
    comes_back(world, 9, looks=2)
    assert told(world) == (1, 2)
    first, second = why(world)[0]
    passed = " Passed over for now, since no more may be spent on texts today: "
    assert first.endswith(f"{passed}1.")
    assert second.endswith(f"{passed}2.")
    assert "für SMS heute nichts mehr ausgegeben werden darf: 2." in why(world, "de")[0][1]
    assert world.rows("SELECT told, units_told FROM releases") == [{"told": 3, "units_told": 3}]
    assert world.rows("SELECT told FROM waves ORDER BY number") == [{"told": 1}, {"told": 2}]
    assert world.count("messages", "reason = 'no_texts_now'") == 1


@ON_SQLITE
@pytest.mark.parametrize("where", ["in the admin", "in the file"])
def test_where_all_who_are_left_wait_for_a_text_a_raised_cap_wakes_them_at_once(
    make_line: Callable[..., World], where: str
) -> None:
    world = make_line(texts=4, mails=0, release=FIXED)
    comes_back(world, 9, looks=2)
    assert told(world) == (1, 0)
    assert why(world)[1] == (
        "Those who are left wait for a text, and no more may be spent on texts today."
    )
    [running] = world.rows("SELECT state, told FROM releases")
    assert running == {"state": "running", "told": 1}
    if where == "in the admin":
        save_settings(world.env, {("channels", "sms", "daily_spend_cap"): 1.0}, by=OLGA)
    else:
        (world.config.channels["sms"].model_extra or {})["daily_spend_cap"] = 1
        world.sender.close()
        world.sender = Sender(world.env, world.renderer)
        try_channels_again(world.env)
    world.run()
    assert told(world) == (3, 0)


@ON_SQLITE
def test_where_all_who_are_left_wait_for_a_text_the_end_of_the_pause_wakes_them(
    make_line: Callable[..., World],
) -> None:
    world = make_line(texts=3, mails=0, cap="price_per_segment", release=FIXED)
    channel(world, off=True)
    comes_back(world, 9, looks=3)
    assert why(world) == (
        [],
        "Those who are left wait for a text, and their channel does not send now.",
    )
    comes_back(world, 9, looks=5)
    assert told(world) == (3, 0)
    assert world.rows("SELECT state FROM releases") == [{"state": "done"}]


@ON_SQLITE
def test_a_release_without_a_limit_leaves_its_texts_where_they_are(
    make_line: Callable[..., World],
) -> None:
    world = make_line(texts=3, mails=1, release={"strategy": "all"})
    comes_back(world, 9, looks=1)
    assert told(world) == (1, 1)
    assert world.count("messages", "state = 'due' AND last_code = 'spend_cap'") == 2
