"""When may one more order be taken? Each reason, their order, and what may never happen."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.availability import Availability
from notifier.domain.backorder import (
    BackorderFacts,
    BackorderRules,
    Reason,
    Record,
    Taking,
    decide,
    explain,
)
from notifier.domain.eta import Eta

TODAY = date(2026, 11, 22)
ALL_ON = BackorderRules(
    stop_when_discontinued=True,
    stop_when_source_stale=True,
    require_eta=True,
    stop_when_eta_over=True,
    max_days=60,
    use_expected_quantity=True,
    max_open_units=50,
    max_broken=3,
    max_broken_share=0.25,
)
ALL_OFF = BackorderRules()


def day(count: int) -> Eta:
    return Eta.on(TODAY + timedelta(days=count))


GOOD = BackorderFacts(
    today=TODAY,
    availability=Availability.BACKORDER,
    eta=day(30),
    open_units=9,
    expected_units=10,
    of_variant=Record(due=8, broken=2),
    of_shop=Record(due=40, broken=10),
)

# what is different from GOOD, the reason, the switch that turns the rule off, the sentence
CASES: list[tuple[dict[str, Any], Reason, dict[str, Any], str]] = [
    (
        {"availability": Availability.DISCONTINUED},
        Reason.DISCONTINUED,
        {"stop_when_discontinued": False},
        "It is discontinued.",
    ),
    (
        {"source_is_stale": True},
        Reason.SOURCE_IN_TROUBLE,
        {"stop_when_source_stale": False},
        "What the source last said is too old.",
    ),
    ({"eta": None}, Reason.NO_ETA, {"require_eta": False}, "No expected date is known."),
    (
        {"eta": day(-1)},
        Reason.ETA_OVER,
        {"stop_when_eta_over": False},
        "The expected date, 2026-11-21, is past.",
    ),
    (
        {"eta": day(61)},
        Reason.ETA_TOO_FAR,
        {"max_days": 0},
        "The expected date, 2027-01-22, is more than 60 days off.",
    ),
    (
        {"open_units": 10},
        Reason.TOO_MANY_OPEN,
        {"use_expected_quantity": False},
        "10 units are ordered already; the limit is 10.",
    ),
    (
        {"open_units": 50, "expected_units": None},
        Reason.TOO_MANY_OPEN,
        {"max_open_units": 0},
        "50 units are ordered already; the limit is 50.",
    ),
    (
        {"of_variant": Record(due=8, broken=3)},
        Reason.BROKEN_PROMISES,
        {"max_broken": 0},
        "3 of its 8 latest promises were missed.",
    ),
    (
        {"of_shop": Record(due=40, broken=11)},
        Reason.BROKEN_PROMISES,
        {"max_broken_share": 0},
        "11 of the shop's 40 latest promises were missed.",
    ),
]
IDS = [f"{reason.value}-{number}" for number, (_, reason, _, _) in enumerate(CASES)]


def test_orders_are_taken_while_no_rule_speaks_against_it() -> None:
    decision = decide(GOOD, ALL_ON)
    assert (decision.decision, decision.reason) == (Taking.ACCEPT, Reason.NONE)
    assert explain(decision.reason, decision.facts) == "Orders are taken."


@pytest.mark.parametrize(("different", "reason", "off", "sentence"), CASES, ids=IDS)
def test_each_rule_stops_with_its_reason_and_can_be_switched_off(
    different: dict[str, Any], reason: Reason, off: dict[str, Any], sentence: str
) -> None:
    facts = replace(GOOD, **different)
    decision = decide(facts, ALL_ON)
    assert (decision.decision, decision.reason) == (Taking.STOP, reason)
    assert explain(decision.reason, decision.facts) == sentence
    assert decide(facts, replace(ALL_ON, **off)).decision is Taking.ACCEPT


def test_a_pre_order_is_stopped_until_it_opens_and_a_backorder_never_waits_for_that() -> None:
    planned = replace(GOOD, availability=Availability.PREORDER, opens_on=TODAY + timedelta(days=1))
    assert decide(planned, ALL_OFF).reason is Reason.NOT_OPEN
    assert explain(Reason.NOT_OPEN, decide(planned, ALL_OFF).facts).endswith("on 2026-11-23.")
    assert decide(replace(planned, availability=Availability.BACKORDER), ALL_OFF).reason == ""


# the last day that is still taken, and the first that is not
EDGES = [
    ({"eta": day(0)}, Taking.ACCEPT),
    ({"eta": day(60)}, Taking.ACCEPT),
    ({"eta": Eta.between(TODAY, TODAY + timedelta(days=61))}, Taking.STOP),
    ({"eta": Eta.between(TODAY - timedelta(days=9), TODAY)}, Taking.ACCEPT),
    ({"eta": Eta.in_month(2026, 12)}, Taking.ACCEPT),
    ({"expected_units": None, "open_units": 49}, Taking.ACCEPT),
    ({"expected_units": 0, "open_units": 0}, Taking.STOP),
    ({"of_shop": Record(due=9, broken=9)}, Taking.ACCEPT),  # too few to speak of a share
    ({"of_shop": Record(due=10, broken=3)}, Taking.STOP),
]


@pytest.mark.parametrize(("different", "taking"), EDGES)
def test_limits_are_counted_to_the_day_and_the_unit(
    different: dict[str, Any], taking: Taking
) -> None:
    assert decide(replace(GOOD, **different), ALL_ON).decision is taking


def test_the_first_reason_in_the_order_of_the_list_is_given() -> None:
    worst = replace(
        GOOD,
        availability=Availability.DISCONTINUED,
        source_is_stale=True,
        eta=day(-1),
        open_units=99,
        of_variant=Record(due=9, broken=9),
    )
    given_in_turn = []
    rules = ALL_ON
    for off in (
        {"stop_when_discontinued": False},
        {"stop_when_source_stale": False},
        {"stop_when_eta_over": False},
        {"use_expected_quantity": False, "max_open_units": 0},
        {"max_broken": 0},
    ):
        given_in_turn.append(decide(worst, rules).reason)
        rules = replace(rules, **off)
    listed = list(Reason)
    assert given_in_turn == sorted(given_in_turn, key=listed.index)
    assert len(set(given_in_turn)) == 5
    assert decide(worst, rules).decision is Taking.ACCEPT


records = st.integers(0, 60).flatmap(
    lambda due: st.builds(Record, due=st.just(due), broken=st.integers(0, due))
)
etas = st.none() | st.integers(-400, 400).map(day)
facts_of_any_kind = st.builds(
    BackorderFacts,
    today=st.just(TODAY),
    availability=st.sampled_from(
        [Availability.BACKORDER, Availability.PREORDER, Availability.DISCONTINUED]
    ),
    eta=etas,
    opens_on=st.none() | st.just(TODAY + timedelta(days=3)),
    open_units=st.integers(0, 200),
    expected_units=st.none() | st.integers(0, 200),
    of_variant=records,
    of_shop=records,
    source_is_stale=st.booleans(),
)
rules_of_any_kind = st.builds(
    BackorderRules,
    stop_when_discontinued=st.booleans(),
    stop_when_source_stale=st.booleans(),
    require_eta=st.booleans(),
    stop_when_eta_over=st.booleans(),
    max_days=st.integers(0, 400),
    use_expected_quantity=st.booleans(),
    max_open_units=st.integers(0, 200),
    max_broken=st.integers(0, 20),
    max_broken_share=st.floats(0, 1),
)


@given(facts=facts_of_any_kind, rules=rules_of_any_kind, more=st.integers(1, 100))
def test_more_open_units_never_turn_stop_into_accept(
    facts: BackorderFacts, rules: BackorderRules, more: int
) -> None:
    before = decide(facts, rules)
    after = decide(replace(facts, open_units=facts.open_units + more), rules)
    assert before.decision is Taking.ACCEPT or after.decision is Taking.STOP


@given(facts=facts_of_any_kind, rules=rules_of_any_kind)
def test_a_switched_off_rule_is_never_the_reason_and_every_stop_has_a_sentence(
    facts: BackorderFacts, rules: BackorderRules
) -> None:
    decision = decide(facts, rules)
    assert (decision.decision is Taking.STOP) == bool(decision.reason)
    assert "{" not in explain(decision.reason, decision.facts)
    off = decide(facts, ALL_OFF)
    assert off.reason in (Reason.NONE, Reason.NOT_OPEN)


def test_a_shop_of_defaults_has_every_rule_off() -> None:
    assert not any(getattr(ALL_OFF, one.name) for one in fields(BackorderRules))
