"""Does a release to very many keep nobody else waiting, and does it stay small in memory?"""

from __future__ import annotations

import gc
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from notifier.services import book_batch
from notifier.services.announce import announce
from notifier.services.claim import claim_due
from notifier.services.pace import FEWEST
from notifier.services.turn import FIRST_SIZE, BatchSize
from notifier.store import claims, outbox
from notifier.store.outbox import MessageRow
from notifier.store.people import target_of
from notifier.store.tables.people import contacts, subscriptions
from tests.timing import wait_until
from tests.world import World

ANN = "ann@waits.example"


def crowd(world: World, people: int, variant: str = "SHIRT-S") -> None:
    """So many wait for the variant, as if they had confirmed long ago."""
    [one] = world.rows("SELECT id, product_id FROM variants WHERE key = :key", key=variant)
    now = world.clock()
    target = target_of(variant_id=one["id"], product_id=one["product_id"])
    with world.db.write() as tx:
        first = tx.execute(select(contacts.c.id).order_by(contacts.c.id.desc())).scalar() or 0
        tx.execute(
            insert(contacts),
            [
                {
                    "medium": "email",
                    "address": f"p{n}@{variant.lower()}.example",
                    "address_hash": f"{variant}-{n}",
                    "created_at": now,
                }
                for n in range(people)
            ],
        )
        made = select(contacts.c.id).where(contacts.c.id > first).order_by(contacts.c.id)
        tx.execute(
            insert(subscriptions),
            [
                {
                    "shop_id": world.shop.id,
                    "contact_id": id_,
                    "product_id": one["product_id"],
                    "variant_id": one["id"],
                    "target": target,
                    "medium": "email",
                    "locale": "en",
                    "quantity": 1,
                    "state": "waiting",
                    "origin": "widget",
                    "created_at": now,
                    "asked_at": now,
                    "confirmed_at": now,
                    "expires_at": now + timedelta(days=300),
                }
                for id_ in tx.execute(made).scalars()
            ],
        )


def restocked(world: World, **waiting: int) -> None:
    """Products that came back, one after the other, with so many waiting for each."""
    for name in waiting:
        world.see(f"SHIRT-{name}", 0, product=f"SHIRT-{name}")
    for name, people in waiting.items():
        crowd(world, people, f"SHIRT-{name}")
    for name in waiting:
        world.see(f"SHIRT-{name}", 10_000, product=f"SHIRT-{name}")
        world.announce()


def next_due(world: World, limit: int, *, after: int = 0) -> list[MessageRow]:
    with world.db.read() as tx:
        return claims.select_due(
            tx, channel="mail", now=world.clock(), limit=limit, after_release=after
        )


def test_a_large_release_leaves_room_for_others_and_for_confirmations(world: World) -> None:
    restocked(world, S=60, M=3, L=1)
    world.see("SHIRT-X", 0)
    world.asks(ANN, "SHIRT-X")

    first = next_due(world, 10)

    assert first[0].kind == "confirm"
    assert sorted(one.release_id or 0 for one in first) == [0, 1, 1, 1, 1, 1, 2, 2, 2, 3]
    assert [one.release_id for one in first[1:4]] == [1, 2, 3], "each has one of the first"
    assert [one.id for one in first if one.release_id == 1] == sorted(
        one.id for one in first if one.release_id == 1
    ), "the oldest of each first"


def test_releases_that_found_no_place_in_a_batch_are_the_first_in_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "GROUPS", 2)
    restocked(world, S=9, M=9, L=9)

    turns, after = [], 0
    for _ in range(3):
        with world.db.write() as tx:
            taken = claim_due(
                world.env, tx, channel="mail", owner="me", limit=4, after_release=after
            )
        turns.append({one.release_id for one in taken.messages})
        after = taken.last_release

    assert turns == [{1, 2}, {3, 1}, {2, 3}]


def test_a_release_that_nobody_was_told_of_is_next_in_turn(world: World) -> None:
    world.env.pace.turn = 0.0  # a step for each release
    for name in ("S", "M"):
        world.see(f"SHIRT-{name}", 0, product=f"SHIRT-{name}")
    crowd(world, 3 * FEWEST, "SHIRT-S")
    crowd(world, 1, "SHIRT-M")
    world.see("SHIRT-S", 10_000, product="SHIRT-S")
    assert announce(world.env)  # the crowd's release has taken its first step
    world.clock.advance(timedelta(seconds=1))
    world.see("SHIRT-M", 5, product="SHIRT-M")

    announce(world.env)

    [[large, first], [small, second]] = [
        [one["release_id"], one["id"]]
        for one in world.rows(
            "SELECT release_id, min(id) AS id FROM messages"
            " WHERE id > :told GROUP BY release_id ORDER BY release_id",
            told=FEWEST,
        )
    ]
    assert small > large
    assert second < first, "who was not told of yet waits behind the crowd"


def test_what_is_due_later_hides_nothing_that_is_due_now(world: World) -> None:
    restocked(world, S=3, M=2)
    with world.db.write() as tx:
        later = world.clock() + timedelta(hours=1)
        rows = next_due(world, 10)
        outbox.postpone_all(
            tx, [(one.id, later, "quiet_hours") for one in rows if one.release_id == 1]
        )

    assert {one.release_id for one in next_due(world, 10)} == {2}
    with world.db.read() as tx:
        assert claims.due_channels(tx, now=world.clock()) == ["mail"]
        assert claims.due_channels(tx, now=world.clock() - timedelta(hours=1)) == []


