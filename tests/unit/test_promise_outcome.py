"""How does a promise turn out, going by what was promised next and what was seen of the stock?"""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from notifier.domain.availability import Availability
from notifier.domain.dates import read_eta
from notifier.domain.outages import Seen
from notifier.domain.promise_outcome import Outcome, Said, Turned, count, judge
from notifier.domain.stock import Rules

ZONE = "Europe/Berlin"
OUT, THERE = Availability.OUT_OF_STOCK, Availability.IN_STOCK
GONE, UNSEEN = Availability.DISCONTINUED, Availability.UNKNOWN
NOW = datetime(2027, 3, 31, 12, tzinfo=UTC)


def at(day: str) -> datetime:
    """`01-05`: at noon; `01-05T23:30`: then; UTC."""
    text = f"2027-{day}" if "T" in day else f"2027-{day}T12:00"
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def said(*lines: tuple[str, str | None]) -> list[Said]:
    return [Said(at=at(day), eta=read_eta(eta)) for day, eta in lines]


def seen(*lines: tuple[str, Availability]) -> list[Seen]:
    looks = [("01-01", OUT), *lines]
    return [Seen(at=at(day), availability=word, quantity=None) for day, word in looks]


FEB = "2027-02-10/2027-02-14"


@pytest.mark.parametrize(
    ("lines", "looks", "outcome", "days"),
    [
        ([("01-05", FEB)], [("02-10", THERE)], "kept", None),
        ([("01-05", FEB)], [("02-14", THERE)], "kept", None),
        ([("01-05", FEB)], [("02-14T23:30", THERE)], "late", 1),  # the 15th in Berlin
        ([("01-05", FEB)], [("02-09T23:30", THERE)], "kept", None),  # the 10th in Berlin
        ([("01-05", FEB)], [("02-07", THERE)], "early", 3),
        ([("01-05", FEB)], [("02-17", THERE)], "late", 3),
        ([("01-05", FEB)], [("02-17", THERE), ("02-18", OUT)], "late", 3),
        ([("01-05", FEB)], [], "late", 45),  # so far
        ([("01-05", "2027-04-02")], [], "open", None),
        ([("01-05", "2027-03-31")], [], "open", None),  # its last day is not over
        ([("01-05", "2027-02")], [("02-28", THERE)], "kept", None),
        ([("01-05", FEB), ("02-01", "2027-03-01")], [("02-27", THERE)], "revised", 15),
        ([("01-05", FEB), ("02-01", "2027-02-11")], [("02-11", THERE)], "revised", -3),
        ([("01-05", FEB), ("02-14", "2027-03-01")], [("02-27", THERE)], "revised", 15),
        # moved when it was over already: it was not kept
        ([("01-05", FEB), ("02-16", "2027-03-01")], [("02-27", THERE)], "late", 13),
        ([("01-05", FEB), ("02-16", None)], [], "late", 45),
        ([("01-05", FEB), ("02-01", None)], [("02-12", THERE)], "taken_back", None),
        ([("01-05", FEB), ("02-12", "2027-06-01")], [("02-11", THERE)], "kept", None),
        ([("01-05", FEB)], [("02-01", GONE)], "taken_back", None),
        ([("01-05", FEB)], [("02-20", GONE)], "late", 6),
        ([("01-05", FEB)], [("02-01", UNSEEN), ("02-12", THERE)], "kept", None),
        # another date and the end of the variant: the first of the two counts
        ([("01-05", FEB), ("02-01", "2027-03-01")], [("02-12", GONE)], "revised", 15),
        ([("01-05", FEB), ("02-12", "2027-03-01")], [("02-01", GONE)], "taken_back", None),
        ([("01-05", FEB), ("01-20", FEB), ("02-01", None)], [], "taken_back", None),
        ([("01-05", FEB)], [("01-04", THERE)], "was_there", None),
        ([("01-05", FEB)], [("01-04", THERE), ("01-05", OUT)], "late", 45),
    ],
)
def test_one_promise(
    lines: list[tuple[str, str | None]],
    looks: list[tuple[str, Availability]],
    outcome: str,
    days: int | None,
) -> None:
    turned = judge(said(*lines), seen(*looks), rules=Rules(), zone=ZONE, now=NOW)[0]

    assert turned is not None
    assert (turned.outcome, turned.days) == (outcome, days)


def test_fewer_than_the_shop_sells_is_not_there() -> None:
    looks = [*seen(), Seen(at=at("02-12"), availability=THERE, quantity=2)]
    [turned] = judge(said(("01-05", FEB)), looks, rules=Rules(threshold=2), zone=ZONE, now=NOW)

    assert turned is not None
    assert (turned.outcome, turned.came_on) == ("late", None)


def test_a_promise_after_looks_that_showed_nothing_is_judged_by_what_came() -> None:
    looks = [Seen(at=at(day), availability=word, quantity=None)
             for day, word in (("01-01", UNSEEN), ("02-12", THERE))]  # fmt: skip
    [turned] = judge(said(("01-05", FEB)), looks, rules=Rules(), zone=ZONE, now=NOW)

    assert turned is not None
    assert turned.outcome == "kept"


def test_a_promise_from_before_the_first_look_that_is_kept_cannot_be_judged() -> None:
    lines = [Said(at=datetime(2026, 12, 1, tzinfo=UTC), eta=read_eta("2026-12-20"))]
    looks = seen(("01-05", THERE))

    assert judge(lines, looks, rules=Rules(), zone=ZONE, now=NOW) == [
        Turned(outcome=Outcome.UNKNOWN)
    ]
    assert judge(lines, [], rules=Rules(), zone=ZONE, now=NOW) == [Turned(outcome=Outcome.UNKNOWN)]


def test_the_sum_counts_each_promise_once_and_only_what_came_due_as_kept_or_not() -> None:
    lines = said(
        ("01-02", "2027-01-10"),  # kept
        ("01-12", "2027-01-20"),  # late by 4
        ("01-26", "2027-02-05"),  # revised
        ("01-28", "2027-02-08"),  # early by 2
        ("02-08", "2027-02-20"),  # late by 1
        ("02-10", "2027-02-20"),  # said again
        ("03-01", "2027-05"),  # taken back
        ("03-02", None),
        ("03-03", "2027-06"),  # open
    )
    looks = seen(
        ("01-10", THERE), ("01-11", OUT), ("01-24", THERE), ("01-25", OUT),
        ("02-06", THERE), ("02-07", OUT), ("02-21", THERE), ("02-22", OUT),
    )  # fmt: skip
    turned = judge(lines, looks, rules=Rules(), zone=ZONE, now=NOW)
    totals = count(turned)

    assert [one and one.outcome.value for one in turned] == [
        "kept", "late", "revised", "early", "late", "said_again", "taken_back", None, "open",
    ]  # fmt: skip
    assert (totals.promises, totals.kept, totals.early, totals.late) == (7, 1, 1, 2)
    assert (totals.revised, totals.taken_back, totals.open) == (1, 1, 1)
    assert (totals.share_kept, totals.median_days_late) == (0.5, 2.5)
    assert turned[1] is not None
    assert turned[1].came_on == date(2027, 1, 24)


def test_nothing_promised_comes_to_nothing() -> None:
    totals = count(judge([], [], rules=Rules(), zone=ZONE, now=NOW))

    assert (totals.promises, totals.share_kept, totals.median_days_late) == (0, None, None)
