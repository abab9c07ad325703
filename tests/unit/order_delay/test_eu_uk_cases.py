"""The case table of the EU and the UK (trust 3.5), each row by its number, and its neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pytest

from notifier.domain.order_delay import (
    ChoiceKind,
    Exclusion,
    Line,
    NextStep,
    Promise,
    State,
    Why,
    assess,
)
from tests.unit.order_delay.scenes import (
    BERLIN,
    FOREVER,
    arrives,
    at,
    cancels,
    day,
    declines,
    eu,
    expects,
    explicit,
    keeps,
    nowhere,
    proposal,
    refund_blocked,
    refunds,
    sets_period,
    ships,
    short,
    uk,
    us,
    withdraws,
)

WAIT, CANCEL, WITHDRAW = ChoiceKind.WAIT, ChoiceKind.CANCEL, ChoiceKind.WITHDRAW
SET_PERIOD, TERMINATE = ChoiceKind.SET_PERIOD, ChoiceKind.TERMINATE


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line, a moment, and what must be found then. What is None is not looked at."""

    id: str
    line: Line
    now: datetime
    state: State
    why: Why | None = None
    choices: set[ChoiceKind] | None = None
    vest: date | None = None
    by: date | None = None
    limit: date | None = None
    may_ship: bool | None = None
    step: NextStep | None = None


june = Promise(text="ab 30. Juni", by=day("06-30"))
missed_period = (sets_period("04-02", "04-20"),)

