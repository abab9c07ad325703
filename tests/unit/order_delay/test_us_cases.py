"""The case table of 16 CFR 435 (trust 3.4), each row by its number, and its neighbours.

Rows without a number are other cases of the same rules. F01, F20, F23, F40 and F42 have their other
half, what is to be told, in test_notices.py.
"""

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
    RefundScope,
    Reviewed,
    State,
    Why,
    assess,
    refund_scope,
)
from tests.unit.order_delay.scenes import (
    FOREVER,
    arrives,
    at,
    cancels,
    courtesy,
    day,
    declines,
    expects,
    explicit,
    keeps,
    refund_blocked,
    refunds,
    renewed,
    ships,
    short,
    us,
    withdraws,
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line, a moment, and what must be found then. What is None is not looked at."""

    id: str
    line: Line
    now: datetime
    state: State
    why: Why | None = None
    vest: date | None = None
    by: date | None = None
    limit: date | None = None
    may_ship: bool | None = None
    step: NextStep | None = None


OPEN, SHIPPED, OWED = State.OPEN, State.SHIPPED, State.REFUND_DUE
NOTICE_DUE, SHORT, LONG = State.NOTICE_DUE, State.OPTION_SHORT, State.OPTION_LONG
RENEWED, CONSENTED, ENDLESS = (
    State.RENEWED_OPTION,
    State.CONSENTED,
    State.CONSENTED_INDEFINITE,
)

short_0420 = short("03-25", "04-20")
bounced = short("03-30", "04-20", delivered=False)
asks_june = short("03-25", "04-20", asks=["06-01"])
indefinite = explicit("03-25", FOREVER)
renewed_0510 = renewed("04-18", "05-10")
promise_3_to_5 = Promise(text="ships in 3–5 business days", business_days=5)
by_15_december = Promise(text="ships by 2026-12-15", by=day("12-15"))

ROWS = [
    # Nothing is sent.
    Row(id="F02", line=us(), now=at("04-02 00:00"), state=OWED, why=Why.NO_OPTION_OFFERED,
        vest=day("04-02"), by=day("04-13"), may_ship=False, step=NextStep.SEND_REFUND),
    Row(id="F02-on-T", line=us(), now=at("04-01 23:59:59"), state=OPEN, limit=day("04-01"),
        may_ship=True),
    Row(id="F02-delay-known", line=us(expects("03-20", "04-10")), now=at("04-01 23:59"),
        state=NOTICE_DUE, may_ship=True, step=NextStep.OFFER_OPTION),
    # First notices: T+30 is the last day on which silence may be consent.
    Row(id="F03", line=us(short("04-01", "05-01")), now=at("04-15"), state=SHORT,
        limit=day("05-01"), may_ship=True, step=NextStep.SHIP),
    Row(id="F03-last-second", line=us(short("04-01 23:59:59", "05-01")), now=at("04-02"),
        state=SHORT),
    Row(id="F03-one-day-further", line=us(short("04-01", "05-02")), now=at("04-02"), state=OWED,
        why=Why.NO_OPTION_OFFERED, vest=day("04-02")),
    Row(id="F04", line=us(explicit("03-25", "05-02")), now=at("05-02 00:00"), state=OWED,
        why=Why.LONG_OPTION_LAPSED, vest=day("05-02"), by=day("05-12")),
    Row(id="F04-until-then", line=us(explicit("03-25", "05-02")), now=at("05-01 23:59:59"),
        state=LONG, limit=day("05-01"), may_ship=True, step=NextStep.AWAIT_ANSWER),
    Row(id="F04-agreed", line=us(explicit("03-25", "05-02"), keeps("05-01 23:59", "05-02")),
        now=at("05-02 12:00"), state=CONSENTED, limit=day("05-02"), may_ship=True),
    # Indefinite.
    Row(id="F05", line=us(indefinite, keeps("04-20", FOREVER)), now=at("05-02"), state=ENDLESS,
        may_ship=True),
    Row(id="F05-a-year-later", line=us(indefinite, keeps("04-20", FOREVER)),
        now=at("2027-05-02"), state=ENDLESS, may_ship=True, step=NextStep.UPDATE_CUSTOMER),
    Row(id="continuing-right",
        line=us(indefinite, keeps("04-20", FOREVER), cancels("06-15 23:59")),
        now=at("06-20"), state=OWED, why=Why.CANCELLED, vest=day("06-15"), by=day("06-25")),
    Row(id="F07", line=us(indefinite, ships("04-25")), now=at("05-20"), state=SHIPPED,
        why=Why.SHIPPED),
    Row(id="F07-last-second", line=us(indefinite, ships("05-01 23:59:59")), now=at("05-20"),
        state=SHIPPED),
    Row(id="F07-a-second-late", line=us(indefinite, ships("05-02 00:00")), now=at("05-20"),
        state=OWED, vest=day("05-02"), why=Why.SHIPPED_AFTER_END),
    Row(id="F08", line=us(indefinite), now=at("05-02 00:00"), state=OWED,
        why=Why.LONG_OPTION_LAPSED, vest=day("05-02"), by=day("05-12"), may_ship=False),
    # Short: the revised date binds.
    Row(id="F09", line=us(short_0420, ships("04-20 23:30")), now=at("05-20"), state=SHIPPED),
    Row(id="F10", line=us(short_0420), now=at("04-21"), state=OWED,
        why=Why.NO_RENEWED_OPTION_OFFERED, vest=day("04-21"), by=day("04-30")),
    Row(id="F10-expressly-kept", line=us(short_0420, keeps("03-30", "04-20")), now=at("04-21"),
        state=OWED, vest=day("04-21"), by=day("04-30")),
    # Renewed: silence rejects.
    Row(id="F11", line=us(short_0420, renewed_0510), now=at("04-21"), state=OWED,
        why=Why.RENEWED_OPTION_LAPSED, vest=day("04-21"), by=day("04-30")),
    Row(id="F11-until-then", line=us(short_0420, renewed_0510), now=at("04-20 23:59:59"),
        state=RENEWED, limit=day("04-20"), may_ship=True, step=NextStep.AWAIT_ANSWER),
    Row(id="agreed", line=us(short_0420, renewed_0510, keeps("04-20 23:59", "05-10")),
        now=at("05-10 23:59"), state=CONSENTED, limit=day("05-10")),
    Row(id="agreed-then-lapsed",
        line=us(short_0420, renewed_0510, keeps("04-20", "05-10")), now=at("05-11"), state=OWED,
        why=Why.NO_RENEWED_OPTION_OFFERED, vest=day("05-11"), by=day("05-20")),
    Row(id="agreed-indefinitely",
        line=us(short_0420, renewed("04-18", FOREVER), keeps("04-19", FOREVER)),
        now=at("08-01"), state=ENDLESS),
    Row(id="F14", line=us(short_0420, expects("04-10", "04-28")), now=at("04-10 12:00"),
        state=NOTICE_DUE, limit=day("04-20"), step=NextStep.OFFER_RENEWED_OPTION),
    Row(id="F14-silence-never-again",
        line=us(short_0420, expects("04-10", "04-28"), short("04-11", "04-28")),
        now=at("04-21"), state=OWED, why=Why.NOTICE_OF_WRONG_KIND, vest=day("04-21")),
    Row(id="F14-silence-never-again-before-T",
        line=us(short("03-10", "04-10"), short("03-12", "04-11")), now=at("04-11"),
        state=OWED, vest=day("04-11")),
    Row(id="F14-silence-never-again-where-only-the-second-notice-arrived",
        line=us(bounced, renewed("03-31", FOREVER), short("04-01", "04-20")),
        now=at("04-02"), state=OWED, why=Why.NOTICE_OF_WRONG_KIND, vest=day("04-02")),
    Row(id="F14-asked-expressly-where-only-the-second-notice-arrived",
        line=us(bounced, renewed("03-31", FOREVER), explicit("04-01", "04-20")),
        now=at("04-02"), state=State.OPTION_LONG, limit=day("04-20"), may_ship=True),
    Row(id="F14-consent-to-the-second-notice-counts-where-the-first-came-back",
        line=us(bounced, renewed("03-31", FOREVER), keeps("03-31 12:00", FOREVER)),
        now=at("05-01"), state=ENDLESS, why=Why.CONSENTED_INDEFINITELY, may_ship=True),
    Row(id="F14-consent-given-when-nobody-knew-that-the-first-had-come-back",
        line=us(bounced, renewed("04-10", "05-10"), keeps("04-12", "05-10")),
        now=at("04-13"), state=CONSENTED, why=Why.CONSENTED, limit=day("05-10"), may_ship=True),
    Row(id="F14-such-consent-ends-with-its-day",
        line=us(bounced, renewed("04-10", "05-10"), keeps("04-12", "05-10")),
        now=at("05-11"), state=OWED, why=Why.NO_RENEWED_OPTION_OFFERED, vest=day("05-11")),
    Row(id="F14-silence-about-it-is-no-consent",
        line=us(bounced, renewed("04-10", "05-10")), now=at("04-13"), state=OWED,
        why=Why.NOTICE_TOO_LATE, vest=day("04-02")),
    Row(id="F14-nor-is-consent-to-what-came-back-as-well",
        line=us(bounced, renewed("04-10", "05-10", delivered=False), keeps("04-12", "05-10")),
        now=at("04-13"), state=OWED, why=Why.ANSWER_TOO_LATE, vest=day("04-02")),
    Row(id="F14-nor-after-the-money-went-back",
        line=us(bounced, renewed("04-10", "05-10"), refunds("04-11"), keeps("04-12", "05-10")),
        now=at("04-13"), state=State.REFUNDED, why=Why.ANSWER_TOO_LATE),
    Row(id="no-notice-before-T-and-consent-afterwards",
        line=us(renewed("04-10", "05-10"), keeps("04-12", "05-10")),
        now=at("04-13"), state=OWED, why=Why.ANSWER_TOO_LATE, vest=day("04-02")),
    # Cancelling.
    Row(id="F15", line=us(short_0420, cancels("04-10")), now=at("04-10 10:00"), state=OWED,
        why=Why.CANCELLED, vest=day("04-10"), by=day("04-21"), may_ship=False),
    Row(id="F15-before-any-notice", line=us(cancels("03-03")), now=at("03-03"), state=OWED,
        vest=day("03-03"), by=day("03-12")),
    Row(id="F15-late-in-the-evening", line=us(short_0420, cancels("04-10 23:59:59")),
        now=at("04-11"), state=OWED, vest=day("04-10"), by=day("04-21")),
    Row(id="F16", line=us(short_0420, cancels("04-10 10:00"), ships("04-10 10:05")),
        now=at("04-11"), state=OWED, vest=day("04-10"), why=Why.SHIPPED_AFTER_END),
    Row(id="F17", line=us(short_0420, ships("04-10 10:00"), cancels("04-10 10:05")),
        now=at("04-11"), state=SHIPPED, why=Why.CANCELLED_AFTER_SHIPMENT),
    Row(id="F17-withdrawn", line=us(short_0420, ships("04-10 10:00"), withdraws("04-10 10:05")),
        now=at("04-11"), state=SHIPPED, why=Why.CANCELLED_AFTER_SHIPMENT),
    Row(id="F18", line=us(short_0420, cancels("04-10 10:00"), ships("04-10 10:00")),
        now=at("04-11"), state=State.MANUAL_REVIEW, why=Why.SHIPPED_AS_CANCELLED,
        may_ship=False, step=NextStep.REVIEW),
    Row(id="F18-a-fraction-of-a-second-apart",
        line=us(short_0420, cancels("04-10 10:00:00.400"), ships("04-10 10:00:00")),
        now=at("04-11"), state=State.MANUAL_REVIEW),
    Row(id="F18-a-second-apart",
        line=us(short_0420, cancels("04-10 10:00:01"), ships("04-10 10:00:00")),
        now=at("04-11"), state=SHIPPED),
    Row(id="F18-the-merchant-declines-and-ships",
        line=us(declines("03-20 10:00"), ships("03-20 10:00")), now=at("03-21"),
        state=State.MANUAL_REVIEW),
    Row(id="F18-ship-at-the-deadline", line=us(short_0420, ships("04-21 00:00")),
        now=at("04-21"), state=OWED, vest=day("04-21"), why=Why.SHIPPED_AFTER_END),
    Row(id="notice-after-T", line=us(short("04-02 00:00", "04-20")), now=at("04-03"),
        state=OWED, vest=day("04-02"), why=Why.NOTICE_TOO_LATE),
    Row(id="renewed-notice-after-D", line=us(short_0420, renewed("04-21 00:00", "05-10")),
        now=at("04-22"), state=OWED, vest=day("04-21")),
    # Notices that do not count.
    Row(id="F20", line=us(short("03-25", "04-20", adequate=False)), now=at("04-02"), state=OWED,
        why=Why.NOTICE_INADEQUATE, vest=day("04-02"), by=day("04-13")),
    Row(id="F20-renewed", line=us(short_0420, renewed("04-18", "05-10", adequate=False),
                                  keeps("04-19", "05-10")),
        now=at("04-21"), state=OWED, vest=day("04-21")),
    Row(id="F21-03-30", line=us(expects("03-28", "04-20"), bounced),
        now=at("03-30 12:00"), state=NOTICE_DUE, step=NextStep.REACH_ANOTHER_WAY),
    Row(id="F21-imported-without-estimate", line=us(bounced),
        now=at("03-30 12:00"), state=NOTICE_DUE, step=NextStep.REACH_ANOTHER_WAY),
    Row(id="F21-news-by-another-channel-is-no-notice",
        line=us(expects("03-28", "04-20"), bounced, courtesy("03-30 11:00", "04-20")),
        now=at("03-30 12:00"), state=NOTICE_DUE, step=NextStep.REACH_ANOTHER_WAY),
    Row(id="F21-04-02", line=us(expects("03-28", "04-20"), bounced),
        now=at("04-02"), state=OWED, why=Why.NO_OPTION_OFFERED, vest=day("04-02"),
        by=day("04-13")),
    Row(id="F21-by-another-channel",
        line=us(bounced, short("03-31", "04-20")),
        now=at("04-02"), state=SHORT),
    # T.
    Row(id="F22", line=us(completed="07-02", promise=promise_3_to_5), now=at("07-10 23:59"),
        state=OPEN, limit=day("07-10")),
    Row(id="F22-over", line=us(completed="07-02", promise=promise_3_to_5), now=at("07-11"),
        state=OWED, vest=day("07-11"), by=day("07-21")),
    Row(id="F23", line=us(short("12-10", "2027-01-14"), promise=by_15_december),
        now=at("2027-01-14 23:59"), state=SHORT, limit=day("2027-01-14")),
    Row(id="one-day-further", line=us(short("12-10", "2027-01-15"), promise=by_15_december),
        now=at("12-16"), state=OWED, vest=day("12-16"), by=day("12-28")),
    Row(id="F25", line=us(seller_credit_application=True), now=at("04-21 23:59"), state=OPEN,
        limit=day("04-21")),
    Row(id="F25-a-stated-time-comes-first",
        line=us(seller_credit_application=True, promise=Promise(text="10 days", days=10)),
        now=at("03-12 23:59"), state=OPEN, limit=day("03-12")),
    *[
        Row(id=f"F26-{excluded}", line=us(excluded=excluded), now=at("2027-03-02"),
            state=State.NOT_COVERED, may_ship=True, why=Why.EXCLUDED, step=NextStep.SHIP)
        for excluded in Exclusion
    ],
    Row(id="excluded-and-late",
        line=us(expects("03-20", "06-01"), excluded=Exclusion.SEEDS_OR_PLANTS),
        now=at("05-20"), state=State.NOT_COVERED),
    Row(id="excluded-and-cancelled",
        line=us(cancels("03-20"), excluded=Exclusion.CASH_ON_DELIVERY), now=at("03-20"),
        state=OWED, why=Why.CANCELLED_BY_POLICY, may_ship=False),
    Row(id="F28", line=us(declines("03-25")), now=at("03-25"), state=OWED,
        why=Why.SELLER_DECLINED, vest=day("03-25"), by=day("04-03")),
    # Refunds.
    Row(id="F29", line=us(declines("03-25"), seller_is_creditor=True, billing_cycle_days=30),
        now=at("03-26"), state=OWED, vest=day("03-25"), by=day("04-24")),
    Row(id="another-way-to-pay",
        line=us(declines("03-25"), refund_blocked("03-30")), now=at("03-30"), state=OWED,
        vest=day("03-25"), by=day("04-08")),
    Row(id="found-out-too-late", line=us(declines("03-25"), refund_blocked("04-04")),
        now=at("04-05"), state=OWED, by=day("04-03"), why=Why.REFUND_OVERDUE),
    Row(id="found-out-twice",
        line=us(declines("03-25"), refund_blocked("03-30"), refund_blocked("04-07")),
        now=at("04-07"), state=OWED, by=day("04-08")),
    # Consent asked for beyond the revised date.
    Row(id="to-a-date", line=us(asks_june, keeps("03-28", "06-01")),
        now=at("06-01 23:59"), state=CONSENTED, limit=day("06-01"),
        why=Why.CONSENTED_TO_FURTHER_DELAY),
    Row(id="over", line=us(asks_june, keeps("03-28", "06-01")),
        now=at("06-02"), state=OWED, vest=day("06-02")),
    Row(id="asked-and-silent", line=us(short("03-25", "04-20", asks=["06-01", None])),
        now=at("04-21"), state=OWED, vest=day("04-21")),
    Row(id="indefinitely", line=us(short("03-25", "04-20", asks=[None]), keeps("03-28", None)),
        now=at("09-01"), state=ENDLESS),
    Row(id="no-further-notice-is-due",
        line=us(short("03-25", "04-20", asks=[None]), keeps("03-28", None),
                expects("04-10", "05-30"), expects("05-20", "07-30")),
        now=at("06-01"), state=ENDLESS, may_ship=True),
    Row(id="F33", line=us(short("03-25", "04-20", asks=["05-10"]), keeps("03-28", "05-10"),
                          expects("04-02", "04-28"), courtesy("04-02", "04-28")),
        now=at("04-29"), state=CONSENTED, limit=day("05-10")),
    # The last moment for an answer.
    Row(id="F34", line=us(indefinite, keeps("04-30 23:59", FOREVER)), now=at("05-02"),
        state=ENDLESS),
    Row(id="F34-last-second", line=us(indefinite, keeps("05-01 23:59:59", FOREVER)),
        now=at("05-02"), state=ENDLESS),
    Row(id="F34-too-late", line=us(indefinite, keeps("05-02 00:00", FOREVER)),
        now=at("05-02 00:01"), state=OWED, why=Why.ANSWER_TOO_LATE, vest=day("05-02")),
    Row(id="F35-looking-is-no-answer", line=us(indefinite), now=at("05-01 12:00"), state=LONG),
    # Two answers.
    Row(id="kept-then-cancelled",
        line=us(short_0420, keeps("04-01", "04-20"), cancels("04-02")),
        now=at("04-03"), state=OWED, why=Why.CANCELLED, vest=day("04-02")),
    Row(id="cancelled-then-kept",
        line=us(short_0420, cancels("04-02"), keeps("04-03", "04-20")),
        now=at("04-03"), state=OWED, why=Why.ANSWER_TOO_LATE, vest=day("04-02")),
    Row(id="both-at-once", line=us(short_0420, keeps("04-02", "04-20"), cancels("04-02")),
        now=at("04-03"), state=OWED, why=Why.CANCELLED, vest=day("04-02")),
    Row(id="cancelled-twice", line=us(short_0420, cancels("04-02"), cancels("04-08")),
        now=at("04-09"), state=OWED, vest=day("04-02"), by=day("04-13")),
    Row(id="consent-to-what-nobody-offered", line=us(keeps("03-20", "06-01")),
        now=at("04-02"), state=OWED, why=Why.CONSENT_NOT_ASKED_FOR, vest=day("04-02")),
    # Nobody looked.
    Row(id="F39", line=us(expects("03-31", "04-20")), now=at("04-03 09:00"), state=OWED,
        why=Why.NO_OPTION_OFFERED, vest=day("04-02"), by=day("04-13")),
    Row(id="F40-no-better-than-none", line=us(expects("03-20", "03-30", basis=False)),
        now=at("03-20"), state=NOTICE_DUE, why=Why.DATE_WITHOUT_BASIS),
    Row(id="refunded-in-time", line=us(declines("03-25"), refunds("04-03 23:59:59")),
        now=at("04-20"), state=State.REFUNDED, why=Why.REFUND_SENT, may_ship=False),
    Row(id="refunded-too-late", line=us(declines("03-25"), refunds("04-04 00:00")),
        now=at("04-20"), state=State.REFUNDED, why=Why.REFUND_LATE),
    Row(id="refunded-unasked", line=us(refunds("03-25")), now=at("03-25"),
        state=State.REFUNDED, vest=day("03-25"), may_ship=False),
    Row(id="F42", line=us(expects("03-20", "04-10"), expects("04-01 09:00", "04-01"),
                          ships("04-01 18:00")),
        now=at("04-05"), state=SHIPPED),
    Row(id="F42-on-the-day", line=us(expects("03-20", "04-10"), expects("04-01 09:00", "04-01")),
        now=at("04-01 10:00"), state=OPEN, step=NextStep.SHIP),
    Row(id="F42-without-a-word", line=us(expects("03-20", "04-10"), ships("04-01 18:00")),
        now=at("04-05"), state=SHIPPED),
    Row(id="shipped-unscanned", line=us(arrives("03-25")), now=at("04-05"), state=SHIPPED),
    Row(id="option-long-worse-date",
        line=us(explicit("03-25", "05-20"), expects("04-05", "06-10")), now=at("04-06"),
        state=NOTICE_DUE, limit=day("05-01"), step=NextStep.OFFER_OPTION),
    Row(id="option-long-second-date",
        line=us(explicit("03-25", "05-20"), explicit("04-05", "06-10"), keeps("04-30", "06-10")),
        now=at("06-10 23:59"), state=CONSENTED, limit=day("06-10")),
    Row(id="renewed-worse-again",
        line=us(short_0420, renewed_0510, expects("04-19", "05-20")), now=at("04-19 12:00"),
        state=NOTICE_DUE, limit=day("04-20"), step=NextStep.OFFER_RENEWED_OPTION),
    Row(id="keeping-the-old-date-answers-no-renewed-option",
        line=us(short_0420, renewed_0510, keeps("04-19", "04-20")), now=at("04-21"), state=OWED,
        why=Why.RENEWED_OPTION_LAPSED, vest=day("04-21")),
    Row(id="explicit-where-short-would-do", line=us(explicit("03-25", "04-10")),
        now=at("04-10 23:59"), state=LONG, limit=day("04-10"), may_ship=True),
    Row(id="explicit-where-short-would-do-lapsed", line=us(explicit("03-25", "04-10")),
        now=at("04-11"), state=OWED, vest=day("04-11")),
    Row(id="refunded-twice", line=us(declines("03-25"), refunds("04-03"), refunds("04-10")),
        now=at("04-20"), state=State.REFUNDED, why=Why.REFUND_SENT, by=day("04-03")),
    Row(id="another-way-to-pay-for-the-creditor",
        line=us(declines("03-25"), refund_blocked("04-20"), seller_is_creditor=True),
        now=at("04-20"), state=OWED, by=day("04-22")),
    Row(id="shipped-then-declined", line=us(ships("03-20"), declines("03-21"), refunds("03-22")),
        now=at("03-25"), state=SHIPPED),
    Row(id="estimate-over", line=us(expects("03-10", "03-20")), now=at("03-21"), state=OPEN,
        why=Why.ESTIMATE_OVER, step=NextStep.UPDATE_ESTIMATE),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_line_stands_where_the_rule_puts_it(row: Row) -> None:
    standing = assess(row.line, row.now)

    assert standing.state is row.state
    if row.why is not None:
        assert row.why in {reason.why for reason in standing.reasons}
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


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_looking_weeks_later_finds_the_same_refund(row: Row) -> None:
    early = assess(row.line, row.now)
    late = assess(row.line, at("2027-12-31"))

    if early.refund is not None and early.state is State.REFUND_DUE:
        assert late.refund is not None
        assert late.refund.vest == early.refund.vest


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_reason_has_its_paragraph(row: Row) -> None:
    standing = assess(row.line, row.now)

    assert standing.reasons
    for reason in standing.reasons:
        assert reason.paragraph == "policy" or reason.paragraph.startswith("16 CFR 435.")


def test_each_line_of_an_order_runs_by_itself_and_the_split_fee_is_for_a_person() -> None:
    """F38"""
    lines = [
        us(short("03-25", "04-20"), ships("04-10")),
        us(short("03-25", "04-20")),
        us(short("03-25", "04-20"), cancels("04-15")),
    ]

    states = [assess(line, at("04-25")) for line in lines]

    assert [each.state for each in states] == [SHIPPED, OWED, OWED]
    assert [each.refund and each.refund.vest for each in states] == [
        None,
        day("04-21"),
        day("04-15"),
    ]
    assert refund_scope(each.state for each in states) is RefundScope.LINES_AND_FEE_BY_HAND
    assert refund_scope(each.state for each in states[1:]) is RefundScope.EVERYTHING


def test_a_missed_legal_deadline_raises_an_alarm_and_a_plain_lapse_does_not() -> None:
    """F39"""
    missed = assess(us(expects("03-31", "04-20")), at("04-03"))
    lapsed = assess(us(explicit("03-25", None)), at("05-02"))

    assert Why.NO_OPTION_OFFERED in missed.alarms
    assert lapsed.alarms == ()


def test_a_second_refund_does_not_make_the_first_one_late() -> None:
    standing = assess(us(declines("03-25"), refunds("04-03"), refunds("04-10")), at("04-20"))

    assert standing.alarms == ()
    assert standing.refund is not None
    assert standing.refund.sent_at == at("04-03")


def test_a_refund_is_announced_as_late_two_working_days_before_it_is() -> None:
    """OD-19: due Monday 04-13, so on Thursday 04-09."""
    assert assess(us(), at("04-08 23:59")).alarms == (Why.NO_OPTION_OFFERED,)
    assert Why.REFUND_NEARLY_OVERDUE in assess(us(), at("04-09 00:00")).alarms
    assert Why.REFUND_NEARLY_OVERDUE in assess(us(), at("04-13 23:59")).alarms
    assert Why.REFUND_OVERDUE in assess(us(), at("04-14 00:00")).alarms


def test_who_must_find_another_way_to_pay_is_warned_before_the_new_last_day() -> None:
    """OD-19: the last day moved from 04-03 to 04-08, and the warning with it to 04-06."""
    line = us(declines("03-25"), refund_blocked("03-30"))

    assert Why.REFUND_NEARLY_OVERDUE not in assess(line, at("04-05 23:59")).alarms
    assert Why.REFUND_NEARLY_OVERDUE in assess(line, at("04-06 00:00")).alarms


def test_a_person_decides_what_came_first_when_both_bear_the_same_instant() -> None:
    tie = (short("03-25", "04-20"), cancels("04-10"), ships("04-10"))
    shipped = Reviewed(at=at("04-11"), shipped_first=True)
    cancelled = Reviewed(at=at("04-11"), shipped_first=False)

    assert assess(us(*tie, shipped), at("04-11")).state is SHIPPED
    owed = assess(us(*tie, cancelled), at("04-11"))
    assert owed.state is OWED
    assert owed.refund is not None
    assert owed.refund.by == day("04-21")  # as if it had been known at once


def test_the_customer_may_choose_what_was_offered_and_always_to_cancel() -> None:
    def choices(line: Line, now: str) -> list[tuple[ChoiceKind, date | None]]:
        return [(each.kind, each.until) for each in assess(line, at(now)).choices]

    wait, cancel = ChoiceKind.WAIT, (ChoiceKind.CANCEL, None)
    asks = short("03-25", "04-20", asks=["06-01", None])

    assert choices(us(), "03-10") == [cancel]
    assert choices(us(asks), "03-26") == [
        (wait, day("04-20")), (wait, day("06-01")), (wait, None), cancel,
    ]  # fmt: skip
    assert choices(us(asks, keeps("03-27", "04-20")), "03-28") == [
        (wait, day("06-01")), (wait, None), cancel,
    ]  # fmt: skip
    assert choices(us(asks, cancels("03-27")), "03-28") == []
    assert choices(us(asks, ships("03-27")), "03-28") == []
    assert choices(us(explicit("03-25", None)), "05-02") == []
