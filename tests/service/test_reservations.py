"""Does a unit stay with who was told until the time is over, and then pass on?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from notifier.errors import Conflict, NotFound
from notifier.services.consent import Circumstances
from notifier.services.end_waiting import end
from notifier.services.reserve import reservation_of, use_reservation
from notifier.store import reservations
from tests.fakes.smtp_server import Fault
from tests.fakes.twilio import FakeTwilio
from tests.world import ANN, BEN, EVE, SID, TOKEN, World

ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])  # no SQL of its own
HOUR = timedelta(hours=1)
RULES = {"hold_for": 2 * HOUR}


def three_wait(make_world: Callable[..., World], **shop: Any) -> World:
    """Ann, Ben and Eve wait, in this order, where a reservation lasts two hours."""
    world = make_world(double_opt_in=False, release=RULES, **shop)
    world.see("SHIRT-S", 0)
    for address in (ANN, BEN, EVE):
        world.asks(address)
    return world


def told(world: World) -> list[bool]:
    return [bool(world.mails(one, "back_in_stock")) for one in (ANN, BEN, EVE)]


def message_to(world: World, address: str) -> int:
    [row] = world.rows(
        "SELECT m.id FROM messages m JOIN contacts c ON c.id = m.contact_id"
        " WHERE c.address = :address AND m.kind = 'back_in_stock'",
        address=address,
    )
    return int(row["id"])


def test_a_unit_is_kept_until_a_time_and_then_passes_on(make_world: Callable[..., World]) -> None:
    world = three_wait(make_world)
    world.see("SHIRT-S", 1)
    world.run()
    assert told(world) == [True, False, False]
    [mail] = world.mails(ANN, "back_in_stock")
    assert "We keep it for you until" in mail.parsed.get_body(("plain",)).get_content()
    world.see("SHIRT-S", 1, step=HOUR)
    world.run()
    assert told(world) == [True, False, False]
    assert reservation_of(world.env, world.shop, message_to(world, ANN)).is_valid
    world.see("SHIRT-S", 1, step=HOUR)
    world.run()
    assert told(world) == [True, True, False]
    anns = reservation_of(world.env, world.shop, message_to(world, ANN))
    assert (anns.is_valid, anns.state) == (False, "passed")
    with pytest.raises(Conflict, match="passed"):
        use_reservation(world.env, world.shop, message_to(world, ANN), ref="1")
    [first, second] = world.rows("SELECT reason FROM waves ORDER BY number")
    assert first["reason"] == "1 there, 0 of them reserved: 1 offered now, each reserved."
    assert second == first


@ON_SQLITE
def test_a_short_reservation_passes_on_when_it_ends(make_world: Callable[..., World]) -> None:
    world = make_world(double_opt_in=False, release={"hold_for": timedelta(minutes=2)})
    world.see("SHIRT-S", 0)
    for address in (ANN, BEN, EVE):
        world.asks(address)
    world.see("SHIRT-S", 1)
    world.run()
    assert told(world) == [True, False, False]
    world.clock.advance(timedelta(minutes=2, seconds=1))
    world.run()
    assert told(world) == [True, True, False]


def test_what_is_bought_with_it_frees_nothing_and_counts_once(
    make_world: Callable[..., World],
) -> None:
    world = three_wait(make_world)
    world.see("SHIRT-S", 2)
    world.run()
    assert told(world) == [True, True, False]
    anns = message_to(world, ANN)
    for _ in range(2):
        assert use_reservation(world.env, world.shop, anns, ref="1001").state == "used"
    assert world.count("purchases", "ref = '1001' AND told") == 1
    world.see("SHIRT-S", 1, step=HOUR)  # the shop has sold one; the other is Ben's
    world.run()
    assert told(world) == [True, True, False]


def test_a_reservation_made_anew_is_for_what_is_asked_for_by_then(
    make_world: Callable[..., World],
) -> None:
    world = three_wait(make_world)
    world.see("SHIRT-S", 1)
    world.run()
    [row] = world.rows("SELECT * FROM reservations")
    about = {name: row[name] for name in ("shop_id", "variant_id", "release_id")}
    with world.db.write() as tx:
        now = world.clock()
        reservations.end_reservation(tx, row["id"], state=reservations.RELEASED, now=now)
        reservations.reserve(tx, {row["subscription_id"]: 3}, **about, now=now)
    assert world.rows("SELECT units, state FROM reservations") == [{"units": 3, "state": "due"}]


@pytest.mark.parametrize("engine_name", ["postgres"], indirect=True)
@pytest.mark.parametrize("state", [reservations.USED, reservations.PASSED])
def test_what_is_used_or_passes_on_while_its_message_is_taken_is_not_held_again(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """On SQLite nobody else can write then."""
    world = three_wait(make_world)
    read, meanwhile = reservations.of_messages, iter([True])

    def of_messages(tx: Any, wanted: Any) -> Any:
        found = read(tx, wanted)
        if next(meanwhile, False):
            [row] = found.values()
            with world.db.write() as other:
                reservations.end_reservation(other, row.id, state=state, now=world.clock())
        return found

    monkeypatch.setattr(reservations, "of_messages", of_messages)
    world.see("SHIRT-S", 1)
    world.run()
    assert next(meanwhile, None) is None, "a message was taken"
    assert told(world)[0] is False
    assert world.rows("SELECT state FROM reservations ORDER BY id")[0] == {"state": state}


@ON_SQLITE
def test_who_wants_more_than_is_free_keeps_the_place_and_lets_others_by(
    make_world: Callable[..., World],
) -> None:
    world = make_world(double_opt_in=False, release=RULES)
    world.see("SHIRT-S", 0)
    world.asks(ANN, quantity=3)
    world.asks(BEN)
    world.see("SHIRT-S", 2)
    world.run()
    assert told(world) == [False, True, False]
    world.see("SHIRT-S", 3, step=3 * HOUR)
    world.run()
    assert told(world) == [True, True, False]


def end_subscriptions(world: World, address: str) -> None:
    """She takes herself off the list while her message is on its way."""
    [row] = world.rows(
        "SELECT s.id FROM subscriptions s JOIN contacts c ON c.id = s.contact_id"
        " WHERE c.address = :address",
        address=address,
    )
    end(world.env, row["id"], circumstances=Circumstances())


@ON_SQLITE
def test_a_message_that_does_not_arrive_holds_nothing(make_world: Callable[..., World]) -> None:
    world = three_wait(make_world)
    world.see("SHIRT-S", 1)
    world.announce()
    world.see("SHIRT-S", 1)
    assert world.rows("SELECT state, until FROM reservations") == [{"state": "due", "until": None}]
    end_subscriptions(world, ANN)
    world.deliver()
    world.see("SHIRT-S", 1, step=3 * HOUR)
    world.run()
    assert told(world) == [False, True, False]


def test_what_has_no_reservation_leaves_beside_what_has(make_world: Callable[..., World]) -> None:
    """They came back before the shop had reservations, and nothing was sent for a while."""
    world = make_world(double_opt_in=False)
    world.see("SHIRT-M", 0, product="OTHER")
    world.asks(EVE, "SHIRT-M")
    world.see("SHIRT-M", 2, product="OTHER")
    world.announce()
    world.reconfigure(release=RULES)
    world.see("SHIRT-S", 0)
    for address in (ANN, BEN):
        world.asks(address)
    world.see("SHIRT-S", 1)
    world.announce()
    assert world.sender.send_due() == 2
    assert told(world) == [True, False, True]


def test_a_message_that_leaves_after_its_time_gets_a_new_one(
    make_world: Callable[..., World],
) -> None:
    """The mail server was away, and nobody else was to be told meanwhile."""
    world = three_wait(make_world)
    world.see("SHIRT-S", 1)
    world.smtp.misbehave(Fault(at="mail", reply="451 4.3.0 Later", times=100))
    world.run()
    first = reservation_of(world.env, world.shop, message_to(world, ANN))
    world.clock.advance(3 * HOUR)
    world.smtp.behave()
    world.deliver()
    again = reservation_of(world.env, world.shop, message_to(world, ANN))
    assert (first.until, again.until) == (again.until - 3 * HOUR, world.clock() + 2 * HOUR)
    assert again.is_valid
    assert told(world) == [True, False, False]


@ON_SQLITE
def test_an_sms_says_until_when_in_few_words(make_world: Callable[..., World]) -> None:
    with FakeTwilio(account_sid=SID, auth_token=TOKEN, numbers=("+12125550100",)) as twilio:
        world = make_world(twilio=twilio, double_opt_in=False, release=RULES, sms_hours="always")
        world.see("SHIRT-S", 0)
        world.asks("+12125551234")
        world.see("SHIRT-S", 1)
        world.run()
        assert "Yours until" in twilio.messages[-1].body


@ON_SQLITE
def test_without_a_reservation_nothing_can_be_used(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.see("SHIRT-S", 1)
    world.run()
    with pytest.raises(NotFound):
        reservation_of(world.env, world.shop, message_to(world, ANN))
