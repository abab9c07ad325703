"""What does the consent book say of who stops, and what has ended by then? (trust CP-2)"""

from __future__ import annotations

from typing import Any

import pytest

from notifier.domain.message import Medium
from notifier.domain.subscription import EndedReason
from notifier.services.consent import Circumstances
from notifier.services.end_waiting import end, end_all, keep
from notifier.services.read_address import read_address
from notifier.services.withdraw import withdraw_address
from notifier.store import ledger, people
from tests.world import ANN, BEN, World

HERE = Circumstances()


@pytest.fixture
def shirts(world: World) -> World:
    """Ann was told of one shirt and waits for the other; Ben waits, too."""
    for key in ("SHIRT-S", "SHIRT-M"):
        world.see(key, 0)
        world.waits(ANN, key)
    world.waits(BEN, "SHIRT-M")
    world.see("SHIRT-S", 3)
    world.run()
    return world


def hash_of(world: World, address: str) -> str:
    return read_address(world.env, world.shop, email=address).hash


def withdrawn(world: World, address: str) -> list[dict[str, Any]]:
    """What the book says under the address's name."""
    with world.db.read() as tx:
        entries = list(ledger.entries_of(tx, hash_of(world, address)))
    return [one.facts for one in entries if one.act == "withdrawn"]


def states_of(world: World, address: str) -> list[str]:
    rows = world.rows(
        "SELECT s.state FROM subscriptions s JOIN contacts c ON c.id = s.contact_id"
        " WHERE c.address_hash = :hash ORDER BY s.id",
        hash=hash_of(world, address),
    )
    return [row["state"] for row in rows]


def stops(world: World, address: str) -> bool:
    with world.db.write() as tx:
        return withdraw_address(
            world.env,
            tx,
            hash_of(world, address),
            medium=Medium.EMAIL,
            reason="stopped",
            ended=EndedReason.STOPPED,
            source="test",
        )


def test_who_says_stop_is_told_of_nothing_more_and_all_that_ended_is_written_down(
    shirts: World,
) -> None:
    ids = [row["id"] for row in shirts.rows("SELECT id FROM subscriptions ORDER BY id")]
    assert states_of(shirts, ANN) == ["told", "waiting"]
    assert stops(shirts, ANN)
    assert states_of(shirts, ANN) == ["ended", "ended"]
    [said] = withdrawn(shirts, ANN)
    assert (sorted(said["subscriptions"]), said["scope"]) == (ids[:2], "address")
    assert states_of(shirts, BEN) == ["waiting"]


def test_a_stop_that_says_nothing_new_is_not_written_down_twice(shirts: World) -> None:
    assert stops(shirts, ANN)
    assert not stops(shirts, ANN)
    assert len(withdrawn(shirts, ANN)) == 1


def test_a_stop_of_an_address_nobody_knows_is_written_down_all_the_same(shirts: World) -> None:
    assert stops(shirts, "stranger@waits.example")
    assert len(withdrawn(shirts, "stranger@waits.example")) == 1


def test_what_was_asked_for_after_a_stop_ends_with_the_next_one(shirts: World) -> None:
    stops(shirts, ANN)
    shirts.asks(ANN, "SHIRT-M")
    assert not stops(shirts, ANN)
    assert states_of(shirts, ANN)[-1] == "ended"
    assert len(withdrawn(shirts, ANN)) == 2


def test_what_one_ends_by_link_stands_in_the_book_under_the_address(shirts: World) -> None:
    """Also what one was told of: no reminder follows."""
    with shirts.db.read() as tx:
        contact = people.find_contact(tx, address_hash=hash_of(shirts, ANN))
    assert contact is not None
    assert end_all(shirts.env, contact.id, circumstances=HERE) == 2
    assert states_of(shirts, ANN) == ["ended", "ended"]
    assert [said["method"] for said in withdrawn(shirts, ANN)] == ["link_all", "link_all"]
    assert end_all(shirts.env, contact.id, circumstances=HERE) == 0


def test_one_of_several_that_ends_is_written_down_alone(shirts: World) -> None:
    [first, *_] = [row["id"] for row in shirts.rows("SELECT id FROM subscriptions ORDER BY id")]
    end(shirts.env, first, circumstances=HERE)
    assert states_of(shirts, ANN) == ["ended", "waiting"]
    assert [said["method"] for said in withdrawn(shirts, ANN)] == ["link"]


def test_who_keeps_waiting_may_be_asked_again_at_the_end_of_that(shirts: World) -> None:
    waits = shirts.rows("SELECT id FROM subscriptions WHERE state = 'waiting' ORDER BY id")[0]["id"]
    with shirts.db.write() as tx:
        people.move_subscriptions(tx, [waits], renewal_asked_at=shirts.clock.now)
    keep(shirts.env, waits)
    row = shirts.subscription(waits)
    assert row.renewal_asked_at is None
    assert row.expires_at == shirts.clock.now + shirts.shop.config.subscription_lifetime
