"""What was promised for a variant, by whom, and how did each promise turn out?

Worked out when somebody asks, from the history of dates and of stock, both as long as they are
kept. The newest thousand dates of a variant are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

from notifier.domain.promise_outcome import Said, Totals, Turned, count, judge
from notifier.services.env import Env, ShopRef, rules_for
from notifier.services.known_variant import known_variant
from notifier.store import eta_history
from notifier.store.eta_history import GivenRow

PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One date that was given and how it turned out; `turned` None: this takes a date back."""

    given: GivenRow
    turned: Turned | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EtaHistory:
    """Newest first. `totals` are of all, not of the page. `next`: `after` of the next page."""

    variant: str
    totals: Totals
    promises: tuple[Promise, ...]
    next: int | None


def eta_history_of(
    env: Env, shop: ShopRef, variant: str, *, after: int = 0, limit: int = PAGE
) -> EtaHistory:
    """The promises of one variant (its key, or a sku that only it has); `after` (the id of one, 0:
    none): those that come after it, which are the older ones. Raises errors.NotFound."""
    with env.db.read() as tx:
        found = known_variant(tx, shop, variant)
        given = eta_history.given_of(tx, found.id)
        seen = eta_history.seen_since(tx, found.id, at=given[0].at) if given else []
    turned = judge(
        [Said(at=one.at, eta=one.eta) for one in given],
        seen,
        rules=rules_for(shop.config, found),
        zone=shop.config.time_zone,
        now=env.now(),
    )
    every = [
        Promise(given=one, turned=how)
        for one, how in zip(reversed(given), reversed(turned), strict=True)
    ]
    start = next((place + 1 for place, one in enumerate(every) if one.given.id == after), 0)
    if after and not start:
        start = len(every)  # it is not kept any more, and so is nothing that is older
    shown = every[start : start + limit]
    more = len(every) > start + limit
    return EtaHistory(
        variant=found.key,
        totals=count(turned),
        promises=tuple(shown),
        next=shown[-1].given.id if more else None,
    )
