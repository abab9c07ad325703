"""Does trouble on one channel, or with one letter, keep no other waiting?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest

from notifier.channels.base import Letter, MessageChannel, NotePhase, Result
from notifier.services import turn
from notifier.services.channels import make_channel
from notifier.services.deliver import Sender
from notifier.services.env import Env
from tests.fakes.smtp_server import Fault
from tests.fakes.twilio import FakeTwilio
from tests.timing import wait_until
from tests.world import ANN, BEN, RENDERER, SID, TOKEN, World

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])
PHONE = "+12125550101"


class Broken:
    """A channel with a bug."""

    def send(
        self, letters: Sequence[Letter], *, note: NotePhase
    ) -> Iterator[tuple[Letter, Result]]:
        raise RuntimeError("a bug")

    def close(self) -> None:
        """Nothing is open."""


def test_a_channel_that_breaks_keeps_no_other_from_sending(
    make_world: Callable[..., World],
) -> None:
    def make(env: Env, name: str) -> MessageChannel:
        return Broken() if name == "mail" else make_channel(env, name)  # type: ignore[return-value]

    with FakeTwilio(account_sid=SID, auth_token=TOKEN, numbers=("+12125550100",)) as twilio:
        world = make_world(twilio=twilio)
        world.see("SHIRT-S", 0)
        world.asks(ANN)
        world.asks(PHONE)
        sender = Sender(world.env, RENDERER, make=make)

        with pytest.raises(RuntimeError, match="a bug"):
            sender.send_due()

        sender.close()
        assert [text.to for text in twilio.messages] == [PHONE]
        [left] = world.rows("SELECT state, unknowns FROM messages WHERE channel = 'mail'")
        assert left == {"state": "due", "unknowns": 0}, "given back"


def test_a_system_that_had_no_thread_for_a_connection_gets_another_chance(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    world.see("SHIRT-S", 0)
    world.asks(ANN)
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "smtp":
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as short_of_threads:
        short_of_threads.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="thread"):
            world.sender.send_due()
    world.deliver()

    assert len(world.mails(ANN)) == 1


def test_a_letter_the_server_thinks_about_for_long_keeps_nobody_waiting(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "LONGEST_TURN", 0.3)
    monkeypatch.setattr(turn, "HELD_UP", 0.3)
    world = make_world()
    world.see("SHIRT-S", 0)
    world.smtp.misbehave(Fault(at="dot", rcpt=ANN, stall=True))
    world.asks(ANN)
    sending = threading.Thread(target=world.deliver)
    sending.start()
    time.sleep(0.7)  # its turn is over but for this letter

    world.asks(BEN)
    came = wait_until(lambda: bool(world.mails(BEN)))

    world.smtp.drop_connections()
    sending.join(60)
    assert came
    assert not sending.is_alive()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(at="dot", reply="451 4.7.1 Service unavailable - try again later"),
        Fault(at="rcpt", reply="452 4.3.1 Insufficient system storage"),
    ],
    ids=["no filter", "no room"],
)
def test_a_mail_server_that_takes_nothing_for_half_a_day_costs_no_alert(
    world: World, fault: Fault
) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.run()
    world.smtp.misbehave(fault)
    half_an_hour = timedelta(minutes=30)
    for _ in range(24):
        world.see("SHIRT-S", 5, step=half_an_hour)
        world.run()
    world.smtp.behave()

    for _ in range(10):
        world.see("SHIRT-S", 5, step=half_an_hour)
        world.run()

    assert len(world.mails(ANN, "back_in_stock")) == 1
