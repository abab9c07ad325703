"""What is said to follow if so many units came now?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from notifier.domain.sms_text import count_segments
from notifier.errors import InvalidInput
from notifier.i18n_figures import format_instant
from notifier.services.foresee_release import ReleaseForeseen, foresee_release
from tests.fakes.twilio import FakeTwilio
from tests.world import ANN, BEN, EVE, SID, TOKEN, World

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])  # no SQL of its own
HOUR = timedelta(hours=1)
LONG = "Kettle & Company Limited, " + "makers of copper goods " * 6


def a_line(
    make_world: Callable[..., World], *, people: int = 12, quantity: int = 1, **shop: Any
) -> World:
    world = make_world(double_opt_in=False, time_zone="UTC", **shop)
    world.see("SHIRT-S", 0)
    for number in range(people):
        world.asks(f"p{number}@waits.example", quantity=quantity)
    return world


def foreseen(world: World, units: int) -> ReleaseForeseen:
    return foresee_release(world.env, world.renderer, world.shop, "SHIRT-S", units=units)


FIXED = {"strategy": "fixed", "size": 4, "interval": HOUR}
PER_UNIT = {"strategy": "per_unit", "rate": 2, "interval": HOUR}


@pytest.mark.parametrize(
    ("release", "quantity", "units", "at_once", "told", "rest_after"),
    [
        ({"strategy": "all"}, 1, 5, 12, 12, 0),
        (FIXED, 1, 100, 4, 12, 2),
        (FIXED | {"size": 12}, 1, 100, 12, 12, 0),
        (FIXED | {"size": 20}, 1, 100, 12, 12, 0),
        (PER_UNIT, 1, 5, 10, 12, 1),
        (PER_UNIT, 3, 15, 10, 12, 1),  # who want three each
        ({"hold_for": HOUR}, 3, 12, 4, 12, 5),
    ],
)
def test_how_many_are_told_at_once_and_when_the_rest_is(
    make_world: Callable[..., World],
    release: dict[str, Any],
    quantity: int,
    units: int,
    at_once: int,
    told: int,
    rest_after: int,
) -> None:
    """A shop without history reckons that one of four buys."""
    world = a_line(make_world, quantity=quantity, release=release)
    found = foreseen(world, units)
    assert (found.seen.at_once, found.seen.told) == (at_once, told)
    assert found.seen.sold_out_at is None
    rest = world.clock() + rest_after * HOUR
    assert found.seen.last_at == rest
    words = (
        f"{units} units now: all 12 who wait are told at once"
        if at_once == 12
        else f"{units} units now: {at_once} of 12 told at once, the rest by "
    )
    assert found.sentence.startswith(words)
    assert at_once == 12 or f"the rest by {format_instant(rest, 'en')}." in found.sentence


def test_when_it_is_sold_out_before_all_are_told(make_world: Callable[..., World]) -> None:
    world = a_line(make_world, people=60, release=PER_UNIT | {"rate": 1})
    found = foreseen(world, 2)
    assert found.seen.last_at is None
    assert found.seen.sold_out_at is not None
    assert found.sentence.startswith("2 units now: 2 of 60 told at once, 5 in all until it is sold")
    assert f"about {format_instant(world.clock() + 4 * HOUR, 'en')}." in found.sentence


def test_what_takes_longer_than_a_week_is_said_to_a_week(make_world: Callable[..., World]) -> None:
    world = a_line(
        make_world, people=40, release={"strategy": "fixed", "size": 1, "interval": 24 * HOUR}
    )
    found = foreseen(world, 1000)
    assert (found.seen.last_at, found.seen.sold_out_at) == (None, None)
    assert found.sentence == "1,000 units now: 1 of 40 told at once, 8 within a week."


def test_where_nobody_waits_nobody_is_told(make_world: Callable[..., World]) -> None:
    assert foreseen(a_line(make_world, people=0), 3).sentence == "Nobody waits."


def test_the_adaptive_strategy_is_asked_itself(make_world: Callable[..., World]) -> None:
    world = a_line(make_world, people=60)
    found = foreseen(world, 10)
    assert found.strategy == "adaptive"
    assert 5 < found.seen.at_once < 25
    assert found.seen.told > found.seen.at_once


@pytest.mark.parametrize("units", [0, -1, 1_000_001])
def test_what_is_no_number_of_units_is_refused(
    make_world: Callable[..., World], units: int
) -> None:
    with pytest.raises(InvalidInput, match=f"{units} is not 1 to 1,000,000 units"):
        foreseen(a_line(make_world, people=0), units)


def test_texts_are_counted_by_their_segments_and_priced(make_world: Callable[..., World]) -> None:
    with FakeTwilio(account_sid=SID, auth_token=TOKEN, numbers=("+12125550100",)) as twilio:
        world = a_line(
            make_world,
            people=2,
            twilio=twilio,
            sms_hours="always",
            name=LONG,
            release={"strategy": "all"},
            sms_segment_price=0.05,
        )
        mails_only = foreseen(world, 5)
        assert (mails_only.sms, mails_only.sms_price) == (0, None)
        assert "SMS" not in mails_only.sentence
        for number in range(2):
            world.asks(f"+1212555123{number}")
        found = foreseen(world, 5)
        assert (found.sms, found.segments, found.segments_least) == (2, 2, 2)
        assert str(found.sms_price) == "0.20"
        assert "2 SMS segments each, about" in found.sentence
        assert found.sentence.endswith("0.20 in SMS.")


def test_what_is_kept_back_is_not_foreseen_for_those_who_wait(
    make_world: Callable[..., World],
) -> None:
    world = make_world(double_opt_in=False, release={"hold_for": HOUR}, stock={"threshold": 3})
    world.see("SHIRT-S", 0)
    for address in (ANN, BEN, EVE):
        world.asks(address)
    nobody = foreseen(world, 3)
    assert (nobody.seen.at_once, nobody.seen.told) == (0, 0)
    assert nobody.sentence.startswith("3 units now: nobody is told")
    assert foreseen(world, 4).seen.at_once == 1
    world.see("SHIRT-S", 4)
    world.run()
    told = [len(world.mails(one, "back_in_stock")) for one in (ANN, BEN, EVE)]
    assert told == [1, 0, 0]


def test_the_segments_foreseen_are_those_that_are_sent(make_world: Callable[..., World]) -> None:
    with FakeTwilio(account_sid=SID, auth_token=TOKEN, numbers=("+12125550100",)) as twilio:
        for hold in (timedelta(0), HOUR):
            name = "Kettle & Company, makers of copper goods" if hold else "Kettle"
            world = make_world(
                twilio=twilio,
                double_opt_in=False,
                sms_hours="always",
                name=name,
                release={"hold_for": hold},
                stock={"cool_down": timedelta(0)},
            )
            world.see("SHIRT-S", 0)
            world.asks("+12125551234")
            expected = foreseen(world, 5)
            world.see("SHIRT-S", 5)
            world.run()
            assert expected.segments == count_segments(twilio.messages[-1].body)


def test_it_is_foreseen_that_units_are_bought_while_waves_go_out(
    make_world: Callable[..., World],
) -> None:
    world = make_world(double_opt_in=False, release={"hold_for": HOUR})
    world.see("SHIRT-S", 0)
    for number in range(40):
        world.asks(f"p{number}@waits.example")
    few, many = foreseen(world, 4).seen, foreseen(world, 30).seen
    assert (few.at_once, few.last_at) == (4, None)
    assert few.told < 40
    assert few.sold_out_at is not None
    assert (many.at_once, many.told, many.sold_out_at) == (30, 40, None)
    assert many.last_at is not None
    assert many.last_at - world.clock() == HOUR
