"""May one more order be taken for what is not there, and if not, why?

Asked of variants on backorder and on pre-order. The first reason in the order of `Reason` stands:
what is final, then what is not begun, then whether the facts can be believed at all, then the
date, then how much is spoken for, then how earlier promises turned out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from notifier.domain.availability import Availability
from notifier.domain.eta import Eta

ORDERED_AHEAD = (Availability.BACKORDER, Availability.PREORDER)
"""Where a decision is asked for: it can be ordered although it is not there."""
FEWEST_FOR_A_SHARE = 10  # below it a share of missed promises says little


class Taking(StrEnum):
    """Whether orders are taken."""

    ACCEPT = "accept"
    STOP = "stop"


class Reason(StrEnum):
    """Why orders are not taken. The first that holds is the one that is given."""

    NONE = ""
    DISCONTINUED = "discontinued"  # it will not come back
    NOT_OPEN = "not_open"  # the pre-order opens later
    SOURCE_IN_TROUBLE = "source_in_trouble"  # what is known is too old to promise on
    NO_ETA = "no_eta"
    ETA_OVER = "eta_over"  # the expected date is past
    ETA_TOO_FAR = "eta_too_far"
    TOO_MANY_OPEN = "too_many_open"  # one more unit would be more than is expected
    BROKEN_PROMISES = "broken_promises"
    OVERRIDE = "override"  # a person's word, whatever the facts


@dataclass(frozen=True, slots=True, kw_only=True)
class BackorderRules:
    """A shop's rules; see config.BackorderSettings. A rule at its default here is switched off."""

    stop_when_discontinued: bool = False
    stop_when_source_stale: bool = False
    require_eta: bool = False
    stop_when_eta_over: bool = False
    max_days: int = 0  # days from today to the last day of the ETA; 0: any
    use_expected_quantity: bool = False
    max_open_units: int = 0  # 0: any
    max_broken: int = 0  # so many missed promises of the variant stop it; 0: any
    max_broken_share: float = 0  # more than this share of the shop's promises missed; 0: any


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Promises that came due within the time looked at, and how many of them were missed."""

    due: int = 0
    broken: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackorderFacts:
    """What is known about one variant today (the shop's day)."""

    today: date
    availability: Availability
    eta: Eta | None = None
    opens_on: date | None = None  # a pre-order that has not opened yet
    open_units: int = 0  # ordered, not shipped and not cancelled
    expected_units: int | None = None  # None: nobody said how many will come
    of_variant: Record = field(default_factory=Record)
    of_shop: Record = field(default_factory=Record)
    source_is_stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision, its reason (`Reason.NONE` for accept), and the values its sentence names."""

    decision: Taking
    reason: Reason = Reason.NONE
    facts: Mapping[str, int | str] = field(default_factory=dict)


def decide(facts: BackorderFacts, rules: BackorderRules) -> Decision:
    """Whether one more order may be taken. Pure; more open units never turn stop into accept."""
    for reason, check in _CHECKS:
        found = check(facts, rules)
        if found is not None:
            return Decision(decision=Taking.STOP, reason=reason, facts=found)
    return Decision(decision=Taking.ACCEPT)


_Found = Mapping[str, int | str] | None


def _discontinued(facts: BackorderFacts, rules: BackorderRules) -> _Found:
    is_so = facts.availability is Availability.DISCONTINUED
    return {} if is_so and rules.stop_when_discontinued else None


def _not_open(facts: BackorderFacts, _rules: BackorderRules) -> _Found:
    if facts.opens_on is None or facts.availability is not Availability.PREORDER:
        return None
    return {"opens_on": facts.opens_on.isoformat()}


def _stale(facts: BackorderFacts, rules: BackorderRules) -> _Found:
    return {} if facts.source_is_stale and rules.stop_when_source_stale else None


def _no_eta(facts: BackorderFacts, rules: BackorderRules) -> _Found:
    return {} if rules.require_eta and _last(facts) is None else None


def _eta_over(facts: BackorderFacts, rules: BackorderRules) -> _Found:
    last = _last(facts)
    if not rules.stop_when_eta_over or last is None or last >= facts.today:
        return None
    return {"eta": last.isoformat()}


def _eta_too_far(facts: BackorderFacts, rules: BackorderRules) -> _Found:
    last = _last(facts)
    if not rules.max_days or last is None or (last - facts.today).days <= rules.max_days:
        return None
    return {"eta": last.isoformat(), "max_days": rules.max_days}


def _too_many(facts: BackorderFacts, rules: BackorderRules) -> _Found:
    limits = [rules.max_open_units] if rules.max_open_units else []
    if rules.use_expected_quantity and facts.expected_units is not None:
        limits.append(facts.expected_units)
    if not limits or facts.open_units < min(limits):
        return None
    return {"open_units": facts.open_units, "limit": min(limits)}


def _broken(facts: BackorderFacts, rules: BackorderRules) -> _Found:
    own, shop = facts.of_variant, facts.of_shop
    if rules.max_broken and own.broken >= rules.max_broken:
        return {"broken": own.broken, "due": own.due}
    enough = shop.due >= FEWEST_FOR_A_SHARE
    if rules.max_broken_share and enough and shop.broken > rules.max_broken_share * shop.due:
        return {"shop_broken": shop.broken, "shop_due": shop.due}
    return None


def _last(facts: BackorderFacts) -> date | None:
    return facts.eta.latest if facts.eta else None


_CHECKS = (
    (Reason.DISCONTINUED, _discontinued),
    (Reason.NOT_OPEN, _not_open),
    (Reason.SOURCE_IN_TROUBLE, _stale),
    (Reason.NO_ETA, _no_eta),
    (Reason.ETA_OVER, _eta_over),
    (Reason.ETA_TOO_FAR, _eta_too_far),
    (Reason.TOO_MANY_OPEN, _too_many),
    (Reason.BROKEN_PROMISES, _broken),
)

_SENTENCES = {
    Reason.NONE: "Orders are taken.",
    Reason.DISCONTINUED: "It is discontinued.",
    Reason.NOT_OPEN: "The pre-order opens on {opens_on}.",
    Reason.SOURCE_IN_TROUBLE: "What the source last said is too old.",
    Reason.NO_ETA: "No expected date is known.",
    Reason.ETA_OVER: "The expected date, {eta}, is past.",
    Reason.ETA_TOO_FAR: "The expected date, {eta}, is more than {max_days} days off.",
    Reason.TOO_MANY_OPEN: "{open_units} units are ordered already; the limit is {limit}.",
    Reason.BROKEN_PROMISES: "{broken} of its {due} latest promises were missed.",
    Reason.OVERRIDE: "A person decided so.",
}
_OF_SHOP = "{shop_broken} of the shop's {shop_due} latest promises were missed."


def explain(reason: Reason, facts: Mapping[str, object]) -> str:
    """The reason as a sentence for the merchant, with the values `decide` gave."""
    sentence = _OF_SHOP if "shop_due" in facts else _SENTENCES[reason]
    return sentence.format_map({name: str(value) for name, value in facts.items()})
