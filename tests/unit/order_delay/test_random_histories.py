"""What holds for every history, however odd (trust 9.2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.order_delay import (
    Cancelled,
    ChoiceKind,
    EstimateChanged,
    Event,
    Kept,
    Line,
    NoticeKind,
    NoticeOffered,
    PeriodSet,
    Silence,
    State,
    Withdrawn,
    assess,
    plan_notice,
)
from tests.unit.order_delay.histories import A_MOMENT, estimates, lines, moments, news, scenes

Scene = tuple[Line, datetime]
OWED = (State.REFUND_DUE, State.REFUNDED)
OPTIONS = (State.OPTION_SHORT, State.OPTION_LONG, State.RENEWED_OPTION, State.CONSENTED)
AT_SHIPMENT = ("US", "CH", "")


def and_then(line: Line, *events: Event) -> Line:
    return replace(line, events=(*line.events, *events))


@given(scenes(), estimates)
def test_every_history_has_an_answer_and_always_the_same(
    scene: Scene, estimate: EstimateChanged
) -> None:
    line, now = scene
    assert assess(line, now) == assess(line, now)
    assert plan_notice(line, estimate, now=now) == plan_notice(line, estimate, now=now)


@given(scenes(), st.randoms(use_true_random=False))
def test_the_order_in_which_events_are_written_down_makes_no_difference(
    scene: Scene, chance: Random
) -> None:
    line, now = scene
    shuffled = list(line.events)
    chance.shuffle(shuffled)

    assert assess(replace(line, events=tuple(shuffled)), now) == assess(line, now)


@given(lines())
def test_what_is_owed_is_never_shipped_and_never_forgotten(line: Line) -> None:
    was_owed = False
    for now in moments(line):
        standing = assess(line, now)
        if was_owed:
            assert standing.state in OWED
        if standing.state in (*OWED, State.MANUAL_REVIEW):
            assert not standing.may_ship
            assert not [each for each in standing.choices if each.kind is ChoiceKind.WAIT]
        was_owed = was_owed or standing.state in OWED


@given(lines())
def test_every_refund_has_its_day_whenever_one_looks(line: Line) -> None:
    vested = None
    for now in moments(line):
        standing = assess(line, now)
        refund = standing.refund
        if standing.state is State.REFUND_DUE:
            assert refund is not None
            assert refund.vested_at <= now
            assert refund.vest <= refund.alarm <= refund.by
            assert refund.vest <= refund.aim <= refund.by
            assert standing.deadline == refund.by_at > refund.vested_at
            found = (refund.vest, refund.vested_at, refund.ground)
            assert vested in (None, found)
            vested = found


@given(lines(countries=AT_SHIPMENT))
def test_the_deadline_is_the_instant_at_which_things_lapse(line: Line) -> None:
    for now in moments(line):
        standing = assess(line, now)
        by = standing.deadline
        if by is None or not standing.may_ship:
            continue
        line_until_now = replace(line, events=tuple(e for e in line.events if e.at <= now))
        assert by > now
        assert assess(line_until_now, by - A_MOMENT).may_ship
        lapsed = assess(line_until_now, by)
        assert lapsed.state is State.REFUND_DUE
        assert lapsed.refund is not None
        assert lapsed.refund.vested_at == by


@given(scenes(), estimates)
def test_silence_is_never_consent_to_a_second_delay(
    scene: Scene, estimate: EstimateChanged
) -> None:
    line, now = scene
    before = assess(line, now)
    plan = plan_notice(line, estimate, now=now)

    if plan.silence is Silence.CONSENTS:
        assert before.pack.silence_may_consent
        assert before.limit == before.promised
        assert before.state not in OPTIONS


@given(lines(countries=AT_SHIPMENT))
def test_who_never_answers_waits_at_most_for_one_short_delay(line: Line) -> None:
    silent = replace(line, events=tuple(e for e in line.events if not isinstance(e, Kept)))
    standings = [assess(silent, now) for now in moments(silent)]

    limits = [each.limit for each in standings if each.may_ship and each.limit is not None]
    last = standings[0].promised + timedelta(days=30)
    assert len(set(limits)) <= 2
    assert all(limit <= last for limit in limits)


@given(lines(), news)
def test_news_moves_nothing(line: Line, courtesy: NoticeOffered) -> None:
    told = and_then(line, courtesy)

    for now in moments(told):
        one, other = assess(line, now), assess(told, now)
        assert (one.state, one.limit, one.deadline, one.may_ship, one.choices, one.refund) == (
            other.state,
            other.limit,
            other.deadline,
            other.may_ship,
            other.choices,
            other.refund,
        )


@given(scenes())
def test_whatever_is_offered_as_a_choice_is_accepted(scene: Scene) -> None:
    line, now = scene
    line = replace(line, events=tuple(e for e in line.events if e.at < now))
    for choice in assess(line, now).choices:
        match choice.kind:
            case ChoiceKind.WAIT:
                after = assess(and_then(line, Kept(at=now, until=choice.until)), now)
                assert after.limit == choice.until
                assert after.may_ship
            case ChoiceKind.CANCEL | ChoiceKind.TERMINATE:
                assert assess(and_then(line, Cancelled(at=now)), now).state is State.REFUND_DUE
            case ChoiceKind.WITHDRAW:
                assert assess(and_then(line, Withdrawn(at=now)), now).state is State.REFUND_DUE
            case ChoiceKind.SET_PERIOD:
                later = (now + timedelta(days=200)).date()
                after = assess(and_then(line, PeriodSet(at=now, until=later)), now)
                assert after.limit == later


@given(scenes(), estimates)
def test_the_notice_that_was_planned_settles_the_delay(
    scene: Scene, estimate: EstimateChanged
) -> None:
    line, now = scene
    line = replace(line, events=tuple(e for e in line.events if e.at < now))
    line = and_then(line, replace(estimate, at=now))
    plan = plan_notice(line, now=now)
    if plan.due is None or plan.refused is not None:
        return
    offer = NoticeOffered(at=now + A_MOMENT, kind=plan.kind, revised=plan.revised)

    after = assess(and_then(line, offer), now + A_MOMENT)

    assert plan.kind is not NoticeKind.COURTESY
    assert after.notice is None
    assert plan_notice(and_then(line, offer), now=now + A_MOMENT).message is None