ROWS = [
    Row(id="E1-before", line=eu(), now=at("04-01 23:59:59", BERLIN), state=State.OPEN,
        limit=day("04-01"), choices={WITHDRAW}, may_ship=True),
    Row(id="E1", line=eu(), now=at("04-02 00:00", BERLIN), state=State.DELIVERY_MISSED,
        why=Why.DELIVERY_MISSED, choices={SET_PERIOD, WITHDRAW}, may_ship=True),
    Row(id="E1-nothing-happens-by-itself", line=eu(), now=at("2027-04-02", BERLIN),
        state=State.DELIVERY_MISSED),
    Row(id="E1-delivery-counts", line=eu(ships("03-31")), now=at("04-02"), state=State.SHIPPED,
        why=Why.DELIVERY_MISSED, choices={SET_PERIOD, WITHDRAW}, may_ship=False,
        step=NextStep.CONFIRM_DELIVERY),
    Row(id="E1-delivered-in-time", line=eu(ships("03-30"), arrives("04-01")), now=at("04-10"),
        state=State.DELIVERED, choices={WITHDRAW}, may_ship=False, step=NextStep.NOTHING),
    Row(id="E2", line=eu(promise=june), now=at("06-30 12:00"), state=State.OPEN,
        limit=day("06-30")),
    Row(id="E2-change-known", line=eu(expects("05-04", "07-10"), promise=june),
        now=at("05-04 12:00"), state=State.NOTICE_DUE, step=NextStep.PROPOSE_DATE),
    Row(id="E2-proposed", line=eu(proposal("05-04", "07-10"), promise=june), now=at("06-01"),
        state=State.DATE_PROPOSED, limit=day("06-30"), choices={WAIT, WITHDRAW},
        step=NextStep.AWAIT_ANSWER),
    Row(id="E2-silence-is-no-agreement", line=eu(proposal("05-04", "07-10"), promise=june),
        now=at("07-01"), state=State.DELIVERY_MISSED, limit=day("06-30"),
        choices={WAIT, SET_PERIOD, WITHDRAW}),
    Row(id="E2-agreed", line=eu(proposal("05-04", "07-10"), keeps("05-05", "07-10"), promise=june),
        now=at("07-10 12:00"), state=State.CONSENTED, limit=day("07-10")),
    Row(id="E2-agreed-and-missed",
        line=eu(proposal("05-04", "07-10"), keeps("05-05", "07-10"), promise=june),
        now=at("07-11"), state=State.DELIVERY_MISSED),
    Row(id="E2-agreed-after-the-day-was-missed",
        line=eu(proposal("05-04", "07-10"), keeps("07-03", "07-10"), promise=june),
        now=at("07-05"), state=State.CONSENTED, limit=day("07-10")),
    Row(id="E2-agreed-without-date",
        line=eu(proposal("05-04", FOREVER), keeps("05-05", FOREVER), promise=june),
        now=at("2027-05-05"), state=State.CONSENTED_INDEFINITE, choices={WITHDRAW}),
    Row(id="E2-a-notice-that-takes-silence-for-consent", line=eu(short("03-20", "04-10")),
        now=at("04-02"), state=State.DELIVERY_MISSED, why=Why.NOTICE_OF_WRONG_KIND),
    Row(id="E2-agreed-to-a-day-that-is-over",
        line=eu(proposal("03-20", "04-10"), keeps("04-11", "04-10")), now=at("04-11"),
        state=State.DELIVERY_MISSED, limit=day("04-01"), why=Why.CONSENT_CHANGES_NOTHING),
    Row(id="E2-a-proposed-day-that-is-over-is-no-choice",
        line=eu(proposal("03-20", "04-10")), now=at("04-11"), state=State.DELIVERY_MISSED,
        choices={SET_PERIOD, WITHDRAW}),
    Row(id="E3-running", line=eu(*missed_period), now=at("04-20 23:59:59", BERLIN),
        state=State.EXTRA_PERIOD, limit=day("04-20"), choices={WITHDRAW}),
    Row(id="E3-over", line=eu(*missed_period), now=at("04-21 00:00", BERLIN),
        state=State.MAY_TERMINATE, why=Why.PERIOD_MISSED,
        choices={SET_PERIOD, TERMINATE, WITHDRAW}, step=NextStep.AWAIT_ANSWER),
    Row(id="E3", line=eu(*missed_period, cancels("04-22")), now=at("04-22 12:00"),
        state=State.REFUND_DUE, why=Why.TERMINATED, vest=day("04-22"), by=day("04-29"),
        may_ship=False),
    Row(id="E3-arrived-within-it", line=eu(*missed_period, ships("04-10"), arrives("04-20 12:00")),
        now=at("04-21"), state=State.DELIVERED),
    Row(id="E3-period-before-the-miss", line=eu(sets_period("03-20", "04-20")), now=at("04-02"),
        state=State.DELIVERY_MISSED, why=Why.PERIOD_NOT_OPEN, limit=day("04-01")),
    Row(id="E3-period-in-the-past", line=eu(sets_period("04-10", "04-05")), now=at("04-10"),
        state=State.DELIVERY_MISSED, why=Why.PERIOD_NOT_OPEN),
    Row(id="E4", line=eu(date_is_essential=True), now=at("04-02"), state=State.MAY_TERMINATE,
        why=Why.ESSENTIAL_DATE_MISSED, choices={SET_PERIOD, TERMINATE, WITHDRAW}),
    Row(id="E4-terminated", line=eu(withdraws("04-02"), date_is_essential=True),
        now=at("04-02"), state=State.REFUND_DUE, why=Why.TERMINATED, vest=day("04-02"),
        by=day("04-09")),
    Row(id="E5", line=eu(declines("03-20")), now=at("03-20"), state=State.REFUND_DUE,
        why=Why.SELLER_DECLINED, vest=day("03-20"), by=day("03-27"), may_ship=False),
    Row(id="E6", line=eu(withdraws("04-10"), promise=june), now=at("04-10"),
        state=State.REFUND_DUE, why=Why.WITHDRAWN, vest=day("04-10"), by=day("04-24"),
        may_ship=False),
    Row(id="E6-as-a-cancellation", line=eu(cancels("04-10"), promise=june), now=at("04-10"),
        state=State.REFUND_DUE, why=Why.WITHDRAWN, vest=day("04-10"), by=day("04-24")),
    Row(id="E6-on-its-way", line=eu(ships("04-09"), withdraws("04-10"), promise=june),
        now=at("04-10"), state=State.REFUND_DUE, why=Why.WITHDRAWN_AFTER_SHIPMENT,
        vest=day("04-10"), by=day("04-24")),
    Row(id="E6-shipped-at-the-same-instant", line=eu(ships("04-10"), withdraws("04-10")),
        now=at("04-10"), state=State.REFUND_DUE, vest=day("04-10"), by=day("04-24"),
        why=Why.SHIPPED_AFTER_END),
    Row(id="E6-fourteen-days-after-delivery",
        line=eu(ships("03-19"), arrives("03-20"), withdraws("04-03 17:59:59")), now=at("04-04"),
        state=State.REFUND_DUE, vest=day("04-03"), by=day("04-17")),
    Row(id="E6-a-moment-later",
        line=eu(ships("03-19"), arrives("03-20"), withdraws("04-03 18:00")), now=at("04-04"),
        state=State.DELIVERED, why=Why.WITHDRAWN_TOO_LATE, choices=set()),
    Row(id="E6-offered-until-that-moment", line=eu(ships("03-19"), arrives("03-20")),
        now=at("04-03 17:59:59"), state=State.DELIVERED, choices={WITHDRAW}),
    Row(id="E6-and-not-at-it", line=eu(ships("03-19"), arrives("03-20")),
        now=at("04-03 18:00"), state=State.DELIVERED, choices=set()),
    Row(id="E6-two-scans-of-one-delivery",
        line=eu(arrives("03-20"), arrives("03-25"), withdraws("04-05")), now=at("04-05"),
        state=State.DELIVERED, why=Why.WITHDRAWN_TOO_LATE),
    Row(id="E5-declined-after-shipping", line=eu(ships("03-20"), declines("03-21")),
        now=at("03-22"), state=State.SHIPPED),
    Row(id="E6-refunded", line=eu(withdraws("04-10"), refunds("04-24")), now=at("05-10"),
        state=State.REFUNDED, why=Why.REFUND_SENT),
    Row(id="E8-E1", line=uk(), now=at("04-02"), state=State.DELIVERY_MISSED,
        choices={SET_PERIOD, WITHDRAW}),
    Row(id="E8-E3", line=uk(*missed_period, cancels("04-22")), now=at("04-22"),
        state=State.REFUND_DUE, why=Why.TERMINATED, by=day("04-29")),
    Row(id="E8-E4", line=uk(date_is_essential=True), now=at("04-02"), state=State.MAY_TERMINATE),
    Row(id="E8-E6", line=uk(withdraws("04-10")), now=at("04-10"), state=State.REFUND_DUE,
        by=day("04-24")),
    Row(id="E9-timers", line=nowhere(), now=at("04-02"), state=State.REFUND_DUE,
        why=Why.NO_OPTION_OFFERED, vest=day("04-02"), by=day("04-13")),
    Row(id="E9-cancel-is-always-there", line=nowhere(), now=at("03-10"), state=State.OPEN,
        choices={CANCEL, WITHDRAW}),
    Row(id="E9-silence-is-no-consent", line=nowhere(short("03-25", "04-10")), now=at("04-02"),
        state=State.REFUND_DUE, why=Why.NOTICE_OF_WRONG_KIND, vest=day("04-02")),
    Row(id="E9-explicit", line=nowhere(explicit("03-25", "04-10")), now=at("04-10 12:00"),
        state=State.OPTION_LONG, limit=day("04-10"), choices={WAIT, CANCEL, WITHDRAW}),
    Row(id="E9-explicit-and-silent", line=nowhere(explicit("03-25", "04-10")), now=at("04-11"),
        state=State.REFUND_DUE, vest=day("04-11")),
    Row(id="E9-shipped-and-withdrawn", line=nowhere(ships("03-20"), withdraws("03-25")),
        now=at("03-25"), state=State.REFUND_DUE, why=Why.WITHDRAWN_AFTER_SHIPMENT,
        by=day("04-08")),
    Row(id="E9-shipped-withdrawn-and-blocked",
        line=nowhere(ships("03-20"), withdraws("03-25"), refund_blocked("03-25")),
        now=at("03-25"), state=State.REFUND_DUE, by=day("04-08")),
    Row(id="E9-declined-and-blocked",  # seven working days from then, but fourteen in all
        line=nowhere(declines("03-25"), refund_blocked("04-02")),
        now=at("04-02"), state=State.REFUND_DUE, by=day("04-08")),
    Row(id="E9-another-country", line=us(short("03-25", "04-10"), country="CA"), now=at("04-02"),
        state=State.REFUND_DUE),
    Row(id="cash-on-delivery-is-covered-here", line=eu(excluded=Exclusion.CASH_ON_DELIVERY),
        now=at("04-02"), state=State.DELIVERY_MISSED),
    Row(id="a-service-is-not", line=eu(excluded=Exclusion.SERVICE), now=at("04-02"),
        state=State.NOT_COVERED),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_line_stands_where_the_rule_puts_it(row: Row) -> None:
    standing = assess(row.line, row.now)

    assert standing.state is row.state
    if row.why is not None:
        assert row.why in {reason.why for reason in standing.reasons}
    if row.choices is not None:
        assert {choice.kind for choice in standing.choices} == row.choices
    if row.vest is not None:
        assert standing.refund is not None
        assert standing.refund.vest == row.vest
    if row.by is not None:
        assert standing.refund is not None
        assert standing.refund.by == row.by
    if row.limit is not None:
        assert standing.limit == row.limit
    if row.may_ship is not None:
        assert standing.may_ship is row.may_ship
    if row.step is not None:
        assert standing.next_step is row.step


def test_when_the_day_was_missed_no_deadline_runs_and_a_new_date_is_late_at_once() -> None:
    """E1: the customer decides; what is proposed now cannot be in time any more."""
    standing = assess(eu(expects("03-20", "04-10")), at("04-02"))

    assert standing.deadline is None
    assert standing.notice is not None
    assert (standing.notice.last_day, standing.notice.by) == (None, None)
    assert standing.next_step is NextStep.PROPOSE_DATE


def test_money_goes_back_without_undue_delay() -> None:
    """E3: three days are aimed at, a person hears of it after seven."""
    owed = assess(eu(sets_period("04-02", "04-20"), cancels("04-22")), at("04-22")).refund

    assert owed is not None
    assert (owed.aim, owed.alarm, owed.by) == (day("04-25"), day("04-29"), day("04-29"))


def test_a_withdrawal_has_fourteen_days_and_the_same_aim() -> None:
    """E6"""
    owed = assess(eu(withdraws("04-10")), at("04-10")).refund

    assert owed is not None
    assert (owed.aim, owed.alarm, owed.by) == (day("04-13"), day("04-17"), day("04-24"))
    assert owed.by_at == at("04-25 00:00", BERLIN)


@pytest.mark.parametrize("line", [eu(), uk()], ids=["eu", "uk"])
def test_reasons_name_the_law_of_the_place(line: Line) -> None:
    paragraphs = {each.paragraph for each in assess(line, at("04-02")).reasons}

    law = "Directive 2011/83/EU" if line.country == "DE" else "Consumer Rights Act 2015"
    assert paragraphs
    assert all(each.startswith(law) for each in paragraphs)