def test_a_confirmation_that_has_to_wait_is_not_sent_before_its_hour(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.asks(ANN)
    [waits] = next_due(world, 10)
    later = world.clock() + timedelta(hours=1)
    with world.db.write() as tx:
        outbox.postpone_all(tx, [(waits.id, later, "one_an_hour")])

    assert next_due(world, 10) == [], "else who signs up again and again is written to as often"
    with world.db.read() as tx:
        assert claims.due_channels(tx, now=world.clock()) == [], "else a sender never rests"
        assert claims.due_channels(tx, now=later) == ["mail"]


@pytest.mark.parametrize("of_release", [False, True])
def test_among_equals_the_one_that_was_due_first_leaves_first(
    world: World, *, of_release: bool
) -> None:
    world.see("SHIRT-S", 0)
    if of_release:
        restocked(world, M=2)
    else:
        world.asks(ANN)
        world.asks("ben@waits.example")
    first, second = next_due(world, 2)
    with world.db.write() as tx:
        outbox.postpone_all(tx, [(first.id, world.clock() + timedelta(minutes=5), "")])
    world.clock.advance(timedelta(minutes=6))

    [leaves] = next_due(world, 1)

    assert leaves.id == second.id, "else who has waited longest waits behind who was put off"


@pytest.mark.parametrize("of_release", [False, True])
def test_who_sleeps_is_not_woken_by_the_letter_of_another(
    world: World, *, of_release: bool
) -> None:
    world.see("SHIRT-S", 0)
    if of_release:
        restocked(world, M=2)
    else:
        world.asks(ANN)
        world.asks("ben@waits.example")
    first, second = next_due(world, 2)
    with world.db.write() as tx:
        later = world.clock() + timedelta(hours=8)
        outbox.postpone_all(tx, [(first.id, later, "quiet_hours")])

    assert [one.id for one in next_due(world, 10)] == [second.id]


def test_releases_whose_letters_were_put_off_hide_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "GROUPS", 2)
    restocked(world, S=1, M=1, L=1, X=1)
    rows = [one for after in range(4) for one in next_due(world, 9, after=after)]
    later = world.clock() + timedelta(hours=4)
    with world.db.write() as tx:
        outbox.postpone_all(
            tx, [(one.id, later, "mailbox_full") for one in rows if one.release_id in (1, 2, 3)]
        )

    for after in range(5):
        assert [one.release_id for one in next_due(world, 9, after=after)] == [4]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_who_signs_up_while_a_release_leaves_slowly_is_asked_at_once(world: World) -> None:
    people, seconds = 240, 0.2
    restocked(world, S=people)
    world.see("SHIRT-X", 0)
    world.smtp.delay = seconds  # sixteen connections: eighty a second at most
    world.smtp.hold_at(10)
    thread = threading.Thread(target=world.deliver)
    thread.start()
    world.smtp.wait_for(10)

    world.asks(ANN, "SHIRT-X")
    before = len(world.smtp.messages)
    world.smtp.go_on()
    wait_until(lambda: bool(world.mails(ANN)))
    world.smtp.delay = 0
    thread.join(60)
    came = [mail.rcpt_to for mail in world.smtp.messages].index((ANN,))

    # as many as leave in a second and a half: those on the desk, and those on the wire
    assert came - before <= FIRST_SIZE * 3 // 2 + 2 * 16
    assert len(world.smtp.messages) == people + 1


def test_a_batch_is_as_large_as_leaves_in_half_a_second() -> None:
    size = BatchSize(now=64)
    for _ in range(5):
        size.note(0.1, most=500)
    assert size.now == 500
    for _ in range(20):
        size.note(5.0, most=500)
    assert size.now == 1


def test_the_next_are_taken_earlier_where_a_database_server_is_waited_for() -> None:
    size = BatchSize(now=64)
    assert size.few(is_server=True) == 32
    size.note(0.1, most=64)
    assert (size.few(is_server=True), size.few(is_server=False)) == (64, 32)
    size.note(0.8, most=64)
    assert size.few(is_server=True) == 32


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_nothing_is_kept_of_those_that_were_told(world: World) -> None:
    world.deliver_with(batch=50)
    restocked(world, S=150)
    world.deliver()
    world.smtp.messages.clear()
    gc.collect()
    before = len(gc.get_objects())

    restocked(world, M=400)
    world.deliver()

    world.smtp.messages.clear()
    gc.collect()
    assert world.count("messages", "state = 'accepted'") == 550
    assert len(gc.get_objects()) - before < 400, "less than one object for each"


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_next_are_taken_when_there_is_room_not_when_a_clock_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while batches grow: then less than half of the next one is on the desk at once."""
    monkeypatch.setattr(book_batch, "BOOK_EVERY", 30.0)
    restocked(world, S=3 * FIRST_SIZE)

    began = time.monotonic()
    world.deliver()

    assert len(world.smtp.messages) == 3 * FIRST_SIZE
    assert time.monotonic() - began < 25
