"""A text that may have meant stop: what does a person's word about it change, and for whom?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from notifier.domain.person import Person
from notifier.domain.rights import Role
from notifier.domain.sms_keywords import Wish
from notifier.errors import Conflict, NotFound
from notifier.services import go_on
from notifier.services.consent import Circumstances
from notifier.services.end_waiting import end
from notifier.services.go_on import let_go_on, note_ended
from notifier.services.hear_text import hear_text
from notifier.store import people
from tests.fakes.twilio import FakeTwilio
from tests.meanwhile import Meanwhile
from tests.world import SID, TOKEN, World

ANN, BEN = "+12125551234", "+12125551235"
OLGA = Person(id=1, email="olga@kettle.example", name="Olga", role=Role.OWNER)
ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])  # no SQL of its own


@pytest.fixture
def phones(make_world: Callable[..., World]) -> Iterator[World]:
    """Ann waits for two things by SMS, Ben for one."""
    with FakeTwilio(account_sid=SID, auth_token=TOKEN, numbers=("+12125550100",)) as twilio:
        world = make_world(twilio=twilio, double_opt_in=False)
        for variant in ("SHIRT-S", "SHIRT-M"):
            world.see(variant, 0)
            world.asks(ANN, variant)
        world.asks(BEN)
        yield world


def texts(world: World, number: str, event_id: str) -> None:
    said: Any = SimpleNamespace(
        event_id=event_id,
        address=number,
        text="bus stop?",
        wish=Wish.REVIEW,
        answered_by_provider=False,
        at=None,
    )
    hear_text(world.env, said)


def states(world: World) -> list[str]:
    return [row["state"] for row in world.rows("SELECT state FROM subscriptions ORDER BY id")]


def alarms(world: World) -> list[str]:
    rows = world.rows("SELECT about FROM alarms WHERE cleared_at IS NULL ORDER BY id")
    return [row["about"] for row in rows]


@ON_SQLITE
def test_an_alarm_is_over_when_nothing_of_this_person_waits_to_be_read(phones: World) -> None:
    texts(phones, ANN, "SM1")
    texts(phones, BEN, "SM2")
    texts(phones, ANN, "SM3")
    assert states(phones) == ["paused"] * 3
    let_go_on(phones.env, phones.shop, 1, by=OLGA)
    assert (states(phones), alarms(phones)) == (
        ["waiting", "paused", "paused"],
        ["SM1", "SM2", "SM3"],
    )
    let_go_on(phones.env, phones.shop, 2, by=OLGA)
    assert (states(phones), alarms(phones)) == (["waiting", "waiting", "paused"], ["SM2"])
    assert phones.count("ledger", "act = 'subscription.resumed'") == 2


@ON_SQLITE
def test_the_alarm_of_who_ends_it_all_is_over_too(phones: World) -> None:
    texts(phones, ANN, "SM1")
    texts(phones, BEN, "SM2")
    for number, left in ((1, ["SM1", "SM2"]), (2, ["SM2"])):
        end(phones.env, number, circumstances=Circumstances())
        note_ended(phones.env, number)
        assert alarms(phones) == left
    note_ended(phones.env, 99)  # it was deleted meanwhile
    assert alarms(phones) == ["SM2"]


@ON_SQLITE
def test_what_is_paused_by_its_owner_keeps_no_alarm_open_and_is_not_let_go_on(
    phones: World,
) -> None:
    with phones.db.write() as tx:
        people.move_subscriptions(tx, [2], state="paused")
    texts(phones, ANN, "SM1")
    with pytest.raises(Conflict, match="No text of this person waits to be read"):
        let_go_on(phones.env, phones.shop, 2, by=OLGA)
    let_go_on(phones.env, phones.shop, 1, by=OLGA)
    assert (states(phones), alarms(phones)) == (["waiting", "paused", "waiting"], [])


@ON_SQLITE
def test_what_ended_since_is_not_let_go_on(phones: World) -> None:
    texts(phones, BEN, "SM2")
    with phones.db.write() as tx:
        people.move_subscriptions(tx, [3], state="ended")  # its reason is kept
    with pytest.raises(Conflict):
        let_go_on(phones.env, phones.shop, 3, by=OLGA)
    assert states(phones)[2] == "ended"


@ON_SQLITE
def test_another_shop_has_no_word_in_it(phones: World) -> None:
    texts(phones, BEN, "SM2")
    another = replace(phones.shop, id=phones.shop.id + 1)
    for shop, number in ((another, 3), (phones.shop, 99)):
        with pytest.raises(NotFound):
            let_go_on(phones.env, shop, number, by=OLGA)
    assert (states(phones)[2], alarms(phones)) == ("paused", ["SM2"])


@pytest.mark.parametrize("engine_name", ["postgres"])  # on SQLite one writes at a time
def test_who_ends_it_at_the_same_moment_has_ended_it(
    phones: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts(phones, BEN, "SM2")
    with Meanwhile(phones, monkeypatch) as ben:
        ben.acts_before(
            go_on.people,
            "move_subscriptions",
            lambda: end(phones.env, 3, circumstances=Circumstances()),
        )
        let_go_on(phones.env, phones.shop, 3, by=OLGA)
    ben.answer()
    assert states(phones)[2] == "ended"
