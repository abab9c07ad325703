"""Does every text get its end, also when nobody reports it? (trust RL-31)"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from notifier.demo.twilio_wire import SentText
from notifier.services import hear_twilio
from notifier.services.missing_reports import ENDLESS, MISSING, UNASKED, find_missing_reports
from notifier.services.receive import receive
from notifier.signing import Purpose
from notifier.store.unreported import unreported
from tests.fakes.twilio import FakeTwilio, Fault
from tests.world import World

PHONES = [f"+1212555123{n}" for n in range(6)]
DAY = timedelta(days=1)
ON_ONE = pytest.mark.parametrize("engine_name", ["sqlite"])  # no SQL of its own


@pytest.fixture
def phones(make_world: Callable[..., World], twilio: FakeTwilio) -> World:
    """Six have been texted to confirm; nothing is known of what became of it."""
    world = make_world(twilio=twilio, release={"strategy": "all"})
    world.clock.set(datetime(2026, 12, 1, 17, 0, tzinfo=UTC))
    world.see("SHIRT-S", 0)
    for phone in PHONES:
        world.asks(phone)
    world.deliver()
    return world


def ends(world: World) -> list[tuple[str, str]]:
    return [
        (row["state"], row["reason"])
        for row in world.rows("SELECT state, reason FROM messages WHERE medium = 'sms' ORDER BY id")
    ]


def alarms(world: World) -> list[str]:
    rows = world.rows("SELECT code FROM alarms WHERE cleared_at IS NULL ORDER BY code")
    return [row["code"] for row in rows]


def asked(twilio: FakeTwilio) -> list[str]:
    return [one.path for one in twilio.requests if "/Messages/" in one.path]


def has_ended(text: SentText, status: str, code: int | None = None) -> None:
    """At the network; its report is lost."""
    text.status, text.error_code = status, code


def test_what_twilio_knows_after_a_day_is_booked_as_its_callback_would_have(
    phones: World, twilio: FakeTwilio
) -> None:
    one, two, three, four, five, six = twilio.messages
    has_ended(one, "delivered")
    has_ended(two, "undelivered", 30005)  # the phone is unknown
    has_ended(three, "failed", 21610)  # its owner said STOP
    has_ended(four, "sent")
    twilio.messages.remove(five)
    report = twilio.status_params(six, "delivered")
    uid = phones.env.signer.make(Purpose.MESSAGE, 6)
    receive(phones.env, hear_twilio.read_status(phones.env, report, uid=uid))
    phones.clock.advance(DAY - timedelta(minutes=1))
    assert find_missing_reports(phones.env) == 0
    assert asked(twilio) == []

    phones.clock.advance(timedelta(minutes=5))
    assert find_missing_reports(phones.env) == 5
    assert ends(phones) == [
        ("delivered", ""),
        ("bounced", "receipt_bounced"),
        ("failed", "receipt_stopped"),
        ("accepted", "no_report_yet"),
        ("accepted", "no_final_report"),
        ("delivered", ""),
    ]
    reasons = phones.rows("SELECT reason FROM suppressions ORDER BY reason")
    assert [row["reason"] for row in reasons] == ["bounced", "stopped"]
    assert len(asked(twilio)) == 5
    assert alarms(phones) == [ENDLESS, MISSING]  # 5 is not known; 1, 2 and 3 were not reported

    # the callback comes after all: it is known already, and changes nothing
    late = twilio.status_params(one, "delivered")
    uid = phones.env.signer.make(Purpose.MESSAGE, 1)
    assert not receive(phones.env, hear_twilio.read_status(phones.env, late, uid=uid))


def test_a_text_is_asked_about_twice_and_then_closed_as_not_known(
    phones: World, twilio: FakeTwilio
) -> None:
    for sent in twilio.messages[:4]:
        has_ended(sent, "sent")
    has_ended(twilio.messages[4], "sent")
    phones.clock.advance(DAY + timedelta(minutes=1))
    assert find_missing_reports(phones.env) == 6
    has_ended(twilio.messages[4], "delivered")
    for _ in range(3):
        phones.clock.advance(timedelta(hours=12))
        assert find_missing_reports(phones.env) == 0
    assert len(asked(twilio)) == 6
    assert alarms(phones) == []
    phones.clock.advance(timedelta(hours=12))
    assert find_missing_reports(phones.env) == 6
    assert ends(phones) == [
        *[("accepted", "no_final_report")] * 4,
        ("delivered", ""),
        ("accepted", "no_final_report"),
    ]
    codes = phones.rows("SELECT last_code FROM messages WHERE medium = 'sms' ORDER BY id")
    assert [row["last_code"] for row in codes] == [*["sent"] * 4, "delivered", "queued"]
    assert alarms(phones) == [ENDLESS]  # the last one never left; to the carrier is far enough
    phones.clock.advance(DAY)
    assert find_missing_reports(phones.env) == 0
    assert alarms(phones) == []
    assert len(asked(twilio)) == 12


@ON_ONE
def test_one_report_that_was_lost_is_booked_and_calls_nobody(
    phones: World, twilio: FakeTwilio
) -> None:
    for sent in twilio.messages:
        has_ended(sent, "sent")
    has_ended(twilio.messages[0], "delivered")
    phones.clock.advance(DAY)
    assert find_missing_reports(phones.env) == 6
    assert alarms(phones) == []


@ON_ONE
def test_a_provider_that_cannot_be_asked_is_left_alone_and_told_of_after_some_hours(
    phones: World, twilio: FakeTwilio
) -> None:
    phones.clock.advance(DAY)
    twilio.misbehave(Fault(on="fetch", status=401, code=20003), times=100)
    assert find_missing_reports(phones.env) == 0
    assert len(asked(twilio)) == 3
    assert alarms(phones) == []
    phones.clock.advance(timedelta(hours=7))
    assert find_missing_reports(phones.env) == 0
    assert alarms(phones) == [UNASKED]
    assert ends(phones) == [("accepted", "")] * 6
    [told] = phones.rows("SELECT facts FROM messages WHERE kind = 'source_trouble'")
    assert "20003" in str(told["facts"])
    twilio.behave()
    for sent in twilio.messages:
        has_ended(sent, "sent")
    assert find_missing_reports(phones.env) == 6
    assert alarms(phones) == []


@ON_ONE
def test_one_text_that_cannot_be_asked_about_keeps_no_other_from_its_end(
    phones: World, twilio: FakeTwilio
) -> None:
    for sent in twilio.messages:
        has_ended(sent, "delivered")
    phones.clock.advance(DAY)
    twilio.misbehave(Fault(on="fetch", status=500))
    assert find_missing_reports(phones.env) == 5
    assert ends(phones) == [("accepted", ""), *[("delivered", "")] * 5]
    assert find_missing_reports(phones.env) == 1


@ON_ONE
def test_texts_of_a_channel_that_is_gone_are_closed_without_a_word(
    phones: World, twilio: FakeTwilio
) -> None:
    with phones.db.write() as tx:
        tx.execute(text("UPDATE messages SET channel = 'old sms'"))
    phones.clock.advance(DAY)
    assert find_missing_reports(phones.env) == 6
    assert set(ends(phones)) == {("accepted", "no_final_report")}
    assert asked(twilio) == alarms(phones) == []


def test_looking_for_them_reads_a_small_index_and_mail_is_not_in_it(phones: World) -> None:
    columns = "shop_id, kind, channel, locale, priority, state, created_at, due_at, finished_at"
    with phones.db.write() as tx:
        for _ in range(9):  # a scan of all would cost more
            copy = f"SELECT 'email', {columns} FROM messages"
            tx.execute(text(f"INSERT INTO messages (medium, {columns}) {copy}"))
    asked: list[tuple[str, Any]] = []
    with phones.db.write() as tx:
        tx.execute(text("ANALYZE messages"))
        event.listen(tx, "before_cursor_execute", lambda *said: asked.append((said[2], said[3])))
        found = unreported(tx, reason="", before=phones.clock() + DAY, besides=["x"], limit=100)
        [(statement, values)] = asked
        explain = "EXPLAIN QUERY PLAN" if phones.db.is_sqlite else "EXPLAIN"
        plan = tx.exec_driver_sql(f"{explain} {statement}", values).all()
    assert len(found) == 6
    assert "ix_messages_unreported" in str(plan)
