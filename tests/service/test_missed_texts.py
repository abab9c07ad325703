"""Is a STOP obeyed that never reached us? (trust SM-10)"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifier.channels.base import TextHeard
from notifier.demo.twilio_wire import SentText
from notifier.services import hear_twilio, missed_texts
from notifier.services.confirm import confirm
from notifier.services.consent import Circumstances
from notifier.services.env import Env
from notifier.services.hear_text import hear_text
from notifier.services.missed_texts import LOOK_BACK, UNASKED, UNHEARD, find_missed_texts
from tests.fakes.twilio import FakeTwilio, Fault
from tests.timing import SettableClock
from tests.world import SID, TOKEN, World

OURS = "+12125550100"
ANN, BEN, EVE = "+12125551234", "+12125551235", "+12125551236"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ON_ONE = pytest.mark.parametrize("engine_name", ["sqlite"])  # no SQL of its own


@pytest.fixture
def twilio(clock: SettableClock) -> Iterator[FakeTwilio]:
    with FakeTwilio(account_sid=SID, auth_token=TOKEN, numbers=(OURS,), clock=clock) as fake:
        yield fake


@pytest.fixture
def phones(make_world: Callable[..., World], twilio: FakeTwilio) -> World:
    """Ann and Ben wait by SMS. Noon in New York, and yesterday was gone through."""
    world = make_world(twilio=twilio, release={"strategy": "all"})
    world.clock.set(datetime(2026, 12, 1, 17, 0, tzinfo=UTC))
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.waits(BEN)
    world.deliver()
    find_missed_texts(world.env)
    return world


def texted(world: World, number: str, body: str, *, heard: bool = False) -> SentText:
    """The network has it; our hook heard it or not."""
    assert world.twilio is not None
    world.clock.advance(timedelta(minutes=1))
    world.twilio.text_back(number, body)
    text = world.twilio.received[-1]
    if heard:
        form = {"MessageSid": text.sid, "From": number, "To": OURS, "Body": body}
        hear_text(world.env, hear_twilio.read_text(form))
    return text


def tomorrow(world: World) -> None:
    """Two hours into the next day (UTC): late in the evening in New York."""
    day = (world.clock() + DAY).astimezone(UTC)
    world.clock.set(day.replace(hour=2, minute=0))


def states(world: World) -> list[str]:
    rows = world.rows("SELECT state, ended_reason FROM subscriptions ORDER BY id")
    return [row["ended_reason"] or row["state"] for row in rows]


def stopped(world: World) -> list[str]:
    rows = world.rows("SELECT source FROM suppressions WHERE lifted_at IS NULL ORDER BY id")
    return [row["source"].partition(":")[0] for row in rows]


def alarms(world: World) -> list[str]:
    rows = world.rows("SELECT code FROM alarms WHERE cleared_at IS NULL ORDER BY code")
    return [row["code"] for row in rows]


def lists(twilio: FakeTwilio) -> int:
    return sum(one.query.get("To") == OURS for one in twilio.requests)


def test_a_stop_that_we_never_heard_is_obeyed_the_next_day_and_told_of(
    phones: World, twilio: FakeTwilio
) -> None:
    stop = texted(phones, ANN, "STOP")
    texted(phones, BEN, "thanks", heard=True)
    texted(phones, EVE, "stop")  # a stranger to us: shut all the same
    assert states(phones) == ["waiting", "waiting"]
    assert find_missed_texts(phones.env) == 0  # the day is not over
    tomorrow(phones)
    assert find_missed_texts(phones.env) == 2
    assert states(phones) == ["stopped", "waiting"]
    assert stopped(phones) == ["provider", "provider"]
    book = phones.rows("SELECT facts FROM ledger WHERE act = 'withdrawn'")
    assert f"provider:{stop.sid}" in str(book)
    assert alarms(phones) == [UNHEARD]

    asked = lists(twilio)
    assert find_missed_texts(phones.env) == 0
    assert lists(twilio) == asked  # the day is done
    # the hook hears it after all: known
    form = {"MessageSid": stop.sid, "From": ANN, "To": OURS, "Body": "STOP"}
    assert hear_text(phones.env, hear_twilio.read_text(form)) == ""
    tomorrow(phones)
    assert find_missed_texts(phones.env) == 0
    assert alarms(phones) == []


def test_a_start_that_we_never_heard_asks_again_in_the_morning(
    phones: World, twilio: FakeTwilio
) -> None:
    texted(phones, ANN, "STOP", heard=True)
    texted(phones, ANN, "START")
    before = len(twilio.messages)
    tomorrow(phones)
    assert find_missed_texts(phones.env) == 1
    assert stopped(phones) == []
    assert states(phones) == ["stopped", "waiting", "unconfirmed"]
    phones.deliver()
    assert len(twilio.messages) == before  # ten in the evening
    phones.clock.advance(timedelta(hours=14))
    phones.deliver()
    [asked] = twilio.messages[before:]
    assert asked.to == ANN
    confirm(phones.env, 3, circumstances=Circumstances())
    assert states(phones)[2] == "waiting"


@pytest.mark.parametrize(
    ("said", "state", "shut"),
    [
        # (what, whether we heard it)
        ([("STOP", False), ("START", True)], "waiting", 0),
        ([("START", False), ("STOP", True)], "stopped", 1),
        ([("STOP", False), ("START", False)], "stopped", 0),  # and asked to confirm again
        ([("START", False), ("STOP", False)], "stopped", 1),
        ([("maybe stop the bus?", False)], "paused", 0),
        ([("maybe stop the bus?", False), ("START", True)], "waiting", 0),
        ([("hello", False)], "waiting", 0),
    ],
    ids=[
        "stop START",
        "start STOP",
        "stop start",
        "start stop",
        "unclear",
        "unclear START",
        "hello",
    ],
)
@ON_ONE
def test_what_was_missed_is_taken_in_its_place_among_what_was_heard(
    phones: World, said: list[tuple[str, bool]], state: str, shut: int
) -> None:
    for body, heard in said:
        texted(phones, ANN, body, heard=heard)
    tomorrow(phones)
    assert find_missed_texts(phones.env) == sum(not heard for _, heard in said)
    assert states(phones)[0] == state
    assert len(stopped(phones)) == shut


@ON_ONE
def test_a_start_is_no_answer_to_a_refusal_that_came_after_it(
    phones: World, twilio: FakeTwilio
) -> None:
    texted(phones, ANN, "START")
    twilio.opted_out.add(ANN)  # by another number of ours, as far as we know
    phones.see("SHIRT-S", 5)
    phones.run()
    assert states(phones)[0] == "stopped"
    tomorrow(phones)
    assert find_missed_texts(phones.env) == 1
    assert states(phones)[0] == "stopped"
    assert len(stopped(phones)) == 1


@ON_ONE
def test_a_provider_that_cannot_be_asked_is_asked_again_for_all_the_days_and_told_of(
    phones: World, twilio: FakeTwilio
) -> None:
    texted(phones, ANN, "STOP")
    tomorrow(phones)
    twilio.misbehave(Fault(on="list", status=503), times=100)
    assert find_missed_texts(phones.env) == 0
    assert alarms(phones) == []
    tomorrow(phones)
    texted(phones, BEN, "STOP")
    find_missed_texts(phones.env)
    assert alarms(phones) == [UNASKED]
    assert states(phones) == ["waiting", "waiting"]
    twilio.behave()
    assert find_missed_texts(phones.env) == 1  # Ben's came a moment ago: the hook may yet hear it
    assert states(phones) == ["stopped", "waiting"]
    assert alarms(phones) == [UNHEARD]
    tomorrow(phones)
    assert find_missed_texts(phones.env) == 1
    assert states(phones) == ["stopped", "stopped"]


@ON_ONE
def test_one_text_that_cannot_be_booked_keeps_no_other_from_being_obeyed(
    phones: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = texted(phones, BEN, "STOP")
    texted(phones, ANN, "STOP")

    def broken(env: Env, text: TextHeard, **more: Any) -> str:
        if text.event_id == bad.sid:
            raise RuntimeError("a bug")
        return hear_text(env, text, **more)

    monkeypatch.setattr(missed_texts, "hear_text", broken)
    tomorrow(phones)
    assert find_missed_texts(phones.env) == 1
    assert states(phones) == ["stopped", "waiting"]
    monkeypatch.undo()
    assert find_missed_texts(phones.env) == 1  # the day was not done
    assert states(phones) == ["stopped", "stopped"]


@ON_ONE
def test_after_a_long_absence_the_last_days_are_gone_through_once(
    phones: World, twilio: FakeTwilio
) -> None:
    texted(phones, ANN, "STOP")
    phones.clock.advance(DAY * 2)
    texted(phones, BEN, "STOP")
    phones.clock.advance(DAY * LOOK_BACK)
    asked = lists(twilio)
    assert find_missed_texts(phones.env) == 1  # Ann's is known when a text to her is refused
    assert states(phones) == ["waiting", "stopped"]
    assert lists(twilio) == asked + 1
    assert find_missed_texts(phones.env) == 0
    assert lists(twilio) == asked + 1


@ON_ONE
def test_a_shop_without_texts_asks_nobody(world: World) -> None:
    assert find_missed_texts(world.env) == 0
