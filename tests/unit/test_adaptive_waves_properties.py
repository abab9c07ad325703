"""What holds for every release, whatever has happened in it?"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from math import isfinite

from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.adaptive import Facts, decide
from notifier.domain.adaptive_delay import BINS
from notifier.domain.adaptive_state import AdaptiveState, Sale, ShopHistory, Told, learn

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@st.composite
def waves(draw: st.DrawFn) -> Told:
    ago = timedelta(minutes=draw(st.integers(0, 20_000)))
    people = draw(st.integers(1, 400))
    looks = draw(st.lists(st.floats(0, 1), max_size=min(people, 12)))
    return Told(
        at=NOW - ago,
        people=people,
        units=people * draw(st.integers(1, 3)),
        looked=tuple(ago * part for part in looks),
    )


@st.composite
def releases(draw: st.DrawFn) -> AdaptiveState:
    told = sorted(draw(st.lists(waves(), max_size=4)), key=lambda one: one.at)
    waiting = draw(st.integers(0, 3_000))
    since = (NOW - told[0].at) if told else timedelta()
    sales = draw(
        st.lists(
            st.tuples(st.floats(0, 1), st.integers(1, 4), st.sampled_from((True, False, None))),
            max_size=6 if told else 0,
        )
    )
    return AdaptiveState(
        now=NOW,
        stock=draw(st.one_of(st.none(), st.integers(0, 3_000))),
        stock_at=NOW - since * draw(st.floats(0, 1)) if draw(st.booleans()) else None,
        told=tuple(told),
        sales=tuple(
            Sale(at=NOW - since * part, units=units, told=who) for part, units, who in sales
        ),
        waiting=waiting,
        waiting_units=waiting * draw(st.integers(1, 3)),
        late=draw(st.integers(0, 5)),
        looks_seen=draw(st.booleans()),
        history=ShopHistory(
            looked=draw(st.floats(0.5, 20)),
            not_looked=draw(st.floats(0.5, 20)),
            usual_stock=draw(st.one_of(st.none(), st.floats(1, 500))),
        ),
    )


@given(releases())
def test_never_more_than_wait_never_fewer_than_none_and_never_without_stock(
    release: AdaptiveState,
) -> None:
    decision = decide(release)
    assert 0 <= decision.people <= release.waiting
    assert decision.units >= decision.people
    assert release.stock != 0 or decision.people == 0
    assert (decision.look_again is None) == (decision.people == release.waiting)


@given(releases())
def test_every_decision_says_why_with_all_its_numbers(release: AdaptiveState) -> None:
    decision = decide(release)
    facts = decision.facts
    assert decision.reason.endswith(".")
    assert (facts.stock, facts.waiting, facts.told_now) == (
        release.stock,
        release.waiting,
        decision.people,
    )
    assert 0 <= facts.low <= facts.buy_share <= facts.high <= 1
    for one in fields(Facts):
        value = getattr(facts, one.name)
        assert not isinstance(value, float) or (isfinite(value) and value >= 0)


@given(releases(), st.integers(1, 3_000), st.integers(0, 500))
def test_more_stock_never_means_that_fewer_are_told(
    release: AdaptiveState, stock: int, more: int
) -> None:
    some = decide(replace(release, stock=stock)).people
    assert decide(replace(release, stock=stock + more)).people >= some


@given(releases(), st.floats(0, 2), st.floats(0, 2))
def test_who_is_more_cautious_never_tells_more(
    release: AdaptiveState, one: float, other: float
) -> None:
    calm, bold = max(one, other), min(one, other)
    few = decide(replace(release, cautious=calm)).people
    assert few <= decide(replace(release, cautious=bold)).people


@given(releases())
def test_never_are_many_more_untested_than_were_tried(release: AdaptiveState) -> None:
    decision = decide(release)
    told = sum(one.people for one in release.told)
    if told and decision.facts.rule == "share":
        assert decision.people <= 2 * (told + release.told[0].people)


@given(releases(), st.integers(1, 500))
def test_a_line_that_nobody_answers_is_told_on_within_a_day(
    release: AdaptiveState, stock: int
) -> None:
    if release.told:
        later = max(one.at for one in release.told) + timedelta(hours=25)
        release = replace(release, now=max(later, NOW), stock_at=None)
    if release.waiting:
        assert decide(replace(release, stock=stock)).people >= 1
        assert decide(replace(release, stock=None)).people >= 1


@given(st.lists(releases(), max_size=6))
def test_what_a_shop_has_learned_stays_within_bounds(ended: list[AdaptiveState]) -> None:
    history = ShopHistory()
    for one in ended:
        history = learn(history, one)
    assert len(history.delays) == BINS
    assert 0 < history.looked + history.not_looked <= 40.001
    assert 0 < history.bought + history.only_looked <= 40.001
    assert min(*history.delays, history.looked, history.bought, history.only_looked) >= 0
