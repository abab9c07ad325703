"""How many mails can sign-ups cause, in any hour and any 24 hours (trust WS-11, acceptance A12)?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from notifier.errors import InvalidInput, TooMany
from notifier.services.confirm import resend_confirmation
from notifier.services.consent import Circumstances
from notifier.services.end_waiting import end
from notifier.services.env import open_env
from notifier.services.read_address import read_address
from notifier.services.sign_up_limits import network_of, when_to_confirm
from notifier.store import shut_addresses
from tests.timing import START
from tests.world import ANN, BEN, World

HERE = Circumstances()
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def limited(world: World, **rules: int) -> None:
    """Olga sets limits and restarts."""
    changed = world.config.limits.model_copy(update=rules)
    world.env.config = world.config.model_copy(update={"limits": changed})


def asks_and_is_ended(world: World, variant: str, address: str = ANN) -> None:
    """Somebody asks for a thing, and it is called off, so that the next one is asked for too."""
    asked = world.asks(address, variant)
    assert asked is not None
    end(world.env, asked, circumstances=HERE)


def confirmations_due(world: World) -> list[datetime]:
    """When each confirmation that was ever written was due, in order."""
    rows = world.rows("SELECT due_at FROM messages WHERE kind = 'confirm' ORDER BY due_at, id")
    return [_instant(row["due_at"]) for row in rows]


def _instant(stored: object) -> datetime:
    text = str(stored).replace(" ", "T")
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=START.tzinfo)


@pytest.fixture
def mugs(world: World) -> World:
    """Twelve sold-out mugs."""
    for n in range(12):
        world.see(f"MUG-{n}", 0, product=f"MUG-{n}", step=timedelta(0))
    return world


def test_A12_midnight_does_not_double_the_confirmations_of_an_address(mugs: World) -> None:
    mugs.clock.set(START.replace(hour=20))
    for n in range(10):
        asks_and_is_ended(mugs, f"MUG-{n}")
        mugs.clock.advance(HOUR)
    due = confirmations_due(mugs)
    assert len(due) == 3
    mugs.clock.set(due[0] + DAY - timedelta(seconds=1))
    asks_and_is_ended(mugs, "MUG-10")
    assert len(confirmations_due(mugs)) == 3
    mugs.clock.advance(timedelta(seconds=1))  # the first one is a day old
    asks_and_is_ended(mugs, "MUG-11")
    assert len(confirmations_due(mugs)) == 4


def test_an_address_gets_one_confirmation_an_hour_from_a_shop_and_the_next_one_later(
    mugs: World,
) -> None:
    asks_and_is_ended(mugs, "MUG-0")
    mugs.clock.advance(timedelta(minutes=10))
    mugs.asks(ANN, "MUG-1")
    mugs.deliver()
    assert mugs.mails(ANN) == []  # the first was called off, the second is not due
    mugs.clock.set(START + HOUR)
    mugs.deliver()
    assert len(mugs.mails(ANN, "confirm")) == 1


def test_the_hour_of_one_shop_is_not_anothers(world: World) -> None:
    shops = world.config.shops
    shops["pot"] = shops["kettle"].model_copy(update={"name": "Pot & Co", "public_key": "pk_pot"})
    env = open_env(world.config, clock=world.clock, db=world.db)
    due = []
    for name in ("kettle", "kettle", "pot"):
        shop = env.shop(name)
        address = read_address(env, shop, email=ANN, phone=None)
        with world.db.write() as tx:
            due.append(when_to_confirm(env, tx, shop, address, product_id=1))
    assert due == [START, START + HOUR, START]


def test_the_owner_who_asks_for_another_one_by_link_need_not_wait_an_hour(mugs: World) -> None:
    asked = mugs.asks(ANN, "MUG-0")
    mugs.deliver()
    mugs.clock.advance(timedelta(minutes=2))
    contact = mugs.subscription(asked).contact_id
    resend_confirmation(mugs.env, contact, asked)
    mugs.deliver()
    assert len(mugs.mails(ANN, "confirm")) == 2


def test_A12_a_limit_of_the_shop_is_not_charged_to_the_address(mugs: World) -> None:
    limited(mugs, confirmations_per_shop=1)
    mugs.asks(BEN, "MUG-0")
    for n in range(4):
        asks_and_is_ended(mugs, f"MUG-{n}")
    assert len(confirmations_due(mugs)) == 1
    of_addresses = "bucket LIKE 'confirm:%' AND bucket NOT LIKE 'confirm:shop:%'"
    assert mugs.count("limits", of_addresses) == 2  # a day's and an hour's, both Ben's
    limited(mugs, confirmations_per_shop=0)
    for n in range(5):
        asks_and_is_ended(mugs, f"MUG-{n}")
    assert len(confirmations_due(mugs)) == 1 + 3


def test_A12_a_limit_of_the_network_is_not_charged_to_the_address(mugs: World) -> None:
    limited(mugs, signups_per_network=1)
    crowd = Circumstances(ip="203.0.113.7")
    mugs.asks(BEN, "MUG-0", circumstances=crowd)
    with pytest.raises(TooMany):
        mugs.asks(ANN, "MUG-0", circumstances=crowd)
    limited(mugs, signups_per_network=0)
    for n in range(5):
        asks_and_is_ended(mugs, f"MUG-{n}")
    assert len(confirmations_due(mugs)) == 1 + 3


def test_the_limit_of_a_network_holds_over_the_full_hour_and_says_when_to_come_back(
    mugs: World,
) -> None:
    limited(mugs, signups_per_network=2)
    crowd = Circumstances(ip="203.0.113.7")
    mugs.clock.set(START + timedelta(minutes=50))
    mugs.asks(ANN, "MUG-0", circumstances=crowd)
    mugs.asks(ANN, "MUG-1", circumstances=crowd)
    mugs.clock.set(START + timedelta(minutes=70))
    with pytest.raises(TooMany) as refused:
        mugs.asks(ANN, "MUG-2", circumstances=crowd)
    assert timedelta(minutes=40) <= refused.value.retry_after <= timedelta(minutes=41)
    mugs.clock.advance(refused.value.retry_after)
    assert mugs.asks(ANN, "MUG-2", circumstances=crowd)


def test_the_limit_of_a_shop_holds_over_midnight(make_world: Callable[..., World]) -> None:
    world = make_world()
    limited(world, confirmations_per_shop=2)
    world.see("MUG", 0, product="MUG")
    world.clock.set(START.replace(hour=23, minute=30))
    for name in ("ann", "ben", "cem"):
        world.asks(f"{name}@waits.example", "MUG")
    world.clock.advance(HOUR)
    world.asks("dora@waits.example", "MUG")
    assert len(confirmations_due(world)) == 2
    world.clock.advance(DAY)
    world.asks("eli@waits.example", "MUG")
    assert len(confirmations_due(world)) == 3


def test_who_allows_many_a_day_allows_several_an_hour(mugs: World) -> None:
    """As the demo does, where one person tries everything."""
    limited(mugs, confirmations_per_address=200)
    for n in range(8):
        asks_and_is_ended(mugs, f"MUG-{n}")
    assert set(confirmations_due(mugs)) == {START}


def test_each_who_asks_within_the_hour_waits_for_those_before(mugs: World) -> None:
    for n in range(3):
        asks_and_is_ended(mugs, f"MUG-{n}")
    assert confirmations_due(mugs) == [START, START + HOUR, START + 2 * HOUR]


def test_who_need_not_confirm_is_answered_within_the_same_limits(mugs: World) -> None:
    mugs.reconfigure(double_opt_in=False, waiting_mail=True)
    for n in range(5):
        mugs.asks(ANN, f"MUG-{n}")
    mugs.deliver()
    assert len(mugs.mails(ANN, "waiting")) == 3
    assert mugs.count("subscriptions") == 5


@pytest.mark.parametrize("double_opt_in", [True, False])
def test_who_may_not_be_written_to_costs_nobody_room(mugs: World, double_opt_in: bool) -> None:
    """A role account, and an address the shop may not write to any more."""
    mugs.reconfigure(double_opt_in=double_opt_in, waiting_mail=True)
    ann = read_address(mugs.env, mugs.shop, email=ANN)
    with mugs.db.write() as tx:
        shut_addresses.suppress(
            tx, address_hash=ann.hash, reason="manual", source="admin", at=mugs.clock.now
        )
    mugs.asks("postmaster@waits.example", "MUG-0")
    mugs.asks(ANN, "MUG-0")
    assert mugs.count("messages") == 0
    assert mugs.count("limits", "bucket LIKE 'confirm:%'") == 0


def test_work_buys_a_network_three_times_the_room_and_no_more(mugs: World) -> None:
    limited(mugs, signups_per_network=1)
    crowd = Circumstances(ip="203.0.113.7")
    for n in range(3):
        mugs.asks(ANN, f"MUG-{n}", circumstances=crowd, has_worked=True)
    with pytest.raises(TooMany):
        mugs.asks(ANN, "MUG-3", circumstances=crowd, has_worked=True)
    with pytest.raises(TooMany):
        mugs.asks(BEN, "MUG-3", circumstances=Circumstances(ip="203.0.113.99"))
    assert mugs.asks(BEN, "MUG-3", circumstances=Circumstances(ip="203.0.114.7"))


def test_a_product_asked_for_often_wants_work_until_the_minute_is_over(mugs: World) -> None:
    limited(mugs, signups_per_product=2)
    people = [f"p{n}@waits.example" for n in range(5)]
    for person in people[:2]:
        assert mugs.asks(person, "MUG-0")
    with pytest.raises(InvalidInput) as refused:
        mugs.asks(people[2], "MUG-0")
    assert [one.code for one in refused.value.problems] == ["pow_required"]
    assert mugs.asks(people[2], "MUG-1"), "another product"
    assert mugs.asks(people[2], "MUG-0", has_worked=True)
    mugs.reconfigure(proof_of_work="never")
    assert mugs.asks(people[3], "MUG-0")
    mugs.reconfigure(proof_of_work="busy")
    mugs.clock.advance(timedelta(minutes=1))
    assert mugs.asks(people[4], "MUG-0")


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_who_shares_a_network(ip: str, network: str) -> None:
    assert network_of(ip) == network
