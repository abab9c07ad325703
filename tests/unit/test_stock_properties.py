"""What holds for every sequence of looks at one variant?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.domain.stock import (
    EventKind,
    Level,
    Rules,
    Stock,
    first_sight,
    level_of,
    saleable,
    weigh,
    weigh_again,
)

START = datetime(2026, 12, 1, 10, tzinfo=UTC)
RULES = st.builds(
    Rules,
    threshold=st.integers(0, 3),
    min_quantity=st.integers(1, 3),
    confirm_looks=st.integers(1, 3),
    confirm_for=st.sampled_from([timedelta(0), timedelta(minutes=5)]),
    cool_down=st.sampled_from([timedelta(0), timedelta(hours=1), timedelta(hours=6)]),
    backorder_counts=st.booleans(),
)
LOOKS = st.lists(
    st.tuples(
        st.sampled_from(list(Availability)),
        st.one_of(st.none(), st.integers(0, 8)),
        st.sampled_from([1, 10, 61, 400]),  # minutes since the look before
        st.sampled_from(["look", "look", "look", "silence", "late"]),
    ),
    min_size=1,
    max_size=40,
)


def seen(word: Availability, units: int | None, *, at: datetime | None = None) -> Observation:
    return Observation(key="SHIRT-S", availability=word, quantity=units, observed_at=at)


@given(RULES, LOOKS)
def test_every_sequence_of_looks_keeps_the_rules(
    rules: Rules, looks: list[tuple[Availability, int | None, int, str]]
) -> None:
    now = START
    (word, units, _, _), *others = looks
    belief = first_sight(seen(word, units), rules=rules, now=now)
    assert belief.epoch == belief.announced_epoch == 0, "first sight announces nothing"
    announced: list[datetime] = []
    for word, units, minutes, kind in others:
        now += timedelta(minutes=minutes)
        before = belief
        if kind == "silence":
            verdict = weigh_again(belief, still_so=True, rules=rules, now=now)
            assert verdict.stock.seen_at == before.seen_at, "silence makes nothing younger"
        else:
            at = before.seen_at - timedelta(seconds=1) if kind == "late" else None
            verdict = weigh(belief, seen(word, units, at=at), rules=rules, now=now)
        belief = verdict.stock
        if kind == "late" or (word is Availability.UNKNOWN and kind == "look"):
            assert not verdict.changes
            assert replace(belief, vouched=before.vouched) == before
        restocks = [one for one in verdict.changes if one.kind is EventKind.BACK_IN_STOCK]
        assert len(restocks) <= 1
        assert before.epoch <= belief.epoch <= before.epoch + 1
        assert before.announced_epoch <= belief.announced_epoch <= belief.epoch
        assert belief.level <= level_of(belief.availability, belief.quantity, rules=rules)
        if restocks:
            assert belief.level > Level.NONE, "only what can be bought is announced"
            assert restocks[0].epoch == belief.epoch
            assert not announced or now - announced[-1] >= rules.cool_down
            announced.append(now)


@given(RULES, LOOKS)
def test_the_same_look_at_the_same_moment_changes_nothing_more(
    rules: Rules, looks: list[tuple[Availability, int | None, int, str]]
) -> None:
    """Unless the look is one of those that a rise must be confirmed by."""
    now = START
    belief = _believe(looks, rules=rules)
    now += timedelta(days=30)
    word, units = looks[-1][:2]
    first = weigh(belief, seen(word, units), rules=rules, now=now)
    again = weigh(first.stock, seen(word, units), rules=rules, now=now)
    if first.stock.candidate_since is None:
        assert again.stock == first.stock
        assert not again.changes


@given(RULES, LOOKS)
def test_what_stays_in_stock_is_announced_in_the_end(
    rules: Rules, looks: list[tuple[Availability, int | None, int, str]]
) -> None:
    """A restock is never owed for ever, whether looks go on or the source falls silent."""
    belief = _believe(looks, rules=rules)
    now = START + timedelta(days=30)
    down = weigh(belief, seen(Availability.OUT_OF_STOCK, 0), rules=rules, now=now).stock
    changes = []
    up = weigh(down, seen(Availability.IN_STOCK, 9), rules=rules, now=now + timedelta(hours=7))
    changes += up.changes
    stock: Stock = up.stock
    for minute in range(1, 12):
        at = now + timedelta(hours=7, minutes=minute)
        verdict = weigh_again(stock, still_so=True, rules=rules, now=at)
        stock, changes = verdict.stock, [*changes, *verdict.changes]
    assert stock.level is Level.THERE
    assert [one.kind for one in changes] == [EventKind.BACK_IN_STOCK]


def test_stock_is_believed_once_it_was_seen_for_as_long_as_the_shop_asked() -> None:
    rules = Rules(confirm_for=timedelta(minutes=5))
    stock = first_sight(seen(Availability.OUT_OF_STOCK, 0), rules=rules, now=START)
    told = []
    for seconds in (0, 299, 300):
        at = START + timedelta(hours=1, seconds=seconds)
        verdict = weigh(stock, seen(Availability.IN_STOCK, 9), rules=rules, now=at)
        stock = verdict.stock
        told += [(seconds, one.kind) for one in verdict.changes]
    assert told == [(300, EventKind.BACK_IN_STOCK)]


def test_the_time_it_must_be_seen_begins_anew_when_it_was_gone_in_between() -> None:
    rules = Rules(confirm_for=timedelta(minutes=5))
    stock = first_sight(seen(Availability.OUT_OF_STOCK, 0), rules=rules, now=START)
    for minute, units in ((0, 9), (4, 0), (6, 9), (10, 9)):
        at = START + timedelta(hours=1, minutes=minute)
        verdict = weigh(stock, seen(Availability.IN_STOCK, units), rules=rules, now=at)
        assert verdict.changes == ()
        stock = verdict.stock
    at = START + timedelta(hours=1, minutes=11)
    verdict = weigh(stock, seen(Availability.IN_STOCK, 9), rules=rules, now=at)
    assert [one.kind for one in verdict.changes] == [EventKind.BACK_IN_STOCK]


@given(st.integers(0, 50), st.integers(0, 50))
def test_what_is_kept_back_is_never_for_sale(quantity: int, threshold: int) -> None:
    left = saleable(quantity, rules=Rules(threshold=threshold))
    assert left == max(quantity - threshold, 0)


def _believe(looks: list[tuple[Availability, int | None, int, str]], *, rules: Rules) -> Stock:
    now = START
    (word, units, _, _), *others = looks
    belief = first_sight(seen(word, units), rules=rules, now=now)
    for word, units, minutes, _ in others:
        now += timedelta(minutes=minutes)
        belief = weigh(belief, seen(word, units), rules=rules, now=now).stock
    return belief
