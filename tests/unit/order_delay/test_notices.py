"""Which notice is to be sent, by when, and with which clauses? (trust OD-3 to OD-9, 3.4)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pytest

from notifier.domain.order_delay import (
    Clause,
    EstimateChanged,
    Exclusion,
    Line,
    NoticeKind,
    OrderMessage,
    Promise,
    Refusal,
    Silence,
    consequences,
    plan_notice,
)
from tests.unit.order_delay.scenes import (
    FOREVER,
    at,
    cancels,
    courtesy,
    day,
    eu,
    expects,
    explicit,
    keeps,
    nowhere,
    renewed,
    ships,
    short,
    uk,
    us,
)

MESSAGE, KIND = OrderMessage, NoticeKind
SHORT, EXPLICIT, RENEWED = KIND.FIRST_SHORT, KIND.FIRST_EXPLICIT, KIND.RENEWED
CONSENTS, CANCELS, NOTHING = Silence.CONSENTS, Silence.CANCELS, Silence.NOTHING


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line learns of an estimate, and what its customer must be told."""

    id: str
    line: Line
    estimate: EstimateChanged
    now: datetime | None = None
    message: OrderMessage | None
    kind: NoticeKind = KIND.COURTESY
    silence: Silence = NOTHING
    revised: date | None = None
    last_day: date | None = None
    target: date | None = None
    answer_by: date | None = None
    refused: Refusal | None = None


pre_order = us(promise=Promise(text="ships by 2026-12-15", by=day("12-15")))
short_0420 = short("03-25", "04-20")
agreed_0510 = (short("03-25", "04-20", asks=["05-10"]), keeps("03-28", "05-10"))

