"""What do we believe about a variant after one more look, and is the change worth telling?

A look gives one of three answers: in, out, or unknown. Unknown keeps the last belief. A fall is
believed at once; a rise only after it was confirmed, is announced once per cool-down, and never at
first sight. See the truth table in tests/unit/test_stock.py (acceptance B1 to B10).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from notifier.domain.availability import Availability
from notifier.domain.eta import Eta
from notifier.domain.observation import Observation

UNSTABLE_AFTER = 3  # rises inside the cool-down; from then on a rise must be seen more often
UNSTABLE_LOOKS = 3


class Level(IntEnum):
    """How well a variant can be bought."""

    NONE = 0
    ORDERABLE = 1  # on backorder, where the shop says that counts
    THERE = 2

    @classmethod
    def wanted(cls, *, physical_only: bool) -> Level:
        """The least that is enough for somebody."""
        return cls.THERE if physical_only else cls.ORDERABLE


class EventKind(StrEnum):
    BACK_IN_STOCK = "back_in_stock"
    ETA_REVISED = "eta_revised"
    PREORDER_OPEN = "preorder_open"
    DISCONTINUED = "discontinued"
    BROADCAST = "broadcast"  # no change of stock: what a person of the shop has written


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A shop's rules for one variant; see config.StockRules for what each means."""

    threshold: int = 0
    min_quantity: int = 1
    confirm_looks: int = 1
    confirm_for: timedelta = timedelta(0)
    cool_down: timedelta = timedelta(hours=6)
    backorder_counts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What we believe about one variant. `epoch` counts its restocks."""

    availability: Availability
    quantity: int | None
    since: datetime
    seen_at: datetime
    level: Level
    level_since: datetime
    epoch: int = 0
    announced_epoch: int = 0
    announced_at: datetime | None = None
    candidate_since: datetime | None = None
    candidate_seen: int = 0
    missing: int = 0
    vouched: bool = True
    flaps: int = 0
    eta: Eta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing worth telling. `epoch` is the restock it belongs to."""

    kind: EventKind
    epoch: int
    before_eta: Eta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The new belief, and what is worth telling about how it came to be."""

    stock: Stock
    changes: tuple[Change, ...] = ()


def level_of(availability: Availability, quantity: int | None, *, rules: Rules) -> Level:
    """How well it can be bought: saleable ⇔ quantity − threshold ≥ smallest order.

    `quantity` is what can be sold (on hand minus reserved), None where the source does not say;
    then the word alone decides.
    """
    if availability is Availability.BACKORDER:
        return Level.ORDERABLE if rules.backorder_counts else Level.NONE
    if availability is not Availability.IN_STOCK:
        return Level.NONE
    units = saleable(quantity, rules=rules)
    if units is not None and units < max(rules.min_quantity, 1):
        return Level.NONE
    return Level.THERE


def saleable(quantity: int | None, *, rules: Rules) -> int | None:
    """Units that may be sold: what is there less what is kept back; None when that is not said."""
    return None if quantity is None else max(quantity - rules.threshold, 0)


def first_sight(seen: Observation, *, rules: Rules, now: datetime) -> Stock:
    """The belief after the very first look at a variant. It announces nothing."""
    level = level_of(seen.availability, seen.quantity, rules=rules)
    return Stock(
        availability=seen.availability,
        quantity=seen.quantity,
        since=now,
        seen_at=seen.observed_at or now,
        level=level,
        level_since=now,
        eta=seen.eta,
        vouched=seen.availability is not Availability.UNKNOWN,
    )


def weigh(before: Stock, seen: Observation, *, rules: Rules, now: datetime) -> Verdict:
    """The belief after one more look. Pure; the same look again changes nothing more.

    An observation older than what is believed is ignored (webhooks arrive out of order).
    """
    if seen.availability is Availability.UNKNOWN:
        return Verdict(stock=replace(before, vouched=False))
    at = seen.observed_at or now
    if at < before.seen_at:
        return Verdict(stock=before)
    after = replace(
        before,
        availability=seen.availability,
        quantity=seen.quantity,
        since=before.since if seen.availability is before.availability else now,
        seen_at=at,
        missing=0,
        vouched=True,
    )
    after = _settle_level(after, rules=rules, now=now)
    changes: list[Change] = []
    after = _announce(after, changes, rules=rules, now=now)
    turned = after.availability is not before.availability
    if turned and after.availability is Availability.PREORDER:
        changes.append(Change(kind=EventKind.PREORDER_OPEN, epoch=after.epoch))
    after = _settle_eta(after, seen.eta, changes, now=now)
    if (
        after.availability is Availability.DISCONTINUED
        and before.availability is not Availability.DISCONTINUED
    ):
        changes.append(Change(kind=EventKind.DISCONTINUED, epoch=after.epoch))
    return Verdict(stock=after, changes=tuple(changes))


def weigh_again(before: Stock, *, still_so: bool, rules: Rules, now: datetime) -> Verdict:
    """What follows without a new look: a restock that is owed, a rise that was confirmed.

    `still_so`: the source stands by what it showed last, so that this counts as one more look.
    How old the data are does not change.
    """
    changes: list[Change] = []
    after = _settle_level(before, rules=rules, now=now) if still_so and before.vouched else before
    after = _announce(after, changes, rules=rules, now=now)
    return Verdict(stock=after, changes=tuple(changes))


def _settle_level(stock: Stock, *, rules: Rules, now: datetime) -> Stock:
    """Believe a fall at once, a rise after it was confirmed."""
    seen = level_of(stock.availability, stock.quantity, rules=rules)
    if seen == stock.level:
        return replace(stock, candidate_since=None, candidate_seen=0)
    if seen < stock.level:
        return replace(stock, level=seen, level_since=now, candidate_since=None, candidate_seen=0)
    since = stock.candidate_since or now
    times = stock.candidate_seen + 1
    looks = max(rules.confirm_looks, UNSTABLE_LOOKS if stock.flaps >= UNSTABLE_AFTER else 1)
    if times < looks or now - since < rules.confirm_for:
        return replace(stock, candidate_since=since, candidate_seen=times)
    cooling = stock.announced_at is not None and now - stock.announced_at < rules.cool_down
    return replace(
        stock,
        level=seen,
        level_since=now,
        epoch=stock.epoch + 1,
        candidate_since=None,
        candidate_seen=0,
        flaps=stock.flaps + 1 if cooling else 0,
    )


def _announce(stock: Stock, changes: list[Change], *, rules: Rules, now: datetime) -> Stock:
    """Announce a restock that is owed, unless the last announcement is too fresh.

    A restock inside the cool-down stays owed: it is announced when the cool-down is over, if the
    goods are still there, so that who signed up in between is not forgotten.
    """
    owed = stock.level > Level.NONE and stock.announced_epoch < stock.epoch
    cooling = stock.announced_at is not None and now - stock.announced_at < rules.cool_down
    if not owed or cooling:
        return stock
    changes.append(Change(kind=EventKind.BACK_IN_STOCK, epoch=stock.epoch))
    return replace(stock, announced_epoch=stock.epoch, announced_at=now)


def _settle_eta(stock: Stock, eta: Eta | None, changes: list[Change], *, now: datetime) -> Stock:
    """Keep the newest ETA a look gives. A look that gives none takes nothing back."""
    if stock.level is Level.THERE:
        return replace(stock, eta=None)
    if eta is None or eta.iso() is None or eta.iso() == (stock.eta.iso() if stock.eta else None):
        return stock
    if not eta.is_past(now.date()):
        changes.append(Change(kind=EventKind.ETA_REVISED, epoch=stock.epoch, before_eta=stock.eta))
    return replace(stock, eta=eta)
