"""Who goes first in a process that serves people and sends mail at once?"""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest

from notifier.store.patience import make_way, waiting_at_most
from tests.timing import PATIENCE, wait_until
from tests.world import World

LONG = 10 * PATIENCE  # nobody waits that long unless he has to


def test_a_sender_goes_on_when_all_have_been_served() -> None:
    comes, has_gone_on = threading.Event(), threading.Event()

    def send() -> None:
        comes.set()
        make_way(LONG)
        has_gone_on.set()

    sender = threading.Thread(target=send)
    with waiting_at_most(1):
        with waiting_at_most(1):
            sender.start()
            assert comes.wait(PATIENCE)
        assert not has_gone_on.wait(0.05)  # one is served still
    sender.join(PATIENCE)
    assert has_gone_on.is_set()


def test_a_part_of_its_time_is_a_senders_own_however_many_come() -> None:
    took = []

    def send() -> None:
        make_way(0)
        began = time.monotonic()
        make_way(LONG)
        took.append(time.monotonic() - began)

    sender = threading.Thread(target=send)
    with waiting_at_most(1):  # somebody is served all the time
        sender.start()
        sender.join(PATIENCE)
    assert took
    assert took[0] < LONG


def test_who_serves_somebody_does_not_wait_for_himself() -> None:
    with waiting_at_most(1):
        began = time.monotonic()
        make_way(LONG)
    assert time.monotonic() - began < LONG


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_no_letter_is_handed_over_while_somebody_is_served(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.services.turn.make_way", partial(make_way, LONG))
    world.see("SHIRT-S", 0)
    world.asks("ann@waits.example")
    sender = threading.Thread(target=world.deliver)
    with world.db.for_visitors():
        sender.start()
        wait_until(lambda: any(word.startswith("RCPT") for _, word in world.smtp.commands))
        sender.join(0.1)
        assert not world.mails("ann@waits.example")
    sender.join(PATIENCE)
    assert len(world.mails("ann@waits.example")) == 1
