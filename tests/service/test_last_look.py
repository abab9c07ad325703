"""Does stopping win over letters that a sender has taken already? (trust RL-8, acceptance E9)"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from notifier.domain.subscription import EndedReason
from notifier.errors import StoreBusy
from notifier.services import last_look
from notifier.services.consent import Circumstances
from notifier.services.end_waiting import end
from notifier.services.last_look import FRESH, LastLook
from notifier.services.manage import pause
from notifier.services.privacy import erase_address
from notifier.services.withdraw import withdraw_address
from notifier.store import claims, people
from notifier.store.outbox import MessageRow
from tests.fakes.smtp_server import Fault
from tests.timing import wait_until
from tests.world import World

PEOPLE = 8
HERE = Circumstances()


def end_it(world: World, one: int) -> None:
    end(world.env, one, circumstances=HERE)


def pause_it(world: World, one: int) -> None:
    pause(world.env, world.subscription(one).contact_id, one, until=None)


def erase_it(world: World, one: int) -> None:
    erase_address(world.env, _hash_of(world, one), by="owner")


def shut_it(world: World, one: int) -> None:
    with world.db.write() as tx:
        withdraw_address(
            world.env,
            tx,
            _hash_of(world, one),
            medium="email",
            reason="complained",
            ended=EndedReason.COMPLAINED,
            source="provider",
        )


def _hash_of(world: World, one: int) -> str:
    with world.db.read() as tx:
        contact = people.find_contact(tx, contact_id=world.subscription(one).contact_id)
    assert contact is not None
    return contact.address_hash


@contextmanager
def delivering(world: World) -> Iterator[None]:
    """All letters are claimed; the first two lie with a server that answers only afterwards."""
    gate = threading.Event()
    world.smtp.wait_until_closed = gate.wait  # type: ignore[method-assign]
    world.smtp.misbehave(Fault(at="dot", delay=20, times=2))
    thread = threading.Thread(target=world.deliver)
    thread.start()
    wait_until(lambda: sum(line == "DATA" for _, line in world.smtp.commands) >= 2)
    yield
    over = time.monotonic() + 2 * FRESH
    wait_until(lambda: time.monotonic() > over)
    gate.set()
    thread.join(60)
    assert not thread.is_alive()


@pytest.mark.fault("FI-30")
@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        (end_it, "subscription_ended"),
        (pause_it, "subscription_paused"),
        (erase_it, "erased"),
        (shut_it, "suppressed_complained"),
    ],
)
def test_who_stops_while_the_batch_is_being_sent_gets_nothing_more(
    world: World, stop: Callable[[World, int], None], reason: str
) -> None:
    world.see("SHIRT-S", 0)
    wishes = [world.waits(f"p{n}@waits.example") for n in range(PEOPLE)]
    world.run()
    world.see("SHIRT-S", 50)
    world.announce()
    before = len(world.smtp.messages)
    world.smtp.commands.clear()
    with delivering(world):
        stop(world, wishes[5])
    told = [rcpt for mail in world.smtp.messages[before:] for rcpt in mail.rcpt_to]
    assert sorted(told) == [f"p{n}@waits.example" for n in range(PEOPLE) if n != 5]
    [row] = world.rows(
        "SELECT state, reason, attempt_no, lease_owner FROM messages"
        " WHERE kind = 'back_in_stock' AND subscription_id = :id",
        id=wishes[5],
    )
    assert row == {"state": "skipped", "reason": reason, "attempt_no": 1, "lease_owner": None}
    assert world.count("messages", "kind = 'back_in_stock' AND state = 'accepted'") == PEOPLE - 1
    assert world.count("messages", "kind = 'back_in_stock' AND attempt_no > 1") == 0


def test_whole_rest_of_a_batch_can_stop_at_once(world: World) -> None:
    world.see("SHIRT-S", 0)
    wishes = [world.waits(f"p{n}@waits.example") for n in range(PEOPLE)]
    world.run()
    world.see("SHIRT-S", 50)
    world.announce()
    before = len(world.smtp.messages)
    world.smtp.commands.clear()
    with delivering(world):
        for one in wishes:
            end_it(world, one)
    assert len(world.smtp.messages) - before <= 2  # those that lay with the server
    assert world.count("messages", "kind = 'back_in_stock' AND finished_at IS NULL") == 0


def claimable(world: World, count: int) -> tuple[list[int], list[MessageRow]]:
    world.see("SHIRT-S", 0)
    wishes = [world.waits(f"p{n}@waits.example") for n in range(count)]
    world.run()
    world.see("SHIRT-S", 50)
    world.announce()
    with world.db.read() as tx:
        return wishes, claims.select_due(tx, channel="mail", now=world.clock(), limit=count)


def why_not(look: LastLook, message: MessageRow) -> str:
    return look.unwanted([message.id]).get(message.id, "")


def test_one_look_covers_few_letters(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    most = 20
    monkeypatch.setattr(last_look, "LETTERS", most)
    wishes, due = claimable(world, most + 5)
    look = LastLook(world.env, due, clock=lambda: 0.0)
    assert why_not(look, due[0]) == ""
    for one in wishes:
        end_it(world, one)
    answers = [why_not(look, message) for message in due[1:]]
    assert answers == [""] * (most - 1) + ["subscription_ended"] * 5


def test_a_look_is_good_for_a_moment_only(world: World) -> None:
    wishes, due = claimable(world, 3)
    seconds = 0.0
    look = LastLook(world.env, due, clock=lambda: seconds)
    assert why_not(look, due[0]) == ""
    end_it(world, wishes[1])
    seconds = 2 * FRESH
    assert [why_not(look, message) for message in due[1:]] == ["subscription_ended", ""]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_half_a_look_is_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom the database could not be asked about is asked about again."""
    [one], [row] = claimable(world, 1)
    end_it(world, one)
    look = LastLook(world.env, [row])
    with monkeypatch.context() as gone:
        gone.setattr(last_look, "doubtful", _gone)
        with pytest.raises(StoreBusy):
            look.unwanted([row.id])

    assert look.unwanted([row.id]) == {row.id: "subscription_ended"}


def _gone(*_: object) -> set[int]:
    raise StoreBusy("gone")
