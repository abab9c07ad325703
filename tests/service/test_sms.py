"""Alerts by SMS: confirmed first, within the recipient's hours, at most so many a day, never
after STOP (trust SM-7 to SM-14)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from notifier.domain.sms_text import count_segments
from notifier.i18n import consent_text
from notifier.services import foresee_sms
from notifier.services.foresee_release import ReleaseForeseen, foresee_release
from notifier.store import line_size
from tests.fakes.twilio import FakeTwilio, Fault
from tests.world import World

PHONE = "+12125551234"  # New York
OTHER = "+13105551234"  # Los Angeles


@pytest.fixture
def phones(make_world: Callable[..., World], twilio: FakeTwilio) -> World:
    world = make_world(twilio=twilio, release={"strategy": "all"})
    world.clock.set(datetime(2026, 12, 1, 17, 0, tzinfo=UTC))  # Tuesday noon in New York
    return world


def texts(world: World, to: str = PHONE) -> list[str]:
    assert world.twilio is not None
    return [text.body for text in world.twilio.messages if text.to == to]


def test_a_number_is_confirmed_by_a_link_in_an_sms_before_any_alert(phones: World) -> None:
    phones.see("SHIRT-S", 0)
    asked = phones.asks(PHONE)
    phones.run()
    [text] = texts(phones)
    assert "Kettle & Co" in text
    assert "/c/" in text
    phones.see("SHIRT-S", 5)
    phones.run()
    assert len(texts(phones)) == 1
    assert phones.subscription(asked).state == "unconfirmed"


def test_who_signs_up_with_a_number_agreed_to_the_words_about_texts(phones: World) -> None:
    """The widget names one wording although it shows another for each medium."""
    phones.see("SHIRT-S", 0)
    phones.asks(PHONE, consent_text_id=consent_text("de", "email").id)
    [entry] = phones.rows("SELECT facts FROM ledger WHERE act = 'asked'")
    assert consent_text("de", "sms").id in str(entry["facts"]), "else no text was agreed to"
    assert consent_text("de", "email").id not in str(entry["facts"])


def test_an_alert_at_night_waits_for_the_recipients_morning(phones: World) -> None:
    phones.see("SHIRT-S", 0)
    phones.waits(PHONE)
    phones.run()
    before = len(texts(phones))
    phones.clock.set(datetime(2026, 12, 2, 3, 0, tzinfo=UTC))  # 22:00 in New York
    phones.see("SHIRT-S", 5)
    phones.run()
    assert len(texts(phones)) == before
    [row] = phones.rows("SELECT reason, due_at FROM messages WHERE kind = 'back_in_stock'")
    assert row["reason"] == "quiet_hours"
    phones.clock.set(datetime(2026, 12, 2, 15, 30, tzinfo=UTC))  # 10:30 in New York
    phones.see("SHIRT-S", 5)
    phones.run()
    assert len(texts(phones)) == before + 1
    assert "back" in texts(phones)[-1].lower()


def test_before_a_restock_the_sms_are_foreseen_in_each_language_and_with_their_hours(
    make_world: Callable[..., World], twilio: FakeTwilio
) -> None:
    world = make_world(twilio=twilio, release={"strategy": "all"}, sms_segment_price=0.05)
    world.clock.set(datetime(2026, 12, 1, 19, 0, tzinfo=UTC))
    world.see("SHIRT-S", 0)

    def foreseen() -> ReleaseForeseen:
        return foresee_release(world.env, world.renderer, world.shop, "SHIRT-S", units=5)

    assert foreseen().sms_price is None  # nobody waits by SMS
    world.waits(PHONE)
    world.waits(OTHER, locale="es")
    world.clock.set(datetime(2026, 12, 2, 3, 0, tzinfo=UTC))  # 22:00 in New York, 19:00 out west
    assert foreseen().sms_not_before == datetime(2026, 12, 2, 15, 0, tzinfo=UTC)
    assert ", SMS not before 2 Dec 2026, " in foreseen().sentence
    world.clock.set(datetime(2026, 12, 2, 16, 0, tzinfo=UTC))  # 8:00 out west
    assert foreseen().sms_not_before == datetime(2026, 12, 2, 18, 0, tzinfo=UTC)
    assert ", some of the SMS not before 2 Dec 2026, " in foreseen().sentence
    world.clock.set(datetime(2026, 12, 2, 18, 30, tzinfo=UTC))
    expected = foreseen()
    assert expected.sms_not_before is None
    world.see("SHIRT-S", 5)
    world.run()
    sent = [count_segments(texts(world, to)[-1]) for to in (PHONE, OTHER)]
    assert (expected.segments_least, expected.segments) == (min(sent), max(sent))
    assert float(expected.sms_price or 0) == pytest.approx(0.05 * sum(sent))


@pytest.mark.parametrize("engine_name", ["sqlite", "postgres"])
def test_of_a_long_line_some_tell_how_many_sms_there_are(
    phones: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones.see("SHIRT-S", 0)
    for number in range(12):
        phones.waits(f"+1212555{number:04}", locale="es" if number % 3 else "en")
    line = phones.rows("SELECT product_id, variant_id FROM subscriptions LIMIT 1")[0]
    monkeypatch.setattr(foresee_sms, "_READ_ALL", 11)
    for wanted in (12, 4):  # all who wait are drawn, or some
        monkeypatch.setattr(line_size, "_WANTED", wanted)
        found = foresee_release(phones.env, phones.renderer, phones.shop, "SHIRT-S", units=5)
        assert found.sms == 12
        assert found.segments > 0
    with phones.env.db.read() as tx:
        about = line_size.languages_about(tx, "sms", shop_id=1, waiting=12, **line)
        assert about.keys() <= {"en", "es"}
        assert sum(about.values()) == 12
        monkeypatch.setattr(line_size, "_WANTED", 12)
        exact = line_size.languages_about(tx, "sms", shop_id=1, waiting=12, **line)
    assert exact == {"en": 4, "es": 8}


@pytest.mark.fault("FI-29")
def test_stock_gone_over_night_is_not_announced_in_the_morning(phones: World) -> None:
    phones.see("SHIRT-S", 0)
    ann = phones.waits(PHONE)
    phones.run()
    phones.clock.set(datetime(2026, 12, 2, 3, 0, tzinfo=UTC))
    phones.see("SHIRT-S", 5)
    phones.run()
    phones.see("SHIRT-S", 0)
    phones.clock.set(datetime(2026, 12, 2, 15, 30, tzinfo=UTC))
    phones.run()
    assert phones.subscription(ann).state == "waiting"
    assert phones.count("messages", "reason = 'stock_gone'") == 1


def test_a_confirmation_is_not_held_for_the_morning(phones: World) -> None:
    phones.clock.set(datetime(2026, 12, 2, 3, 0, tzinfo=UTC))
    phones.see("SHIRT-S", 0)
    phones.asks(PHONE)
    phones.run()
    assert len(texts(phones)) == 1


def test_no_more_than_three_alerts_a_day_reach_one_number(phones: World) -> None:
    for n in range(5):
        phones.see(f"MUG-{n}", 0, product=f"MUG-{n}")
        phones.waits(PHONE, f"MUG-{n}")
        phones.run()
    before = len(texts(phones))
    for n in range(5):
        phones.see(f"MUG-{n}", 3, product=f"MUG-{n}")
    phones.run()
    assert len(texts(phones)) == before + 3
    assert phones.count("messages", "reason = 'daily_sms_cap'") == 2


def test_a_number_that_has_stopped_at_the_provider_is_never_tried_again(
    phones: World, twilio: FakeTwilio
) -> None:
    phones.see("SHIRT-S", 0)
    ann = phones.waits(PHONE)
    phones.run()
    twilio.misbehave(Fault(status=400, code=21610))
    phones.see("SHIRT-S", 5)
    phones.run()
    twilio.behave()
    assert phones.subscription(ann).ended_reason == "stopped"
    assert phones.count("suppressions", "reason = 'stopped'") == 1
    tries = len(twilio.tries)
    phones.see("SHIRT-M", 0)
    phones.asks(PHONE, "SHIRT-M")
    phones.run()
    assert len(twilio.tries) == tries


@pytest.mark.fault("FI-13")
def test_an_answer_lost_on_the_way_is_looked_up_before_anything_is_sent_again(
    phones: World, twilio: FakeTwilio
) -> None:
    """FI-13: accepted, connection reset before the response."""
    phones.see("SHIRT-S", 0)
    ann = phones.waits(PHONE)
    phones.run()
    before = len(texts(phones))
    twilio.misbehave(Fault(takes=True, cut=True))
    phones.see("SHIRT-S", 5)
    phones.run()
    twilio.behave()
    for _ in range(3):
        phones.see("SHIRT-S", 5, step=timedelta(minutes=5))
        phones.run()
    assert len(texts(phones)) == before + 1
    assert phones.subscription(ann).state == "told"
