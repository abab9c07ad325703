"""What holds for every release, whatever has happened in it?"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import isfinite
from time import process_time

from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.adaptive import Facts, decide
from notifier.domain.adaptive_belief import believe
from notifier.domain.adaptive_delay import BINS, as_seen, bin_of
from notifier.domain.adaptive_night import asleep, awake, quiet_times
from notifier.domain.adaptive_risk import claims_for
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


def test_next_to_no_sale_to_come_is_none() -> None:
    """Somebody looked after eighteen hours, twenty hours ago: the rest of a rest of a chance."""
    looked = (timedelta(seconds=66_870),)
    told = Told(at=NOW - timedelta(hours=37, minutes=9), people=1, units=1, looked=looked)
    idle = AdaptiveState(now=NOW, stock=None, told=(told,), waiting=0, waiting_units=0)

    assert decide(idle).facts.claims == 0


@given(releases())
def test_never_are_many_more_untested_than_were_tried(release: AdaptiveState) -> None:
    decision = decide(release)
    told = sum(one.people for one in release.told)
    if told and decision.facts.rule == "share":
        assert decision.people <= 2 * (told + release.told[0].people)


@given(releases(), st.integers(1, 1_000_000))
def test_a_longer_line_never_means_that_fewer_are_told(release: AdaptiveState, more: int) -> None:
    told = tuple(replace(one, units=one.people) for one in release.told)  # all ask for one each
    waiting = release.waiting + 1
    some = replace(release, told=told, waiting=waiting, waiting_units=waiting)
    many = replace(some, waiting=waiting + more, waiting_units=waiting + more)
    assert decide(many).people >= decide(some).people


@given(releases())
def test_the_same_release_is_always_decided_the_same_and_looked_at_again_soon(
    release: AdaptiveState,
) -> None:
    decision = decide(release)
    assert decide(replace(release)) == decision
    if decision.look_again is not None:
        assert timedelta(minutes=1) <= decision.look_again <= timedelta(minutes=30)


@given(st.integers(1, 100_000), st.integers(1, 1_000_000))
def test_a_first_wave_where_nothing_is_known_is_in_proportion_to_the_units(
    stock: int, waiting: int
) -> None:
    first = AdaptiveState(now=NOW, stock=stock, waiting=waiting, waiting_units=waiting)
    assert min(waiting, 1) <= decide(first).people <= 1.3 * stock + 2


@given(releases(), st.integers(1, 3_000))
def test_who_is_told_would_be_served_even_if_more_buy_than_is_likely(
    release: AdaptiveState, stock: int
) -> None:
    release = replace(release, stock=stock, stock_at=None)
    decision = decide(release)
    if decision.people and decision.facts.rule == "share":
        claims = believe(release).claims(decision.people)
        allowed = 0.02 * (decision.facts.told_before + stock / 1e-4 + release.waiting)
        assert claims.mean <= claims.most * (1 + 1e-9) + 1e-9
        assert claims.most <= stock + allowed


@given(st.floats(0.6, 0.9), st.integers(1, 2_000))
def test_a_first_wave_is_not_oversold_even_where_nearly_everybody_buys(
    buys: float, stock: int
) -> None:
    first = AdaptiveState(now=NOW, stock=stock, waiting=40_000, waiting_units=40_000)
    people = decide(first).people
    assert people * buys <= stock * 1.15 + 1


@given(releases(), st.integers(1, 12))
def test_what_programs_click_says_nothing_of_people(release: AdaptiveState, clicks: int) -> None:
    if release.told:
        last = release.told[-1]
        at_once = (timedelta(seconds=3),) * clicks
        clicked = replace(last, people=last.people + 12, looked=(*last.looked, *at_once))
        quiet = replace(last, people=last.people + 12)
        assert decide(replace(release, told=(*release.told[:-1], clicked))) == decide(
            replace(release, told=(*release.told[:-1], quiet))
        )


@given(st.floats(1, 1e6), st.floats(0, 1e5), st.floats(1e-4, 1e4), st.floats(0, 1e3))
def test_more_units_and_more_who_may_be_late_allow_more_claims(
    left: float, more: float, late: float, later: float
) -> None:
    allowed = claims_for(left, late=late)
    assert 0 < allowed <= claims_for(left + more, late=late) * (1 + 1e-9)
    assert allowed <= claims_for(left, late=late + later) * (1 + 1e-9)


@given(st.lists(st.floats(0, 20), min_size=BINS, max_size=BINS))
def test_the_shape_of_earlier_delays_is_a_distribution(delays: list[float]) -> None:
    shape, weight = as_seen(tuple(delays))
    assert isfinite(weight)
    assert all(0 <= a <= b <= 1 for a, b in zip(shape.passed, shape.passed[1:], strict=False))


def test_a_second_crowd_of_earlier_releases_is_expected_again() -> None:
    two = [0.0] * BINS
    two[bin_of(1_800)] = two[bin_of(36_000)] = 25.0
    wave = Told(
        at=NOW - timedelta(hours=5),
        people=60,
        units=60,
        looked=tuple(timedelta(minutes=n) for n in (*range(20, 38), 80, 140, 200, 270)),
    )
    seen = AdaptiveState(now=NOW, stock=30, told=(wave,), waiting=900, waiting_units=900)
    unknown = decide(seen)
    known = decide(replace(seen, history=ShopHistory(delays=tuple(two))))
    assert known.facts.claims > 1.5 * unknown.facts.claims
    assert known.people < unknown.people


def test_a_million_waiting_and_many_waves_are_decided_in_some_milliseconds() -> None:
    told = tuple(
        Told(
            at=NOW - timedelta(minutes=10 * n),
            people=200,
            units=200,
            looked=tuple(timedelta(seconds=60 + m * n) for m in range(60)),
        )
        for n in range(200, 0, -1)
    )
    release = AdaptiveState(
        now=NOW, stock=50_000, told=told, waiting=1_000_000, waiting_units=1_000_000
    )
    spent = []
    for _ in range(3):
        began = process_time()
        assert 0 <= decide(release).people <= 1_000_000
        spent.append(process_time() - began)
    assert min(spent) < 0.1, spent


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


@given(releases(), st.floats(0, 1e6), st.floats(0, 1e6))
def test_nights_make_a_time_shorter_and_never_turn_it_round(
    release: AdaptiveState, time: float, more: float
) -> None:
    nights = quiet_times(release)
    assert all(one.end <= after.begin for one, after in pairwise(nights))
    for wave in release.told:
        slept = asleep(nights, since=wave.at)
        assert 0 <= awake(time, nights=slept) <= time
        assert awake(time, nights=slept) <= awake(time + more, nights=slept) + 1e-6


@given(st.lists(releases(), max_size=6))
def test_what_a_shop_has_learned_stays_within_bounds(ended: list[AdaptiveState]) -> None:
    history = ShopHistory()
    for one in ended:
        history = learn(history, one)
    assert len(history.delays) == BINS
    assert 0 < history.looked + history.not_looked <= 40.001
    assert 0 < history.bought + history.only_looked <= 40.001
    assert min(*history.delays, history.looked, history.bought, history.only_looked) >= 0
