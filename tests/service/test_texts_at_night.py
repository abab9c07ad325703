"""Does a text that may not leave before the morning keep others from what is there at night?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifier.services import tell_next
from tests.fakes.twilio import FakeTwilio
from tests.release_told import told, why
from tests.world import World

ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])  # no SQL of its own
NOON = datetime(2026, 12, 1, 17, 0, tzinfo=UTC)  # in New York
NIGHT = datetime(2026, 12, 2, 2, 0, tzinfo=UTC)
MORNING = datetime(2026, 12, 2, 15, 0, tzinfo=UTC)  # ten o'clock: a text may leave
HALF_HOUR = timedelta(minutes=30)
FIXED = {"strategy": "fixed", "size": 2, "interval": HALF_HOUR}


@pytest.fixture
def make_line(make_world: Callable[..., World], twilio: FakeTwilio) -> Callable[..., World]:
    """So many who wait for a text in front, and so many for a mail behind; then it is night."""

    def make(*, texts: int, mails: int, **shop: Any) -> World:
        world = make_world(twilio=twilio, double_opt_in=False, **shop)
        world.clock.set(NOON)
        world.see("SHIRT-S", 0)
        for n in range(texts):
            world.asks(f"+1212555123{n}")
        for n in range(mails):
            world.asks(f"p{n}@waits.example")
        world.run()
        world.clock.set(NIGHT)
        return world

    return make


@pytest.mark.parametrize(
    "release",
    [
        {},
        {"strategy": "per_unit", "rate": 1, "interval": HALF_HOUR},
        FIXED,
        {"hold_for": timedelta(hours=2)},
        {"order": "lottery", **FIXED},
    ],
    ids=["adaptive", "per_unit", "fixed", "reserved", "lottery"],
)
def test_those_behind_are_told_at_night_and_those_in_front_in_the_morning(
    make_line: Callable[..., World], release: dict[str, Any]
) -> None:
    world = make_line(texts=5, mails=6, release=release)
    world.see("SHIRT-S", 3)
    world.run()
    texts, mails = told(world)
    assert (texts, mails > 0) == (0, True)
    assert world.count("messages", "kind = 'back_in_stock' AND medium = 'sms'") == 0
    world.clock.set(MORNING)
    for _ in range(8):  # by lot those who wait for a mail may come first
        world.see("SHIRT-S", 3, step=HALF_HOUR)
        world.run()
    assert told(world)[0] > 0


@ON_SQLITE
def test_the_merchant_reads_who_was_passed_over(make_line: Callable[..., World]) -> None:
    world = make_line(texts=3, mails=3, release=FIXED)
    world.see("SHIRT-S", 9)
    world.run()
    [wave], look = why(world)
    assert wave.endswith(
        " 2 people in each wave. Passed over for now, since it is no hour for a text: 3."
    )
    assert look == ""
    assert "nicht die Zeit für eine SMS ist: 3." in why(world, "de")[0][0]


@ON_SQLITE
def test_where_all_are_asleep_the_release_waits_for_the_first_to_wake(
    make_line: Callable[..., World],
) -> None:
    world = make_line(texts=3, mails=0, release=FIXED)
    world.see("SHIRT-S", 9)
    world.run()
    assert why(world) == (
        [],
        "Those who are left wait for a text, and it is no hour for one where they are.",
    )
    [release] = world.rows("SELECT state, waves, told FROM releases")
    assert release == {"state": "running", "waves": 0, "told": 0}
    while world.clock() < MORNING - timedelta(hours=1):
        world.see("SHIRT-S", 9, step=timedelta(hours=1))
        world.run()
        assert world.count("messages", "kind = 'back_in_stock'") == 0
    world.clock.set(MORNING)
    world.run()
    assert told(world) == (2, 0)
    world.see("SHIRT-S", 9, step=HALF_HOUR)
    world.run()
    assert told(world) == (3, 0)
    assert world.rows("SELECT state FROM releases") == [{"state": "done"}]


def test_a_long_line_remembers_over_its_parts_who_sleeps(
    make_line: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tell_next, "CHUNK", 2)
    world = make_line(texts=5, mails=1, release=FIXED)
    world.see("SHIRT-S", 9)
    world.run()
    assert told(world) == (0, 1)
    [wave], _ = why(world)
    assert wave.endswith("no hour for a text: 5.")
    assert world.rows("SELECT state FROM releases") == [{"state": "running"}]
    world.clock.set(MORNING)
    world.see("SHIRT-S", 9)
    world.run()
    assert told(world) == (2, 1)


@ON_SQLITE
@pytest.mark.parametrize(
    "shop", [{"release": {"strategy": "all"}}, {"release": FIXED, "sms_hours": "always"}]
)
def test_nobody_is_passed_over_without_a_limit_or_without_hours(
    make_line: Callable[..., World], shop: dict[str, Any]
) -> None:
    world = make_line(texts=2, mails=0, **shop)
    world.see("SHIRT-S", 9)
    world.run()
    assert world.count("messages", "kind = 'back_in_stock' AND medium = 'sms'") == 2
