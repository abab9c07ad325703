"""Who was told of a date that is not the one believed now, and may hear of it at last?

A new date that came too soon after the last notice is not told to that person. Once the interval
has passed it is made up for, if it still differs by as much as that person or the shop chose
and is not over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from notifier.domain.stock import Stock
from notifier.services.env import ShopRef
from notifier.services.eta_notice import differs, last_day
from notifier.store import catalogue, eta_told
from notifier.store import stock as stock_store
from notifier.store.people import InLine
from notifier.store.session import Transaction

LEAST = timedelta(days=1)  # between two messages about dates, however often a shop allows them
SETTLE = timedelta(minutes=1)  # what is under way needs no making up for


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A variant whose date somebody must hear of. `told`: the date all of them know, empty when
    they know different ones."""

    product_id: int
    variant_id: int
    belief: Stock
    told: str


def find_owed(tx: Transaction, shop: ShopRef, *, now: datetime) -> list[Owed]:
    """Variants of the shop with a date that is owed to somebody, each once."""
    rows = eta_told.told_dates(
        tx,
        shop.id,
        today=now.date(),
        told_before=now - shop.config.eta_notice_every,
        heard_before=_heard_before(shop, now=now),
        confirmed_before=now - SETTLE,
    )
    dates = {id_: _future_dates(tx, id_, now=now) for id_ in {row.product_id for row in rows}}
    wrong: dict[int, set[str]] = {}
    product_of: dict[int, int] = {}
    for row in rows:
        known = dates[row.product_id]
        variant_id = _earliest(known) if row.takes_any and known else row.variant_id
        of = None if row.takes_any else variant_id
        if _is_wrong(shop, row.eta, known, of=of, chosen=row.eta_days):
            wrong.setdefault(variant_id, set()).add(row.eta)
            product_of[variant_id] = row.product_id
    beliefs = stock_store.load_stock(tx, wrong)
    return [
        Owed(
            product_id=product_of[id_],
            variant_id=id_,
            belief=beliefs[id_],
            told=next(iter(told)) if len(told) == 1 else "",
        )
        for id_, told in sorted(wrong.items())
        if not eta_told.is_undecided(tx, id_)
    ]


def may_hear(
    tx: Transaction, shop: ShopRef, line: Sequence[InLine], *, product_id: int, now: datetime
) -> set[int]:
    """Which subscriptions in line a date that is told again may concern."""
    heard = eta_told.heard_of_dates(
        tx,
        product_id=product_id,
        contact_ids=[one.contact_id for one in line],
        since=_heard_before(shop, now=now),
    )
    known = _future_dates(tx, product_id, now=now)
    return {
        one.id
        for one in line
        if one.contact_id not in heard
        and one.eta_told
        and _is_wrong(shop, one.eta_told, known, of=one.variant_id, chosen=one.eta_days)
    }


def _heard_before(shop: ShopRef, *, now: datetime) -> datetime:
    return now - max(shop.config.eta_notice_every, LEAST)


def _future_dates(tx: Transaction, product_id: int, *, now: datetime) -> dict[int, str]:
    """By variant, the date believed now where it is not over."""
    ids = [one.id for one in catalogue.variants_of(tx, product_id)]
    found = {}
    for id_, belief in stock_store.load_stock(tx, ids).items():
        iso = belief.eta.iso() if belief.eta else None
        if iso and belief.eta and not belief.eta.is_past(now.date()):
            found[id_] = iso
    return found


def _is_wrong(
    shop: ShopRef, told: str, known: Mapping[int, str], *, of: int | None, chosen: int | None
) -> bool:
    """Whether `told` is not the date of the variant any more; for who takes any (`of` None),
    whether it is the date of none: or two variants' dates would be told in turn for ever."""
    dates = list(known.values()) if of is None else [known[of]] if of in known else []
    return bool(dates) and all(differs(shop, told=told, eta=eta, chosen=chosen) for eta in dates)


def _earliest(known: Mapping[int, str]) -> int:
    return min((last_day(iso) or date.max, id_) for id_, iso in known.items())[1]
