"""How many does the adaptive strategy tell, in cases a merchant would know?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import exp
from statistics import NormalDist

import pytest

from notifier.domain.adaptive import Decision, decide
from notifier.domain.adaptive_foresee import foresee
from notifier.domain.adaptive_state import AdaptiveState, Sale, ShopHistory, Told, learn
from notifier.domain.waves import ReleaseState, Strategy, plan_wave

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def told(people: int, *, hours_ago: float, looked: int = 0, units: int | None = None) -> Told:
    """So many were told; of those who looked since, each a little later than the one before."""
    ago = timedelta(hours=hours_ago)
    return Told(
        at=NOW - ago,
        people=people,
        units=units or people,
        looked=tuple(ago * (n + 1) / (looked + 1) for n in range(looked)),
    )


def sold(units: int, *, hours_ago: float = 1, by_told: bool | None = True) -> tuple[Sale, ...]:
    return (Sale(at=NOW - timedelta(hours=hours_ago), units=1, told=by_told),) * units


def state(
    stock: int | None, *, waiting: int = 5_000, each: int = 1, **more: object
) -> AdaptiveState:
    made = AdaptiveState(now=NOW, stock=stock, waiting=waiting, waiting_units=waiting * each)
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("what", "seen", "least", "most", "rule"),
    [
        ("fewer wait than there are units", state(50, waiting=30), 30, 30, "fewer_than_units"),
        ("nothing is known: about as many as units", state(20), 20, 40, "any"),
        ("a single unit: one", state(1), 1, 1, "any"),
        ("nothing is left", state(0, told=(told(9, hours_ago=1),)), 0, 0, "gone"),
        ("nobody waits", state(5, waiting=0), 0, 0, "nobody"),
        (
            "what was seen is ordered since",
            state(
                3,
                stock_at=NOW - timedelta(hours=2),
                told=(told(9, hours_ago=2, looked=3),),
                sales=sold(3),
            ),
            0,
            0,
            "spoken_for",
        ),
        (
            "many were told a minute ago: wait",
            state(5, told=(told(40, hours_ago=1 / 60),)),
            0,
            0,
            "wait",
        ),
        (
            "the same long ago, and nobody looked: go on",
            state(5, told=(told(40, hours_ago=100),)),
            10,
            5_000,
            "share",
        ),
        ("asks for four each: a quarter", state(20, each=4), 5, 12, "any"),
        ("in or out is all that is known: a few", state(None), 1, 10, "any"),
    ],
)
def test_so_many_are_told(what: str, seen: AdaptiveState, least: int, most: int, rule: str) -> None:
    decision = decide(seen)
    assert least <= decision.people <= most, (what, decision.reason)
    assert rule in ("any", decision.facts.rule), what


def test_a_product_that_sells_slowly_is_told_to_more_than_a_hot_one() -> None:
    hot = state(50, told=(told(60, hours_ago=6, looked=50),), sales=sold(40))
    slow = state(50, told=(told(60, hours_ago=6, looked=8),), sales=sold(2))
    assert decide(slow).people > 1.5 * decide(hot).people


def test_a_shop_that_knows_its_customers_begins_with_more() -> None:
    known = ShopHistory(looked=10, not_looked=30, bought=10, only_looked=30)
    assert decide(state(50, history=known)).people > decide(state(50)).people


def test_who_had_hardly_time_to_look_says_little_about_how_many_buy() -> None:
    early = decide(state(50, told=(told(60, hours_ago=0.1, looked=2),))).facts
    later = decide(state(50, told=(told(60, hours_ago=48, looked=2),))).facts
    assert later.buy_share < early.buy_share / 2
    assert later.high - later.low < early.high - early.low


def test_sales_to_strangers_are_no_proof_that_those_told_buy() -> None:
    wave = (told(40, hours_ago=5, looked=6),)
    ours = decide(state(30, told=wave, sales=sold(6))).facts
    others = decide(state(30, told=wave, sales=sold(6, by_told=False))).facts
    assert others.buy_share < ours.buy_share
    assert others.bought == 0


def test_falls_in_stock_teach_as_well_where_nothing_else_is_seen() -> None:
    wave = (told(100, hours_ago=24),)
    blind = {"looks_seen": False, "told": wave, "stock_at": NOW}
    sells = decide(state(30, sales=sold(30, hours_ago=20, by_told=None), **blind)).facts
    lies = decide(state(30, **blind)).facts
    assert sells.buy_share > 0.2
    assert lies.buy_share < 0.05


def test_the_reason_is_a_sentence_with_the_numbers_in_it() -> None:
    decision = decide(state(12, told=(told(60, hours_ago=3, looked=20),), sales=sold(8)))
    assert decision.reason.startswith("12 there. 60 told, of whom about ")
    assert f"{decision.facts.buy_share:.0%}" in decision.reason


def test_the_knob_goes_from_faster_to_safer_and_no_further() -> None:
    few, some, many = (decide(state(50, cautious=at)).people for at in (2.0, 1.0, 0.0))
    assert few < some < many
    with pytest.raises(ValueError, match="from 0 to 2"):
        decide(state(50, cautious=2.5))


def test_the_plan_of_a_wave_keeps_the_facts_it_was_decided_on() -> None:
    seen = state(20)
    release = ReleaseState(quantity=20, units_told=0, waves=0, adaptive=seen)
    facts = plan_wave(release, strategy=Strategy(name="adaptive")).facts
    assert (facts["stock"], facts["waiting"], facts["rule"]) == (20, 5_000, "share")


def test_a_number_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        decide(state(-1))


def test_an_ended_release_is_learned_and_older_ones_fade() -> None:
    ended = state(0, told=(told(100, hours_ago=72, looked=20),), sales=sold(5))
    history = ShopHistory()
    for _ in range(12):
        history = learn(history, ended)
    looks = history.looked / (history.looked + history.not_looked)
    assert looks == pytest.approx(0.2, abs=0.03)
    assert history.bought / (history.bought + history.only_looked) == pytest.approx(0.25, abs=0.05)
    assert history.usual_stock == pytest.approx(5)
    assert history.looked + history.not_looked <= 40.001
    assert sum(history.delays) <= 60.001
    assert learn(history, state(5)) == history


def test_before_a_restock_it_is_foretold_how_far_it_goes() -> None:
    seen = state(None, waiting=312)
    some, all_ = foresee(seen, units=40), foresee(seen, units=400)
    assert 40 <= some.at_once < 100
    assert some.sold_out_at is not None
    assert str(some).startswith(f"40 units now: {some.at_once} of 312 told at once, ")
    assert str(all_) == "400 units now: 312 of 312 told at once."
    assert foresee(seen, units=40) == some
    with pytest.raises(ValueError, match="at least one unit"):
        foresee(seen, units=0)


def test_what_is_foretold_of_the_first_wave_is_what_then_happens() -> None:
    seen = state(None, waiting=312)
    then: Decision = decide(replace(seen, stock=40))
    assert foresee(seen, units=40).at_once == then.people


def test_a_wave_plan_of_the_adaptive_strategy_is_its_decision() -> None:
    seen = state(20)
    release = ReleaseState(quantity=20, units_told=0, waves=0, adaptive=seen)
    plan = plan_wave(release, strategy=Strategy(name="adaptive"))
    assert (plan.people, plan.reason) == (decide(seen).people, decide(seen).reason)
    with pytest.raises(ValueError, match="what has been seen"):
        plan_wave(replace(release, adaptive=None), strategy=Strategy(name="adaptive"))


@pytest.mark.parametrize(
    ("seen", "is_for_all"),
    [
        (state(20, each=2), False),
        (state(50, waiting=30), True),
        (state(None), False),
        (state(0, told=(told(9, hours_ago=1),)), False),
    ],
)
def test_a_wave_of_the_adaptive_strategy_ends_where_it_decided_unless_it_is_for_all(
    seen: AdaptiveState, is_for_all: bool
) -> None:
    """Who joins the line while the last wave is written is told in it, too."""
    decision = decide(seen)
    release = ReleaseState(quantity=seen.stock, units_told=0, waves=0, adaptive=seen)
    plan = plan_wave(release, strategy=Strategy(name="adaptive"))
    limits = (None, None) if is_for_all else (decision.people, decision.units)
    assert (plan.people, plan.units, plan.largest) == (*limits, seen.stock)
    assert plan.again_in == decision.look_again


def before_the_night(*, hours: float) -> AdaptiveState:
    """150 were told in the evening, 60 of them will look, half of these in the first hour, and a
    third have; then nobody for so many hours."""
    minutes = [60 * exp(1.2 * NormalDist().inv_cdf((n + 0.5) / 60)) for n in range(20)]
    looked = tuple(timedelta(minutes=one) for one in minutes)
    at = NOW - timedelta(hours=hours) - looked[-1]
    sales = tuple(Sale(at=at + delay, units=1, told=True) for delay in looked[::2])
    return state(8, told=(Told(at=at, people=150, units=150, looked=looked),), sales=sales)


@pytest.mark.parametrize(
    ("what", "hours", "is_night"),
    [
        ("half an hour may be chance", 0.5, False),
        ("those who should have looked in two hours did not", 2, True),
        ("in the early morning", 8, True),
        ("no night is so long: they will not look", 13, False),
    ],
)
def test_at_night_those_who_have_not_looked_may_still_buy(
    what: str, hours: float, is_night: bool
) -> None:
    evening, later = before_the_night(hours=1 / 60), before_the_night(hours=hours)
    assert ("it seems to be night" in decide(later).reason) is is_night, what
    if is_night:
        assert decide(later).facts.claims >= 0.9 * decide(evening).facts.claims
    elif hours > 1:
        assert decide(later).facts.claims < 0.3 * decide(evening).facts.claims


def test_in_the_morning_the_night_counts_as_no_time() -> None:
    evening = before_the_night(hours=8)
    woke = replace(evening.told[0], looked=(*evening.told[0].looked, timedelta(hours=9)))
    morning = replace(evening, told=(woke,))
    asleep_till_noon = replace(evening, now=NOW + timedelta(hours=5))
    assert decide(morning).facts.claims > 3 * decide(asleep_till_noon).facts.claims
    assert decide(morning).facts.median_minutes < 150
