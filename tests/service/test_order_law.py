"""The cases of the delay rules (trust 3.4, 3.5), from the shop's word to the customer's inbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from notifier.domain.order_delay import ChoiceKind, NextStep, State, Why
from notifier.domain.order_history import Happened
from notifier.errors import Conflict, InvalidInput
from notifier.services.order_answer import AnswerKind
from notifier.services.order_follow import follow_due
from notifier.services.report_order import Shipment, decline, report_refund, report_shipments
from tests.fakes.smtp_server import Fault
from tests.fakes.twilio import FakeTwilio
from tests.order_desk import OLGA, Desk
from tests.timing import SettableClock
from tests.world import ANN, SID, TOKEN, World
from tests.world import OLGA as OPERATOR

HOOK = {"erp": {"url": "https://erp.example/h", "secret": "whsec_" + "a" * 32, "events": ["*"]}}
PHONE = "+12125551234"


@pytest.fixture
def desk(make_world: Callable[..., World]) -> Desk:
    """A shop that sells to the USA; Monday 2 March 2026, ten in the morning."""
    return Desk(make_world(webhooks=HOOK, release={"strategy": "all"}))


@pytest.fixture
def europe(make_world: Callable[..., World]) -> Desk:
    return Desk(make_world(webhooks=HOOK, release={"strategy": "all"}), zone="Europe/Berlin")


def bought(desk: Desk, **more: Any) -> None:
    """Ann buys one shirt on 2 March; nothing was promised, so T is 1 April."""
    desk.buy(**more)
    desk.run()


def test_who_buys_on_backorder_is_told_at_once_with_the_date_and_a_link(desk: Desk) -> None:
    desk.expect("2026-03-20")
    bought(desk)
    assert desk.told() == ["order_backordered"]
    assert "20 March 2026" in desk.text("order_backordered")
    assert "/o/" in desk.text("order_backordered")
    assert desk.line().state is State.OPEN


def test_f01_a_short_first_delay_is_offered_at_once_and_silence_consents(desk: Desk) -> None:
    bought(desk)
    desk.at("2026-03-20")
    desk.expect("2026-04-10")
    desk.run()
    assert desk.told() == ["order_backordered", "delay_notice"]
    standing = desk.line()
    assert (standing.state, standing.limit) == (State.OPTION_SHORT, date(2026, 4, 10))
    [notice] = desk.happened(Happened.NOTICE)
    assert (notice["kind"], notice["revised"]) == ("first_short", "2026-04-10")
    assert desk.hooks("refund.required") == []


def test_f02_nothing_sent_in_time_ends_the_order_and_the_refund_is_owed(desk: Desk) -> None:
    bought(desk)
    desk.at("2026-04-02")
    desk.run()
    assert desk.told() == ["order_backordered", "order_cancelled"]
    refund = desk.line().refund
    assert refund is not None
    assert (refund.vest, refund.by) == (date(2026, 4, 2), date(2026, 4, 13))
    [hook] = desk.hooks("refund.required")
    assert (hook["order"], hook["line"], hook["refund_by"]) == ("#1001", "1", "2026-04-13")
    with pytest.raises(Conflict, match="ended") as error:
        desk.ship()
    assert error.value.code == "cancelled"


def test_f08_silence_on_a_delay_without_a_date_cancels_by_itself(desk: Desk) -> None:
    bought(desk)
    desk.at("2026-03-25")
    desk.expect("2026-06-10")
    desk.run()
    desk.expect(None)
    desk.run()
    assert desk.line().state is State.OPTION_LONG
    desk.at("2026-05-02T00:30")
    desk.run()
    assert desk.told()[-1] == "order_cancelled"
    refund = desk.line().refund
    assert refund is not None
    assert (refund.ground, refund.vest, refund.by) == (
        Why.LONG_OPTION_LAPSED,
        date(2026, 5, 2),
        date(2026, 5, 12),
    )


def test_f10_a_short_option_that_is_not_kept_nor_renewed_ends_on_its_day(desk: Desk) -> None:
    bought(desk)
    desk.at("2026-03-25")
    desk.expect("2026-04-20")
    desk.run()
    desk.at("2026-04-21")
    desk.run()
    refund = desk.line().refund
    assert refund is not None
    assert (refund.vest, refund.by) == (date(2026, 4, 21), date(2026, 4, 30))
    assert "order.no_renewed_option_offered" in desk.alarms()
    assert desk.told()[-1] == "order_cancelled"


def test_f14_a_second_delay_asks_for_consent_however_short(desk: Desk) -> None:
    bought(desk)
    desk.at("2026-03-25")
    desk.expect("2026-04-20")
    desk.run()
    desk.at("2026-04-10")
    desk.expect("2026-04-28")
    desk.run()
    assert desk.told() == ["order_backordered", "delay_notice", "delay_renewed"]
    assert desk.line().state is State.RENEWED_OPTION
    desk.waits_until("2026-04-28")
    desk.run()
    assert (desk.line().state, desk.line().limit) == (State.CONSENTED, date(2026, 4, 28))


def test_f16_a_cancellation_before_the_scan_wins_and_the_parcel_is_refused(desk: Desk) -> None:
    bought(desk)
    desk.expect("2026-04-10")
    desk.run()
    desk.at("2026-04-10T10:00")
    desk.cancels()
    desk.at("2026-04-10T10:06")
    with pytest.raises(Conflict) as error:
        desk.ship("2026-04-10T10:05")
    assert (error.value.code, error.value.field) == ("cancelled", "lines.0.ref")
    desk.run()
    assert desk.told()[-1] == "order_cancelled"
    assert len(desk.hooks("refund.required")) == 1


def test_f16_a_parcel_that_left_all_the_same_is_noted_and_a_person_called(desk: Desk) -> None:
    bought(desk)
    desk.at("2026-03-10T10:00")
    desk.cancels()
    at = desk.at("2026-03-10T11:00").isoformat()
    world = desk.world
    parcel = [Shipment(ref="1", shipped_at=at, left_anyway=True)]
    [done] = report_shipments(world.env, world.shop, "#1001", parcel, actor=OLGA)
    assert done.standing.state is State.REFUND_DUE
    assert "order.shipped_after_end" in desk.alarms()


def test_f17_what_had_shipped_before_the_cancellation_stays_shipped_however_late_reported(
    desk: Desk,
) -> None:
    bought(desk)
    desk.at("2026-03-10T10:05")
    desk.cancels()
    desk.run()
    desk.at("2026-03-10T15:00")
    done = desk.ship("2026-03-10T10:00")
    assert (done.changed, done.review) == (True, False)
    assert done.standing.state is State.SHIPPED
    assert done.standing.refund is None
    assert "order.told_cancelled" in desk.alarms()  # she was told otherwise


def test_f18_at_the_same_instant_a_person_decides(desk: Desk) -> None:
    bought(desk)
    desk.at("2026-03-10T10:00")
    desk.cancels()
    done = desk.ship("2026-03-10T10:00")
    assert done.review
    desk.run()
    assert desk.told()[-1] == "order_checking"
    assert "order.review" in desk.alarms()


@pytest.fixture
def phones(make_world: Callable[..., World], clock: SettableClock) -> Iterator[Desk]:
    with FakeTwilio(
        account_sid=SID, auth_token=TOKEN, numbers=("+12125550100",), clock=clock
    ) as twilio:
        yield Desk(make_world(twilio=twilio, release={"strategy": "all"}))


def test_f21_a_notice_that_cannot_be_delivered_goes_by_sms_and_then_to_a_person(
    phones: Desk,
) -> None:
    bought(phones, phone=PHONE)
    phones.at("2026-03-30T11:00")
    gone = Fault(at="rcpt", rcpt=ANN, reply="550 5.1.1 No such user", times=99)
    phones.world.smtp.misbehave(gone)
    phones.expect("2026-04-20")
    phones.run()
    assert phones.told() == ["order_backordered"]
    assert phones.world.twilio is not None
    [text] = [one.body for one in phones.world.twilio.messages if one.to == PHONE]
    assert "/o/" in text
    assert {one["kind"] for one in phones.happened(Happened.NOTICE)} <= {"courtesy"}
    assert phones.line().state is State.NOTICE_DUE  # a text is no offer
    phones.at("2026-03-31T10:00")
    phones.run()
    assert "order.not_reached" in phones.alarms()
    phones.world.smtp.behave()
    phones.at("2026-04-02")
    phones.run()
    refund = phones.line().refund
    assert refund is not None
    assert (refund.ground, refund.vest) == (Why.NO_OPTION_OFFERED, date(2026, 4, 2))


def test_f28_what_the_seller_will_not_ship_is_told_and_refunded(desk: Desk) -> None:
    bought(desk)
    at = desk.at("2026-03-25")
    world = desk.world
    say = {"at": at.isoformat(), "why": "discontinued", "actor": OLGA}
    decline(world.env, world.shop, "#1001", "1", **say)
    again = decline(world.env, world.shop, "#1001", "1", **say)
    assert not again.changed
    desk.run()
    assert desk.told()[-1] == "order_cancelled"
    refund = desk.line().refund
    assert refund is not None
    assert (refund.vest, refund.by) == (date(2026, 3, 25), date(2026, 4, 3))


def test_the_alarm_before_a_refund_is_late_and_its_end(desk: Desk) -> None:
    bought(desk)
    desk.at("2026-03-25")
    desk.cancels()
    desk.at("2026-04-01T09:00")
    desk.run()
    assert "order.refund_nearly_overdue" in desk.alarms()
    assert any(OPERATOR in mail.rcpt_to for mail in desk.world.mails())
    sent = desk.at("2026-04-02").isoformat()
    world = desk.world
    done = report_refund(
        world.env,
        world.shop,
        "#1001",
        "1",
        sent_at=sent,
        reference="re_1",
        amount=None,
        actor=OLGA,
    )
    assert done.standing.state is State.REFUNDED
    assert desk.alarms() == []


def test_f33_an_earlier_date_is_good_news_and_moves_no_deadline(desk: Desk) -> None:
    bought(desk)
    desk.at("2026-03-25")
    desk.expect("2026-05-10")
    desk.run()
    desk.waits_until("2026-05-10")
    desk.at("2026-04-02")
    desk.expect("2026-04-28")
    desk.run()
    assert desk.told()[-1] == "order_eta_better"
    assert (desk.line().state, desk.line().limit) == (State.CONSENTED, date(2026, 5, 10))


def test_f38_each_line_goes_its_own_way_and_the_split_fee_is_a_persons(desk: Desk) -> None:
    bought(desk, lines=[{}, {}, {"variant": "", "title": "Tea cosy"}])
    desk.at("2026-03-10")
    desk.ship(line="1")
    desk.cancels(line="2")
    desk.at("2026-03-20")
    desk.expect("2026-04-10")
    desk.run()
    states = [desk.line(line=one).state for one in ("1", "2", "3")]
    assert states == [State.SHIPPED, State.REFUND_DUE, State.OPEN]
    [hook] = desk.hooks("refund.required")
    assert (hook["line"], hook["covers"]) == ("2", "lines_and_fee_by_hand")


def test_f39_a_service_that_was_off_across_a_deadline_finds_the_same_day(desk: Desk) -> None:
    bought(desk)
    desk.at("2026-03-31")
    desk.expect("2026-04-20")  # said while nobody was there to tell it
    desk.at("2026-04-03T18:00")
    desk.run()
    refund = desk.line().refund
    assert refund is not None
    assert (refund.vest, refund.by) == (date(2026, 4, 2), date(2026, 4, 13))
    assert "order.no_option_offered" in desk.alarms()
    assert desk.told() == ["order_backordered", "order_cancelled"]


def test_f40_a_date_nobody_stands_behind_is_refused(desk: Desk) -> None:
    bought(desk)
    with pytest.raises(InvalidInput, match="source"):
        desk.expect("2026-04-10", source="")
    desk.expect("2026-04", source="")  # a month: kept, but told as "we cannot say when"
    desk.run()
    [notice] = [one for one in desk.happened(Happened.NOTICE) if one["kind"] != "courtesy"]
    assert (notice["kind"], notice["revised"]) == ("first_explicit", None)


def test_f42_a_notice_that_is_not_needed_any_more_is_not_sent(desk: Desk) -> None:
    bought(desk)
    desk.at("2026-03-30")
    desk.expect("2026-04-10")
    while follow_due(desk.world.env):
        continue
    due = "kind = 'delay_notice' AND state = 'due'"
    assert desk.world.count("messages", due) == 1
    desk.ship()
    desk.run()
    assert desk.told() == ["order_backordered"]
    assert desk.world.rows("SELECT reason FROM messages WHERE kind = 'delay_notice'") == [
        {"reason": "superseded"}
    ]


def test_e1_an_order_without_a_date_must_arrive_within_thirty_days(europe: Desk) -> None:
    bought(europe, country="DE")
    europe.at("2026-04-02")
    europe.run()
    standing = europe.line()
    assert standing.state is State.DELIVERY_MISSED
    kinds = {choice.kind for choice in standing.choices}
    assert {ChoiceKind.SET_PERIOD, ChoiceKind.WITHDRAW} <= kinds
    assert europe.told() == ["order_backordered", "order_checking"]
    assert standing.refund is None


def test_e2_a_new_date_is_a_proposal_and_silence_agrees_to_nothing(europe: Desk) -> None:
    bought(europe, country="DE", lines=[{"promise": "2026-06-30", "sold_as": "preorder"}])
    europe.at("2026-05-04")
    europe.expect("2026-08-15")
    europe.run()
    assert europe.told()[-1] == "delay_notice"
    assert (europe.line().state, europe.line().limit) == (State.DATE_PROPOSED, date(2026, 6, 30))
    europe.at("2026-07-02")
    europe.run()
    assert europe.line().state is State.DELIVERY_MISSED


def test_e3_a_missed_additional_period_lets_the_customer_end_the_contract(europe: Desk) -> None:
    bought(europe, country="DE")
    europe.at("2026-04-02")
    europe.run()
    europe.answer(AnswerKind.SET_PERIOD, until=date(2026, 4, 20))
    europe.at("2026-04-21")
    europe.run()
    assert europe.line().state is State.MAY_TERMINATE
    europe.answer(AnswerKind.TERMINATE)
    refund = europe.line().refund
    assert refund is not None
    assert refund.vest == date(2026, 4, 21)
    assert refund.by - refund.vest == timedelta(days=7)


def test_e6_a_withdrawal_is_acknowledged_and_refunded_within_fourteen_days(europe: Desk) -> None:
    bought(europe, country="DE")
    europe.at("2026-04-10")
    europe.run()
    europe.answer(AnswerKind.WITHDRAW)
    europe.run()
    assert europe.told()[-1] == "order_cancelled"
    refund = europe.line().refund
    assert refund is not None
    assert refund.by == date(2026, 4, 24)
    assert europe.line().next_step is NextStep.SEND_REFUND