ROWS = [
    Row(id="F01", line=us(), estimate=expects("03-20", "04-10"), message=MESSAGE.DELAY_NOTICE,
        kind=SHORT, silence=CONSENTS, revised=day("04-10"), last_day=day("04-01"),
        target=day("03-23"), answer_by=day("04-10")),
    Row(id="F01-in-time", line=us(), estimate=expects("03-20", "04-01"),
        message=MESSAGE.ORDER_BACKORDERED, revised=day("04-01")),
    Row(id="F01-known-on-the-last-day", line=us(), estimate=expects("04-01", "04-10"),
        message=MESSAGE.DELAY_NOTICE, kind=SHORT, silence=CONSENTS, revised=day("04-10"),
        last_day=day("04-01"), target=day("04-01"), answer_by=day("04-10")),
    Row(id="F01-known-before-the-order", line=us(), estimate=expects("02-20", "04-10"),
        now=at("03-02 12:00"), message=MESSAGE.DELAY_NOTICE, kind=SHORT, silence=CONSENTS,
        revised=day("04-10"), last_day=day("04-01"), target=day("03-03"), answer_by=day("04-10")),
    Row(id="F03", line=us(), estimate=expects("04-01", "05-01"), message=MESSAGE.DELAY_NOTICE,
        kind=SHORT, silence=CONSENTS, revised=day("05-01"), last_day=day("04-01"),
        target=day("04-01"), answer_by=day("05-01")),
    Row(id="F04", line=us(), estimate=expects("03-25", "05-02"), message=MESSAGE.DELAY_NOTICE,
        kind=EXPLICIT, silence=CANCELS, revised=day("05-02"), last_day=day("04-01"),
        target=day("03-26"), answer_by=day("05-01")),
    Row(id="F05", line=us(), estimate=expects("03-25", FOREVER), message=MESSAGE.DELAY_NOTICE,
        kind=EXPLICIT, silence=CANCELS, last_day=day("04-01"), target=day("03-26"),
        answer_by=day("05-01")),
    Row(id="F14", line=us(short_0420), estimate=expects("04-10", "04-28"),
        message=MESSAGE.DELAY_RENEWED, kind=RENEWED, silence=CANCELS, revised=day("04-28"),
        last_day=day("04-20"), target=day("04-13"), answer_by=day("04-20")),
    Row(id="F14-still-before-T", line=us(short("03-10", "04-10")),
        estimate=expects("03-12", "04-11"), message=MESSAGE.DELAY_RENEWED, kind=RENEWED,
        silence=CANCELS, revised=day("04-11"), last_day=day("04-10"), target=day("03-13"),
        answer_by=day("04-10")),
    Row(id="F14-only-the-second-notice-arrived",
        line=us(short("03-10", "04-10", delivered=False), renewed("03-12", FOREVER)),
        estimate=expects("03-16", "04-10"), message=MESSAGE.DELAY_NOTICE, kind=EXPLICIT,
        silence=CANCELS, revised=day("04-10"), last_day=day("04-01"), target=day("03-11"),
        answer_by=day("04-10")),
    Row(id="F14-neither-notice-arrived",
        line=us(short("03-10", "04-10", delivered=False),
                renewed("03-12", FOREVER, delivered=False)),
        estimate=expects("03-16", "04-10"), message=MESSAGE.DELAY_NOTICE, kind=SHORT,
        silence=CONSENTS, revised=day("04-10"), last_day=day("04-01"), target=day("03-11"),
        answer_by=day("04-10")),
    Row(id="F22-long-weekend", line=us(), estimate=expects("03-27 23:59", FOREVER),
        message=MESSAGE.DELAY_NOTICE, kind=EXPLICIT, silence=CANCELS, last_day=day("04-01"),
        target=day("03-30"), answer_by=day("05-01")),
    Row(id="F23", line=pre_order, estimate=expects("12-10", "2027-01-14"),
        message=MESSAGE.DELAY_NOTICE, kind=SHORT, silence=CONSENTS, revised=day("2027-01-14"),
        last_day=day("12-15"), target=day("12-11"), answer_by=day("2027-01-14")),
    Row(id="F23-one-day-further", line=pre_order, estimate=expects("12-10", "2027-01-15"),
        message=MESSAGE.DELAY_NOTICE, kind=EXPLICIT, silence=CANCELS, revised=day("2027-01-15"),
        last_day=day("12-15"), target=day("12-11"), answer_by=day("2027-01-14")),
    Row(id="F26", line=us(excluded=Exclusion.CASH_ON_DELIVERY),
        estimate=expects("03-20", "06-10"), message=MESSAGE.ORDER_BACKORDERED,
        revised=day("06-10")),
    Row(id="F33", line=us(*agreed_0510), estimate=expects("04-02", "04-28"),
        message=MESSAGE.ORDER_ETA_BETTER, revised=day("04-28")),
    Row(id="F33-better-then-worse-within-D", line=us(*agreed_0510, courtesy("04-02", "04-28")),
        estimate=expects("04-05", "05-02"), message=MESSAGE.ORDER_BACKORDERED,
        revised=day("05-02")),
    Row(id="F33-told-already", line=us(*agreed_0510, courtesy("04-02", "04-28")),
        estimate=expects("04-03", "04-28"), message=None),
    Row(id="F40", line=us(), estimate=expects("03-20", "04-10", basis=False),
        message=MESSAGE.DELAY_NOTICE, kind=EXPLICIT, silence=CANCELS, last_day=day("04-01"),
        target=day("03-23"), answer_by=day("05-01"), refused=Refusal.NO_BASIS),
    Row(id="F40-in-time", line=us(), estimate=expects("03-20", "03-28", basis=False),
        message=MESSAGE.DELAY_NOTICE, kind=EXPLICIT, silence=CANCELS, last_day=day("04-01"),
        target=day("03-23"), answer_by=day("05-01"), refused=Refusal.NO_BASIS),
    Row(id="F40-a-day-that-is-over", line=us(), estimate=expects("03-20", "03-19"), message=None,
        refused=Refusal.DATE_IS_OVER),
    Row(id="F42", line=us(expects("03-20", "04-10")), estimate=expects("04-01", "04-01"),
        message=MESSAGE.ORDER_BACKORDERED, revised=day("04-01")),
    Row(id="cancelled", line=us(cancels("03-20")), estimate=expects("03-21", "06-10"),
        message=None),
    Row(id="shipped", line=us(ships("03-20")), estimate=expects("03-21", "06-10"), message=None),
    Row(id="option-long-better-date", line=us(explicit("03-25", "05-20")),
        estimate=expects("04-05", "04-25"), message=MESSAGE.ORDER_ETA_BETTER,
        revised=day("04-25")),
    Row(id="option-long-worse-date", line=us(explicit("03-25", "05-20")),
        estimate=expects("04-06", "06-10"), message=MESSAGE.DELAY_NOTICE, kind=EXPLICIT,
        silence=CANCELS, revised=day("06-10"), last_day=day("05-01"), target=day("04-07"),
        answer_by=day("05-01")),
    Row(id="renewed-without-date", line=us(short_0420), estimate=expects("04-10", FOREVER),
        message=MESSAGE.DELAY_RENEWED, kind=RENEWED, silence=CANCELS, last_day=day("04-20"),
        target=day("04-13"), answer_by=day("04-20")),
    Row(id="who-waits-without-date-hears-one",
        line=us(explicit("03-25", FOREVER), keeps("03-28", FOREVER)),
        estimate=expects("04-10", "06-30"), message=MESSAGE.ORDER_ETA_BETTER,
        revised=day("06-30")),
    Row(id="E2", line=eu(promise=Promise(text="30 June", by=day("06-30"))),
        estimate=expects("05-04", "07-10"), message=MESSAGE.DELAY_NOTICE, kind=KIND.PROPOSAL,
        revised=day("07-10"), last_day=day("06-30"), target=day("05-05")),
    Row(id="E2-counting-the-way", line=eu(transit_days=3), estimate=expects("03-09", "03-30"),
        message=MESSAGE.DELAY_NOTICE, kind=KIND.PROPOSAL, revised=day("04-02"),
        last_day=day("04-01"), target=day("03-10")),
    Row(id="E8", line=uk(), estimate=expects("03-20", "04-10"), message=MESSAGE.DELAY_NOTICE,
        kind=KIND.PROPOSAL, revised=day("04-10"), last_day=day("04-01"), target=day("03-23")),
    Row(id="E9", line=nowhere(), estimate=expects("03-20", "04-10"),
        message=MESSAGE.DELAY_NOTICE, kind=EXPLICIT, silence=CANCELS, revised=day("04-10"),
        last_day=day("04-01"), target=day("03-23"), answer_by=day("04-10")),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_plan_is_the_one_the_rule_asks_for(row: Row) -> None:
    plan = plan_notice(row.line, row.estimate, now=row.now or row.estimate.at)

    assert plan.message is row.message
    assert plan.kind is row.kind
    assert plan.silence is row.silence
    assert plan.revised == row.revised
    assert plan.answer_by == row.answer_by
    assert plan.refused is row.refused
    assert (plan.due and plan.due.last_day) == row.last_day
    assert (plan.due and plan.due.target) == row.target


ALWAYS = {Clause.CHOICE, Clause.PROMPT_REFUND, Clause.MEANS_TO_ANSWER}
DATED, UNDATED = {Clause.DEFINITE_DATE}, {Clause.NO_DATE, Clause.REASON, Clause.CONTINUING_RIGHT}


@pytest.mark.parametrize(
    ("line", "ship_by", "clauses"),
    [
        (us(), "04-10", ALWAYS | DATED | {Clause.DEEMED_CONSENT}),
        (us(), "05-02", ALWAYS | DATED | {Clause.AUTOMATIC_CANCELLATION}),
        (us(), None, ALWAYS | UNDATED | {Clause.AUTOMATIC_CANCELLATION}),
        (us(short("03-10", "04-20")), "04-28", ALWAYS | DATED | {Clause.SILENCE_REJECTS}),
        (us(short("03-10", "04-20")), None, ALWAYS | UNDATED | {Clause.SILENCE_REJECTS}),
        (
            uk(),
            "04-10",
            ALWAYS | DATED | {Clause.SILENCE_CHANGES_NOTHING, Clause.RIGHT_TO_WITHDRAW},
        ),
        (us(excluded=Exclusion.SEEDS_OR_PLANTS), "06-10", set()),
        (
            nowhere(),
            "04-10",
            ALWAYS | DATED | {Clause.AUTOMATIC_CANCELLATION, Clause.RIGHT_TO_WITHDRAW},
        ),
    ],
    ids=[
        "short",
        "long",
        "indefinite",
        "renewed",
        "renewed-indefinite",
        "uk",
        "courtesy",
        "unknown-country",
    ],
)
def test_a_notice_has_to_hold_the_clauses_of_its_kind(
    line: Line, ship_by: str | None, clauses: set[Clause]
) -> None:
    assert plan_notice(line, expects("03-20", ship_by), now=at("03-20")).clauses == clauses


def test_a_text_without_the_refund_clause_is_found_out() -> None:
    """F20"""
    plan = plan_notice(us(), expects("03-20", "04-10"), now=at("03-20"))

    assert plan.missing(plan.clauses) == frozenset()
    assert plan.missing(plan.clauses - {Clause.PROMPT_REFUND}) == {Clause.PROMPT_REFUND}


@pytest.mark.parametrize(
    ("ordered", "linked"), [("2026-06-18 23:59", False), ("2026-06-19 00:00", True)]
)
def test_every_message_of_an_eu_order_links_the_withdrawal_function_from_its_day_on(
    ordered: str, linked: bool
) -> None:
    """E7; the day is that of the ship-to place."""
    line = eu(completed=ordered)

    notice = plan_notice(line, expects("06-22", "08-30"), now=at("06-22"))
    news = plan_notice(line, expects("06-22", "06-30"), now=at("06-22"))

    assert (Clause.WITHDRAWAL_FUNCTION in notice.clauses) is linked
    assert (Clause.WITHDRAWAL_FUNCTION in news.clauses) is linked
    assert news.message is MESSAGE.ORDER_BACKORDERED


def test_what_is_known_already_is_planned_from_the_history() -> None:
    line = us(expects("03-20", "04-10"))

    assert plan_notice(line, now=at("03-24")) == plan_notice(
        us(), expects("03-20", "04-10"), now=at("03-24")
    )
    assert plan_notice(us(), now=at("03-24")).message is None


def test_the_target_counts_from_when_the_delay_was_first_known() -> None:
    """Another late date does not buy another day; a date in time in between does."""
    worse = us(expects("03-16", "04-10"), expects("03-18", "04-12"))
    recovered = us(expects("03-16", "04-10"), expects("03-17", "03-28"), expects("03-18", "04-12"))

    for line, target in ((worse, "03-17"), (recovered, "03-19")):
        due = plan_notice(line, now=at("03-20")).due
        assert due is not None
        assert due.target == day(target)


def test_a_person_is_called_two_days_before_the_last_moment() -> None:
    due = plan_notice(us(), expects("03-20", "04-10"), now=at("03-20")).due

    assert due is not None
    assert due.by == at("04-02 00:00")
    assert due.person_from == at("03-31 00:00")


def test_the_merchant_sees_who_would_be_told_what_before_saving_a_date() -> None:
    lines = [
        us(),  # T = 04-01
        us(promise=Promise(text="by 15 April", by=day("04-15"))),
        us(short("03-10", "04-05")),
        us(ships("03-12")),
        eu(),
    ]

    preview = consequences(lines, expects("03-20", "04-10"), now=at("03-20"))

    assert [each.plan.message for each in preview.lines] == [
        MESSAGE.DELAY_NOTICE,
        MESSAGE.ORDER_BACKORDERED,
        MESSAGE.DELAY_RENEWED,
        None,
        MESSAGE.DELAY_NOTICE,
    ]
    assert preview.messages == {
        MESSAGE.DELAY_NOTICE: 2,
        MESSAGE.ORDER_BACKORDERED: 1,
        MESSAGE.DELAY_RENEWED: 1,
    }
    assert preview.first_notice_by == at("04-02 00:00", "Europe/Berlin")
    assert [each.before.state for each in preview.lines][:2] == ["open", "open"]
    assert [each.after.state for each in preview.lines][:2] == ["notice_due", "open"]


def test_a_plan_offered_as_planned_is_accepted_by_the_rules() -> None:
    """Whatever is due: after the planned notice is offered nothing is due any more."""
    from notifier.domain.order_delay import NoticeOffered, assess

    for line in (us(), us(short("03-10", "04-05")), eu(), uk(), nowhere()):
        for ship_by in ("04-10", "05-01", "05-02", None):
            estimate = expects("03-20", ship_by)
            plan = plan_notice(line, estimate, now=at("03-20"))
            offer = NoticeOffered(at=at("03-20 11:00"), kind=plan.kind, revised=plan.revised)
            told = us(
                *line.events,
                estimate,
                offer,
                completed="03-02",
                country=line.country,
                zone=line.zone,
            )

            assert assess(told, at("03-20 12:00")).notice is None
            assert plan_notice(told, now=at("03-20 12:00")).message is None


def test_a_renewed_notice_after_a_renewed_notice_still_lapses_on_the_old_day() -> None:
    line = us(short("03-25", "04-20"), renewed("04-10", "04-28"))

    plan = plan_notice(line, expects("04-15", "05-05"), now=at("04-15"))

    assert plan.kind is RENEWED
    assert plan.answer_by == day("04-20")
