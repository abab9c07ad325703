"""Does an alert by SMS outlive the hours in which it may not leave?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from notifier.demo.twilio_wire import SentText
from notifier.domain.person import Person
from notifier.domain.rights import Role
from notifier.services.deliver import Sender
from notifier.services.settings import save_settings
from tests.fakes.twilio import FakeTwilio, Fault
from tests.world import RENDERER, World

PHONE = "+12125551234"  # New York
OLGA = Person(id=1, email="olga@kettle.example", name="Olga", role=Role.OWNER)


@pytest.fixture
def phones(make_world: Callable[..., World], twilio: FakeTwilio) -> World:
    return make_world(twilio=twilio, release={"strategy": "all"})


def alerts(world: World) -> int:
    return world.count("messages", "kind = 'back_in_stock' AND state = 'accepted'")


def test_an_alert_before_a_holiday_leaves_after_it_if_the_goods_are_there(phones: World) -> None:
    """Christmas Eve at seven in the evening; the next allowed hour is 39 hours away."""
    phones.clock.set(datetime(2026, 12, 24, 17, 0, tzinfo=UTC))
    phones.see("SHIRT-S", 0)
    phones.waits(PHONE)
    phones.run()
    phones.clock.set(datetime(2026, 12, 25, 0, 0, tzinfo=UTC))
    phones.see("SHIRT-S", 5)
    phones.run()
    assert alerts(phones) == 0
    phones.clock.set(datetime(2026, 12, 26, 15, 30, tzinfo=UTC))
    phones.see("SHIRT-S", 5)
    phones.run()
    assert alerts(phones) == 1


def test_an_alert_beyond_the_daily_cap_leaves_the_next_day(phones: World) -> None:
    phones.clock.set(datetime(2026, 12, 1, 17, 0, tzinfo=UTC))
    for n in range(4):
        phones.see(f"MUG-{n}", 0, product=f"MUG-{n}")
        phones.waits(PHONE, f"MUG-{n}")
        phones.run()
    for n in range(4):
        phones.see(f"MUG-{n}", 3, product=f"MUG-{n}")
    phones.run()
    assert alerts(phones) == 3
    for _ in range(25):
        for n in range(4):
            phones.see(f"MUG-{n}", 3, product=f"MUG-{n}", step=timedelta(minutes=15))
        phones.run()
    assert alerts(phones) == 4


def test_an_alert_made_due_again_after_a_sell_out_can_grow_stale_as_well(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.waits("ann@waits.example")
    world.see("SHIRT-S", 5)
    world.announce()
    world.see("SHIRT-S", 0)
    world.deliver()
    world.see("SHIRT-S", 5)
    world.announce()
    [row] = world.rows("SELECT state, expires_at FROM messages WHERE kind = 'back_in_stock'")
    assert row["state"] == "due"
    assert row["expires_at"] is not None


@pytest.mark.fault("FI-14")
def test_an_outage_of_the_phone_network_costs_no_alert(phones: World) -> None:
    """A try without an answer counts as perhaps taken only until its list can be asked."""
    numbers = [f"+1212555123{n}" for n in range(3)]
    phones.clock.set(datetime(2026, 12, 2, 15, 30, tzinfo=UTC))  # 10:30 in New York
    phones.see("SHIRT-S", 0)
    for number in numbers:
        phones.waits(number)
    phones.run()
    assert phones.twilio is not None
    phones.twilio.misbehave(Fault(status=503), times=8)

    for _ in range(40):
        phones.see("SHIRT-S", 5)
        phones.run()
        if alerts(phones) == len(numbers):
            break

    assert sorted(text.to for text in phones.twilio.messages) == numbers
    assert alerts(phones) == 3


def five_ask_two_senders(phones: World) -> list[SentText]:
    """Each sends in turn. The texts that left; what leaves later is added to them."""
    senders = [Sender(phones.env, RENDERER) for _ in range(2)]
    phones.see("SHIRT-S", 0)
    for n in range(5):
        phones.asks(f"+1212555123{n}")
        senders[n % 2].send_due()
    for one in senders:
        one.close()
    assert phones.twilio is not None
    return phones.twilio.messages


def test_all_senders_together_spend_no_more_than_the_daily_cap(phones: World) -> None:
    """Each has seen no messages at Twilio, and does not look again before five minutes are over."""
    (phones.config.channels["sms"].model_extra or {})["daily_spend_cap"] = 0.03
    texts = five_ask_two_senders(phones)
    assert len(texts) == 3
    assert phones.count("messages", "state = 'due' AND last_code = 'spend_cap'") == 2
    assert phones.count("alarms", "code = 'channel.trouble' AND about = 'sms'") == 1
    phones.clock.advance(timedelta(hours=14))  # it is tomorrow
    phones.deliver()
    assert len(texts) == 5


def test_a_shop_that_has_spent_its_part_is_told_and_texts_on_the_next_day(phones: World) -> None:
    caps = {"daily_spend_cap": 1, "daily_spend_cap_per_shop": 0.03}
    (phones.config.channels["sms"].model_extra or {}).update(caps)
    texts = five_ask_two_senders(phones)
    assert len(texts) == 3
    [alarm] = phones.rows("SELECT about, message FROM alarms WHERE code = 'channel.trouble'")
    assert alarm["about"] == f"sms/{phones.shop.slug}"
    assert "for this shop today. The daily cap (daily_spend_cap_per_shop) is" in alarm["message"]
    raised = {("channels", "sms", "daily_spend_cap_per_shop"): 0.04}
    save_settings(phones.env, raised, by=OLGA)
    phones.deliver()
    assert len(texts) == 4
    assert phones.count("alarms", "cleared_at IS NULL") == 1
    phones.clock.advance(timedelta(hours=14))  # it is tomorrow
    phones.deliver()
    assert len(texts) == 5
    assert phones.count("alarms", "cleared_at IS NULL") == 0
