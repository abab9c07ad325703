"""Who hears of trouble, and how often?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifier.services.alarms import AN_HOUR, MORE, raise_alarm
from notifier.store import alarms
from notifier.store.session import Transaction
from tests.meanwhile import Meanwhile
from tests.world import OLGA, World


def a_thousand_things_go_wrong(world: World, count: int) -> None:
    def work(tx: Transaction) -> None:
        for number in range(count):
            raise_alarm(
                world.env,
                tx,
                code="order.refund_overdue",
                about=f"kettle/{world.clock.now.isoformat()}/{number}",
                message="Send it now.",
                shop=world.shop,
            )

    world.env.db.retry(work)


def test_a_flood_of_alarms_is_mailed_up_to_a_number_and_the_last_says_so(world: World) -> None:
    a_thousand_things_go_wrong(world, 3 * AN_HOUR)
    world.run()

    mails = world.mails(OLGA)

    assert len(mails) == AN_HOUR
    assert world.count("alarms") == 3 * AN_HOUR
    says = [
        MORE in " ".join(str(mail.parsed.get_body(("plain",)).get_content()).split())
        for mail in mails
    ]  # type: ignore[union-attr]
    assert says.count(True) == 1


def test_after_an_hour_of_peace_alarms_are_mailed_again(world: World) -> None:
    a_thousand_things_go_wrong(world, 2 * AN_HOUR)
    world.run()
    world.clock.advance(timedelta(hours=2))

    a_thousand_things_go_wrong(world, 1)
    world.run()

    assert len(world.mails(OLGA)) == AN_HOUR + 1


@pytest.mark.parametrize("engine_name", ["postgres"], indirect=True)
def test_two_processes_that_meet_the_same_trouble_at_once_call_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trouble(tx: Transaction) -> bool:
        return raise_alarm(
            world.env, tx, code="channel.down", about="mail", message="Look.", shop=world.shop
        )

    with Meanwhile(world, monkeypatch) as other:
        other.acts_after(alarms, "record_alarm", lambda: world.db.retry(trouble))
        assert world.db.retry(trouble)
    assert other.answer() is False
    world.run()
    assert len(world.mails(OLGA)) == 1
    assert world.rows("SELECT count FROM alarms") == [{"count": 2}]
